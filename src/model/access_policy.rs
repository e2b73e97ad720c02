//! EKS access policies: ready-made sets of Kubernetes rights that an access entry is associated with.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arn::Arn;

/// Where an associated policy holds.
///
/// Source: EKS API Reference, `AccessScope`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct AccessScope {
    /// `cluster` or `namespace`.
    #[serde(rename = "type")]
    pub kind: ScopeKind,
    /// The namespaces, with `*` as wildcard; empty for the whole cluster.
    #[serde(default)]
    pub namespaces: Vec<String>,
}

/// The two kinds of scope.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ScopeKind {
    /// The whole cluster.
    Cluster,
    /// Named namespaces only.
    Namespace,
}

impl AccessScope {
    /// The whole cluster.
    #[must_use]
    pub fn cluster() -> Self {
        Self {
            kind: ScopeKind::Cluster,
            namespaces: Vec::new(),
        }
    }
}

impl fmt::Display for AccessScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ScopeKind::Cluster => f.write_str("cluster"),
            ScopeKind::Namespace => write!(f, "namespace {}", self.namespaces.join(",")),
        }
    }
}

/// A policy that an access entry is associated with, and where it holds.
///
/// An entry has each policy at most once; associating it again replaces the scope.
/// Source: EKS User Guide, "Associate access policies with access entries".
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct PolicyAssociation {
    /// `arn:PARTITION:eks::aws:cluster-access-policy/NAME`.
    pub policy_arn: Arn,
    /// Where it holds.
    pub access_scope: AccessScope,
}

/// The counterpart of the group `system:masters`.
pub const CLUSTER_ADMIN: &str = "AmazonEKSClusterAdminPolicy";
/// What the role of Auto Mode nodes needs beside the type `EC2`.
pub const AUTO_NODE: &str = "AmazonEKSAutoNodePolicy";

/// What AWS Batch's entry needs for the namespace of each compute environment, and does not get by itself.
pub const BATCH_NAMESPACE: &str = "AWSBatchNamespacePolicy";

/// The ARN of an AWS-made access policy in a partition.
///
/// A policy ARN of another partition than the cluster's is refused.
/// Source: Service Authorization Reference, "Amazon EKS", resource type `access-policy`.
#[must_use]
pub fn policy_arn(partition: &str, name: &str) -> Arn {
    Arn {
        partition: partition.into(),
        service: "eks".into(),
        region: "".into(),
        account: "aws".into(),
        resource: format!("cluster-access-policy/{name}").into(),
    }
}

impl PolicyAssociation {
    /// A policy that holds in the whole cluster.
    #[must_use]
    pub fn cluster_wide(partition: &str, name: &str) -> Self {
        Self {
            policy_arn: policy_arn(partition, name),
            access_scope: AccessScope::cluster(),
        }
    }

    /// The policy's name, the last part of its ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        let resource = &self.policy_arn.resource;
        resource
            .rsplit_once('/')
            .map_or(resource.as_str(), |(_, name)| name)
    }

    /// The name, with its namespaces in brackets where it holds in those only.
    #[must_use]
    pub fn with_scope(&self) -> String {
        let (name, namespaces) = (self.name(), &self.access_scope.namespaces);
        if namespaces.is_empty() {
            name.to_owned()
        } else {
            format!("{name} [{}]", namespaces.join(", "))
        }
    }

    /// Whether this gives every right on everything, as `system:masters` does.
    #[must_use]
    pub fn is_cluster_admin(&self) -> bool {
        self.name() == CLUSTER_ADMIN && self.access_scope.kind == ScopeKind::Cluster
    }
}
