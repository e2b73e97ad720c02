//! The Kubernetes roles of a command.

use serde_json::{Value, json};

use super::For;
use crate::source::{NAME as AWS_AUTH, NAMESPACE};

/// The group whose members get the rights.
pub const GROUP: &str = "aws-auth-migrate";

const API: &str = "rbac.authorization.k8s.io/v1";
const RBAC: &str = "rbac.authorization.k8s.io";

/// One thing that a command does in Kubernetes, as the API server can be asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Such as `get`.
    pub verb: &'static str,
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The plural.
    pub resource: &'static str,
    /// The namespace; `None` for all of them.
    pub namespace: Option<&'static str>,
    /// The object's name; `None` for any.
    pub name: Option<&'static str>,
}

/// What a command does in Kubernetes.
#[must_use]
pub fn questions(command: For) -> Vec<Question> {
    let aws_auth = |verb| Question {
        verb,
        group: "",
        resource: "configmaps",
        namespace: Some(NAMESPACE),
        // Kubernetes does not know the name of what is to be created when it decides.
        // Source: Kubernetes, "Using RBAC Authorization", "Referring to resources".
        name: (verb != "create").then_some(AWS_AUTH),
    };
    let list = |group, resource| Question {
        verb: "list",
        group,
        resource,
        namespace: None,
        name: None,
    };
    let bindings = [
        list(RBAC, "clusterrolebindings"),
        list(RBAC, "rolebindings"),
    ];
    let mut questions = vec![aws_auth("get")];
    match command {
        For::Plan | For::Apply => questions.extend(bindings),
        For::Cutover => {
            questions.extend(bindings);
            questions.extend([aws_auth("update"), aws_auth("delete"), list("", "nodes")]);
        }
        // Going back asks for no binding.
        For::Rollback => questions.extend([aws_auth("update"), aws_auth("create")]),
    }
    questions
}

/// The roles and bindings for the command, for members of the group [`GROUP`].
///
/// Each command has its own, so that those of one take no right away that another one needs.
#[must_use]
pub fn rbac_objects(command: For) -> Vec<Value> {
    let name = format!("{GROUP}-{}", command.name());
    let questions = questions(command);
    let (inside, everywhere): (Vec<&Question>, Vec<&Question>) = questions
        .iter()
        .partition(|question| question.namespace.is_some());
    let subjects = json!([{"apiGroup": RBAC, "kind": "Group", "name": GROUP}]);
    let mut objects = vec![
        json!({
            "apiVersion": API, "kind": "Role",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "rules": rules(&inside),
        }),
        json!({
            "apiVersion": API, "kind": "RoleBinding",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name}, "subjects": subjects,
        }),
    ];
    if everywhere.is_empty() {
        return objects;
    }
    objects.extend([
        json!({
            "apiVersion": API, "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules(&everywhere),
        }),
        json!({
            "apiVersion": API, "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}, "subjects": subjects,
        }),
    ]);
    objects
}

/// One rule for what differs in its verb alone.
fn rules(questions: &[&Question]) -> Vec<Value> {
    let mut rules: Vec<(Question, Vec<&str>)> = Vec::new();
    for question in questions {
        let like = Question {
            verb: "",
            ..**question
        };
        match rules.iter_mut().find(|(known, _)| *known == like) {
            Some((_, verbs)) => verbs.push(question.verb),
            None => rules.push((like, vec![question.verb])),
        }
    }
    let rule = |(like, verbs): (Question, Vec<&str>)| {
        let mut rule =
            json!({"apiGroups": [like.group], "resources": [like.resource], "verbs": verbs});
        if let Some(name) = like.name {
            rule["resourceNames"] = json!([name]);
        }
        rule
    };
    rules.into_iter().map(rule).collect()
}
