//! What the cluster and IAM have now, as far as it could be read.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::rbac::Rbac;
use crate::model::{Arn, Cluster, LiveEntry, Principal, PrincipalKey};

/// Everything beside `aws-auth` that a plan is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The cluster.
    pub cluster: Cluster,
    /// The live access entries; `None` where they can't be read (offline, or no entries in this mode).
    pub entries: Option<Vec<LiveEntry>>,
    /// The roles of managed node groups and Fargate profiles; `None` where they can't be read.
    pub node_roles: Option<Vec<NodeRole>>,
    /// What IAM said about the principals that were looked up; those not in here were not.
    pub principals: Principals,
    /// RBAC objects, `None` where there are none at hand.
    pub rbac: Option<Rbac>,
    /// The principal that runs the tool, with its path where that is known.
    pub caller: Option<Principal>,
}

/// What IAM said about principals.
pub type Principals = BTreeMap<PrincipalKey, Lookup>;

impl Observed {
    /// The live entry of a principal.
    #[must_use]
    pub fn entry(&self, key: &PrincipalKey) -> Option<&LiveEntry> {
        self.entries.as_ref()?.iter().find(|live| {
            Principal::from_arn(&live.entry.principal_arn)
                .is_some_and(|principal| principal.key() == *key)
        })
    }

    /// All live entries by their principals, for whoever asks about many.
    #[must_use]
    pub fn entries_by_principal(&self) -> BTreeMap<PrincipalKey, &LiveEntry> {
        // Backwards, so that the first of two stays, as `entry` finds it.
        self.entries
            .iter()
            .flatten()
            .rev()
            .filter_map(|live| {
                let principal = Principal::from_arn(&live.entry.principal_arn)?;
                Some((principal.key(), live))
            })
            .collect()
    }

    /// Whether the cluster may have access entries that nobody saw, since they can't be read.
    #[must_use]
    pub fn has_unread_entries(&self) -> bool {
        self.entries.is_none() && self.cluster.authentication_mode.is_some()
    }

    /// What IAM said about a principal.
    #[must_use]
    pub fn lookup(&self, key: &PrincipalKey) -> &Lookup {
        self.principals.get(key).unwrap_or(&Lookup::NotTried)
    }

    /// Whether an access entry is older than its principal, and so grants no access.
    ///
    /// An entry belongs to the principal that had the ARN when it was made; one that was re-created since is another.
    /// Source: EKS API Reference, `AccessEntry`, `principalArn`.
    #[must_use]
    pub fn is_stale(&self, live: &LiveEntry) -> bool {
        let principal = Principal::from_arn(&live.entry.principal_arn);
        let lookup = principal.map(|principal| self.lookup(&principal.key()));
        match (lookup, live.created_at) {
            (
                Some(Lookup::Found {
                    created_at: Some(principal),
                    ..
                }),
                Some(entry),
            ) => *principal > entry,
            _ => false,
        }
    }

    /// The managed node groups and Fargate profiles that use a role.
    pub fn users_of_role<'a>(
        &'a self,
        key: &'a PrincipalKey,
    ) -> impl Iterator<Item = &'a NodeRole> {
        self.node_roles.iter().flatten().filter(move |role| {
            Principal::from_arn(&role.role_arn).is_some_and(|principal| principal.key() == *key)
        })
    }
}

/// What is known of one principal in its own account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It exists.
    Found {
        /// The real ARN, with path and exact case.
        arn: Arn,
        /// When it was made; `None` where that was not asked of IAM but given in a file.
        created_at: Option<Timestamp>,
    },
    /// IAM says that there is none.
    Missing,
    /// Asking is not allowed.
    Denied {
        /// The permission that is missing, such as `iam:GetRole`.
        permission: String,
    },
    /// It is in another account, and the role given to look it up with can't be assumed.
    NotAssumed {
        /// The role.
        role: Arn,
    },
    /// It is in another account, for which no role to look it up with was given.
    OtherAccount,
    /// Nobody asked: offline, or IAM can't be reached.
    NotTried,
}

/// A role that EKS itself gives to nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRole {
    /// The role's real ARN.
    pub role_arn: Arn,
    /// Who uses it.
    pub user: NodeRoleUser,
}

/// What uses a node role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeRoleUser {
    /// A managed node group.
    NodeGroup {
        /// Its name.
        name: String,
        /// Its operating system.
        os: NodeOs,
    },
    /// A Fargate profile, whose pod execution role it is.
    FargateProfile {
        /// Its name.
        name: String,
    },
    /// EKS Auto Mode, in the cluster's own `computeConfig`.
    AutoMode,
}

/// The operating system of a managed node group, by its AMI type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeOs {
    /// Linux or Bottlerocket.
    Linux,
    /// Windows, `amiType` begins with `WINDOWS_`.
    Windows,
    /// A custom AMI, `amiType` is `CUSTOM`.
    Unknown,
}
