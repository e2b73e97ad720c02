//! What the records add up to.

mod queries;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::record::{BindingId, ClusterId, Record, RunCommand, RunEnd};
use crate::model::LiveEntry;
use crate::plan::Action;
use crate::writer::Status;

/// One change of the ConfigMap.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigMapChange {
    /// The whole object before; `None` where there was none.
    pub before: Option<Box<serde_json::Value>>,
    /// Its `data` after; `None` where the object was deleted.
    pub after: Option<BTreeMap<String, String>>,
    /// Where the backup lies.
    pub backup: Option<PathBuf>,
    /// How it ended; `None` where no answer was written down.
    pub status: Option<Status>,
}

/// One binding of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct BindingChange {
    /// Which one.
    pub id: BindingId,
    /// The whole object as it was asked for.
    pub object: Box<serde_json::Value>,
    /// How it ended: [`Status::Created`] where the run made it, [`Status::Exists`] where it was there and somebody
    /// else's; `None` where no answer was written down, so that the run may have made it.
    pub status: Option<Status>,
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
    /// The bindings that it made, in the order of the first intents.
    pub bindings: Vec<BindingChange>,
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
    pub status: Option<Status>,
    /// When the last record about it was written.
    pub time: Timestamp,
    /// What had to follow for the same principal.
    pub then: Vec<Action>,
}

impl History {
    /// Adds one record.
    pub fn add(&mut self, record: Record) {
        match record {
            Record::Run {
                run, time, cluster, ..
            } => {
                if let Some(known) = self.run_mut(&run) {
                    known.last = time;
                    known.end = None;
                } else {
                    self.runs.push(RunHistory {
                        run,
                        cluster,
                        began: time,
                        last: time,
                        end: None,
                        calls: Vec::new(),
                        command: RunCommand::default(),
                        config_map: Vec::new(),
                        bindings: Vec::new(),
                    });
                }
            }
            Record::Intent {
                run,
                time,
                token,
                action,
                before,
                then,
            } => {
                let Some(known) = self.run_mut(&run) else {
                    return;
                };
                known.last = time;
                if let Some(call) = known.calls.iter_mut().find(|call| call.token == token) {
                    call.status = None;
                    call.time = time;
                } else {
                    known.calls.push(CallHistory {
                        token,
                        action: *action,
                        before,
                        status: None,
                        time,
                        then,
                    });
                }
            }
            Record::Outcome {
                run,
                time,
                token,
                status,
                ..
            } => {
                let Some(known) = self.run_mut(&run) else {
                    return;
                };
                known.last = time;
                if let Some(call) = known.calls.iter_mut().find(|call| call.token == token) {
                    call.status = Some(status);
                    call.time = time;
                }
            }
            Record::Purpose { run, time, command } => {
                if let Some(known) = self.run_mut(&run) {
                    known.last = time;
                    known.command = command;
                }
            }
            Record::ConfigMapIntent {
                run,
                time,
                before,
                after,
                backup,
            } => {
                if let Some(known) = self.run_mut(&run) {
                    known.last = time;
                    known.config_map.push(ConfigMapChange {
                        before,
                        after,
                        backup,
                        status: None,
                    });
                }
            }
            Record::ConfigMapOutcome {
                run, time, status, ..
            } => {
                if let Some(known) = self.run_mut(&run) {
                    known.last = time;
                    if let Some(change) = known.config_map.last_mut() {
                        change.status = Some(status);
                    }
                }
            }
            Record::BindingIntent { run, time, object } => {
                if let Some(known) = self.run_mut(&run) {
                    known.last = time;
                    known.intend_binding(object);
                }
            }
            Record::BindingOutcome {
                run,
                time,
                binding,
                status,
                uid,
                resource_version,
                ..
            } => {
                if let Some(known) = self.run_mut(&run) {
                    known.last = time;
                    let mut bindings = known.bindings.iter_mut();
                    if let Some(change) = bindings.find(|change| change.id == binding) {
                        change.status = Some(status);
                        change.uid = uid;
                        change.resource_version = resource_version;
                    }
                }
            }
            Record::End { run, time, end } => {
                if let Some(known) = self.run_mut(&run) {
                    known.last = time;
                    known.end = Some(end);
                }
            }
        }
    }

    fn run_mut(&mut self, run: &str) -> Option<&mut RunHistory> {
        self.runs.iter_mut().find(|known| known.run == run)
    }
}

impl RunHistory {
    fn intend_binding(&mut self, object: Box<serde_json::Value>) {
        let id = BindingId::of(&object);
        // Asked for again after a stop: what the run knew of it still holds until there is another answer.
        if !self.bindings.iter().any(|change| change.id == id) {
            self.bindings.push(BindingChange {
                id,
                object,
                status: None,
                uid: None,
                resource_version: None,
            });
        }
    }
}
