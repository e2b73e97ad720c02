//! What to run next.

use crate::finding::Code;
use crate::invocation::{CommandOption, Invocation, Verb};
use crate::plan::Plan;
use crate::plan::document::PlacedFinding;
use crate::plan::questions::open_ids;

/// The next steps, the one to take first before the others; there is at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step: why, and the command.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What the command is for, as an order.
    pub purpose: &'static str,
    /// The command; hidden characters are escaped where it is printed.
    pub command: Invocation,
}

impl Next {
    /// A single step.
    pub(super) fn one(purpose: &'static str, command: Invocation) -> Self {
        Self {
            steps: vec![Step { purpose, command }],
        }
    }
}

/// The next steps after this plan.
#[must_use]
pub fn next(plan: &Plan) -> Next {
    let offline = plan.cluster.authentication_mode.is_none();
    let explain = |purpose, placed: &PlacedFinding| {
        Next::one(purpose, Invocation::explain(placed.finding.code))
    };
    let stops = |placed: &&PlacedFinding| placed.finding.code.stops_apply();
    if let Some(stop) = plan.findings.iter().find(stops) {
        return explain("see why this cluster can't use access entries yet", stop);
    }
    if offline {
        return Next::one(
            "compare with the live cluster",
            plan.command(Verb::Plan, []),
        );
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
            command: plan.command(Verb::Apply, plan.consents()),
        });
    }
    if steps.is_empty() {
        return Next::one(
            "verify that aws-auth is no longer needed",
            plan.command(Verb::Verify, []),
        );
    }
    Next { steps }
}

/// The command that asks what is open; answers go to the decisions file that is used already, or to a new one.
fn decide(plan: &Plan) -> Invocation {
    let mut options = plan.source.options.iter();
    let is_named = options.any(|option| matches!(option, CommandOption::Decisions(_)));
    let new = (!is_named).then(|| CommandOption::Out("decisions.yaml".into()));
    plan.command(Verb::Decide, new)
}

/// Whether `apply` refuses the plan for a finding, unless somebody allows it or grants a right.
fn refuses(plan: &Plan, placed: &PlacedFinding) -> bool {
    let code = placed.finding.code;
    code == Code::EntriesUnknown || (code == Code::CallerLosesAdmin && !plan.actions.is_empty())
}
