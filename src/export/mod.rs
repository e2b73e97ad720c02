//! Writes a [`Plan`](crate::plan::Plan) in the language of another tool.
//!
//! Every target is a pure function that returns text. Text from the cluster is hostile: each target quotes for its own
//! language, and hidden characters stand there as escapes. What can't be carried over is listed at the top.

mod ack;
mod aws_cli;
mod carried;
mod cdk;
mod cloudformation;
mod eksctl;
pub mod fleet;
mod names;
mod permissions;
mod pulumi;
mod runbook;
mod terraform;

#[cfg(test)]
mod tests;

use crate::yaml;

pub use ack::ack;
pub use aws_cli::aws_cli;
pub use cdk::cdk;
pub use cloudformation::{cloudformation, cloudformation_json};
pub use eksctl::eksctl;
pub use permissions::{iam_policy, rbac, trust_policy};
pub use pulumi::pulumi;
pub use runbook::{Runbook, github_actions, kubernetes_job, lookup_roles, options, ssm_automation};
pub use terraform::{terraform, terraform_module};
