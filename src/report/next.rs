//! What to run next.

use crate::finding::Finding;
use crate::invocation::{CommandOption, Invocation, Verb};
use crate::plan::questions::open_ids;
use crate::plan::{Obstacle, Plan};

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
    let explain =
        |purpose, finding: &Finding| Next::one(purpose, Invocation::explain(finding.code));
    if let Some(stop) = plan.obstacle(Obstacle::NoEntries) {
        return explain("see why this cluster can't use access entries yet", stop);
    }
    if offline {
        return Next::one(
            "compare with the live cluster",
            plan.command(Verb::Plan, []),
        );
    }
    if let Some(refusal) = refusal(plan) {
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

/// Why `apply` refuses the plan, unless somebody allows it or grants a right.
fn refusal(plan: &Plan) -> Option<&Finding> {
    let refuses = |obstacle| match obstacle {
        Obstacle::EntriesUnknown => true,
        Obstacle::CallerLosesAdmin => !plan.actions.is_empty(),
        _ => false,
    };
    let mut obstacles = plan.obstacles();
    obstacles.find_map(|(obstacle, finding)| refuses(obstacle).then_some(finding))
}
