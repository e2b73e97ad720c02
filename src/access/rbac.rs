//! RBAC bindings, as far as they name users and groups.

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

/// A subject of a binding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A user by its exact name.
    User(String),
    /// A group by its exact name.
    Group(String),
}
