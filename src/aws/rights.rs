//! What the caller may do: reads are tried, changes are simulated by IAM, and what neither shows stays unknown.

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};

use super::{Aws, AwsError};

/// A name that nothing has: IAM and EKS decide about rights before they look for it.
const NOBODY: &str = "aws-auth-migrate-preflight";

impl Aws {
    /// Tries a reading action on something that does not exist; `None` where the action is none of them, or the answer
    /// says nothing about rights.
    pub async fn may_read(&self, action: &str, cluster: &str, principal: &str) -> Option<bool> {
        let eks = &self.eks;
        match action {
            "eks:DescribeCluster" => tried(eks.describe_cluster().name(cluster).send().await),
            "eks:ListAccessEntries" => {
                tried(eks.list_access_entries().cluster_name(cluster).send().await)
            }
            "eks:ListNodegroups" => tried(eks.list_nodegroups().cluster_name(cluster).send().await),
            "eks:ListFargateProfiles" => tried(
                eks.list_fargate_profiles()
                    .cluster_name(cluster)
                    .send()
                    .await,
            ),
            "eks:DescribeUpdate" => {
                let call = eks.describe_update().name(cluster);
                let no_update = "00000000-0000-0000-0000-000000000000";
                tried(call.update_id(no_update).send().await)
            }
            "eks:DescribeAccessEntry" => {
                let call = eks.describe_access_entry().cluster_name(cluster);
                tried(call.principal_arn(principal).send().await)
            }
            "eks:ListAssociatedAccessPolicies" => {
                let call = eks.list_associated_access_policies().cluster_name(cluster);
                tried(call.principal_arn(principal).send().await)
            }
            "eks:DescribeNodegroup" => {
                let call = eks.describe_nodegroup().cluster_name(cluster);
                tried(call.nodegroup_name(NOBODY).send().await)
            }
            "eks:DescribeFargateProfile" => {
                let call = eks.describe_fargate_profile().cluster_name(cluster);
                tried(call.fargate_profile_name(NOBODY).send().await)
            }
            "iam:GetRole" => tried(self.iam.get_role().role_name(NOBODY).send().await),
            "iam:GetUser" => tried(self.iam.get_user().user_name(NOBODY).send().await),
            _ => None,
        }
    }

    /// Asks IAM whether a role or user may do something.
    ///
    /// IAM looks at the principal's own policies and boundary, not at policies of the organisation that it may not see.
    /// Source: IAM API Reference, `SimulatePrincipalPolicy`.
    pub async fn would_allow(
        &self,
        principal: &str,
        action: &str,
        resource: &str,
        context: Option<(&str, &str)>,
    ) -> Result<bool, AwsError> {
        const OPERATION: &str = "iam:SimulatePrincipalPolicy";
        let context = context.map(|(key, value)| {
            ContextEntry::builder()
                .context_key_name(key)
                .context_key_values(value)
                .context_key_type(ContextKeyTypeEnum::String)
                .build()
        });
        let answer = self
            .iam
            .simulate_principal_policy()
            .policy_source_arn(principal)
            .action_names(action)
            .resource_arns(resource)
            .set_context_entries(context.map(|entry| vec![entry]))
            .send()
            .await
            .map_err(|error| AwsError::of(OPERATION, &error))?;
        let decision = answer.evaluation_results().first();
        Ok(decision
            .is_some_and(|result| result.eval_decision == PolicyEvaluationDecisionType::Allowed))
    }
}

/// Refusals of a request that was allowed.
const TELLING: [&str; 4] = [
    "ResourceNotFoundException",
    "NoSuchEntity",
    "InvalidRequestException",
    "InvalidParameterException",
];

/// An answer, even that there is no such thing, comes only to whoever may ask.
fn tried<T, E>(
    answer: Result<
        T,
        aws_smithy_runtime_api::client::result::SdkError<
            E,
            aws_smithy_runtime_api::client::orchestrator::HttpResponse,
        >,
    >,
) -> Option<bool>
where
    E: std::error::Error
        + aws_smithy_types::error::metadata::ProvideErrorMetadata
        + Send
        + Sync
        + 'static,
{
    let Err(error) = answer else {
        return Some(true);
    };
    let error = AwsError::of("try", &error);
    if error.is_denied() {
        return Some(false);
    }
    error
        .code()
        .is_some_and(|code| TELLING.contains(&code))
        .then_some(true)
}
