//! The calls that change something; each is made once, the writer decides about the next try.

use aws_sdk_eks::operation::RequestId;
use aws_sdk_eks::types::{
    AccessScopeType, AuthenticationMode as SdkMode, UpdateAccessConfigRequest, UpdateStatus,
};

use super::entries::{association, live_entry};
use super::{Aws, AwsError};
use super::{CallReply, EksApi, UpdateState};
use crate::model::access_policy::ScopeKind;
use crate::model::{AccessEntry, AccessScope, AuthenticationMode, LiveEntry, PolicyAssociation};
use crate::plan::{Action, ActionKind};

impl EksApi for Aws {
    async fn perform(
        &self,
        cluster: &str,
        action: &Action,
        token: &str,
    ) -> Result<CallReply, AwsError> {
        match &action.kind {
            ActionKind::UpdateAuthenticationMode { to, .. } => {
                self.update_mode(cluster, *to, token).await
            }
            ActionKind::CreateAccessEntry {
                principal_arn,
                entry_type,
                username,
                kubernetes_groups,
                tags,
            } => {
                let answer = self
                    .eks_once
                    .create_access_entry()
                    .cluster_name(cluster)
                    .principal_arn(principal_arn.to_string())
                    .r#type(entry_type.as_str())
                    .set_username(username.clone())
                    .set_kubernetes_groups(
                        (!kubernetes_groups.is_empty()).then(|| kubernetes_groups.clone()),
                    )
                    .set_tags((!tags.is_empty()).then(|| tags.clone().into_iter().collect()))
                    .client_request_token(token)
                    .send()
                    .await
                    .map_err(|error| AwsError::of("eks:CreateAccessEntry", &error))?;
                let noted = answered(&answer);
                Ok(CallReply {
                    entry: answer.access_entry.and_then(plain_entry),
                    ..noted
                })
            }
            ActionKind::UpdateAccessEntry {
                principal_arn,
                username,
                kubernetes_groups,
            } => {
                let answer = self
                    .eks_once
                    .update_access_entry()
                    .cluster_name(cluster)
                    .principal_arn(principal_arn.to_string())
                    .set_username(username.clone())
                    .set_kubernetes_groups(Some(kubernetes_groups.clone()))
                    .client_request_token(token)
                    .send()
                    .await
                    .map_err(|error| AwsError::of("eks:UpdateAccessEntry", &error))?;
                let noted = answered(&answer);
                Ok(CallReply {
                    entry: answer.access_entry.and_then(plain_entry),
                    ..noted
                })
            }
            ActionKind::DeleteAccessEntry { principal_arn } => {
                let answer = self
                    .eks_once
                    .delete_access_entry()
                    .cluster_name(cluster)
                    .principal_arn(principal_arn.to_string())
                    .send()
                    .await
                    .map_err(|error| AwsError::of("eks:DeleteAccessEntry", &error))?;
                Ok(answered(&answer))
            }
            ActionKind::AssociateAccessPolicy {
                principal_arn,
                policy_arn,
                access_scope,
            } => {
                let answer = self
                    .eks_once
                    .associate_access_policy()
                    .cluster_name(cluster)
                    .principal_arn(principal_arn.to_string())
                    .policy_arn(policy_arn.to_string())
                    .access_scope(sdk_scope(access_scope))
                    .send()
                    .await
                    .map_err(|error| AwsError::of("eks:AssociateAccessPolicy", &error))?;
                let policy = answer.associated_access_policy();
                Ok(CallReply {
                    association: policy.and_then(|policy| association(policy).ok()),
                    ..answered(&answer)
                })
            }
            ActionKind::DisassociateAccessPolicy {
                principal_arn,
                policy_arn,
            } => {
                let answer = self
                    .eks_once
                    .disassociate_access_policy()
                    .cluster_name(cluster)
                    .principal_arn(principal_arn.to_string())
                    .policy_arn(policy_arn.to_string())
                    .send()
                    .await
                    .map_err(|error| AwsError::of("eks:DisassociateAccessPolicy", &error))?;
                Ok(answered(&answer))
            }
        }
    }

    async fn describe(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Option<LiveEntry>, AwsError> {
        self.access_entry(cluster, principal).await
    }

    async fn list(&self, cluster: &str) -> Result<Vec<String>, AwsError> {
        self.access_entry_arns(cluster).await
    }

    async fn policies(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Option<Vec<PolicyAssociation>>, AwsError> {
        self.policies_of(cluster, principal).await
    }

    async fn mode(&self, cluster: &str) -> Result<(AuthenticationMode, String), AwsError> {
        let observed = self.describe_cluster(cluster).await?.cluster;
        let mode = observed
            .authentication_mode
            .unwrap_or(AuthenticationMode::ConfigMap);
        Ok((mode, observed.status.unwrap_or_default()))
    }

    async fn update_state(&self, cluster: &str, update: &str) -> Result<UpdateState, AwsError> {
        const OPERATION: &str = "eks:DescribeUpdate";
        let answer = self
            .eks
            .describe_update()
            .name(cluster)
            .update_id(update)
            .send()
            .await
            .map_err(|error| AwsError::of(OPERATION, &error))?;
        let update = answer
            .update
            .ok_or_else(|| AwsError::setting(OPERATION, "the answer contains no update"))?;
        let reasons: Vec<String> = update
            .errors()
            .iter()
            .map(|error| {
                let code = error.error_code().map_or("Unknown", |code| code.as_str());
                format!("{code}: {}", error.error_message().unwrap_or("no message"))
            })
            .collect();
        Ok(match update.status() {
            Some(UpdateStatus::Successful) => UpdateState::Successful,
            Some(UpdateStatus::Failed) => UpdateState::Failed { reasons },
            Some(UpdateStatus::Cancelled) => UpdateState::Cancelled { reasons },
            _ => UpdateState::InProgress,
        })
    }
}

impl Aws {
    async fn update_mode(
        &self,
        cluster: &str,
        to: AuthenticationMode,
        token: &str,
    ) -> Result<CallReply, AwsError> {
        let access = UpdateAccessConfigRequest::builder()
            .authentication_mode(SdkMode::from(to.as_str()))
            .build();
        let answer = self
            .eks_once
            .update_cluster_config()
            .name(cluster)
            .access_config(access)
            .client_request_token(token)
            .send()
            .await
            .map_err(|error| AwsError::of("eks:UpdateClusterConfig", &error))?;
        let update = answer
            .update()
            .and_then(|update| update.id())
            .map(ToOwned::to_owned);
        Ok(CallReply {
            update,
            ..answered(&answer)
        })
    }
}

fn sdk_scope(scope: &AccessScope) -> aws_sdk_eks::types::AccessScope {
    let kind = match scope.kind {
        ScopeKind::Cluster => AccessScopeType::Cluster,
        ScopeKind::Namespace => AccessScopeType::Namespace,
    };
    aws_sdk_eks::types::AccessScope::builder()
        .r#type(kind)
        .set_namespaces((!scope.namespaces.is_empty()).then(|| scope.namespaces.clone()))
        .build()
}

/// The entry of an answer; one that can't be understood is read later.
fn plain_entry(described: aws_sdk_eks::types::AccessEntry) -> Option<AccessEntry> {
    let live = live_entry(described, Vec::new());
    live.ok().map(|live| live.entry)
}

fn answered(output: &impl RequestId) -> CallReply {
    CallReply {
        request_id: output.request_id().map(ToOwned::to_owned),
        ..CallReply::default()
    }
}
