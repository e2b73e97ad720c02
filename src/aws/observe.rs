//! Reads the cluster: its mode, its live access entries, the roles of its managed nodes.

use aws_sdk_eks::types::{AmiTypes, ClusterStatus};
use aws_smithy_types::DateTime;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{Aws, AwsError};
use crate::model::access_policy::ScopeKind;
use crate::model::{
    AccessEntry, AccessScope, Arn, AuthenticationMode, Cluster, EntryType, LiveEntry,
    PolicyAssociation,
};
use crate::observed::{NodeOs, NodeRole, NodeRoleUser};

/// How many describing calls are made at a time.
const READS_AT_A_TIME: usize = 8;

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
    auto_mode_role: Option<String>,
}

impl Aws {
    /// Reads the cluster itself.
    pub async fn describe_cluster(&self, name: &str) -> Result<ObservedCluster, AwsError> {
        const OPERATION: &str = "eks:DescribeCluster";
        let answer = self
            .eks
            .describe_cluster()
            .name(name)
            .send()
            .await
            .map_err(|error| AwsError::of(OPERATION, &error))?;
        let cluster = answer
            .cluster
            .ok_or_else(|| AwsError::setting(OPERATION, "the answer holds no cluster"))?;
        let arn: Option<Arn> = cluster.arn().and_then(|text| text.parse().ok());
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
                            "the cluster has the authentication mode `{other}`, which this version doesn't know"
                        ),
                    ));
                }
            },
        };
        let compute = cluster.compute_config();
        let certificate_authority = cluster
            .certificate_authority()
            .and_then(|authority| authority.data())
            .and_then(|text| STANDARD.decode(text.trim()).ok());
        Ok(ObservedCluster {
            endpoint: cluster.endpoint().map(ToOwned::to_owned),
            certificate_authority,
            auto_mode_role: compute
                .and_then(|compute| compute.node_role_arn())
                .map(ToOwned::to_owned),
            cluster: Cluster {
                name: Some(cluster.name().unwrap_or(name).to_owned()),
                region: Some(
                    arn.as_ref()
                        .map(|arn| arn.region.clone())
                        .filter(|region| !region.is_empty())
                        .unwrap_or_else(|| self.region().to_owned()),
                ),
                account_id: arn.as_ref().map(|arn| arn.account.clone()),
                partition: arn
                    .as_ref()
                    .map_or_else(|| "aws".to_owned(), |arn| arn.partition.clone()),
                arn: cluster.arn().map(ToOwned::to_owned),
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

    /// Reads every live access entry with its policies, page by page.
    pub async fn access_entries(&self, cluster: &str) -> Result<Vec<LiveEntry>, AwsError> {
        let arns: Vec<String> = self
            .eks
            .list_access_entries()
            .cluster_name(cluster)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| AwsError::of("eks:ListAccessEntries", &error))?;
        stream::iter(arns)
            .map(|arn| async move { self.access_entry(cluster, &arn).await })
            .buffered(READS_AT_A_TIME)
            // An entry that went away between the list and the look at it is no entry.
            .try_filter_map(|entry| async move { Ok(entry) })
            .try_collect()
            .await
    }

    /// Reads one access entry with its policies; `None` where there is none.
    pub async fn access_entry(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Option<LiveEntry>, AwsError> {
        const OPERATION: &str = "eks:DescribeAccessEntry";
        let answer = match self
            .eks
            .describe_access_entry()
            .cluster_name(cluster)
            .principal_arn(principal)
            .send()
            .await
            .map_err(|error| AwsError::of(OPERATION, &error))
        {
            Ok(answer) => answer,
            Err(error) if error.is_not_found() && !speaks_of_cluster(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(described) = answer.access_entry else {
            return Ok(None);
        };
        let policies = match self.associated_policies(cluster, principal).await {
            Ok(policies) => policies,
            Err(error) if error.is_not_found() && !speaks_of_cluster(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        live_entry(described, policies).map(Some)
    }

    async fn associated_policies(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Vec<PolicyAssociation>, AwsError> {
        const OPERATION: &str = "eks:ListAssociatedAccessPolicies";
        let associated: Vec<aws_sdk_eks::types::AssociatedAccessPolicy> = self
            .eks
            .list_associated_access_policies()
            .cluster_name(cluster)
            .principal_arn(principal)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| AwsError::of(OPERATION, &error))?;
        associated
            .into_iter()
            .map(|policy| {
                let text = policy.policy_arn().unwrap_or_default();
                let policy_arn = text.parse().map_err(|error| {
                    AwsError::setting(OPERATION, format!("the policy ARN `{text}` {error}"))
                })?;
                let scope = policy.access_scope();
                let kind = match scope
                    .and_then(|scope| scope.r#type())
                    .map(|kind| kind.as_str())
                {
                    Some("namespace") => ScopeKind::Namespace,
                    _ => ScopeKind::Cluster,
                };
                let namespaces = scope
                    .map(|scope| scope.namespaces().to_vec())
                    .unwrap_or_default();
                Ok(PolicyAssociation {
                    policy_arn,
                    access_scope: AccessScope { kind, namespaces },
                })
            })
            .collect()
    }

    /// Reads the roles that EKS itself gives to nodes: managed node groups, Fargate profiles, Auto Mode.
    pub async fn node_roles(&self, observed: &ObservedCluster) -> Result<Vec<NodeRole>, AwsError> {
        let cluster = observed.cluster.name.as_deref().unwrap_or_default();
        let mut roles = self.node_group_roles(cluster).await?;
        roles.extend(self.fargate_roles(cluster).await?);
        if let Some(role_arn) = observed
            .auto_mode_role
            .as_deref()
            .and_then(|text| text.parse().ok())
        {
            roles.push(NodeRole {
                role_arn,
                user: NodeRoleUser::AutoMode,
            });
        }
        Ok(roles)
    }

    async fn node_group_roles(&self, cluster: &str) -> Result<Vec<NodeRole>, AwsError> {
        const OPERATION: &str = "eks:DescribeNodegroup";
        let names: Vec<String> = self
            .eks
            .list_nodegroups()
            .cluster_name(cluster)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| AwsError::of("eks:ListNodegroups", &error))?;
        stream::iter(names)
            .map(|name| async move {
                let answer = self
                    .eks
                    .describe_nodegroup()
                    .cluster_name(cluster)
                    .nodegroup_name(&name)
                    .send()
                    .await
                    .map_err(|error| AwsError::of(OPERATION, &error))?;
                let group = answer.nodegroup();
                let role_arn = group
                    .and_then(|group| group.node_role())
                    .and_then(|text| text.parse().ok());
                let os = match group
                    .and_then(|group| group.ami_type())
                    .map(AmiTypes::as_str)
                {
                    Some(ami) if ami.starts_with("WINDOWS_") => NodeOs::Windows,
                    Some("CUSTOM") | None => NodeOs::Unknown,
                    Some(_) => NodeOs::Linux,
                };
                Ok(role_arn.map(|role_arn| NodeRole {
                    role_arn,
                    user: NodeRoleUser::NodeGroup { name, os },
                }))
            })
            .buffered(READS_AT_A_TIME)
            .try_filter_map(|role| async move { Ok(role) })
            .try_collect()
            .await
    }

    async fn fargate_roles(&self, cluster: &str) -> Result<Vec<NodeRole>, AwsError> {
        const OPERATION: &str = "eks:DescribeFargateProfile";
        let names: Vec<String> = self
            .eks
            .list_fargate_profiles()
            .cluster_name(cluster)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| AwsError::of("eks:ListFargateProfiles", &error))?;
        stream::iter(names)
            .map(|name| async move {
                let answer = self
                    .eks
                    .describe_fargate_profile()
                    .cluster_name(cluster)
                    .fargate_profile_name(&name)
                    .send()
                    .await
                    .map_err(|error| AwsError::of(OPERATION, &error))?;
                let role_arn = answer
                    .fargate_profile()
                    .and_then(|profile| profile.pod_execution_role_arn())
                    .and_then(|text| text.parse().ok());
                Ok(role_arn.map(|role_arn| NodeRole {
                    role_arn,
                    user: NodeRoleUser::FargateProfile { name },
                }))
            })
            .buffered(READS_AT_A_TIME)
            .try_filter_map(|role| async move { Ok(role) })
            .try_collect()
            .await
    }
}

/// A 404 is about the entry or about the cluster; only the text tells.
fn speaks_of_cluster(error: &AwsError) -> bool {
    error
        .message()
        .is_some_and(|message| message.starts_with("No cluster found"))
}

fn live_entry(
    described: aws_sdk_eks::types::AccessEntry,
    access_policies: Vec<PolicyAssociation>,
) -> Result<LiveEntry, AwsError> {
    let text = described.principal_arn.unwrap_or_default();
    let principal_arn = text.parse().map_err(|error| {
        AwsError::setting(
            "eks:DescribeAccessEntry",
            format!("the principal's ARN `{text}` {error}"),
        )
    })?;
    Ok(LiveEntry {
        entry: AccessEntry {
            principal_arn,
            entry_type: EntryType::from(described.r#type.unwrap_or_else(|| "STANDARD".to_owned())),
            username: described.username,
            kubernetes_groups: described.kubernetes_groups.unwrap_or_default(),
            tags: described.tags.unwrap_or_default().into_iter().collect(),
            access_policies,
        },
        access_entry_arn: described.access_entry_arn,
        created_at: described.created_at.and_then(timestamp),
        modified_at: described.modified_at.and_then(timestamp),
    })
}

/// The SDK's time as ours; `None` where it lies outside of what a timestamp can hold.
pub(super) fn timestamp(time: DateTime) -> Option<Timestamp> {
    let nanoseconds = i32::try_from(time.subsec_nanos()).ok()?;
    Timestamp::new(time.secs(), nanoseconds).ok()
}
