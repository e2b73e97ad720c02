//! Reads the live access entries with their policies.

use std::future::Future;

use super::concurrently::describe_each;
use super::pages;
use super::time::timestamp;
use super::{Aws, AwsError};
use crate::model::access_policy::ScopeKind;
use crate::model::{AccessEntry, AccessScope, EntryType, LiveEntry, PolicyAssociation};
use crate::together::both;
use aws_sdk_eks::types::{AccessScopeType, AssociatedAccessPolicy};

impl Aws {
    /// Reads every live access entry with its policies, page by page.
    pub async fn access_entries(&self, cluster: &str) -> Result<Vec<LiveEntry>, AwsError> {
        let arns = self.access_entry_arns(cluster).await?;
        self.describe_entries(cluster, arns).await
    }

    /// Reads the listed access entries with their policies.
    pub async fn describe_entries(
        &self,
        cluster: &str,
        arns: Vec<String>,
    ) -> Result<Vec<LiveEntry>, AwsError> {
        // An entry that went away between the list and the look at it is no entry.
        describe_each(
            arns,
            |arn| async move { self.access_entry(cluster, &arn).await },
        )
        .await
    }

    /// Reads whose access entries there are, page by page.
    pub async fn access_entry_arns(&self, cluster: &str) -> Result<Vec<String>, AwsError> {
        let pages = self
            .eks
            .list_access_entries()
            .cluster_name(cluster)
            .into_paginator()
            .send();
        pages::all("eks:ListAccessEntries", pages, |page| {
            page.access_entries.unwrap_or_default()
        })
        .await
    }

    /// Reads one access entry with its policies; `None` where there is none.
    pub async fn access_entry(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Option<LiveEntry>, AwsError> {
        let described = there(self.described(cluster, principal));
        let policies = self.policies_of(cluster, principal);
        match Box::pin(both(described, policies)).await? {
            (Some(Some(described)), Some(policies)) => live_entry(described, policies).map(Some),
            _ => Ok(None),
        }
    }

    /// Lists the policies of an access entry; `None` where there is no entry.
    pub(super) async fn policies_of(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Option<Vec<PolicyAssociation>>, AwsError> {
        there(self.associated_policies(cluster, principal)).await
    }

    async fn described(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Option<aws_sdk_eks::types::AccessEntry>, AwsError> {
        const OPERATION: &str = "eks:DescribeAccessEntry";
        let answer = self
            .eks
            .describe_access_entry()
            .cluster_name(cluster)
            .principal_arn(principal)
            .send()
            .await
            .map_err(|error| AwsError::of(OPERATION, &error))?;
        Ok(answer.access_entry)
    }

    async fn associated_policies(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Vec<PolicyAssociation>, AwsError> {
        const OPERATION: &str = "eks:ListAssociatedAccessPolicies";
        let pages = self
            .eks
            .list_associated_access_policies()
            .cluster_name(cluster)
            .principal_arn(principal)
            .into_paginator()
            .send();
        let associated = pages::all(OPERATION, pages, |page| {
            page.associated_access_policies.unwrap_or_default()
        })
        .await?;
        associated.iter().map(association).collect()
    }
}

/// A policy that an entry is associated with.
pub(super) fn association(policy: &AssociatedAccessPolicy) -> Result<PolicyAssociation, AwsError> {
    const OPERATION: &str = "eks:ListAssociatedAccessPolicies";
    let text = policy.policy_arn().unwrap_or_default();
    let policy_arn = text.parse().map_err(|error| {
        AwsError::setting(OPERATION, format!("the policy ARN `{text}` {error}"))
    })?;
    let scope = policy.access_scope();
    let kind = match scope
        .and_then(|scope| scope.r#type())
        .map(AccessScopeType::as_str)
    {
        Some("namespace") => ScopeKind::Namespace,
        Some("cluster") | None => ScopeKind::Cluster,
        // Whoever takes it for another one gives or takes access.
        Some(other) => {
            return Err(AwsError::setting(
                OPERATION,
                format!("the access scope `{other}` of `{text}` is not supported by this version"),
            ));
        }
    };
    let namespaces = scope
        .map(|scope| scope.namespaces().to_vec())
        .unwrap_or_default();
    Ok(PolicyAssociation {
        policy_arn,
        access_scope: AccessScope { kind, namespaces },
    })
}

impl pages::Length for AssociatedAccessPolicy {
    fn bytes(&self) -> usize {
        let namespaces = self.access_scope().map(|scope| scope.namespaces());
        let namespaces = namespaces.into_iter().flatten().map(String::len);
        self.policy_arn().unwrap_or_default().len() + namespaces.sum::<usize>()
    }
}

/// What was read; `None` where there is no such entry.
async fn there<T>(read: impl Future<Output = Result<T, AwsError>>) -> Result<Option<T>, AwsError> {
    match read.await {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.is_not_found() && !speaks_of_cluster(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A 404 is about the entry or about the cluster; only the text says which.
fn speaks_of_cluster(error: &AwsError) -> bool {
    error
        .message()
        .is_some_and(|message| message.starts_with("No cluster found"))
}

pub(super) fn live_entry(
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
