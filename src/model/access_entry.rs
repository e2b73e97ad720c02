//! Access entries: who may log in to a cluster, kept by EKS itself.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access_policy::PolicyAssociation;
use super::arn::Arn;

/// What an access entry is for; it can't be changed later.
///
/// Everything but `STANDARD` is for nodes: EKS sets the username and the groups itself and refuses others.
/// Source: EKS API Reference, `CreateAccessEntry`, `type`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(with = "String")]
#[serde(into = "String", from = "String")]
pub enum EntryType {
    /// People, CI and anything that is not a node.
    Standard,
    /// Self-managed, Karpenter and managed Linux and Bottlerocket nodes.
    Ec2Linux,
    /// Windows nodes.
    Ec2Windows,
    /// Pods on Fargate.
    FargateLinux,
    /// Nodes of EKS Auto Mode.
    Ec2,
    /// Hybrid nodes, outside AWS.
    HybridLinux,
    /// Nodes of SageMaker HyperPod.
    HyperpodLinux,
    /// A type that EKS has learned since.
    Other(String),
}

impl EntryType {
    /// The API's own word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Standard => "STANDARD",
            Self::Ec2Linux => "EC2_LINUX",
            Self::Ec2Windows => "EC2_WINDOWS",
            Self::FargateLinux => "FARGATE_LINUX",
            Self::Ec2 => "EC2",
            Self::HybridLinux => "HYBRID_LINUX",
            Self::HyperpodLinux => "HYPERPOD_LINUX",
            Self::Other(other) => other,
        }
    }

    /// Whether entries of this type are for nodes, so that EKS sets username and groups.
    #[must_use]
    pub fn is_node(&self) -> bool {
        !matches!(self, Self::Standard | Self::Other(_))
    }
}

impl fmt::Display for EntryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<EntryType> for String {
    fn from(entry_type: EntryType) -> Self {
        entry_type.as_str().to_owned()
    }
}

impl From<String> for EntryType {
    fn from(text: String) -> Self {
        match text.to_uppercase().as_str() {
            "STANDARD" => Self::Standard,
            "EC2_LINUX" => Self::Ec2Linux,
            "EC2_WINDOWS" => Self::Ec2Windows,
            "FARGATE_LINUX" => Self::FargateLinux,
            "EC2" => Self::Ec2,
            "HYBRID_LINUX" => Self::HybridLinux,
            "HYPERPOD_LINUX" => Self::HyperpodLinux,
            _ => Self::Other(text),
        }
    }
}

/// An access entry as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessEntry {
    /// The role's or user's real ARN, with its path.
    pub principal_arn: Arn,
    /// What the entry is for.
    #[serde(rename = "type")]
    pub entry_type: EntryType,
    /// The Kubernetes username template; `None` leaves it to EKS.
    pub username: Option<String>,
    /// Kubernetes groups, matched by RBAC bindings.
    pub kubernetes_groups: Vec<String>,
    /// Tags on the entry.
    pub tags: BTreeMap<String, String>,
    /// Policies associated with it.
    pub access_policies: Vec<PolicyAssociation>,
}

/// An access entry as EKS shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveEntry {
    /// What it says; the username is always there, since EKS fills in its own.
    #[serde(flatten)]
    pub entry: AccessEntry,
    /// The entry's own ARN.
    pub access_entry_arn: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub modified_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_by_its_name_in_any_case() {
        for name in [
            "STANDARD",
            "EC2_LINUX",
            "EC2_WINDOWS",
            "FARGATE_LINUX",
            "EC2",
            "HYBRID_LINUX",
            "HYPERPOD_LINUX",
        ] {
            let read = EntryType::from(name.to_lowercase());
            assert!(!matches!(read, EntryType::Other(_)), "{name}");
            assert_eq!(read.as_str(), name);
        }
        let other = EntryType::from("New".to_owned());
        assert_eq!(other, EntryType::Other("New".to_owned()));
        assert!(!other.is_node() && EntryType::Ec2.is_node());
    }
}
