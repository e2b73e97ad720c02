//! RBAC bindings, as far as they name users and groups.

use k8s_openapi::api::rbac::v1 as rbac;
use rbac::{ClusterRoleBinding, RoleBinding};

/// The cluster-wide and namespaced bindings of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rbac {
    /// All bindings, in any order.
    pub bindings: Vec<Binding>,
}

/// A ClusterRoleBinding, or a RoleBinding with its namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binding {
    /// The namespace of a RoleBinding; `None` for a ClusterRoleBinding.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// `ClusterRole` or `Role`.
    pub role_kind: String,
    /// The role's name.
    pub role_name: String,
    /// Users and groups; service accounts are left out.
    pub subjects: Vec<Subject>,
}

impl Binding {
    /// The kind of object, as Kubernetes calls it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.namespace.is_some() {
            "RoleBinding"
        } else {
            "ClusterRoleBinding"
        }
    }
}

impl From<ClusterRoleBinding> for Binding {
    fn from(binding: ClusterRoleBinding) -> Self {
        Self {
            namespace: None,
            name: binding.metadata.name.unwrap_or_default(),
            role_kind: binding.role_ref.kind,
            role_name: binding.role_ref.name,
            subjects: people(binding.subjects),
        }
    }
}

impl From<RoleBinding> for Binding {
    /// A manifest without a namespace is taken to be of the one that `kubectl` would put it in.
    fn from(binding: RoleBinding) -> Self {
        Self {
            namespace: Some(
                binding
                    .metadata
                    .namespace
                    .unwrap_or_else(|| "default".to_owned()),
            ),
            name: binding.metadata.name.unwrap_or_default(),
            role_kind: binding.role_ref.kind,
            role_name: binding.role_ref.name,
            subjects: people(binding.subjects),
        }
    }
}

fn people(subjects: Option<Vec<rbac::Subject>>) -> Vec<Subject> {
    subjects
        .into_iter()
        .flatten()
        .filter_map(|subject| match subject.kind.as_str() {
            "User" => Some(Subject::User(subject.name)),
            "Group" => Some(Subject::Group(subject.name)),
            _ => None,
        })
        .collect()
}

/// A subject of a binding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A user by its exact name.
    User(String),
    /// A group by its exact name.
    Group(String),
}
