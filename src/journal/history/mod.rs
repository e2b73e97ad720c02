//! What the records add up to.

mod queries;

pub(super) use queries::token;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;

use super::planned::{Ending, Planned, Proof};
use super::record::{Record, RunCommand, RunEnd};
use crate::choices::Choices;
use crate::invocation::CommandOption;
use crate::model::{ActionError, ActionStatus, BindingId, ClusterId, LiveEntry};
use crate::plan::Action;

/// One change of the ConfigMap.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigMapChange {
    /// The whole object before; `None` where there was none.
    pub before: Option<Box<serde_json::Value>>,
    /// Its `data` after; `None` where the object was deleted.
    pub after: Option<BTreeMap<String, String>>,
    /// Where the backup lies.
    pub backup: Option<PathBuf>,
    /// The nodes that were Ready before, where they are watched after.
    pub ready: Option<BTreeSet<String>>,
    /// How it ended; `None` where no answer was written down.
    pub status: Option<ActionStatus>,
    /// When its last record was written.
    pub time: Timestamp,
    /// SHA-256 of the backup, where it was recorded.
    pub backup_sha256: Option<String>,
    /// What `verify` said right before, where it was recorded.
    pub proof: Option<Box<Proof>>,
    /// The API server's own words, where it refused.
    pub error: Option<String>,
}

/// One binding of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct JournaledBinding {
    /// Which one.
    pub id: BindingId,
    /// The whole object as it was asked for.
    pub object: Box<serde_json::Value>,
    /// How it ended: [`ActionStatus::Created`] where the run made it, [`ActionStatus::Exists`] where it was there and somebody
    /// else's, [`ActionStatus::Deleted`] where a rollback deleted it; `None` where no answer was written down, so that the run
    /// may have made or deleted it.
    pub status: Option<ActionStatus>,
    /// The `metadata.uid` of the object that was there after it.
    pub uid: Option<String>,
    /// Its `metadata.resourceVersion`.
    pub resource_version: Option<String>,
    /// When its last record was written.
    pub time: Timestamp,
    /// The API server's own words, where it refused.
    pub error: Option<String>,
}

/// A part of a run: from its beginning, or from where it was resumed after a stop.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPart {
    /// When it began.
    pub time: Timestamp,
    /// The version of the tool.
    pub tool_version: String,
    /// Who ran it.
    pub caller: Option<String>,
    /// The process and the machine, where they were recorded.
    pub holder: Option<String>,
    /// SHA-256 of what was planned.
    pub plan_sha256: String,
    /// How many actions were planned.
    pub actions: usize,
    /// The choices that shaped it.
    pub choices: Choices,
    /// The command's own options.
    pub options: Vec<CommandOption>,
    /// The plan in short, where it was recorded.
    pub plan: Option<Box<Planned>>,
}

/// What the journal's records add up to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Runs in the order in which they began.
    pub runs: Vec<RunHistory>,
}

/// One run, however often it was stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct RunHistory {
    /// The run's id.
    pub run: String,
    /// Which cluster.
    pub cluster: ClusterId,
    /// When it first began.
    pub began: Timestamp,
    /// When its last record was written.
    pub last: Timestamp,
    /// How it ended; `None` while it hasn't.
    pub end: Option<RunEnd>,
    /// Every call, by its token, in the order of the first intents.
    pub calls: Vec<CallHistory>,
    /// Which command it belongs to.
    pub command: RunCommand,
    /// Its changes of the ConfigMap.
    pub config_map: Vec<ConfigMapChange>,
    /// The bindings that it made or, as a rollback, deleted, in the order of the first intents.
    pub bindings: Vec<JournaledBinding>,
    /// The choices that shaped what it did, as of its last part.
    pub choices: Choices,
    /// The command's own options, as of its last part.
    pub options: Vec<CommandOption>,
    /// What was recorded when it ended last.
    pub ending: Ending,
    /// Its parts, one for each time that it was begun or resumed.
    pub parts: Vec<RunPart>,
    /// The place of every call in `calls`, by its token.
    places: BTreeMap<String, usize>,
}

/// One call of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct CallHistory {
    /// The client request token.
    pub token: String,
    /// The action.
    pub action: Action,
    /// What the entry was before.
    pub before: Option<Box<LiveEntry>>,
    /// How it ended; `None` where no answer was written down.
    pub status: Option<ActionStatus>,
    /// Whether it failed because EKS doesn't know the principal.
    pub refused: bool,
    /// When it was first recorded.
    pub asked: Timestamp,
    /// When the last record about it was written.
    pub time: Timestamp,
    /// The request id of the last answer.
    pub request_id: Option<String>,
    /// What went wrong.
    pub error: Option<ActionError>,
    /// What had to follow for the same principal.
    pub then: Vec<Action>,
}

impl History {
    /// Adds one record.
    pub fn add(&mut self, record: Record) {
        let (run, time) = record.about();
        // Nearly always it is the last one.
        let known = self.runs.iter().rposition(|known| known.run == run);
        match (known, record) {
            (Some(at), record) => {
                let known = &mut self.runs[at];
                known.last = time;
                known.add(record);
            }
            (None, record @ Record::Run { .. }) => {
                self.runs.extend(RunHistory::begun(record));
            }
            // What belongs to no run is ignored.
            (None, _) => {}
        }
    }
}

impl RunPart {
    /// A part that begins, with its run's id, cluster and command.
    fn begun(record: Record) -> Option<(Self, String, ClusterId, RunCommand)> {
        let Record::Run {
            run,
            time,
            tool_version,
            cluster,
            caller,
            plan_sha256,
            actions,
            choices,
            options,
            command,
            holder,
            plan,
            ..
        } = record
        else {
            return None;
        };
        let part = Self {
            time,
            tool_version,
            caller,
            holder,
            plan_sha256,
            actions,
            choices,
            options,
            plan,
        };
        Some((part, run, cluster, command))
    }
}

impl RunHistory {
    /// A run of which nothing but its beginning is known.
    fn begun(record: Record) -> Option<Self> {
        let (part, run, cluster, command) = RunPart::begun(record)?;
        Some(Self {
            run,
            cluster,
            began: part.time,
            last: part.time,
            end: None,
            calls: Vec::new(),
            command,
            config_map: Vec::new(),
            bindings: Vec::new(),
            choices: part.choices.clone(),
            options: part.options.clone(),
            ending: Ending::default(),
            parts: vec![part],
            places: BTreeMap::new(),
        })
    }

    fn resume(&mut self, record: Record) {
        if let Some((part, ..)) = RunPart::begun(record) {
            self.end = None;
            self.choices.clone_from(&part.choices);
            self.options.clone_from(&part.options);
            self.parts.push(part);
        }
    }

    fn add(&mut self, record: Record) {
        match record {
            record @ Record::Run { .. } => self.resume(record),
            Record::Purpose { command, .. } => self.command = command,
            Record::Intent {
                time,
                token,
                action,
                before,
                then,
                ..
            } => {
                if let Some(call) = self.call(&token) {
                    (call.status, call.time) = (None, time);
                } else {
                    self.places.insert(token.clone(), self.calls.len());
                    self.calls.push(CallHistory {
                        token,
                        action: *action,
                        before,
                        status: None,
                        refused: false,
                        asked: time,
                        time,
                        request_id: None,
                        error: None,
                        then,
                    });
                }
            }
            Record::Outcome {
                time,
                token,
                status,
                request_id,
                error,
                ..
            } => {
                if let Some(call) = self.call(&token) {
                    (call.status, call.time) = (Some(status), time);
                    call.refused = error
                        .as_ref()
                        .is_some_and(ActionError::is_unknown_principal);
                    (call.request_id, call.error) = (request_id, error);
                }
            }
            Record::ConfigMapIntent {
                time,
                before,
                after,
                backup,
                ready,
                backup_sha256,
                proof,
                ..
            } => self.config_map.push(ConfigMapChange {
                before,
                after,
                backup,
                ready,
                status: None,
                time,
                backup_sha256,
                proof,
                error: None,
            }),
            Record::ConfigMapOutcome {
                time,
                status,
                error,
                ..
            } => {
                if let Some(change) = self.config_map.last_mut() {
                    (change.status, change.time, change.error) = (Some(status), time, error);
                }
            }
            Record::BindingIntent { time, object, .. } => self.intend_binding(object, time),
            Record::BindingOutcome {
                time,
                binding,
                status,
                uid,
                resource_version,
                error,
                ..
            } => {
                let mut bindings = self.bindings.iter_mut();
                if let Some(change) = bindings.find(|change| change.id == binding) {
                    change.status = Some(status);
                    change.uid = uid;
                    change.resource_version = resource_version;
                    (change.time, change.error) = (time, error);
                }
            }
            Record::End {
                end,
                lost_nodes,
                nodes,
                verified,
                unverified,
                ..
            } => {
                self.end = Some(end);
                self.ending = Ending {
                    lost_nodes,
                    nodes,
                    verified,
                    unverified,
                };
            }
        }
    }

    fn call(&mut self, token: &str) -> Option<&mut CallHistory> {
        self.calls.get_mut(*self.places.get(token)?)
    }

    fn intend_binding(&mut self, object: Box<serde_json::Value>, time: Timestamp) {
        let id = BindingId::of(&object);
        match self.bindings.iter_mut().find(|change| change.id == id) {
            // What failed may come about this time.
            Some(change) if change.status == Some(ActionStatus::Failed) => change.status = None,
            // Asked for again after a stop: what the run knew of it still holds until there is another answer.
            Some(_) => {}
            None => self.bindings.push(JournaledBinding {
                id,
                object,
                status: None,
                uid: None,
                resource_version: None,
                time,
                error: None,
            }),
        }
    }
}
