//! Bindings for users and groups with a new name, beside the ones for the old name.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::template::{Template, new_name};
use crate::model::rbac::{Binding, BindingCopy, Rbac, Subject};

/// What says on an object that this tool made it.
///
/// Source: Kubernetes, "Recommended Labels".
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "aws-auth-migrate");

const API_GROUP: &str = "rbac.authorization.k8s.io";

/// New names by the old ones, usernames as the templates that mappings write.
#[derive(Debug, Clone, Copy)]
pub struct Renames<'a> {
    /// Groups.
    pub groups: &'a BTreeMap<String, String>,
    /// Username templates.
    pub users: &'a BTreeMap<String, String>,
}

impl Renames<'_> {
    /// The new name of a binding's subject under each rename that it has one by, with the old name of the rename.
    fn of<'r>(&'r self, subject: &'r Subject) -> impl Iterator<Item = (&'r str, Subject)> {
        let groups = self.groups.iter().filter_map(move |(old, new)| {
            let is_it = matches!(subject, Subject::Group(name) if name == old);
            is_it.then(|| (old.as_str(), Subject::Group(new.clone())))
        });
        let users = self
            .users
            .iter()
            .filter_map(move |(old, new)| match subject {
                Subject::User(name) => {
                    let new = new_name(&Template::new(old), name, &Template::new(new))?;
                    Some((old.as_str(), Subject::User(new)))
                }
                Subject::Group(_) => None,
            });
        groups.chain(users)
    }
}

/// A copy of every binding that names a renamed user or group, with the new name as its one subject, sorted by name.
///
/// Existing bindings are never edited, and one that already names the new subject needs no copy. A copy's name follows
/// from the binding and both names, so that making it again changes nothing.
#[must_use]
pub fn emit_rbac(renames: Renames<'_>, rbac: &Rbac) -> Vec<Value> {
    let copies = planned_bindings(renames, rbac).into_iter();
    copies.map(|copy| object(&copy.binding)).collect()
}

/// The objects of [`emit_rbac`] as bindings.
#[must_use]
pub fn planned_bindings(renames: Renames<'_>, rbac: &Rbac) -> Vec<BindingCopy> {
    let mut copies = Vec::new();
    for binding in &rbac.bindings {
        for subject in &binding.subjects {
            for (old, new) in renames.of(subject) {
                if binding.subjects.contains(&new) {
                    continue;
                }
                let name = copy_name(binding, old, &new);
                copies.push((
                    binding,
                    BindingCopy {
                        binding: Binding {
                            name,
                            subjects: vec![new],
                            ..binding.clone()
                        },
                        of: subject.clone(),
                    },
                ));
            }
        }
    }
    copies.sort();
    copies.dedup();
    copies.into_iter().map(|(_, copy)| copy).collect()
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

/// A name that says where the copy comes from, with a digest that keeps it apart from every other copy.
fn copy_name(binding: &Binding, old: &str, new: &Subject) -> String {
    let (Subject::User(new) | Subject::Group(new)) = new;
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

    fn emitted(rbac: &Rbac) -> Vec<Value> {
        let groups = renames();
        let users = BTreeMap::from([(
            "{{SessionName}}".to_owned(),
            "session:{{SessionName}}".to_owned(),
        )]);
        let renames = Renames {
            groups: &groups,
            users: &users,
        };
        emit_rbac(renames, rbac)
    }

    #[test]
    fn a_renamed_username_template_gets_a_binding_for_each_user_it_renders_to() {
        let user = |name: &str| Subject::User(name.to_owned());
        let rbac = Rbac {
            bindings: vec![Binding {
                subjects: vec![user("alice"), user("dev:bob")],
                ..binding(None, "people", &[])
            }],
            ..Rbac::default()
        };
        let copies = emitted(&rbac);
        let subjects: Vec<_> = copies
            .iter()
            .map(|copy| copy["subjects"][0]["name"].as_str().unwrap())
            .collect();
        // No session has a colon in its name.
        assert_eq!(subjects, ["session:alice"]);
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
            ..Rbac::default()
        };
        let copies = emitted(&rbac);
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
            let copies = emitted(rbac);
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
            ..Rbac::default()
        };
        let first = names(&rbac);
        assert_ne!(first[0], first[1]);
        assert_eq!(first, names(&rbac));
    }
}
