//! How to undo what was done, and what can't be undone.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::LiveProof;
use crate::journal::{History, RunCommand, RunEnd};
use crate::model::{ActionStatus, AuthenticationMode, ClusterId};
use crate::plan::ActionKind;
use crate::text::{shell_word, visible};

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
    let command = |flags: &[&str]| match live {
        Some(verification) => verification.plan.command("rollback", flags),
        None => rollback(cluster, journal, flags),
    };
    let step = |purpose: &str, command| UndoStep {
        purpose: purpose.to_owned(),
        command,
    };
    Undo {
        steps: vec![
            step("show what would be undone", command(&["--dry-run"])),
            step("undo it; asks first", command(&[])),
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

/// The command line, from what the journal says of the cluster alone.
fn rollback(cluster: &ClusterId, journal: Option<&Path>, flags: &[&str]) -> String {
    let word = |text: &str| shell_word(&visible(text));
    let mut words = vec![
        "aws-auth-migrate rollback".to_owned(),
        format!("--cluster {}", word(&cluster.name)),
        format!("--region {}", word(&cluster.region)),
    ];
    if let Some(journal) = journal {
        words.push(format!(
            "--journal {}",
            word(&journal.display().to_string())
        ));
    }
    words.extend(flags.iter().map(|flag| (*flag).to_owned()));
    words.join(" ")
}
