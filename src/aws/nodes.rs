//! Reads the roles that EKS itself gives to nodes.

use aws_sdk_eks::types::AmiTypes;

use super::cluster::ObservedCluster;
use super::concurrently::describe_each;
use super::pages;
use super::{Aws, AwsError};
use crate::observed::{NodeOs, NodeRole, NodeRoleUser};
use crate::together::both;

impl Aws {
    /// Reads the roles that EKS itself gives to nodes: managed node groups, Fargate profiles, Auto Mode.
    pub async fn node_roles(&self, observed: &ObservedCluster) -> Result<Vec<NodeRole>, AwsError> {
        let cluster = observed.cluster.name.as_deref().unwrap_or_default();
        let node_groups = self.node_group_roles(cluster);
        let (mut roles, fargate) = both(node_groups, self.fargate_roles(cluster)).await?;
        roles.extend(fargate);
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
        let pages = self
            .eks
            .list_nodegroups()
            .cluster_name(cluster)
            .into_paginator()
            .send();
        let names = pages::all("eks:ListNodegroups", pages, |page| {
            page.nodegroups.unwrap_or_default()
        })
        .await?;
        describe_each(names, |name| async move {
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
        .await
    }

    async fn fargate_roles(&self, cluster: &str) -> Result<Vec<NodeRole>, AwsError> {
        const OPERATION: &str = "eks:DescribeFargateProfile";
        let pages = self
            .eks
            .list_fargate_profiles()
            .cluster_name(cluster)
            .into_paginator()
            .send();
        let names = pages::all("eks:ListFargateProfiles", pages, |page| {
            page.fargate_profile_names.unwrap_or_default()
        })
        .await?;
        describe_each(names, |name| async move {
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
        .await
    }
}
