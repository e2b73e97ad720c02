//! How to undo what was done, and what can't be undone.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::LiveProof;
use crate::invocation::{CommandOption, Invocation, Verb};
use crate::journal::{History, RunCommand, RunEnd};
use crate::model::{ActionStatus, AuthenticationMode, ClusterId};
use crate::plan::ActionKind;

/// How to undo what was done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Undo {
    /// The commands, in their order; none where there is nothing to undo.
    pub steps: Vec<UndoStep>,
    /// What can't be undone.
    pub permanent: Vec<String>,
}

/// A command that undoes something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoStep {
    /// What it is for.
    pub purpose: String,
    /// The command line, safe to paste into a shell.
    pub command: String,
}

pub(super) fn undo(
    history: &History,
    cluster: &ClusterId,
    journal: Option<&Path>,
    proof: &LiveProof,
) -> Undo {
    let switched = switches(history);
    let live = proof.verification.as_ref();
    let mode = live.and_then(|verification| verification.plan.cluster.authentication_mode);
    let is_api = mode.map_or(switched.contains(&AuthenticationMode::Api), |mode| {
        mode == AuthenticationMode::Api
    });
    let mut permanent: Vec<String> = switched
        .iter()
        .map(|mode| format!("the switch to the authentication mode {mode}"))
        .collect();
    if is_api {
        permanent.push(
            "in the mode API aws-auth never applies again; the access entries are the only source of access"
                .to_owned(),
        );
    }
    if is_api || !is_changed(history) {
        return Undo {
            steps: Vec::new(),
            permanent,
        };
    }
    let step = |purpose: &str, more: Option<CommandOption>| {
        let command = match live {
            Some(verification) => verification.plan.command(Verb::Rollback, more),
            None => rollback(cluster, journal, more),
        };
        UndoStep {
            purpose: purpose.to_owned(),
            command: command.to_string(),
        }
    };
    Undo {
        steps: vec![
            step("show what would be undone", Some(CommandOption::DryRun)),
            step("undo it; asks first", None),
        ],
        permanent,
    }
}

/// Whether something was changed since the last rollback that was completed.
fn is_changed(history: &History) -> bool {
    let since = history
        .runs
        .iter()
        .rposition(|run| run.command == RunCommand::Rollback && run.end == Some(RunEnd::Complete));
    let since = since.map_or(0, |at| at + 1);
    history.runs[since..]
        .iter()
        .any(|run| !run.calls.is_empty() || !run.config_map.is_empty() || !run.bindings.is_empty())
        || !history.made_entries().is_empty()
}

/// The modes that the cluster was switched to.
fn switches(history: &History) -> Vec<AuthenticationMode> {
    let calls = history.runs.iter().flat_map(|run| &run.calls);
    let done = calls.filter(|call| {
        matches!(
            call.status,
            None | Some(ActionStatus::Updated | ActionStatus::Exists)
        )
    });
    let mut modes: Vec<AuthenticationMode> = done
        .filter_map(|call| match call.action.kind {
            ActionKind::UpdateAuthenticationMode { to, .. } => Some(to),
            _ => None,
        })
        .collect();
    modes.dedup();
    modes
}

/// The command, from what the journal says of the cluster alone.
fn rollback(
    cluster: &ClusterId,
    journal: Option<&Path>,
    more: Option<CommandOption>,
) -> Invocation {
    let mut options = vec![
        CommandOption::Cluster(cluster.name.clone()),
        CommandOption::Region(cluster.region.clone()),
    ];
    options.extend(journal.map(|journal| CommandOption::Journal(journal.to_owned())));
    options.extend(more);
    Invocation {
        verb: Verb::Rollback,
        options,
    }
}
