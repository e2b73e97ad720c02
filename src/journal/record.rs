//! The records and what they add up to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::LiveEntry;
use crate::plan::{Action, ActionKind};
use crate::writer::{EventError, Status};

/// The name and version of the document.
pub const SCHEMA: &str = "aws-auth-migrate/journal/v1";

/// Which cluster a run is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterId {
    /// The 12-digit account id.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// The cluster's name.
    pub name: String,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "record",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Record {
    /// A run begins, or goes on after a stop.
    Run {
        /// [`SCHEMA`].
        schema: String,
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// The version of the tool.
        tool_version: String,
        /// Which cluster.
        cluster: ClusterId,
        /// Who runs it.
        caller: Option<String>,
        /// SHA-256 of the plan's actions.
        plan_sha256: String,
        /// How many actions it has.
        actions: usize,
    },
    /// A call is about to be made.
    Intent {
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// The client request token that goes with it.
        token: String,
        /// The action in full.
        action: Action,
        /// What the entry was before, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Box<LiveEntry>>,
    },
    /// A call has been answered, or given up.
    Outcome {
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// The token of the intent it belongs to.
        token: String,
        /// The action's id.
        action: String,
        /// How it ended.
        status: Status,
        /// The request id of the last answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
        /// What went wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<EventError>,
        /// The id of the update that was started, for the mode switch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        update: Option<String>,
    },
    /// What a run is for, where it is not `apply`.
    Purpose {
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// The command.
        command: RunCommand,
    },
    /// The ConfigMap is about to be changed.
    ConfigMapIntent {
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// The whole object before; `None` where there was none.
        before: Option<Box<serde_json::Value>>,
        /// Its `data` after; `None` where the object is deleted.
        after: Option<BTreeMap<String, String>>,
        /// Where the backup lies.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backup: Option<PathBuf>,
        /// The nodes that were Ready before, where they are watched after.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ready: Option<BTreeSet<String>>,
    },
    /// The ConfigMap was changed, or the attempt was given up.
    ConfigMapOutcome {
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// How it ended.
        status: Status,
        /// The API server's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A run has ended.
    End {
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// How.
        end: RunEnd,
    },
}

/// Which command a run belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RunCommand {
    /// `apply`.
    #[default]
    Apply,
    /// `cutover`.
    Cutover,
    /// `rollback`.
    Rollback,
}

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
    pub status: Option<Status>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RunEnd {
    /// Everything that could be done is done.
    Complete,
    /// Something failed or was not reached.
    Incomplete,
    /// It was stopped by a signal.
    Interrupted,
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
                    });
                }
            }
            Record::Intent {
                run,
                time,
                token,
                action,
                before,
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
                        action,
                        before,
                        status: None,
                        time,
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
                ready,
            } => {
                if let Some(known) = self.run_mut(&run) {
                    known.last = time;
                    known.config_map.push(ConfigMapChange {
                        before,
                        after,
                        backup,
                        ready,
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

    /// The run that `apply` goes on with: the last one, unless it is complete or another command's.
    #[must_use]
    pub fn unfinished(&self) -> Option<&RunHistory> {
        self.unfinished_of(RunCommand::Apply)
    }

    /// The run that a command goes on with: the last one, unless it is complete or another command's.
    #[must_use]
    pub fn unfinished_of(&self, command: RunCommand) -> Option<&RunHistory> {
        self.runs
            .last()
            .filter(|run| run.command == command && run.end != Some(RunEnd::Complete))
    }

    /// The last run of a command.
    #[must_use]
    pub fn last_of(&self, command: RunCommand) -> Option<&RunHistory> {
        self.runs.iter().rfind(|run| run.command == command)
    }

    /// Policies that the runs associated, with an answer, as principal and policy ARN; those of an entry that was
    /// deleted or that were taken off since are not among them.
    #[must_use]
    pub fn associations(&self) -> BTreeSet<(String, String)> {
        let mut known = BTreeSet::new();
        for call in self.runs.iter().flat_map(|run| &run.calls) {
            match (&call.action.kind, call.status) {
                (
                    ActionKind::AssociateAccessPolicy {
                        principal_arn,
                        policy_arn,
                        ..
                    },
                    Some(Status::Associated),
                ) => {
                    known.insert((principal_arn.to_string(), policy_arn.to_string()));
                }
                (
                    ActionKind::DisassociateAccessPolicy {
                        principal_arn,
                        policy_arn,
                    },
                    _,
                ) => {
                    known.remove(&(principal_arn.to_string(), policy_arn.to_string()));
                }
                (ActionKind::DeleteAccessEntry { principal_arn }, _) => {
                    let principal = principal_arn.to_string();
                    known.retain(|(of, _)| *of != principal);
                }
                _ => {}
            }
        }
        known
    }

    /// The client request token for an action.
    ///
    /// It is the same for the same action of the same run as long as no answer to it is known, so that a call repeated
    /// after a lost answer is recognised by EKS; once the call was answered, doing it again is another call.
    #[must_use]
    pub fn token(&self, run: &str, action: &Action) -> String {
        let known = self.runs.iter().find(|known| known.run == run);
        let answered = known.map_or(0, |known| {
            known
                .calls
                .iter()
                .filter(|call| call.action.kind == action.kind && call.status.is_some())
                .count()
        });
        let content = serde_json::to_string(&action.kind).expect("an action is plain data");
        let digest = crate::digest::sha256(format!("{run}\n{answered}\n{content}").as_bytes());
        // EKS takes any text; the digest's first half tells actions apart well enough and reads better in a log.
        format!("aam-{}", &digest[..32])
    }

    /// Entries that this journal's runs made, by principal ARN, with the last run that made them.
    #[must_use]
    pub fn made_entries(&self) -> BTreeMap<String, &RunHistory> {
        let mut made = BTreeMap::new();
        for run in &self.runs {
            for call in &run.calls {
                let Some(principal) = call.action.kind.principal_arn() else {
                    continue;
                };
                match (call.action.kind.operation(), call.status) {
                    // An unanswered create may have made the entry.
                    ("CreateAccessEntry", Some(Status::Created) | None) => {
                        made.insert(principal.to_string(), run);
                    }
                    ("DeleteAccessEntry", Some(Status::Deleted)) => {
                        made.remove(&principal.to_string());
                    }
                    _ => {}
                }
            }
        }
        made
    }
}
