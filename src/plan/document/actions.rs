//! The actions: one call to EKS each, and when it is its turn.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    AccessEntry, AccessScope, Arn, AuthenticationMode, EntryType, MappingId, PolicyAssociation,
};

/// One call to EKS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// `a1`, `a2`, ... unique in the plan.
    pub id: String,
    /// What is called, with which values.
    #[serde(flatten)]
    pub kind: ActionKind,
    /// The mapping that it is for, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingId>,
    /// When it is its turn.
    pub stage: Stage,
    /// Why.
    pub why: Cow<'static, str>,
}

/// The order in which principals are cut over; a stage begins when the one before it is done.
///
/// Making an access entry is the cut-over for its principal, so those who could mend things go first and what could
/// hurt most goes last.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// The cluster itself: its authentication mode.
    Cluster,
    /// The caller and the administrators.
    Administrators,
    /// Everybody else: people and CI.
    Others,
    /// Node roles.
    Nodes,
    /// Whoever runs this, where a rollback takes its entry away: last of all.
    Caller,
}

/// The calls that a plan is made of.
///
/// Source: EKS API Reference, the operations of the same names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ActionKind {
    /// `UpdateClusterConfig`: lets the cluster have access entries; one-way.
    UpdateAuthenticationMode {
        /// The mode before.
        from: AuthenticationMode,
        /// The mode after.
        to: AuthenticationMode,
    },
    /// `CreateAccessEntry`.
    CreateAccessEntry {
        /// Who it is for.
        principal_arn: Arn,
        /// What it is for.
        #[serde(rename = "type")]
        entry_type: EntryType,
        /// The username, `None` to leave it to EKS.
        username: Option<String>,
        /// The groups.
        kubernetes_groups: Vec<String>,
        /// The tags.
        tags: BTreeMap<String, String>,
    },
    /// `UpdateAccessEntry`, which resets what is not sent.
    UpdateAccessEntry {
        /// Whose entry.
        principal_arn: Arn,
        /// The username, `None` for EKS's own.
        username: Option<String>,
        /// The groups.
        kubernetes_groups: Vec<String>,
    },
    /// `DeleteAccessEntry`, before the entry is re-created.
    DeleteAccessEntry {
        /// Whose entry.
        principal_arn: Arn,
    },
    /// `AssociateAccessPolicy`.
    AssociateAccessPolicy {
        /// Whose entry.
        principal_arn: Arn,
        /// Which policy.
        policy_arn: Arn,
        /// Where it holds.
        access_scope: AccessScope,
    },
    /// `DisassociateAccessPolicy`.
    DisassociateAccessPolicy {
        /// Whose entry.
        principal_arn: Arn,
        /// Which policy.
        policy_arn: Arn,
    },
}

impl ActionKind {
    /// Whose entry is meant; `None` for the cluster itself.
    #[must_use]
    pub fn principal_arn(&self) -> Option<&Arn> {
        match self {
            Self::UpdateAuthenticationMode { .. } => None,
            Self::CreateAccessEntry { principal_arn, .. }
            | Self::UpdateAccessEntry { principal_arn, .. }
            | Self::DeleteAccessEntry { principal_arn }
            | Self::AssociateAccessPolicy { principal_arn, .. }
            | Self::DisassociateAccessPolicy { principal_arn, .. } => Some(principal_arn),
        }
    }

    /// The entry as it is once the action is done, given what it was before.
    #[must_use]
    pub fn applied_to(&self, before: Option<AccessEntry>) -> Option<AccessEntry> {
        match self {
            Self::UpdateAuthenticationMode { .. } => before,
            Self::CreateAccessEntry {
                principal_arn,
                entry_type,
                username,
                kubernetes_groups,
                tags,
            } => Some(AccessEntry {
                principal_arn: principal_arn.clone(),
                entry_type: entry_type.clone(),
                username: username.clone(),
                kubernetes_groups: kubernetes_groups.clone(),
                tags: tags.clone(),
                access_policies: Vec::new(),
            }),
            Self::UpdateAccessEntry {
                username,
                kubernetes_groups,
                ..
            } => before.map(|entry| AccessEntry {
                username: username.clone(),
                kubernetes_groups: kubernetes_groups.clone(),
                ..entry
            }),
            Self::DeleteAccessEntry { .. } => None,
            Self::AssociateAccessPolicy {
                policy_arn,
                access_scope,
                ..
            } => before.map(|mut entry| {
                entry
                    .access_policies
                    .retain(|policy| policy.policy_arn != *policy_arn);
                entry.access_policies.push(PolicyAssociation {
                    policy_arn: policy_arn.clone(),
                    access_scope: access_scope.clone(),
                });
                entry
            }),
            Self::DisassociateAccessPolicy { policy_arn, .. } => before.map(|mut entry| {
                entry
                    .access_policies
                    .retain(|policy| policy.policy_arn != *policy_arn);
                entry
            }),
        }
    }

    /// The API operation.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::UpdateAuthenticationMode { .. } => "UpdateClusterConfig",
            Self::CreateAccessEntry { .. } => "CreateAccessEntry",
            Self::UpdateAccessEntry { .. } => "UpdateAccessEntry",
            Self::DeleteAccessEntry { .. } => "DeleteAccessEntry",
            Self::AssociateAccessPolicy { .. } => "AssociateAccessPolicy",
            Self::DisassociateAccessPolicy { .. } => "DisassociateAccessPolicy",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    const EDIT: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy";

    fn applied(kind: &Value, before: Option<&[(&str, &str)]>) -> Option<Vec<(String, String)>> {
        let mut action = json!({"principalArn": "arn:aws:iam::111122223333:role/dev"});
        let fields = action.as_object_mut().unwrap();
        fields.extend(kind.as_object().unwrap().clone());
        let action: ActionKind = serde_json::from_value(action).unwrap();
        let policy = |(policy, namespace): &(&str, &str)| {
            let scope = if namespace.is_empty() {
                json!({"type": "cluster", "namespaces": []})
            } else {
                json!({"type": "namespace", "namespaces": [namespace]})
            };
            json!({"policyArn": policy, "accessScope": scope})
        };
        let before = before.map(|policies| {
            let policies: Vec<Value> = policies.iter().map(policy).collect();
            let entry = json!({
                "principalArn": "arn:aws:iam::111122223333:role/dev", "type": "STANDARD", "username": "dev",
                "kubernetesGroups": ["devs"], "tags": {}, "accessPolicies": policies,
            });
            serde_json::from_value(entry).unwrap()
        });
        let after = action.applied_to(before)?;
        let policies = after.access_policies.into_iter().map(|policy| {
            let namespaces = policy.access_scope.namespaces.join(",");
            (policy.policy_arn.to_string(), namespaces)
        });
        Some(policies.collect())
    }

    /// An entry has each policy once, and keeps those that a call does not name.
    #[test]
    fn a_call_changes_the_policy_that_it_names() {
        let has = |policies: &[(&str, &str)]| {
            let owned = |(policy, namespace): &(&str, &str)| {
                ((*policy).to_owned(), (*namespace).to_owned())
            };
            Some(policies.iter().map(owned).collect::<Vec<_>>())
        };
        let associate = json!({
            "kind": "associateAccessPolicy", "policyArn": VIEW,
            "accessScope": {"type": "cluster", "namespaces": []},
        });
        let disassociate = json!({"kind": "disassociateAccessPolicy", "policyArn": VIEW});
        let both: &[(&str, &str)] = &[(VIEW, "dev"), (EDIT, "")];
        assert_eq!(
            applied(&associate, Some(both)),
            has(&[(EDIT, ""), (VIEW, "")])
        );
        assert_eq!(applied(&associate, Some(&[])), has(&[(VIEW, "")]));
        assert_eq!(applied(&disassociate, Some(both)), has(&[(EDIT, "")]));
        assert_eq!(applied(&associate, None), None);
        let delete = json!({"kind": "deleteAccessEntry"});
        assert_eq!(applied(&delete, Some(both)), None);
    }
}
