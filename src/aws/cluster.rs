//! Reads the cluster itself: its mode, its versions, the way to its Kubernetes API.

use aws_sdk_eks::types::ClusterStatus;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::time::timestamp;
use super::{Aws, AwsError};
use crate::model::{Arn, AuthenticationMode, Cluster};

/// A cluster with the way to its Kubernetes API.
#[derive(Debug, Clone)]
pub struct ObservedCluster {
    /// What a plan needs to know.
    pub cluster: Cluster,
    /// The URL of the Kubernetes API.
    pub endpoint: Option<String>,
    /// Its certificate authority, as PEM.
    pub certificate_authority: Option<Vec<u8>>,
    /// The node role of Auto Mode's built-in node pools.
    pub(super) auto_mode_role: Option<String>,
}

const OPERATION: &str = "eks:DescribeCluster";

impl Aws {
    /// The ARN of the cluster in an answer, which has to be the one that was asked for: what follows goes by it, the
    /// token for the Kubernetes API among it.
    fn same_cluster(
        &self,
        name: &str,
        cluster: &aws_sdk_eks::types::Cluster,
    ) -> Result<Arn, AwsError> {
        let region = self.region();
        let other = |answered: &str| {
            AwsError::strange(
                OPERATION,
                format!(
                    "asked for the cluster `{name}` in {region}, but the answer is about `{answered}`"
                ),
            )
        };
        let answered = cluster.name().unwrap_or_default();
        if answered != name {
            return Err(other(answered));
        }
        let text = cluster.arn().unwrap_or_default();
        let arn: Arn = text.parse().map_err(|_| other(text))?;
        let is_same = arn.service == "eks"
            && arn.region == region
            && arn.resource == format!("cluster/{name}");
        if is_same { Ok(arn) } else { Err(other(text)) }
    }

    /// Reads the cluster itself.
    pub async fn describe_cluster(&self, name: &str) -> Result<ObservedCluster, AwsError> {
        let answer = self
            .eks
            .describe_cluster()
            .name(name)
            .send()
            .await
            .map_err(|error| AwsError::of(OPERATION, &error))?;
        let cluster = answer
            .cluster
            .ok_or_else(|| AwsError::strange(OPERATION, "the answer contains no cluster"))?;
        let arn = self.same_cluster(name, &cluster)?;
        let mode = match cluster
            .access_config()
            .and_then(|config| config.authentication_mode())
        {
            None => AuthenticationMode::ConfigMap,
            Some(mode) => match mode.as_str() {
                "CONFIG_MAP" => AuthenticationMode::ConfigMap,
                "API_AND_CONFIG_MAP" => AuthenticationMode::ApiAndConfigMap,
                "API" => AuthenticationMode::Api,
                other => {
                    return Err(AwsError::setting(
                        OPERATION,
                        format!(
                            "the cluster has the authentication mode `{other}`, which this version does not support"
                        ),
                    ));
                }
            },
        };
        let compute = cluster.compute_config();
        let certificate_authority = cluster
            .certificate_authority()
            .and_then(|authority| authority.data())
            .map(|text| STANDARD.decode(text.trim()))
            .transpose()
            .map_err(|_| {
                AwsError::strange(
                    OPERATION,
                    "the cluster's certificate authority is not base64",
                )
            })?;
        Ok(ObservedCluster {
            endpoint: cluster.endpoint().map(ToOwned::to_owned),
            certificate_authority,
            auto_mode_role: compute
                .and_then(|compute| compute.node_role_arn())
                .map(ToOwned::to_owned),
            cluster: Cluster {
                name: Some(name.to_owned()),
                region: Some(arn.region.to_string()),
                account_id: Some(arn.account.to_string()),
                partition: arn.partition.to_string(),
                arn: Some(arn.to_string()),
                created_at: cluster.created_at().copied().and_then(timestamp),
                authentication_mode: Some(mode),
                platform_version: cluster.platform_version().map(ToOwned::to_owned),
                kubernetes_version: cluster.version().map(ToOwned::to_owned),
                status: cluster
                    .status()
                    .map(ClusterStatus::as_str)
                    .map(ToOwned::to_owned),
                auto_mode: compute
                    .and_then(|compute| compute.enabled())
                    .unwrap_or(false),
                hybrid_nodes: cluster.remote_network_config().is_some(),
                outpost: cluster.outpost_config().is_some(),
            },
        })
    }
}
