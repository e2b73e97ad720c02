//! Bindings for groups with a new name, beside the ones for the old name.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::rbac::{Binding, Rbac, Subject};

/// What says on an object that this tool made it.
///
/// Source: Kubernetes, "Recommended Labels".
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "aws-auth-migrate");

const API_GROUP: &str = "rbac.authorization.k8s.io";

/// A copy of every binding that names a renamed group, with the group's new name as its one subject, sorted by name.
///
/// Existing bindings are never edited, and one that already names the new group needs no copy. A copy's name follows
/// from the binding and both names, so that making it again changes nothing.
#[must_use]
pub fn emit_rbac(renames: &BTreeMap<String, String>, rbac: &Rbac) -> Vec<Value> {
    planned_bindings(renames, rbac).iter().map(object).collect()
}

/// The objects of [`emit_rbac`] as bindings.
#[must_use]
pub fn planned_bindings(renames: &BTreeMap<String, String>, rbac: &Rbac) -> Vec<Binding> {
    let mut copies: Vec<_> = renames
        .iter()
        .flat_map(|(old, new)| {
            let (old_group, new_group) = (Subject::Group(old.clone()), Subject::Group(new.clone()));
            rbac.bindings
                .iter()
                .filter(move |binding| {
                    binding.subjects.contains(&old_group) && !binding.subjects.contains(&new_group)
                })
                .map(move |binding| (binding, copy_name(binding, old, new), new))
        })
        .collect();
    copies.sort();
    copies
        .into_iter()
        .map(|(binding, name, new)| Binding {
            name,
            subjects: vec![Subject::Group(new.clone())],
            ..binding.clone()
        })
        .collect()
}

fn object(binding: &Binding) -> Value {
    let (label, tool) = MANAGED_BY;
    let mut metadata = json!({"name": binding.name});
    if let Some(namespace) = &binding.namespace {
        metadata["namespace"] = json!(namespace);
    }
    metadata["labels"] = json!({ label: tool });
    json!({
        "apiVersion": format!("{API_GROUP}/v1"),
        "kind": binding.kind(),
        "metadata": metadata,
        "roleRef": {"apiGroup": API_GROUP, "kind": binding.role_kind, "name": binding.role_name},
        "subjects": subjects(&binding.subjects),
    })
}

fn subjects(subjects: &[Subject]) -> Vec<Value> {
    let subject = |subject: &Subject| {
        let (kind, name) = match subject {
            Subject::User(name) => ("User", name),
            Subject::Group(name) => ("Group", name),
        };
        json!({"apiGroup": API_GROUP, "kind": kind, "name": name})
    };
    subjects.iter().map(subject).collect()
}

/// A name that tells where the copy comes from, with a digest that keeps it apart from every other copy.
fn copy_name(binding: &Binding, old: &str, new: &str) -> String {
    let digest = Sha256::digest(
        json!([binding.kind(), binding.namespace, binding.name, old, new])
            .to_string()
            .as_bytes(),
    );
    let [a, b, c, d, ..] = digest[..] else {
        unreachable!("a SHA-256 has 32 bytes")
    };
    let digest = u32::from_be_bytes([a, b, c, d]);
    format!("{}-as-{}-{digest:08x}", slug(&binding.name), slug(new))
}

/// The text as part of an object's name, in characters that are legal in all of them.
fn slug(text: &str) -> String {
    let slug: String = text
        .chars()
        .take(80)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(namespace: Option<&str>, name: &str, groups: &[&str]) -> Binding {
        Binding {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            role_kind: "ClusterRole".to_owned(),
            role_name: "view".to_owned(),
            subjects: groups
                .iter()
                .map(|group| Subject::Group((*group).to_owned()))
                .collect(),
        }
    }

    fn renames() -> BTreeMap<String, String> {
        BTreeMap::from([("system:monitoring".to_owned(), "monitoring".to_owned())])
    }

    #[test]
    fn a_renamed_group_gets_bindings_of_its_own() {
        let rbac = Rbac {
            bindings: vec![
                binding(None, "system:monitoring", &["system:monitoring", "x"]),
                binding(Some("dev"), "readers", &["system:monitoring"]),
                binding(None, "done", &["system:monitoring", "monitoring"]),
                binding(None, "other", &["x"]),
            ],
        };
        let copies = emit_rbac(&renames(), &rbac);
        assert_eq!(copies.len(), 2);
        assert_eq!(
            copies[0],
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {
                    "name": copies[0]["metadata"]["name"],
                    "labels": {"app.kubernetes.io/managed-by": "aws-auth-migrate"},
                },
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "monitoring"}],
            })
        );
        let name = copies[0]["metadata"]["name"].as_str().unwrap();
        assert!(
            name.starts_with("system-monitoring-as-monitoring-"),
            "{name}"
        );
        assert_eq!(copies[1]["metadata"]["namespace"], "dev");
    }

    #[test]
    fn names_are_stable_and_differ_where_anything_does() {
        let names = |rbac: &Rbac| -> Vec<String> {
            let copies = emit_rbac(&renames(), rbac);
            copies
                .iter()
                .map(|copy| copy["metadata"]["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let rbac = Rbac {
            bindings: vec![
                binding(None, "a:b", &["system:monitoring"]),
                binding(None, "a-b", &["system:monitoring"]),
            ],
        };
        let first = names(&rbac);
        assert_ne!(first[0], first[1]);
        assert_eq!(first, names(&rbac));
    }
}
