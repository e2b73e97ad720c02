//! What to run next.

use crate::finding::Code;
use crate::plan::Plan;
use crate::plan::document::PlacedFinding;
use crate::plan::questions::open_ids;

/// The next steps, the one to take first before the others; there is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step: why, and the command line, safe to paste into a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What the command is for, as an order.
    pub purpose: &'static str,
    /// The command line; hidden characters in it are escaped already.
    pub command: String,
}

impl Next {
    /// A single step.
    pub(super) fn one(purpose: &'static str, command: String) -> Self {
        Self {
            steps: vec![Step { purpose, command }],
        }
    }
}

/// Tells the next steps after this plan.
#[must_use]
pub fn next(plan: &Plan) -> Next {
    let offline = plan.cluster.authentication_mode.is_none();
    let explain = |purpose, placed: &PlacedFinding| {
        Next::one(
            purpose,
            format!("aws-auth-migrate explain {}", placed.finding.code),
        )
    };
    let stops = |placed: &&PlacedFinding| placed.finding.code.stops_apply();
    if let Some(stop) = plan.findings.iter().find(stops) {
        return explain("see why this cluster can't use access entries yet", stop);
    }
    if offline {
        return Next::one("compare with the live cluster", plan.command("plan", &[]));
    }
    let refuses = |placed: &&PlacedFinding| refuses(plan, placed);
    if let Some(refusal) = plan.findings.iter().find(refuses) {
        return explain("see why `apply` would refuse this plan", refusal);
    }
    let is_open = !open_ids(plan).is_empty();
    let mut steps = Vec::new();
    if is_open {
        steps.push(Step {
            purpose: "answer the open questions",
            command: decide(plan),
        });
    }
    if !plan.actions.is_empty() {
        steps.push(Step {
            purpose: if is_open {
                "apply what is ready"
            } else {
                "apply this plan"
            },
            command: plan.command("apply", &plan.consents()),
        });
    }
    if steps.is_empty() {
        return Next::one(
            "verify that aws-auth is no longer needed",
            plan.command("verify", &[]),
        );
    }
    Next { steps }
}

/// The command that asks what is open; answers go to the decisions file that is used already, or to a new one.
fn decide(plan: &Plan) -> String {
    let mut options = plan.source.options.iter();
    if options.any(|option| option.starts_with("--decisions=")) {
        plan.command("decide", &[])
    } else {
        plan.command("decide", &["--out decisions.yaml"])
    }
}

/// Whether `apply` refuses the plan for a finding, unless somebody allows it or grants a right.
fn refuses(plan: &Plan, placed: &PlacedFinding) -> bool {
    let code = placed.finding.code;
    code == Code::EntriesUnknown || (code == Code::CallerLosesAdmin && !plan.actions.is_empty())
}
