//! Access as values: the Kubernetes identity that a login gets, and how it changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access_policy::CLUSTER_ADMIN;

/// The group that may do everything, whatever RBAC says.
///
/// Source: Kubernetes, "Using RBAC Authorization", user-facing roles.
pub const MASTERS: &str = "system:masters";
/// The group that the API server itself gives to everybody who has logged in.
///
/// Source: Kubernetes `apiserver/pkg/authentication/group/authenticated_group_adder.go`.
pub const AUTHENTICATED: &str = "system:authenticated";
/// The group whose rights the Node authorizer gives, whatever RBAC says.
///
/// Source: Kubernetes, "Using Node Authorization".
pub const NODES: &str = "system:nodes";
/// The group that lets a kubelet request certificates; EKS does not show it on entries for nodes, which need none.
///
/// Source: AWS CLI Reference, `create-access-entry`, example of `EC2_LINUX`.
pub const BOOTSTRAPPERS: &str = "system:bootstrappers";

/// Which sessions of a principal are let in.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Sessions {
    /// Only sessions named like an EC2 instance id: `{{EC2PrivateDNSName}}` fails for all others.
    ///
    /// Source: aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`.
    Instances,
    /// Every session.
    #[default]
    All,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes what it may skip by reference"
)]
fn are_all(sessions: &Sessions) -> bool {
    *sessions == Sessions::All
}

/// The Kubernetes identity that the logins of a principal get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The username template.
    pub username: String,
    /// The groups, without `system:authenticated`, which everybody has.
    pub groups: Vec<String>,
    /// Names of access policies, with their scope in brackets unless it is the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Which sessions are let in; every session where the field is missing.
    #[serde(default, skip_serializing_if = "are_all")]
    pub sessions: Sessions,
}

impl Identity {
    /// Whether it may do everything: by `system:masters`, or by the policy that replaces it on the whole cluster.
    #[must_use]
    pub fn is_cluster_admin(&self) -> bool {
        self.groups.iter().any(|group| group == MASTERS)
            || self.policies.iter().any(|policy| policy == CLUSTER_ADMIN)
    }

    /// Whether the Node authorizer gives it rights.
    #[must_use]
    pub fn is_node(&self) -> bool {
        self.groups.iter().any(|group| group == NODES)
    }

    /// The groups that count in a comparison, `system:masters` among them for every cluster administrator.
    pub(crate) fn counted_groups(&self, beside: Option<&Self>) -> BTreeSet<&str> {
        let mut groups: BTreeSet<&str> = self
            .groups
            .iter()
            .map(String::as_str)
            .filter(|group| !matches!(*group, "" | AUTHENTICATED))
            .collect();
        if self.is_cluster_admin() {
            groups.insert(MASTERS);
        }
        // Whoever has the nodes' rights needs nothing that this group gives.
        if beside.is_some_and(Self::is_node) {
            groups.remove(BOOTSTRAPPERS);
        }
        groups
    }
}

/// How a principal's access changes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Exactly the same access for every login.
    Same,
    /// Only names change, and no binding depends on them.
    Renamed,
    /// Something is lost.
    Lost,
    /// Something is gained.
    Gained,
    /// Something is lost and something gained.
    Changed,
}

impl Verdict {
    /// As it is written in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Renamed => "renamed",
            Self::Lost => "lost",
            Self::Gained => "gained",
            Self::Changed => "changed",
        }
    }

    /// Whether nobody's rights change.
    #[must_use]
    pub fn keeps_access(self) -> bool {
        matches!(self, Self::Same | Self::Renamed)
    }
}

/// Access before and after, with the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessChange {
    /// What the principal has now, through whatever is in force; `None` for nothing.
    pub before: Option<Arc<Identity>>,
    /// What it has once the plan is applied and `aws-auth` is gone; `None` for nothing.
    pub after: Option<Arc<Identity>>,
    /// The comparison; `None` where it is unknown.
    pub verdict: Option<Verdict>,
    /// The bindings that stop or start to match; `None` where no RBAC objects are at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bindings: Option<Vec<BindingChange>>,
}

impl AccessChange {
    /// Whether nobody's rights change; what is unknown may change them.
    #[must_use]
    pub fn keeps_access(&self) -> bool {
        self.verdict.is_some_and(Verdict::keeps_access)
    }

    /// The groups that only one side has; `system:masters` and `AmazonEKSClusterAdminPolicy` count as one.
    #[must_use]
    pub fn moved_groups(&self) -> BTreeSet<&str> {
        let (before, after) = (self.before.as_deref(), self.after.as_deref());
        let old = before.map(|before| before.counted_groups(after));
        let new = after.map(|after| after.counted_groups(before));
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let mut moved: BTreeSet<&str> = old.symmetric_difference(&new).copied().collect();
        // Beside the nodes' group it counts for what it is bound to.
        let is_bound = self
            .bindings
            .iter()
            .flatten()
            .any(|binding| binding.subject.strip_prefix("Group/") == Some(BOOTSTRAPPERS));
        let mut sides = before.into_iter().chain(after);
        if is_bound && sides.any(|side| side.groups.iter().any(|group| group == BOOTSTRAPPERS)) {
            moved.insert(BOOTSTRAPPERS);
        }
        moved
    }
}

/// A ClusterRoleBinding or RoleBinding that stops or starts to match a principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BindingChange {
    /// `ClusterRoleBinding` or `RoleBinding`.
    pub kind: String,
    /// The namespace of a RoleBinding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The binding's name.
    pub name: String,
    /// What it binds to, such as `ClusterRole/view`.
    pub role: String,
    /// The subject that matches, such as `Group/devs`.
    pub subject: String,
    /// Whether it stops or starts to match.
    pub effect: BindingEffect,
}

/// What happens to a binding.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum BindingEffect {
    /// It matched before and no longer does.
    Stops,
    /// It did not match before and does now.
    Starts,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access_policy::{AccessScope, PolicyAssociation, ScopeKind};

    fn change(before: &[&str], after: Option<&[&str]>, bound: &str) -> AccessChange {
        let identity = |groups: &[&str]| Identity {
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..Identity::default()
        };
        AccessChange {
            before: Some(Arc::new(identity(before))),
            after: after.map(|groups| Arc::new(identity(groups))),
            verdict: Some(Verdict::Lost),
            bindings: Some(vec![
                BindingChange {
                    kind: "ClusterRoleBinding".to_owned(),
                    namespace: None,
                    name: "b".to_owned(),
                    role: "ClusterRole/view".to_owned(),
                    subject: format!("Group/{bound}"),
                    effect: BindingEffect::Stops,
                },
                BindingChange {
                    kind: "ClusterRoleBinding".to_owned(),
                    namespace: None,
                    name: "c".to_owned(),
                    role: "ClusterRole/view".to_owned(),
                    subject: "User/x".to_owned(),
                    effect: BindingEffect::Stops,
                },
            ]),
        }
    }

    /// Nodes have it beside their own group, and only a binding makes it more than that.
    #[test]
    fn the_group_of_bootstrapping_nodes_moves_where_it_is_bound() {
        const BOTH: &[&str] = &["devs", BOOTSTRAPPERS, NODES];
        let moved = |before: &[&str], after: Option<&[&str]>, bound: &str| -> Vec<String> {
            let change = change(before, after, bound);
            let moved = change.moved_groups().into_iter();
            moved.map(str::to_owned).collect()
        };
        let nodes = Some(&["devs", NODES][..]);
        assert_eq!(moved(BOTH, nodes, BOOTSTRAPPERS), [BOOTSTRAPPERS]);
        assert_eq!(moved(BOTH, nodes, "devs"), [""; 0]);
        assert_eq!(moved(&[NODES], Some(&[NODES]), BOOTSTRAPPERS), [""; 0]);
    }

    #[test]
    fn sessions_are_written_where_not_all_get_in() {
        for sessions in [Sessions::Instances, Sessions::All] {
            let identity = Identity {
                sessions,
                ..Identity::default()
            };
            let written = serde_json::to_value(&identity).unwrap();
            let is_written = written.get("sessions").is_some();
            assert_eq!(is_written, sessions == Sessions::Instances);
            assert_eq!(
                serde_json::from_value::<Identity>(written).unwrap(),
                identity
            );
        }
    }

    #[test]
    fn an_administrator_has_the_policy_on_the_whole_cluster() {
        let policy = |name: &str, kind: ScopeKind| PolicyAssociation {
            access_scope: AccessScope {
                kind,
                namespaces: Vec::new(),
            },
            ..PolicyAssociation::cluster_wide("aws", name)
        };
        assert!(policy(CLUSTER_ADMIN, ScopeKind::Cluster).is_cluster_admin());
        assert!(!policy(CLUSTER_ADMIN, ScopeKind::Namespace).is_cluster_admin());
        assert!(!policy("AmazonEKSViewPolicy", ScopeKind::Cluster).is_cluster_admin());
    }
}
