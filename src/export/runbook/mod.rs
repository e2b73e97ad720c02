//! The whole move as a runbook of another system, which calls this tool: plan, apply, verify, cutover, rollback.
//!
//! A runbook makes its own plan when it runs, shows it to a person, and applies exactly that one. What it takes from the
//! plan that is exported are defaults only: the cluster, its region, and the choices that shaped the plan.

mod github_actions;
mod kubernetes_job;
mod ssm_automation;

#[cfg(test)]
mod tests;

pub use github_actions::github_actions;
pub use kubernetes_job::kubernetes_job;
pub use ssm_automation::ssm_automation;

use std::collections::BTreeMap;

use super::carried::{braces_apart, cluster_code, header};
use crate::invocation::CommandOption;
use crate::model::Arn;
use crate::plan::Plan;
use crate::text::{is_hidden, shell_word};

/// What a runbook needs to know beside the plan.
#[derive(Debug, Clone, Default)]
pub struct Runbook {
    /// The container image that holds the tool.
    pub image: Option<String>,
    /// The IAM role that the tool runs as when it writes.
    pub role_arn: Option<Arn>,
    /// The IAM role that it runs as when it only reads, where the runbook has two.
    pub plan_role_arn: Option<Arn>,
    /// The options of `plan` that are given again whenever the tool runs.
    pub options: Vec<CommandOption>,
}

/// What shaped a plan as the options that say it again, in the order of the help.
///
/// # Errors
/// An option with a character that nobody can see, and that no script could carry without hiding it.
pub fn options(plan: &Plan) -> Result<Vec<CommandOption>, CommandOption> {
    let lookups = plan.source.options.iter();
    let lookups = lookups.filter(|option| matches!(option, CommandOption::LookupRole(_)));
    let mut options: Vec<_> = lookups.cloned().chain(plan.choices.options()).collect();
    let hides = |option: &CommandOption| option.to_string().contains(is_hidden);
    match options.iter().position(hides) {
        Some(index) => Err(options.swap_remove(index)),
        None => Ok(options),
    }
}

/// The roles by which a plan looked principals of other accounts up, by account.
#[must_use]
pub fn lookup_roles(plan: &Plan) -> BTreeMap<String, Arn> {
    let role = |option: &CommandOption| match option {
        CommandOption::LookupRole(role) => Some(role.clone()),
        _ => None,
    };
    plan.source.options.iter().filter_map(role).collect()
}

/// Options as words of a POSIX shell, each behind a space, in which neither Systems Manager nor GitHub sees a variable.
fn words(options: &[CommandOption]) -> String {
    let word = |option: &CommandOption| {
        format!(" {}", braces_apart(&shell_word(&option.to_string()), "''"))
    };
    options.iter().map(word).collect()
}

/// The text of a template, with the line break at its end that askama takes away.
fn written(template: &impl askama::Template) -> String {
    let mut text = template.render().expect("writing to memory does not fail");
    text.push('\n');
    text
}

/// The comment at the top, in which no reader sees a variable either.
fn comment(plan: &Plan, notes: &[String]) -> String {
    braces_apart(&header(plan, &with_common(notes)), " ")
}

/// The notes of a runbook and those that are the same for all.
fn with_common(notes: &[String]) -> Vec<String> {
    let mut all = notes.to_vec();
    all.extend(cluster_code());
    all.extend([
        "Terraform: adding access_config to a resource aws_eks_cluster that had none can plan a REPLACEMENT of the cluster; read the plan.".to_owned(),
        "Rollback needs its own permissions: `export iam-policy --for rollback` and `export rbac --for rollback`.".to_owned(),
    ]);
    all
}

/// The cluster's name, where it is one that EKS could have taken.
///
/// Source: EKS API Reference, `CreateCluster`, `name`.
fn cluster_name(plan: &Plan) -> Option<&str> {
    let name = plan.cluster.name.as_deref()?;
    let fits = name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    fits.then_some(name)
}

/// The cluster's region, where it could be one.
fn region(plan: &Plan) -> Option<&str> {
    let region = plan.cluster.region.as_deref()?;
    let fits = region.starts_with(|c: char| c.is_ascii_lowercase())
        && region
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    fits.then_some(region)
}
