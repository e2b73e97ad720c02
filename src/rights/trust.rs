//! Who may assume the roles of a GitHub workflow.

use serde_json::{Value, json};

use super::For;
use crate::plan::Plan;

/// The environments behind whose approval the workflow writes.
pub const ENVIRONMENTS: [&str; 3] = ["aws-auth-apply", "aws-auth-cutover", "aws-auth-rollback"];

/// The provider of the tokens that GitHub gives to a job.
///
/// Source: GitHub documentation, "Configuring `OpenID Connect` in Amazon Web Services".
const PROVIDER: &str = "token.actions.githubusercontent.com";

/// The trust policy of the workflow's role for a command; `None` where the account is not known.
///
/// The role that may write trusts the jobs in [`ENVIRONMENTS`] alone, each by its full name: GitHub makes an environment
/// that a job names and that is not there, without any reviewer, so that a wildcard would let every branch in. The role
/// that only reads trusts pull requests, whose code nobody has approved yet, and branches.
/// Source: GitHub documentation, "`OpenID Connect` reference", subject claims.
#[must_use]
pub fn trust_policy(plan: &Plan, command: For, repository: &str) -> Option<Value> {
    let account = plan.cluster.account_id.as_deref()?;
    let partition = &plan.cluster.partition;
    let of = |what: String| format!("repo:{repository}:{what}");
    let (test, subjects): (&str, Vec<String>) = match command {
        For::Plan => (
            "StringLike",
            vec![
                of("pull_request".to_owned()),
                of("ref:refs/heads/*".to_owned()),
            ],
        ),
        For::Apply | For::Cutover | For::Rollback => (
            "StringEquals",
            ENVIRONMENTS
                .iter()
                .map(|name| of(format!("environment:{name}")))
                .collect(),
        ),
    };
    let mut condition = json!({"StringEquals": {format!("{PROVIDER}:aud"): "sts.amazonaws.com"}});
    condition[test][format!("{PROVIDER}:sub")] = json!(subjects);
    Some(json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "GitHubActions",
            "Effect": "Allow",
            "Principal": {"Federated": format!("arn:{partition}:iam::{account}:oidc-provider/{PROVIDER}")},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }],
    }))
}
