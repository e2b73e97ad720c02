//! What to run next.

use std::cmp::Reverse;

use crate::finding::Code;
use crate::plan::Plan;
use crate::plan::document::{Outcome, PlacedFinding};

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
    let offline = plan.cluster.authentication_mode.is_none();
    let needs_decision = plan.summary.blocked + plan.summary.conflict + plan.accounts.len() > 0;
    let stops = |placed: &&PlacedFinding| placed.finding.code.stops_apply();
    let (purpose, command) = if let Some(stop) = plan.findings.iter().find(stops) {
        (
            "read what stands against access entries here",
            format!("aws-auth-migrate explain {}", stop.finding.code),
        )
    } else if let Some(refusal) = plan
        .findings
        .iter()
        .find(|placed| !offline && refuses(plan, placed))
    {
        (
            "read why `apply` would refuse this plan",
            format!("aws-auth-migrate explain {}", refusal.finding.code),
        )
    } else if offline {
        ("compare with the live cluster", plan.command("plan", &[]))
    } else if !plan.actions.is_empty() && needs_decision {
        (
            "carry over what needs no decision",
            plan.command("apply", &plan.consents()),
        )
    } else if !plan.actions.is_empty() {
        ("make it so", plan.command("apply", &plan.consents()))
    } else if let Some(code) = open_code(plan) {
        (
            "read what the open decision is about",
            format!("aws-auth-migrate explain {code}"),
        )
    } else {
        (
            "prove that aws-auth is no longer needed",
            plan.command("verify", &[]),
        )
    };
    Next { purpose, command }
}

/// Whether `apply` refuses the plan for a finding, unless somebody allows it or grants a right.
fn refuses(plan: &Plan, placed: &PlacedFinding) -> bool {
    let code = placed.finding.code;
    code == Code::EntriesUnknown || (code == Code::CallerLosesAdmin && !plan.actions.is_empty())
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
