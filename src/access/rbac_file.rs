//! Reads RBAC objects from Kubernetes manifests.

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, RoleBinding};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::go_yaml::check_nesting;
use crate::model::rbac::{Rbac, RbacRule};

/// Why a text holds no RBAC objects that can be read.
#[derive(Debug, thiserror::Error)]
pub enum RbacFileError {
    /// A document is neither YAML nor JSON.
    #[error("document {document} is neither YAML nor JSON")]
    Syntax {
        /// Its place in the text, from 1.
        document: usize,
        /// Why.
        source: serde_yaml::Error,
    },
    /// A document is no Kubernetes object.
    #[error("document {document} is not a Kubernetes object: it has no `kind`")]
    NoKind {
        /// Its place in the text, from 1.
        document: usize,
    },
    /// A list has no items.
    #[error("document {document} is a `{kind}` without a list of `items`")]
    NoItems {
        /// Its place in the text, from 1.
        document: usize,
        /// What it calls itself.
        kind: String,
    },
    /// A binding or role lacks something that it must have.
    #[error("document {document} has a `{kind}` `{name}` that can't be read")]
    Binding {
        /// Its place in the text, from 1.
        document: usize,
        /// `ClusterRoleBinding`, `RoleBinding` or `ClusterRole`.
        kind: String,
        /// Its name, empty where it has none.
        name: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// Reads bindings and ClusterRoles out of YAML or JSON: one object, several documents, or lists of objects; other kinds
/// are skipped.
pub fn read_rbac(text: &str) -> Result<Rbac, RbacFileError> {
    let mut rbac = Rbac::default();
    for (document, value) in documents(text)?.into_iter().enumerate() {
        if !value.is_null() {
            read_object(document + 1, value, None, &mut rbac)?;
        }
    }
    Ok(rbac)
}

/// JSON is read as such, since `kubectl` indents it with tabs or not at all; everything else is YAML.
fn documents(text: &str) -> Result<Vec<Value>, RbacFileError> {
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(vec![value]);
    }
    check_nesting(text).map_err(|source| RbacFileError::Syntax {
        document: 1,
        source,
    })?;
    serde_yaml::Deserializer::from_str(text)
        .enumerate()
        .map(|(index, document)| {
            Value::deserialize(document).map_err(|source| RbacFileError::Syntax {
                document: index + 1,
                source,
            })
        })
        .collect()
}

/// Reads one object; `kind` is what a list says of its items, which may leave it out themselves.
fn read_object(
    document: usize,
    object: Value,
    kind: Option<&str>,
    rbac: &mut Rbac,
) -> Result<(), RbacFileError> {
    let kind = object
        .get("kind")
        .and_then(Value::as_str)
        .or(kind)
        .ok_or(RbacFileError::NoKind { document })?
        .to_owned();
    match kind.as_str() {
        "ClusterRoleBinding" => {
            let bindings = &mut rbac.bindings;
            bindings.push(typed::<ClusterRoleBinding>(document, &kind, object)?.into());
        }
        "RoleBinding" => {
            let bindings = &mut rbac.bindings;
            bindings.push(typed::<RoleBinding>(document, &kind, object)?.into());
        }
        "ClusterRole" => {
            let role = typed::<ClusterRole>(document, &kind, object)?;
            let rules = role
                .rules
                .into_iter()
                .flatten()
                .map(RbacRule::from)
                .collect();
            let roles = rbac.cluster_roles.get_or_insert_default();
            roles.insert(role.metadata.name.unwrap_or_default(), rules);
        }
        _ => {
            // Lists don't nest in Kubernetes, so an item that is a list again is read as any other kind: not at all.
            let Some(item_kind) = kind.strip_suffix("List") else {
                return Ok(());
            };
            let Some(Value::Array(items)) = object.get("items").cloned() else {
                return Err(RbacFileError::NoItems { document, kind });
            };
            let item_kind = (!item_kind.is_empty()).then_some(item_kind);
            for item in items {
                let is_list = item
                    .get("kind")
                    .and_then(Value::as_str)
                    .is_some_and(|kind| kind.ends_with("List"));
                if !is_list {
                    read_object(document, item, item_kind, rbac)?;
                }
            }
        }
    }
    Ok(())
}

fn typed<T: DeserializeOwned>(
    document: usize,
    kind: &str,
    mut object: Value,
) -> Result<T, RbacFileError> {
    let name = object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    // Items of a typed list leave out what the list has said already, and the types insist on it.
    if let Some(fields) = object.as_object_mut() {
        fields.insert("kind".to_owned(), kind.into());
        fields.insert(
            "apiVersion".to_owned(),
            "rbac.authorization.k8s.io/v1".into(),
        );
    }
    serde_json::from_value(object).map_err(|source| RbacFileError::Binding {
        document,
        kind: kind.to_owned(),
        name,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rbac::{Binding, Subject};

    const CLUSTER: &str = r"
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: devs}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: devs}
- {kind: ServiceAccount, name: x, namespace: y}
";

    #[test]
    fn documents_lists_and_typed_lists_are_read() {
        let role = r#"{"metadata": {"name": "ops", "namespace": "prod"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "ops"}, "subjects": [{"kind": "User", "name": "bob"}]}"#;
        let list = format!("kind: RoleBindingList\napiVersion: v1\nitems: [{role}]\n");
        let rbac = read_rbac(&format!(
            "---\n{CLUSTER}---\n---\nkind: ConfigMap\n---\n{list}"
        ))
        .unwrap();
        assert_eq!(
            rbac.bindings,
            [
                Binding {
                    namespace: None,
                    name: "devs".to_owned(),
                    role_kind: "ClusterRole".to_owned(),
                    role_name: "view".to_owned(),
                    subjects: vec![
                        Subject::Group("devs".to_owned()),
                        Subject::User("system:serviceaccount:y:x".to_owned()),
                    ],
                },
                Binding {
                    namespace: Some("prod".to_owned()),
                    name: "ops".to_owned(),
                    role_kind: "Role".to_owned(),
                    role_name: "ops".to_owned(),
                    subjects: vec![Subject::User("bob".to_owned())],
                },
            ]
        );
        let json = format!("{{\n\t\"kind\": \"RoleBindingList\",\n\t\"items\": [{role}]\n}}");
        assert_eq!(read_rbac(&json).unwrap().bindings.len(), 1);
        assert_eq!(read_rbac("").unwrap(), Rbac::default());
    }

    #[test]
    fn a_bad_document_is_named_with_the_reason() {
        for (text, message) in [
            (
                "kind: ConfigMap\n---\nmetadata: {}\n",
                "document 2 is not a Kubernetes object: it has no `kind`",
            ),
            (
                "hello",
                "document 1 is not a Kubernetes object: it has no `kind`",
            ),
            (
                "kind: ConfigMap\n---\n[}\n",
                "document 2 is neither YAML nor JSON",
            ),
            (
                "kind: List\n",
                "document 1 is a `List` without a list of `items`",
            ),
            (
                "kind: RoleBinding\nmetadata: {name: x}\nroleRef: 5\n",
                "document 1 has a `RoleBinding` `x` that can't be read",
            ),
        ] {
            assert_eq!(read_rbac(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let rows = (1..12).map(|level| {
            let row = vec![format!("*a{}", level - 1); 10].join(", ");
            format!("a{level}: &a{level} [{row}]")
        });
        let text = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x, x]".to_owned())
            .chain(rows)
            .collect::<Vec<_>>()
            .join("\n");
        assert!(matches!(
            read_rbac(&text),
            Err(RbacFileError::Syntax { document: 1, .. })
        ));
    }

    #[test]
    fn the_rules_of_cluster_roles_are_read_where_there_are_any() {
        let role = r#"{"kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "ops"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}"#;
        let rbac = read_rbac(&format!("---\n{role}\n---\n{CLUSTER}")).unwrap();
        let roles = rbac.cluster_roles.unwrap();
        assert_eq!(roles["ops"].len(), 1);
        assert_eq!(roles["ops"][0].to_string(), "get on pods");
        assert_eq!(read_rbac(CLUSTER).unwrap().cluster_roles, None);
    }
}
