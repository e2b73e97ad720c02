//! EKS's answer: the identity that an access entry gives.

use super::identity::Logins;
use crate::model::{AccessEntry, EntryType, Identity, PolicyAssociation, Principal, PrincipalKind};

/// The identity that an access entry gives, with what EKS sets itself filled in.
///
/// A username that the entry shows is taken at its word. Groups that come with a type are there whether EKS shows
/// them or not. `None` where the entry grants no access.
/// Source: EKS User Guide, "Create access entries", username and type.
#[must_use]
pub fn identity_of_entry(entry: &AccessEntry) -> Option<Identity> {
    let principal = Principal::from_arn(&entry.principal_arn);
    let username = match (&entry.username, node_username(&entry.entry_type)) {
        (Some(username), _) => username.clone(),
        (None, Some(username)) => username.to_owned(),
        (None, None) => principal
            .as_ref()
            .map_or_else(|| entry.principal_arn.to_string(), default_username),
    };
    let logins = principal.as_ref().map(Logins::of).unwrap_or_default();
    let implied = node_groups(&entry.entry_type).iter().copied();
    let given = entry.kubernetes_groups.iter().map(String::as_str);
    let policies = entry
        .access_policies
        .iter()
        .map(PolicyAssociation::with_scope)
        .collect();
    logins.identity(&username, implied.chain(given), policies)
}

/// The username that EKS sets where none is asked for: a user's ARN, and a role's session without the path.
///
/// Source: EKS User Guide, "Create access entries", username.
#[must_use]
pub fn default_username(principal: &Principal) -> String {
    let Principal {
        partition,
        account,
        name,
        ..
    } = principal;
    match principal.kind {
        PrincipalKind::User => principal.arn().to_string(),
        PrincipalKind::Role => {
            format!("arn:{partition}:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}")
        }
    }
}

/// The username that EKS sets on entries for nodes; `None` for types that take one.
///
/// For `EC2` and `HYPERPOD_LINUX` it is not documented; nodes of EC2 are taken to have their usual name.
/// Source: EKS User Guide, "Create access entries".
fn node_username(entry_type: &EntryType) -> Option<&'static str> {
    match entry_type {
        EntryType::Ec2Linux | EntryType::Ec2Windows | EntryType::Ec2 | EntryType::HyperpodLinux => {
            Some("system:node:{{EC2PrivateDNSName}}")
        }
        EntryType::FargateLinux | EntryType::HybridLinux => Some("system:node:{{SessionName}}"),
        EntryType::Standard | EntryType::Other(_) => None,
    }
}

/// The groups that come with an entry's type.
///
/// EKS shows `system:nodes` for `EC2_LINUX`; for the others they follow from what the type replaces in `aws-auth`.
/// Source: AWS CLI Reference, `create-access-entry`, example; EKS User Guide, "Deploy Windows nodes on EKS clusters" and
/// "Migrating existing aws-auth ConfigMap entries to access entries".
#[must_use]
pub fn node_groups(entry_type: &EntryType) -> &'static [&'static str] {
    match entry_type {
        EntryType::Ec2Linux
        | EntryType::Ec2
        | EntryType::HybridLinux
        | EntryType::HyperpodLinux => &["system:nodes"],
        EntryType::Ec2Windows => &["system:nodes", "eks:kube-proxy-windows"],
        EntryType::FargateLinux => &["system:nodes", "system:node-proxier"],
        EntryType::Standard | EntryType::Other(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::access_policy::{AUTO_NODE, policy_arn};
    use crate::model::{AccessScope, access_policy::ScopeKind};

    fn entry(arn: &str, entry_type: EntryType) -> AccessEntry {
        AccessEntry {
            principal_arn: arn.parse().unwrap(),
            entry_type,
            username: None,
            kubernetes_groups: Vec::new(),
            tags: BTreeMap::new(),
            access_policies: Vec::new(),
        }
    }

    #[test]
    fn the_default_username_of_a_role_is_its_session_without_the_path() {
        let role = entry(
            "arn:aws-cn:iam::111122223333:role/team/ops",
            EntryType::Standard,
        );
        assert_eq!(
            identity_of_entry(&role).unwrap().username,
            "arn:aws-cn:sts::111122223333:assumed-role/ops/{{SessionName}}"
        );
        let user = entry(
            "arn:aws:iam::111122223333:user/eng/bob",
            EntryType::Standard,
        );
        assert_eq!(
            identity_of_entry(&user).unwrap().username,
            "arn:aws:iam::111122223333:user/eng/bob"
        );
    }

    #[test]
    fn a_node_type_brings_its_username_and_groups() {
        let node = |entry_type| {
            let entry = entry("arn:aws:iam::111122223333:role/n", entry_type);
            let identity = identity_of_entry(&entry).unwrap();
            (identity.username, identity.groups.join(" "))
        };
        let expected = |username: &str, groups: &str| (username.to_owned(), groups.to_owned());
        assert_eq!(
            node(EntryType::Ec2Windows),
            expected(
                "system:node:{{EC2PrivateDNSName}}",
                "system:nodes eks:kube-proxy-windows"
            )
        );
        assert_eq!(
            node(EntryType::FargateLinux),
            expected(
                "system:node:{{SessionName}}",
                "system:nodes system:node-proxier"
            )
        );
    }

    #[test]
    fn a_policy_names_its_namespaces() {
        let mut role = entry("arn:aws:iam::111122223333:role/ops", EntryType::Standard);
        role.access_policies = vec![
            PolicyAssociation::cluster_wide("aws", AUTO_NODE),
            PolicyAssociation {
                policy_arn: policy_arn("aws", "AmazonEKSViewPolicy"),
                access_scope: AccessScope {
                    kind: ScopeKind::Namespace,
                    namespaces: vec!["dev".to_owned(), "qa-*".to_owned()],
                },
            },
        ];
        assert_eq!(
            identity_of_entry(&role).unwrap().policies,
            [AUTO_NODE, "AmazonEKSViewPolicy [dev, qa-*]"]
        );
    }
}
