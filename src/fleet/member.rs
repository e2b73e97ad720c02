//! A cluster of a fleet: which one it is, and how it is reached.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::Arn;

/// A cluster of a fleet, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The cluster's name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// With which credentials.
    pub reach: Reach,
    /// The kubeconfig that leads to its Kubernetes API; without one EKS says where that is.
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context.
    pub context: Option<String>,
    /// What people decided about it.
    pub decisions: Option<PathBuf>,
    /// Real ARNs for the ARNs in its aws-auth.
    pub principals: Option<PathBuf>,
    /// Roles to assume for IAM look-ups in other accounts.
    pub lookup_roles: BTreeMap<String, Arn>,
    /// Whether it goes before all others.
    pub canary: bool,
}

/// Whose credentials reach a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Reach {
    /// The account that the cluster is in, as far as it is known beforehand.
    pub account: Option<String>,
    /// The profile.
    pub profile: Option<String>,
    /// The role that its credentials assume.
    pub role: Option<Arn>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
}

/// Which cluster of a fleet; names are unique within an account and a region.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Identity")]
pub struct MemberId {
    /// The account; without one the profile that leads there, or `-` for the caller's own account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The name; empty where the clusters of the region could not be listed.
    pub name: String,
}

impl Member {
    /// Which cluster it is.
    #[must_use]
    pub fn identity(&self) -> MemberId {
        MemberId {
            account: self.reach.place(),
            region: self.region.clone(),
            name: self.name.clone(),
        }
    }
}

impl Reach {
    /// The account, or what else distinguishes it.
    #[must_use]
    pub fn place(&self) -> String {
        match (&self.account, &self.profile) {
            (Some(account), _) => account.clone(),
            (None, Some(profile)) => format!("profile {profile}"),
            (None, None) => "-".to_owned(),
        }
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            account,
            region,
            name,
        } = self;
        match name.as_str() {
            "" => write!(f, "{account}/{region}"),
            name => write!(f, "{account}/{region}/{name}"),
        }
    }
}

/// The partition of a region.
///
/// Source: AWS SDK endpoint rules, `partitions.json`.
#[must_use]
pub fn partition_of(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    let mut prefixes = PREFIXES.into_iter();
    prefixes
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, partition)| partition)
}

/// Whether EKS could have taken a cluster's name.
///
/// Source: EKS API Reference, `CreateCluster`, `name`.
#[must_use]
pub fn is_cluster_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// Whether a text could be a region.
#[must_use]
pub fn is_region(region: &str) -> bool {
    region.starts_with(|c: char| c.is_ascii_lowercase())
        && region.contains('-')
        && region.len() <= 32
        && region
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text is an account id.
#[must_use]
pub fn is_account(account: &str) -> bool {
    account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
}
