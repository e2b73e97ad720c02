//! The cluster and how it decides who may log in.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a cluster decides who may log in.
///
/// Moves one way only, `CONFIG_MAP` to `API_AND_CONFIG_MAP` to `API`, one step at a time; EKS can't turn
/// access entries off again.
/// Source: EKS User Guide, "Grant IAM users and roles access to Kubernetes APIs".
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuthenticationMode {
    /// `aws-auth` only.
    ConfigMap,
    /// Access entries first, then `aws-auth`.
    ApiAndConfigMap,
    /// Access entries only.
    Api,
}

impl AuthenticationMode {
    /// The API's own word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigMap => "CONFIG_MAP",
            Self::ApiAndConfigMap => "API_AND_CONFIG_MAP",
            Self::Api => "API",
        }
    }

    /// Whether the cluster has access entries.
    #[must_use]
    pub fn has_access_entries(self) -> bool {
        self != Self::ConfigMap
    }

    /// Whether the cluster still reads `aws-auth`.
    #[must_use]
    pub fn reads_config_map(self) -> bool {
        self != Self::Api
    }
}

impl fmt::Display for AuthenticationMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known of the cluster; offline, what the command line assumes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// The name, absent where an offline plan was given none.
    pub name: Option<String>,
    /// `arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME`.
    pub arn: Option<String>,
    /// When it was made; another one may have had its name before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The AWS region.
    pub region: Option<String>,
    /// The 12-digit account id.
    #[schemars(extend("pattern" = "^[0-9]{12}$"))]
    pub account_id: Option<String>,
    /// `aws`, `aws-cn`, ...
    pub partition: String,
    /// How it decides who may log in; absent offline.
    pub authentication_mode: Option<AuthenticationMode>,
    /// `eks.9` and the like.
    pub platform_version: Option<String>,
    /// The Kubernetes version, such as `1.29`.
    #[serde(default)]
    pub kubernetes_version: Option<String>,
    /// `ACTIVE`, `UPDATING`, ...
    #[serde(default)]
    pub status: Option<String>,
    /// Whether EKS Auto Mode is on.
    #[serde(default)]
    pub auto_mode: bool,
    /// Whether remote networks are set, without which there are no hybrid nodes.
    #[serde(default)]
    pub hybrid_nodes: bool,
    /// Whether it is a local cluster on AWS Outposts, which does not support access entries.
    #[serde(default)]
    pub outpost: bool,
}

/// Which cluster, of all there are and were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterId {
    /// The 12-digit account id.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// The cluster's name.
    pub name: String,
    /// When it was made, as EKS says; not written down.
    #[serde(skip)]
    pub created_at: Option<Timestamp>,
}

#[cfg(test)]
impl ClusterId {
    /// The cluster that tests are about.
    pub(crate) fn shop() -> Self {
        Self {
            account_id: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            name: "shop".to_owned(),
            created_at: None,
        }
    }
}
