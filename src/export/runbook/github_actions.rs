//! A workflow for GitHub Actions.

use askama::Template;

use super::{Runbook, cluster_name, comment, region, words, written};
use crate::plan::Plan;

#[derive(Template)]
#[template(path = "github_actions.yaml", syntax = "runbook", escape = "none")]
struct Workflow {
    header: String,
    cluster: String,
    region: String,
    role: String,
    plan_role: String,
    image: String,
    options: String,
}

/// The workflow file.
///
/// Everything that a person or a pull request could choose reaches the scripts through the environment, never as an
/// expression within them.
/// Source: GitHub documentation, "Security hardening for GitHub Actions" and "Configuring `OpenID Connect` in Amazon Web Services".
#[must_use]
pub fn github_actions(plan: &Plan, runbook: &Runbook) -> String {
    let notes = [
        "Save it as .github/workflows/aws-auth-migrate.yaml. A pull request that changes it gets the plan as a comment;".to_owned(),
        "running it by hand plans, applies, verifies and cuts over.".to_owned(),
        "Create the environments aws-auth-apply, aws-auth-cutover and aws-auth-rollback with required reviewers: they approve.".to_owned(),
        "To undo a successful run, run it by hand with the action `rollback` and that run's number.".to_owned(),
        "Each run keeps journal, plan and backup as an artifact: no credentials, but the principals, usernames and groups of the".to_owned(),
        "cluster, for everybody who may read this repository's artifacts.".to_owned(),
        "Two roles trust GitHub's OIDC provider. PLAN_ROLE_ARN only reads, and any pull request of this repository may assume it;".to_owned(),
        "ROLE_ARN writes, and only the three environments may: `export iam-policy --trust-github OWNER/REPOSITORY --for plan` and".to_owned(),
        "`--for apply` write who may, the same without --trust-github writes what they may: `--for plan` for the first, `--for apply`,".to_owned(),
        "`--for cutover` and `--for rollback` for the second. Both need the group of `export rbac` for the same commands.".to_owned(),
    ];
    let role = runbook.role_arn.as_ref().map(ToString::to_string);
    let plan_role = runbook.plan_role_arn.as_ref().map(ToString::to_string);
    let workflow = Workflow {
        header: comment(plan, &notes),
        cluster: expression(cluster_name(plan)),
        region: expression(region(plan)),
        role: expression(role.as_deref()),
        plan_role: expression(plan_role.as_deref()),
        image: expression(runbook.image.as_deref()),
        options: words(&runbook.options),
    };
    written(&workflow)
}

/// A text within an expression that is bare in YAML; empty where it could be read as anything else.
///
/// Every character of a region, a cluster's name, a role's ARN or an image is among these.
fn expression(text: Option<&str>) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    let text = text.filter(|text| text.chars().all(plain));
    format!("'{}'", text.unwrap_or_default())
}
