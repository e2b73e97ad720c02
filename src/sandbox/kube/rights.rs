//! What an identity may do.

use serde_json::Value;

use crate::model::access_policy::ScopeKind;
use crate::sandbox::aws::glob;
use crate::sandbox::limits::{KubernetesRights, KubernetesRule};
use crate::sandbox::login::KubeIdentity;

use super::objects::{CLUSTER_ROLE_BINDINGS, KubeObjects, RESOURCES, ROLE_BINDINGS, Resource};

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct ApiAttributes<'a> {
    pub(super) verb: &'a str,
    pub(super) group: &'a str,
    pub(super) resource: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

/// Whether an identity may do it.
pub(super) fn allowed(
    rights: &KubernetesRights,
    objects: &KubeObjects,
    who: &KubeIdentity,
    attempt: &ApiAttributes<'_>,
) -> bool {
    if who.is_admin() || by_policy(who, attempt) {
        return true;
    }
    match rights {
        KubernetesRights::Everything => true,
        KubernetesRights::Rules(rules) => rules.iter().any(|rule| rule_allows(rule, attempt)),
        KubernetesRights::Rbac => by_rbac(objects, who, attempt),
    }
}

fn rule_allows(rule: &KubernetesRule, attempt: &ApiAttributes<'_>) -> bool {
    glob(&rule.verb, attempt.verb)
        && glob(&rule.resource, attempt.resource)
        && rule
            .namespace
            .as_ref()
            .is_none_or(|namespace| namespace == attempt.namespace)
}

/// The reading policies; what the others allow of the kinds at hand is left to RBAC.
///
/// Source: EKS User Guide, "Review access policy permissions".
fn by_policy(who: &KubeIdentity, attempt: &ApiAttributes<'_>) -> bool {
    let reading = ["get", "list", "watch"].contains(&attempt.verb);
    who.policies.iter().any(|policy| {
        let scope = &policy.access_scope;
        let inside = scope.kind == ScopeKind::Cluster
            || scope
                .namespaces
                .iter()
                .any(|pattern| glob(pattern, attempt.namespace));
        let covers = match policy.name() {
            "AmazonEKSAdminViewPolicy" => reading,
            "AmazonEKSViewPolicy" => {
                reading && ["configmaps", "namespaces"].contains(&attempt.resource)
            }
            "AmazonEKSEditPolicy" | "AmazonEKSAdminPolicy" => attempt.resource == "configmaps",
            _ => false,
        };
        inside && covers
    })
}

/// Source: Kubernetes, "Using RBAC Authorization".
fn by_rbac(objects: &KubeObjects, who: &KubeIdentity, attempt: &ApiAttributes<'_>) -> bool {
    let resource = |kind: &str| RESOURCES.iter().find(|known| known.kind == kind);
    let role_allows = |binding: &Value, namespace: &str| {
        let text = |pointer: &str| {
            binding
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let kind = text("/roleRef/kind");
        let home = if kind == "Role" { namespace } else { "" };
        let key = (home.to_owned(), text("/roleRef/name").to_owned());
        let role = resource(kind).and_then(|kind: &Resource| objects.get(kind, &key));
        let rules = role
            .and_then(|role| role.get("rules"))
            .and_then(Value::as_array);
        rules
            .into_iter()
            .flatten()
            .any(|rule| rbac_rule(rule, attempt))
    };
    let cluster_wide = objects.of(&CLUSTER_ROLE_BINDINGS);
    let in_namespace = objects
        .of(&ROLE_BINDINGS)
        .filter(|(key, _)| key.0 == attempt.namespace);
    cluster_wide.chain(in_namespace).any(|(key, binding)| {
        let subjects = binding.get("subjects").and_then(Value::as_array);
        let named = subjects
            .into_iter()
            .flatten()
            .any(|subject| is_subject(subject, who));
        named && role_allows(binding, &key.0)
    })
}

fn is_subject(subject: &Value, who: &KubeIdentity) -> bool {
    let name = subject["name"].as_str().unwrap_or_default();
    match subject["kind"].as_str() {
        Some("User") => name == who.username,
        Some("Group") => {
            name == "system:authenticated" || who.groups.iter().any(|group| group == name)
        }
        _ => false,
    }
}

fn rbac_rule(rule: &Value, attempt: &ApiAttributes<'_>) -> bool {
    let list = |name: &str| rule.get(name).and_then(Value::as_array);
    let has = |name: &str, wanted: &str| {
        let mut items = list(name).into_iter().flatten();
        items.any(|item| item == "*" || item == wanted)
    };
    has("verbs", attempt.verb)
        && has("apiGroups", attempt.group)
        && has("resources", attempt.resource)
        && (list("resourceNames").is_none_or(Vec::is_empty) || has("resourceNames", attempt.name))
}
