//! What the Kubernetes API says of itself, enough for clients to find their way.

use serde_json::{Value, json};

use super::objects::{BATCH, RBAC, RESOURCES};

pub(super) const AUTHORIZATION: &str = "authorization.k8s.io";
pub(super) const AUTHENTICATION: &str = "authentication.k8s.io";

/// The document at a discovery path.
pub(super) fn document(path: &[&str], kubernetes_version: &str) -> Option<Value> {
    Some(match path {
        ["version"] => version(kubernetes_version),
        ["api"] => {
            json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })
        }
        ["api", "v1"] => resources("", "v1"),
        ["apis"] => {
            let groups: Vec<Value> = [BATCH, RBAC, AUTHORIZATION, AUTHENTICATION]
                .map(group)
                .into();
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
        }
        [
            "apis",
            name @ (BATCH | RBAC | AUTHORIZATION | AUTHENTICATION),
        ] => {
            let mut group = group(name);
            group["kind"] = "APIGroup".into();
            group["apiVersion"] = "v1".into();
            group
        }
        [
            "apis",
            name @ (BATCH | RBAC | AUTHORIZATION | AUTHENTICATION),
            "v1",
        ] => resources(name, &format!("{name}/v1")),
        _ => return None,
    })
}

fn version(kubernetes_version: &str) -> Value {
    let (major, minor) = kubernetes_version.split_once('.').unwrap_or(("1", "0"));
    json!({
        "major": major,
        "minor": format!("{minor}+"),
        "gitVersion": format!("v{kubernetes_version}.0-eks-0000000"),
        "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean",
        "buildDate": "2024-01-01T00:00:00Z",
        "goVersion": "go1.21.0",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

fn group(name: &str) -> Value {
    let version = json!({ "groupVersion": format!("{name}/v1"), "version": "v1" });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn resources(group: &str, group_version: &str) -> Value {
    let verbs = ["create", "delete", "get", "list", "patch", "update"];
    let mut listed: Vec<Value> = RESOURCES
        .iter()
        .filter(|resource| resource.group == group)
        .map(|resource| {
            json!({
                "name": resource.plural,
                "singularName": resource.kind.to_lowercase(),
                "namespaced": resource.namespaced,
                "kind": resource.kind,
                "verbs": verbs,
                "shortNames": if resource.plural == "configmaps" { vec!["cm"] } else { Vec::new() },
            })
        })
        .collect();
    let review = match group {
        AUTHORIZATION => Some(("selfsubjectaccessreviews", "SelfSubjectAccessReview")),
        AUTHENTICATION => Some(("selfsubjectreviews", "SelfSubjectReview")),
        _ => None,
    };
    listed.extend(review.map(|(plural, kind)| {
        json!({ "name": plural, "singularName": kind.to_lowercase(), "namespaced": false, "kind": kind, "verbs": ["create"] })
    }));
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": listed })
}
