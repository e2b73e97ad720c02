//! The Kubernetes roles of a command.

use serde_json::{Value, json};

use super::For;
use crate::model::BindingId;
use crate::source::{NAME as AWS_AUTH, NAMESPACE};

/// The group whose members get the rights.
pub const GROUP: &str = "aws-auth-migrate";

const API: &str = "rbac.authorization.k8s.io/v1";
const RBAC: &str = "rbac.authorization.k8s.io";

/// One thing that a command does in Kubernetes, as the API server can be asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessReview {
    /// Such as `get`.
    pub verb: &'static str,
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The plural.
    pub resource: &'static str,
    /// The namespace; `None` for all of them.
    pub namespace: Option<String>,
    /// The object's name; `None` for any.
    pub name: Option<String>,
}

/// What a command does in Kubernetes; `bindings` are those that `apply --apply-rbac` makes, or a rollback deletes.
#[must_use]
pub fn questions(command: For, bindings: &[Value]) -> Vec<AccessReview> {
    let aws_auth = |verb| AccessReview {
        verb,
        group: "",
        resource: "configmaps",
        namespace: Some(NAMESPACE.to_owned()),
        // Kubernetes does not know the name of what is to be created when it decides.
        // Source: Kubernetes, "Using RBAC Authorization", "Referring to resources".
        name: (verb != "create").then(|| AWS_AUTH.to_owned()),
    };
    let list = |group, resource| AccessReview {
        verb: "list",
        group,
        resource,
        namespace: None,
        name: None,
    };
    let listed = [
        list(RBAC, "clusterrolebindings"),
        list(RBAC, "rolebindings"),
    ];
    let mut questions = vec![aws_auth("get")];
    match command {
        For::Plan | For::Apply => questions.extend(listed),
        For::Cutover => {
            questions.extend(listed);
            questions.extend([aws_auth("update"), aws_auth("delete"), list("", "nodes")]);
        }
        // Going back asks for no binding.
        For::Rollback => questions.extend([aws_auth("update"), aws_auth("create")]),
    }
    for question in bindings
        .iter()
        .flat_map(|binding| on_binding(command, binding))
    {
        if !questions.contains(&question) {
            questions.push(question);
        }
    }
    questions
}

/// What a command does with one binding.
///
/// Who makes a binding needs `bind` on its role, or all rights that the role gives.
/// Source: Kubernetes, "Using RBAC Authorization", "Privilege escalation prevention and bootstrapping".
fn on_binding(command: For, binding: &Value) -> Vec<AccessReview> {
    let id = BindingId::of(binding);
    let (binding_plural, role_kind) = (
        match id.namespace {
            Some(_) => "rolebindings",
            None => "clusterrolebindings",
        },
        binding["roleRef"]["kind"].as_str(),
    );
    let on = |verb, name: Option<String>| AccessReview {
        verb,
        group: RBAC,
        resource: binding_plural,
        namespace: id.namespace.clone(),
        name,
    };
    let bind = || AccessReview {
        verb: "bind",
        resource: match role_kind {
            Some("Role") => "roles",
            _ => "clusterroles",
        },
        ..on(
            "bind",
            binding["roleRef"]["name"].as_str().map(str::to_owned),
        )
    };
    match command {
        // One that is there already is looked at.
        For::Apply => vec![on("create", None), on("get", Some(id.name.clone())), bind()],
        For::Rollback => ["get", "delete"]
            .map(|verb| on(verb, Some(id.name.clone())))
            .into(),
        For::Plan | For::Cutover => Vec::new(),
    }
}

/// The roles and bindings for the command, for members of the group [`GROUP`].
///
/// Each command has its own, so that those of one take no right away that another one needs.
#[must_use]
pub fn rbac_objects(command: For, bindings: &[Value]) -> Vec<Value> {
    let name = format!("{GROUP}-{}", command.name());
    let questions = questions(command, bindings);
    let mut places: Vec<Option<&str>> = vec![Some(NAMESPACE), None];
    for question in &questions {
        if !places.contains(&question.namespace.as_deref()) {
            places.push(question.namespace.as_deref());
        }
    }
    let of_place = |place: Option<&str>| {
        let here: Vec<&AccessReview> = questions
            .iter()
            .filter(|question| question.namespace.as_deref() == place)
            .collect();
        (!here.is_empty()).then(|| objects(&name, place, &here))
    };
    places.into_iter().filter_map(of_place).flatten().collect()
}

/// A role with these rights, and its binding; in one namespace, or in all.
fn objects(name: &str, namespace: Option<&str>, questions: &[&AccessReview]) -> [Value; 2] {
    let (role, binding) = match namespace {
        Some(_) => ("Role", "RoleBinding"),
        None => ("ClusterRole", "ClusterRoleBinding"),
    };
    let mut metadata = json!({"name": name});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    [
        json!({"apiVersion": API, "kind": role, "metadata": metadata, "rules": rules(questions)}),
        json!({
            "apiVersion": API, "kind": binding, "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": role, "name": name},
            "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": GROUP}],
        }),
    ]
}

/// One rule for what differs in its verb alone.
fn rules(questions: &[&AccessReview]) -> Vec<Value> {
    let mut rules: Vec<(AccessReview, Vec<&str>)> = Vec::new();
    for question in questions {
        let like = AccessReview {
            verb: "",
            ..(*question).clone()
        };
        match rules.iter_mut().find(|(known, _)| *known == like) {
            Some((_, verbs)) => verbs.push(question.verb),
            None => rules.push((like, vec![question.verb])),
        }
    }
    let rule = |(like, verbs): (AccessReview, Vec<&str>)| {
        let mut rule =
            json!({"apiGroups": [like.group], "resources": [like.resource], "verbs": verbs});
        if let Some(name) = like.name {
            rule["resourceNames"] = json!([name]);
        }
        rule
    };
    rules.into_iter().map(rule).collect()
}
