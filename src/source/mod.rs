//! Where the text of `aws-auth` comes from: a ConfigMap, live or in a file.

pub mod cut;
pub mod manifest;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use serde::{Deserialize, Serialize};

use crate::digest::sha256_of_json;
use crate::finding::Diagnostic;
use crate::model::Section;
use crate::reader::{self, AwsAuthText, Reading, check_keys};

/// The ConfigMap's name.
pub const NAME: &str = "aws-auth";
/// The ConfigMap's namespace.
pub const NAMESPACE: &str = "kube-system";
/// The field manager under which EKS writes the mappings of managed node groups and Fargate profiles.
pub const EKS_MANAGER: &str = "vpcLambda";

/// What of the ConfigMap matters, read from wherever it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AwsAuth {
    /// The whole of `data`.
    pub data: BTreeMap<String, String>,
    /// The keys of `binaryData`, which the cluster does not read.
    pub binary_keys: Vec<String>,
    /// The resourceVersion, where the ConfigMap came from a cluster.
    pub resource_version: Option<String>,
    /// When EKS itself last wrote it, for managed node groups and Fargate profiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by_eks: Option<jiff::Timestamp>,
}

impl AwsAuth {
    /// The values that hold mappings.
    #[must_use]
    pub fn text(&self) -> AwsAuthText {
        let value = |section: Section| self.data.get(section.key()).cloned();
        AwsAuthText {
            map_roles: value(Section::MapRoles),
            map_users: value(Section::MapUsers),
            map_accounts: value(Section::MapAccounts),
        }
    }

    /// Reads the mappings.
    #[must_use]
    pub fn read(&self) -> Reading {
        let value = |section: Section| self.data.get(section.key()).map(String::as_str);
        reader::read_each(value)
    }

    /// A fingerprint of the three values: the same text always has the same.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let values: Vec<Option<&String>> = Section::ALL
            .into_iter()
            .map(|section| self.data.get(section.key()))
            .collect();
        sha256_of_json(&values)
    }

    /// What there is to say about keys that the cluster does not read.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        check_keys(
            self.data.keys().map(String::as_str),
            self.binary_keys.iter().map(String::as_str),
        )
    }
}

impl From<ConfigMap> for AwsAuth {
    fn from(config_map: ConfigMap) -> Self {
        let fields = config_map.metadata.managed_fields.iter().flatten();
        let of_eks = fields.filter(|field| field.manager.as_deref() == Some(EKS_MANAGER));
        let written_by_eks = of_eks
            .filter_map(|field| Some(field.time.as_ref()?.0))
            .max();
        Self {
            written_by_eks,
            data: config_map.data.unwrap_or_default(),
            binary_keys: config_map
                .binary_data
                .unwrap_or_default()
                .into_keys()
                .collect(),
            resource_version: config_map.metadata.resource_version,
        }
    }
}
