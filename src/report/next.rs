//! What to run next.

use std::cmp::Reverse;

use crate::plan::Plan;
use crate::plan::document::{ActionKind, Outcome, SourceKind};
use crate::text::{shell_word, visible};

/// The next step: why, and the command line, safe to paste into a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// What the command is for.
    pub purpose: &'static str,
    /// The command line; hidden characters in it are escaped already.
    pub command: String,
}

/// Tells the next step after this plan.
#[must_use]
pub fn next(plan: &Plan) -> Next {
    let mut command = vec!["aws-auth-migrate".to_owned()];
    let offline = plan.cluster.authentication_mode.is_none();
    let needs_decision = plan.summary.blocked + plan.summary.conflict + plan.accounts.len() > 0;
    let (purpose, verb) = if offline {
        ("compare with the live cluster", "plan")
    } else if !plan.actions.is_empty() && needs_decision {
        ("carry over what needs no decision", "apply")
    } else if !plan.actions.is_empty() {
        ("make it so", "apply")
    } else if let Some(code) = open_code(plan) {
        command.extend(["explain".to_owned(), code]);
        return Next {
            purpose: "read what the open decision is about",
            command: command.join(" "),
        };
    } else {
        ("prove that aws-auth is no longer needed", "verify")
    };
    command.push(verb.to_owned());
    command.push("--cluster".to_owned());
    command.push(
        plan.cluster
            .name
            .as_deref()
            .map_or("NAME".to_owned(), |name| shell_word(&visible(name))),
    );
    if let Some(region) = &plan.cluster.region {
        command.push("--region".to_owned());
        command.push(shell_word(&visible(region)));
    }
    if !offline && plan.source.kind == SourceKind::File {
        command.push("--from-file FILE".to_owned());
    }
    let switches = |kind: &ActionKind| matches!(kind, ActionKind::UpdateAuthenticationMode { .. });
    if !offline && plan.actions.iter().any(|action| switches(&action.kind)) {
        command.push("--enable-access-entries".to_owned());
    }
    Next {
        purpose,
        command: command.join(" "),
    }
}

/// The code of the heaviest finding where a decision is needed.
fn open_code(plan: &Plan) -> Option<String> {
    let mappings = plan.mappings.iter().filter(|m| m.needs_decision());
    let accounts = plan.accounts.iter();
    let accounts = accounts.filter(|a| a.outcome == Outcome::Blocked);
    mappings
        .map(|m| &m.findings)
        .chain(accounts.map(|a| &a.findings))
        .flatten()
        // The first of the heaviest; `max_by_key` would take the last.
        .min_by_key(|finding| Reverse(finding.severity))
        .map(|finding| finding.code.to_string())
}
