//! The least rights of a command as text.

use serde_json::Value;

use super::yaml;
use crate::plan::Plan;
use crate::rights::{self, For, Needs, RBAC_GROUP};

/// The IAM policy, as JSON.
#[must_use]
pub fn iam_policy(needs: &Needs<'_>) -> String {
    yaml::json(&rights::iam_policy(needs))
}

/// What is missing for `rollback`.
const WAY_BACK: &str = "`rollback` needs more: export that too, with `export rbac --for rollback` and `export iam-policy --for rollback`.";

/// The trust policy of a role that a GitHub workflow assumes, as JSON; `None` where its account is not known.
#[must_use]
pub fn trust_policy(plan: &Plan, command: For, repository: &str) -> Option<String> {
    Some(yaml::json(&rights::trust_policy(
        plan, command, repository,
    )?))
}

/// The Kubernetes roles and bindings, as YAML for `kubectl apply`; `bindings` are those that the command makes or deletes.
#[must_use]
pub fn rbac(command: For, bindings: &[Value]) -> String {
    let mut head = vec![format!(
        "Map the principal that runs aws-auth-migrate to the group {RBAC_GROUP}."
    )];
    match command {
        For::Plan => {}
        For::Cutover => head.push(WAY_BACK.to_owned()),
        For::Apply if bindings.is_empty() => head.extend([
            WAY_BACK.to_owned(),
            "With --canary it also lists nodes. With --apply-rbac it creates bindings, which needs `create` and `get` on them and".to_owned(),
            "`bind` on their roles: pass the cluster and the same --rename-group here to include them.".to_owned(),
        ]),
        For::Apply => head.extend([
            WAY_BACK.to_owned(),
            "With --canary it also lists nodes. `bind` is for --apply-rbac: Kubernetes requires it to bind a role.".to_owned(),
        ]),
        For::Rollback => head.extend([
            "Kubernetes can't limit `create` to a name, so this allows any new ConfigMap in kube-system; it is used only".to_owned(),
            "where aws-auth was deleted.".to_owned(),
        ]),
    }
    let head: Vec<String> = head.iter().map(|line| format!("# {line}\n")).collect();
    let documents: Vec<String> = rights::rbac_objects(command, bindings)
        .iter()
        .map(yaml::document)
        .collect();
    format!("{}---\n{}", head.concat(), documents.join("---\n"))
}
