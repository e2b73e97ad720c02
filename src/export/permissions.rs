//! The least rights of a command as text.

use super::yaml;
use crate::plan::Plan;
use crate::rights::{self, For, Needs, RBAC_GROUP};

/// The IAM policy, as JSON.
#[must_use]
pub fn iam_policy(needs: &Needs<'_>) -> String {
    yaml::json(&rights::iam_policy(needs))
}

/// The trust policy of a role that a GitHub workflow assumes, as JSON; `None` where its account is not known.
#[must_use]
pub fn trust_policy(plan: &Plan, command: For, repository: &str) -> Option<String> {
    Some(yaml::json(&rights::trust_policy(
        plan, command, repository,
    )?))
}

/// The Kubernetes roles and bindings, as YAML for `kubectl apply`.
#[must_use]
pub fn rbac(command: For) -> String {
    let mut head = vec![format!(
        "Map the principal that runs aws-auth-migrate to the group {RBAC_GROUP}."
    )];
    match command {
        For::Plan | For::Cutover => {}
        For::Apply => head.extend([
            "With --canary it also lists nodes; with --apply-rbac it makes bindings, and Kubernetes lets it do so only".to_owned(),
            "where it holds what it binds.".to_owned(),
        ]),
        For::Rollback => head.extend([
            "Kubernetes can't limit `create` to a name, so this allows any new ConfigMap in kube-system; it is used only".to_owned(),
            "where aws-auth was deleted.".to_owned(),
        ]),
    }
    let head: Vec<String> = head.iter().map(|line| format!("# {line}\n")).collect();
    let documents: Vec<String> = rights::rbac_objects(command)
        .iter()
        .map(yaml::document)
        .collect();
    format!("{}---\n{}", head.concat(), documents.join("---\n"))
}
