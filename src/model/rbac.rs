//! RBAC bindings, as far as they name users and groups.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::api::rbac::v1 as rbac;
use rbac::{ClusterRoleBinding, RoleBinding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cluster-wide and namespaced bindings of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rbac {
    /// All bindings, in any order.
    pub bindings: Vec<Binding>,
    /// The rules of ClusterRoles by name; `None` where nobody asked for them or they could not be read.
    pub cluster_roles: Option<BTreeMap<String, Vec<RbacRule>>>,
}

/// One rule of a role, its parts as sets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RbacRule {
    /// API groups; the core group is empty.
    pub api_groups: BTreeSet<String>,
    /// Resources, subresources with a slash.
    pub resources: BTreeSet<String>,
    /// Names that the rule is limited to.
    pub resource_names: BTreeSet<String>,
    /// Non-resource URLs.
    pub urls: BTreeSet<String>,
    /// Verbs.
    pub verbs: BTreeSet<String>,
}

impl fmt::Display for RbacRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |texts: &BTreeSet<String>| {
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            texts.join(",")
        };
        write!(f, "{} on {}", joined(&self.verbs), joined(&self.resources))?;
        if !self.urls.is_empty() {
            write!(f, "URLs {}", joined(&self.urls))?;
        }
        let named_groups = self.api_groups.iter().any(|group| !group.is_empty());
        if named_groups {
            write!(f, " of {}", joined(&self.api_groups))?;
        }
        if !self.resource_names.is_empty() {
            write!(f, " named {}", joined(&self.resource_names))?;
        }
        Ok(())
    }
}

impl From<rbac::PolicyRule> for RbacRule {
    fn from(rule: rbac::PolicyRule) -> Self {
        let set = |texts: Option<Vec<String>>| texts.into_iter().flatten().collect();
        Self {
            api_groups: set(rule.api_groups),
            resources: set(rule.resources),
            resource_names: set(rule.resource_names),
            urls: set(rule.non_resource_urls),
            verbs: rule.verbs.into_iter().collect(),
        }
    }
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
    /// Users and groups; a service account is there by the name of its user.
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

/// A copy of a binding for a new name of one of its subjects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BindingCopy {
    /// The copy, with the new name as its one subject.
    pub binding: Binding,
    /// The subject of the original that it is for.
    pub of: Subject,
}

impl From<ClusterRoleBinding> for Binding {
    fn from(binding: ClusterRoleBinding) -> Self {
        Self {
            namespace: None,
            name: binding.metadata.name.unwrap_or_default(),
            role_kind: binding.role_ref.kind,
            role_name: binding.role_ref.name,
            subjects: people(binding.subjects, None),
        }
    }
}

impl From<RoleBinding> for Binding {
    /// A manifest without a namespace is taken to be of the one that `kubectl` would put it in.
    fn from(binding: RoleBinding) -> Self {
        let namespace = binding.metadata.namespace;
        let namespace = namespace.unwrap_or_else(|| "default".to_owned());
        Self {
            subjects: people(binding.subjects, Some(&namespace)),
            namespace: Some(namespace),
            name: binding.metadata.name.unwrap_or_default(),
            role_kind: binding.role_ref.kind,
            role_name: binding.role_ref.name,
        }
    }
}

/// The users and groups among a binding's subjects, with the user of every service account: a mapping can give its name.
///
/// Source: Kubernetes `plugin/pkg/auth/authorizer/rbac/rbac.go`, `appliesToUser`.
fn people(subjects: Option<Vec<rbac::Subject>>, namespace: Option<&str>) -> Vec<Subject> {
    subjects
        .into_iter()
        .flatten()
        .filter_map(|subject| match subject.kind.as_str() {
            "User" => Some(Subject::User(subject.name)),
            "Group" => Some(Subject::Group(subject.name)),
            "ServiceAccount" => {
                let own = subject.namespace.filter(|own| !own.is_empty());
                let namespace = own.or(namespace.map(str::to_owned))?;
                let name = subject.name;
                Some(Subject::User(format!(
                    "system:serviceaccount:{namespace}:{name}"
                )))
            }
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

/// Which ClusterRoleBinding or RoleBinding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BindingId {
    /// `ClusterRoleBinding` or `RoleBinding`.
    pub kind: String,
    /// The namespace of a RoleBinding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl BindingId {
    /// Which one a manifest is about.
    #[must_use]
    pub fn of(object: &serde_json::Value) -> Self {
        let text = |pointer: &str| object.pointer(pointer)?.as_str().map(str::to_owned);
        Self {
            kind: text("/kind").unwrap_or_default(),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name").unwrap_or_default(),
        }
    }
}

/// The kind, the namespace where it has one, and the name; as the cluster writes them, hidden characters included.
impl fmt::Display for BindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}
