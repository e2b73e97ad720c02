//! The sandbox's Kubernetes held against the real one: the same requests, the same status, reason and shape.

use std::collections::BTreeSet;

use aws_auth_migrate::sandbox::{Sandbox, Seed};
use serde_json::{Value, json};

use crate::api::Api;
use crate::cluster::{AWS_AUTH, binding};
use crate::plane::turn;
use crate::tell::tell;

/// A request: a name, the method, the path, the content type and the body.
type Request = (
    &'static str,
    &'static str,
    String,
    &'static str,
    Option<Value>,
);

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const CONFIG_MAPS: &str = "/api/v1/namespaces/kube-system/configmaps";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// What is different and may be: the request, and why nobody minds.
///
/// Beside these the sandbox leaves out the `details` of a refusal, which no client here reads.
const KNOWN: &[(&str, &str)] = &[
    (
        "list in a namespace",
        "the sandbox's items say their kind and version each",
    ),
    (
        "a group that is unknown",
        "the real one answers in plain text, the sandbox with a Status",
    ),
    (
        "ask for a right",
        "the real one adds metadata to the review",
    ),
    (
        "the version",
        "the sandbox leaves out the versions that 1.33 is compatible with",
    ),
];

fn aws_auth(data: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": "aws-auth", "namespace": "kube-system" },
        "data": data,
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "a list of requests, one after the other"
)]
fn requests() -> Vec<Request> {
    let good = aws_auth(&json!({ "mapRoles": "[]" }));
    let with = |path: &str, value: Value| {
        let mut object = good.clone();
        *object.pointer_mut(path).unwrap() = value;
        object
    };
    let versioned = {
        let mut object = good.clone();
        object["metadata"]["resourceVersion"] = "1".into();
        object
    };
    let immutable = json!({ "immutable": true });
    let view = |name: &str, kind: &str, subject: &str| {
        binding("ClusterRoleBinding", None, name, "view", kind, subject)
    };
    let bindings = || format!("{RBAC}/clusterrolebindings");
    let edit = binding("ClusterRoleBinding", None, "one", "edit", "Group", "devs");
    let mut unnamed = view("two", "Group", "x");
    unnamed["subjects"][0]["name"] = "".into();
    let homeless = binding(
        "RoleBinding",
        Some("nowhere"),
        "one",
        "view",
        "Group",
        "devs",
    );
    let namespaced = binding(
        "RoleBinding",
        Some("default"),
        "one",
        "view",
        "Group",
        "devs",
    );
    let stale = json!({ "preconditions": { "uid": "00000000-0000-0000-0000-000000000000" } });
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": { "verb": "get", "resource": "pods", "namespace": "default" } },
    });
    let at = || AWS_AUTH.to_owned();
    let all = || CONFIG_MAPS.to_owned();
    vec![
        ("read what is missing", "GET", at(), JSON, None),
        ("create", "POST", all(), JSON, Some(good.clone())),
        (
            "create what is there",
            "POST",
            all(),
            JSON,
            Some(good.clone()),
        ),
        ("read", "GET", at(), JSON, None),
        ("replace an old version", "PUT", at(), JSON, Some(versioned)),
        ("replace", "PUT", at(), JSON, Some(good.clone())),
        (
            "replace under another name",
            "PUT",
            at(),
            JSON,
            Some(with("/metadata/name", "other".into())),
        ),
        (
            "data that is no text",
            "PUT",
            at(),
            JSON,
            Some(with("/data/mapRoles", 5.into())),
        ),
        (
            "a bad name",
            "POST",
            all(),
            JSON,
            Some(with("/metadata/name", "Aws_Auth".into())),
        ),
        (
            "a bad key",
            "PUT",
            at(),
            JSON,
            Some(aws_auth(&json!({ "map roles": "" }))),
        ),
        (
            "merge",
            "PATCH",
            at(),
            MERGE,
            Some(json!({ "data": { "mapUsers": "[]" } })),
        ),
        (
            "patch of an unknown kind",
            "PATCH",
            at(),
            "application/x",
            Some(json!({})),
        ),
        (
            "no JSON",
            "POST",
            all(),
            JSON,
            Some(Value::String("{".to_owned())),
        ),
        (
            "try without doing",
            "DELETE",
            format!("{AWS_AUTH}?dryRun=All"),
            JSON,
            None,
        ),
        ("delete another object", "DELETE", at(), JSON, Some(stale)),
        ("make immutable", "PATCH", at(), MERGE, Some(immutable)),
        (
            "change what is immutable",
            "PATCH",
            at(),
            MERGE,
            Some(json!({ "data": { "x": "y" } })),
        ),
        (
            "hold back",
            "PATCH",
            at(),
            MERGE,
            Some(json!({ "metadata": { "finalizers": ["example.com/x"] } })),
        ),
        ("delete what is held back", "DELETE", at(), JSON, None),
        ("read what is being deleted", "GET", at(), JSON, None),
        (
            "let go",
            "PATCH",
            at(),
            MERGE,
            Some(json!({ "metadata": { "finalizers": null } })),
        ),
        ("read what was let go", "GET", at(), JSON, None),
        ("delete what is missing", "DELETE", at(), JSON, None),
        ("create again", "POST", all(), JSON, Some(good.clone())),
        ("delete", "DELETE", at(), JSON, None),
        (
            "create for all",
            "POST",
            bindings(),
            JSON,
            Some(view("one", "Group", "devs")),
        ),
        (
            "create for all what is there",
            "POST",
            bindings(),
            JSON,
            Some(view("one", "Group", "devs")),
        ),
        (
            "another role",
            "PUT",
            format!("{RBAC}/clusterrolebindings/one"),
            JSON,
            Some(edit),
        ),
        (
            "a subject without a name",
            "POST",
            bindings(),
            JSON,
            Some(unnamed),
        ),
        (
            "a subject of an unknown kind",
            "POST",
            bindings(),
            JSON,
            Some(view("two", "Robot", "x")),
        ),
        (
            "create in a namespace",
            "POST",
            format!("{RBAC}/namespaces/default/rolebindings"),
            JSON,
            Some(namespaced),
        ),
        (
            "create in no namespace",
            "POST",
            format!("{RBAC}/namespaces/nowhere/rolebindings"),
            JSON,
            Some(homeless),
        ),
        (
            "a namespace that differs",
            "POST",
            format!("{RBAC}/namespaces/kube-system/rolebindings"),
            JSON,
            Some(binding(
                "RoleBinding",
                Some("default"),
                "x",
                "view",
                "Group",
                "devs",
            )),
        ),
        (
            "read a binding",
            "GET",
            format!("{RBAC}/clusterrolebindings/one"),
            JSON,
            None,
        ),
        (
            "list in a namespace",
            "GET",
            format!("{RBAC}/namespaces/default/rolebindings"),
            JSON,
            None,
        ),
        (
            "a page that is no page",
            "GET",
            format!("{RBAC}/rolebindings?limit=1&continue=x"),
            JSON,
            None,
        ),
        (
            "delete a binding",
            "DELETE",
            format!("{RBAC}/clusterrolebindings/one"),
            JSON,
            None,
        ),
        (
            "a resource that is unknown",
            "GET",
            "/api/v1/namespaces/default/robots".to_owned(),
            JSON,
            None,
        ),
        (
            "a group that is unknown",
            "GET",
            "/apis/example.com/v1/robots".to_owned(),
            JSON,
            None,
        ),
        (
            "ask for a right",
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
            JSON,
            Some(review),
        ),
        (
            "a node that is missing",
            "GET",
            "/api/v1/nodes/none".to_owned(),
            JSON,
            None,
        ),
        ("the version", "GET", "/version".to_owned(), JSON, None),
    ]
}

/// What has to be the same: the fields of an object, and the words of a refusal.
fn shape((status, document): &(u16, Value)) -> String {
    let kind = document["kind"].as_str().unwrap_or("-");
    if kind == "Status" {
        let text = |field: &str| document[field].to_string();
        return format!(
            "{status} Status {} {} {}",
            text("status"),
            text("reason"),
            text("code")
        );
    }
    let mut fields = BTreeSet::new();
    paths(document, "", &mut fields);
    format!("{status} {kind} {fields:?}")
}

fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    let inner: Vec<(String, &Value)> = match value {
        // Who wrote which field, and when, is not the sandbox's to remember.
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| *key != "managedFields")
            .map(|(key, inner)| (format!("{at}.{key}"), inner))
            .collect(),
        Value::Array(items) => items.iter().map(|item| (format!("{at}[]"), item)).collect(),
        _ => Vec::new(),
    };
    if inner.is_empty() {
        found.insert(at.to_owned());
    }
    for (at, value) in inner {
        paths(value, &at, found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_answers_as_a_real_api_server_does() {
    let Some(turn) = turn().await else {
        return;
    };
    let real = turn.as_ref().unwrap().admin.clone();
    let sandbox = Sandbox::start(Seed::default()).await.unwrap();
    let ours = Api::of_kubeconfig(&sandbox.kubeconfig()).await;
    let (mut same, mut differ, mut other_words) = (0, Vec::new(), 0);
    for (name, method, path, kind, body) in requests() {
        let real = real.ask(method, &path, kind, body.as_ref()).await;
        let ours = ours.ask(method, &path, kind, body.as_ref()).await;
        if shape(&real) == shape(&ours) {
            same += 1;
            other_words += usize::from(real.1["message"] != ours.1["message"]);
        } else if !KNOWN.iter().any(|(known, _)| *known == name) {
            differ.push(format!(
                "{name}:\n  real:    {} {}\n  sandbox: {} {}",
                shape(&real),
                real.1["message"],
                shape(&ours),
                ours.1["message"]
            ));
        }
    }
    tell(&format!(
        "control plane: {same} requests answered alike by the sandbox ({other_words} in other words), {} differently by \
         intent, {} not",
        KNOWN.len(),
        differ.len()
    ));
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
