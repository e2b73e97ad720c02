//! The records: what is written down before and after each change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::planned::{Planned, Proof, WatchedNodes};
use crate::choices::Choices;
use crate::invocation::CommandOption;
use crate::model::{ActionError, ActionStatus, BindingId, ClusterId, LiveEntry};
use crate::plan::Action;

/// The name and version of the document.
pub const SCHEMA: &str = "aws-auth-migrate/journal/v1";

/// One line of the journal: a record, and what it says of the line before it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JournalLine {
    /// The record.
    #[serde(flatten)]
    pub record: Record,
    /// SHA-256 of the line before, without its end, or of nothing for the first line; earlier versions wrote none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prev: Option<String>,
}

/// What is written down: a line without what it says of the line before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "record",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[expect(
    clippy::large_enum_variant,
    reason = "records are written and read one at a time"
)]
pub enum Record {
    /// A run begins, or resumes after a stop.
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
        /// The choices that shaped the plan.
        #[serde(default)]
        choices: Choices,
        /// The command's own options that it has to be given again to resume, such as `--to-api-mode`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        options: Vec<CommandOption>,
        /// Which command it belongs to; journals of earlier versions tell it in a [`Record::Purpose`].
        #[serde(default)]
        command: RunCommand,
        /// Where it runs: the process and the machine; earlier versions recorded none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<String>,
        /// What was planned for every mapping, and what was decided; earlier versions recorded none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<Box<Planned>>,
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
        action: Box<Action>,
        /// What the entry was before, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Box<LiveEntry>>,
        /// What has to follow for the same principal, so that a run that is stopped in between knows what remains.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        then: Vec<Action>,
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
        status: ActionStatus,
        /// The request id of the last answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
        /// What went wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ActionError>,
        /// The id of the update that was started, for the mode switch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        update: Option<String>,
    },
    /// What a run is for, where it is not `apply`; only earlier versions wrote it, after the record of the run.
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
        /// SHA-256 of the backup; earlier versions recorded none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backup_sha256: Option<String>,
        /// What `verify` said right before; earlier versions recorded none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Box<Proof>>,
    },
    /// The ConfigMap was changed, or the attempt was given up.
    ConfigMapOutcome {
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// How it ended.
        status: ActionStatus,
        /// The API server's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A binding is about to be made or, by a rollback, to be deleted.
    BindingIntent {
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// The whole object: as it is asked for, or as it is before it goes.
        object: Box<serde_json::Value>,
    },
    /// A binding was made, was there, was deleted, or could not be made or deleted.
    BindingOutcome {
        /// The run's id.
        run: String,
        /// When.
        time: Timestamp,
        /// Which one.
        binding: BindingId,
        /// How it ended.
        status: ActionStatus,
        /// The `metadata.uid` of the object that is there now; another object of the same name has another one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uid: Option<String>,
        /// Its `metadata.resourceVersion`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource_version: Option<String>,
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
        /// The nodes that were no longer Ready when it ended.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lost_nodes: Vec<String>,
        /// The nodes that were watched; earlier versions recorded none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nodes: Option<WatchedNodes>,
        /// How many entries were read back and compared with what was asked for; earlier versions recorded none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verified: Option<usize>,
        /// The entries that differed, each with the differences, by principal.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        unverified: BTreeMap<String, String>,
    },
}

impl Record {
    /// Which run it belongs to, and when it was written.
    #[must_use]
    pub fn about(&self) -> (&str, Timestamp) {
        match self {
            Self::Run { run, time, .. }
            | Self::Purpose { run, time, .. }
            | Self::Intent { run, time, .. }
            | Self::Outcome { run, time, .. }
            | Self::ConfigMapIntent { run, time, .. }
            | Self::ConfigMapOutcome { run, time, .. }
            | Self::BindingIntent { run, time, .. }
            | Self::BindingOutcome { run, time, .. }
            | Self::End { run, time, .. } => (run, *time),
        }
    }
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
