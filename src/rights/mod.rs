//! The least rights that a command needs, in AWS and in Kubernetes; pure.
//!
//! Every right in a policy is one that the command uses on the very cluster, so each can be missed: the tests take them
//! away one by one.

mod arns;
mod iam;
mod rbac;
mod trust;

use crate::aws::LookupRoles;
use crate::plan::{Action, Plan};

pub use iam::{Statement, iam_policy, iam_statements, policy_of};
pub use rbac::{AccessReview, GROUP as RBAC_GROUP, questions, rbac_objects};
pub use trust::{ENVIRONMENTS, trust_policy};

/// The command that rights are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum For {
    /// `plan`, `verify` and `status`: reads only.
    Plan,
    /// `apply` of the very plan.
    #[default]
    Apply,
    /// `cutover`, with `--to-api-mode` where the cluster is not in that mode.
    Cutover,
    /// `rollback` of what was done, and of the very plan.
    Rollback,
}

impl For {
    /// The command as it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Cutover => "cutover",
            Self::Rollback => "rollback",
        }
    }
}

/// What a command is to do.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'a> {
    /// The command.
    pub command: For,
    /// The plan: its cluster and its actions.
    pub plan: &'a Plan,
    /// What a rollback would do now, by the journal.
    pub undoing: &'a [Action],
    /// The roles of `--lookup-role`.
    pub lookup_roles: &'a LookupRoles,
}

impl<'a> Needs<'a> {
    /// What a command needs of a plan alone.
    #[must_use]
    pub fn of(plan: &'a Plan, command: For) -> Self {
        Self {
            command,
            plan,
            undoing: &[],
            lookup_roles: const { &LookupRoles::new() },
        }
    }
}
