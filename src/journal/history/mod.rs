//! What the records add up to.

mod queries;

pub(super) use queries::token;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;

use super::record::{Record, RunCommand, RunEnd};
use crate::choices::Choices;
use crate::invocation::CommandOption;
use crate::model::{ActionStatus, BindingId, ClusterId, LiveEntry};
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
}

/// One binding of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct BindingChange {
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
    pub bindings: Vec<BindingChange>,
    /// The choices that shaped what it did, as of its last part.
    pub choices: Choices,
    /// The command's own options, as of its last part.
    pub options: Vec<CommandOption>,
    /// The nodes that were no longer Ready when it ended.
    pub lost_nodes: Vec<String>,
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
    /// When the last record about it was written.
    pub time: Timestamp,
    /// What had to follow for the same principal.
    pub then: Vec<Action>,
}

impl History {
    /// Adds one record.
    pub fn add(&mut self, record: Record) {
        let (run, time) = record.about();
        // Nearly always it is the last one.
        let known = self.runs.iter_mut().rfind(|known| known.run == run);
        match (known, record) {
            (Some(known), record) => {
                known.last = time;
                known.add(record);
            }
            (
                None,
                Record::Run {
                    run,
                    cluster,
                    choices,
                    options,
                    command,
                    ..
                },
            ) => self.runs.push(RunHistory {
                run,
                cluster,
                began: time,
                last: time,
                end: None,
                calls: Vec::new(),
                command,
                config_map: Vec::new(),
                bindings: Vec::new(),
                choices,
                options,
                lost_nodes: Vec::new(),
                places: BTreeMap::new(),
            }),
            // What belongs to no run tells nothing.
            (None, _) => {}
        }
    }
}

impl RunHistory {
    fn add(&mut self, record: Record) {
        match record {
            Record::Run {
                choices, options, ..
            } => (self.end, self.choices, self.options) = (None, choices, options),
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
                        time,
                        then,
                    });
                }
            }
            Record::Outcome {
                time,
                token,
                status,
                error,
                ..
            } => {
                if let Some(call) = self.call(&token) {
                    (call.status, call.time) = (Some(status), time);
                    call.refused = error.is_some_and(|error| error.is_unknown_principal());
                }
            }
            Record::ConfigMapIntent {
                before,
                after,
                backup,
                ready,
                ..
            } => self.config_map.push(ConfigMapChange {
                before,
                after,
                backup,
                ready,
                status: None,
            }),
            Record::ConfigMapOutcome { status, .. } => {
                if let Some(change) = self.config_map.last_mut() {
                    change.status = Some(status);
                }
            }
            Record::BindingIntent { object, .. } => self.intend_binding(object),
            Record::BindingOutcome {
                binding,
                status,
                uid,
                resource_version,
                ..
            } => {
                let mut bindings = self.bindings.iter_mut();
                if let Some(change) = bindings.find(|change| change.id == binding) {
                    change.status = Some(status);
                    change.uid = uid;
                    change.resource_version = resource_version;
                }
            }
            Record::End {
                end, lost_nodes, ..
            } => (self.end, self.lost_nodes) = (Some(end), lost_nodes),
        }
    }

    fn call(&mut self, token: &str) -> Option<&mut CallHistory> {
        self.calls.get_mut(*self.places.get(token)?)
    }

    fn intend_binding(&mut self, object: Box<serde_json::Value>) {
        let id = BindingId::of(&object);
        match self.bindings.iter_mut().find(|change| change.id == id) {
            // What failed may come about this time.
            Some(change) if change.status == Some(ActionStatus::Failed) => change.status = None,
            // Asked for again after a stop: what the run knew of it still holds until there is another answer.
            Some(_) => {}
            None => self.bindings.push(BindingChange {
                id,
                object,
                status: None,
                uid: None,
                resource_version: None,
            }),
        }
    }
}
