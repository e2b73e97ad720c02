//! One run, as the journal has it.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::digest::sha256;
use crate::files;
use crate::journal::{
    CallHistory, ConfigMapChange, JournaledBinding, Planned, Proof, RunCommand, RunEnd, RunHistory,
    RunPart, WatchedNodes,
};
use crate::model::{ActionError, ActionStatus};
use crate::plan::Action;

/// A run: who ran what from where, what was planned, every change, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// The run's id.
    pub run: String,
    /// The command.
    pub command: RunCommand,
    /// When it began.
    pub began: Timestamp,
    /// When its last record was written.
    pub last: Timestamp,
    /// How it ended; none where it was killed or is still running.
    pub end: Option<RunEnd>,
    /// Its parts: the first, and one more for each time that it was resumed.
    pub parts: Vec<PartRecord>,
    /// What was planned when it began, and what was decided; none where that was not recorded.
    pub plan: Option<Planned>,
    /// Every call to EKS.
    pub calls: Vec<CallRecord>,
    /// Every binding that it created or deleted.
    pub bindings: Vec<BindingRecord>,
    /// Every change of the ConfigMap.
    pub config_map: Vec<ConfigMapRecord>,
    /// The nodes that were watched; none where none were, or that was not recorded.
    pub nodes: Option<WatchedNodes>,
    /// How many entries were read back and compared; none where that was not recorded.
    pub verified: Option<usize>,
    /// The entries that differed from what was asked for, by principal.
    pub unverified: BTreeMap<String, String>,
}

/// A part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartRecord {
    /// When it began.
    pub time: Timestamp,
    /// The ARN of whoever ran it.
    pub caller: Option<String>,
    /// The process and the machine; none where that was not recorded.
    pub holder: Option<String>,
    /// The version of the tool.
    pub tool_version: String,
    /// The options that shaped it.
    pub options: Vec<String>,
    /// SHA-256 of what was planned: the actions of `apply`, the `aws-auth` of the others.
    pub plan_sha256: String,
    /// How many actions were planned.
    pub actions: usize,
}

/// A call to EKS.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// When it was announced.
    pub asked: Timestamp,
    /// When it was answered or given up.
    pub answered: Option<Timestamp>,
    /// What was called, with which values.
    pub action: Action,
    /// How it ended; none where no answer is recorded.
    pub status: Option<ActionStatus>,
    /// The id of the last answer, which CloudTrail has as well.
    pub request_id: Option<String>,
    /// The client request token.
    pub token: String,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ActionError>,
}

/// A binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BindingRecord {
    /// Which one.
    pub binding: String,
    /// When the last record about it was written.
    pub time: Timestamp,
    /// How it ended; none where no answer is recorded.
    pub status: Option<ActionStatus>,
    /// The `metadata.uid` of the object.
    pub uid: Option<String>,
    /// Its `metadata.resourceVersion`.
    pub resource_version: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A change of the ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapRecord {
    /// When the last record about it was written.
    pub time: Timestamp,
    /// Whether the object was to be deleted.
    pub deletes: bool,
    /// The `metadata.resourceVersion` that it had before.
    pub resource_version_before: Option<String>,
    /// How it ended; none where no answer is recorded.
    pub status: Option<ActionStatus>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The backup.
    pub backup: Option<BackupRecord>,
    /// What `verify` said right before; none where that was not recorded, and for a rollback.
    pub proof: Option<Proof>,
}

/// The backup of the ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupRecord {
    /// Where it is.
    pub path: String,
    /// SHA-256 when it was written; none where that was not recorded.
    pub sha256: Option<String>,
    /// Whether it is still there, and unchanged.
    pub state: BackupState,
}

/// What became of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BackupState {
    /// It has the digest that was recorded.
    Unchanged,
    /// It has another digest.
    Changed,
    /// It is there, but its digest was not recorded.
    Present,
    /// There is no file at its path.
    Missing,
    /// It can't be read.
    Unreadable,
}

impl RunRecord {
    pub(super) fn of(run: &RunHistory) -> Self {
        let plan = run.parts.iter().find_map(|part| part.plan.as_deref());
        Self {
            run: run.run.clone(),
            command: run.command,
            began: run.began,
            last: run.last,
            end: run.end,
            parts: run.parts.iter().map(PartRecord::of).collect(),
            plan: plan.cloned(),
            calls: run.calls.iter().map(CallRecord::of).collect(),
            bindings: run.bindings.iter().map(BindingRecord::of).collect(),
            config_map: run.config_map.iter().map(ConfigMapRecord::of).collect(),
            nodes: run.ending.nodes.clone().or_else(|| nodes(run)),
            verified: run.ending.verified,
            unverified: run.ending.unverified.clone(),
        }
    }
}

/// What an earlier version recorded of the nodes.
fn nodes(run: &RunHistory) -> Option<WatchedNodes> {
    let mut changes = run.config_map.iter().rev();
    let ready = changes.find_map(|change| change.ready.as_ref())?;
    run.end?;
    Some(WatchedNodes {
        ready_before: ready.len(),
        ready_after: None,
        watched_seconds: 0,
        lost: run.ending.lost_nodes.clone(),
        gone: Vec::new(),
    })
}

impl PartRecord {
    fn of(part: &RunPart) -> Self {
        let chosen = part.choices.options();
        let options = chosen.iter().chain(&part.options);
        Self {
            time: part.time,
            caller: part.caller.clone(),
            holder: part.holder.clone(),
            tool_version: part.tool_version.clone(),
            options: options.map(ToString::to_string).collect(),
            plan_sha256: part.plan_sha256.clone(),
            actions: part.actions,
        }
    }
}

impl CallRecord {
    fn of(call: &CallHistory) -> Self {
        Self {
            asked: call.asked,
            answered: call.status.map(|_| call.time),
            action: call.action.clone(),
            status: call.status,
            request_id: call.request_id.clone(),
            token: call.token.clone(),
            error: call.error.clone(),
        }
    }
}

impl BindingRecord {
    fn of(change: &JournaledBinding) -> Self {
        Self {
            binding: change.id.to_string(),
            time: change.time,
            status: change.status,
            uid: change.uid.clone(),
            resource_version: change.resource_version.clone(),
            error: change.error.clone(),
        }
    }
}

impl ConfigMapRecord {
    fn of(change: &ConfigMapChange) -> Self {
        let version = change.before.as_deref();
        let version =
            version.and_then(|object| object.pointer("/metadata/resourceVersion")?.as_str());
        let backup = change.backup.as_deref();
        Self {
            time: change.time,
            deletes: change.after.is_none(),
            resource_version_before: version.map(ToOwned::to_owned),
            status: change.status,
            error: change.error.clone(),
            backup: backup.map(|path| BackupRecord::of(path, change.backup_sha256.as_deref())),
            proof: change.proof.as_deref().cloned(),
        }
    }
}

impl BackupRecord {
    fn of(path: &Path, recorded: Option<&str>) -> Self {
        // A journal may name anything, such as a pipe.
        let state = match files::is_there(path) {
            Ok(false) => BackupState::Missing,
            Err(_) => BackupState::Unreadable,
            Ok(true) => match (files::content(path), recorded) {
                (Err(_), _) => BackupState::Unreadable,
                (Ok(_), None) => BackupState::Present,
                (Ok(content), Some(recorded)) if sha256(&content) == recorded => {
                    BackupState::Unchanged
                }
                (Ok(_), Some(_)) => BackupState::Changed,
            },
        };
        Self {
            path: path.display().to_string(),
            sha256: recorded.map(ToOwned::to_owned),
            state,
        }
    }
}
