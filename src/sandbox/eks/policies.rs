//! Access policies and their associations.
//!
//! Source: EKS API Reference, `AssociateAccessPolicy`; EKS User Guide, "Associate access policies with access entries".

use serde_json::{Value, json};

use crate::model::access_policy::AUTO_NODE;
use crate::model::access_policy::{ScopeKind, policy_arn};
use crate::model::{AccessScope, Arn, EntryType, PolicyAssociation};
use crate::sandbox::aws::ErrorReply;
use crate::sandbox::clock::epoch;
use crate::sandbox::state::{Association, World};

use super::{Request, entries, errors, page, validate};

/// The policies there are, as EKS listed them in 2026.
const NAMES: [&str; 35] = [
    "AIDevOpsAgentAccessPolicy",
    "AWSBatchClusterPolicy",
    "AWSBatchNamespacePolicy",
    "AmazonAIOpsAssistantPolicy",
    "AmazonARCRegionSwitchScalingPolicy",
    "AmazonEKSACKPolicy",
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSArgoCDClusterPolicy",
    "AmazonEKSArgoCDPolicy",
    "AmazonEKSAutoNodePolicy",
    "AmazonEKSBlockStorageClusterPolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSComputeClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSEventPolicy",
    "AmazonEKSHybridPolicy",
    "AmazonEKSKROPolicy",
    "AmazonEKSLoadBalancingClusterPolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingClusterPolicy",
    "AmazonEKSNetworkingPolicy",
    "AmazonEKSPodIdentityPolicy",
    "AmazonEKSSecretAdminPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSViewPolicy",
    "AmazonEMRJobPolicy",
    "AmazonSagemakerHyperpodClusterPolicy",
    "AmazonSagemakerHyperpodControllerPolicy",
    "AmazonSagemakerHyperpodSpacePolicy",
    "AmazonSagemakerHyperpodSpaceTemplatePolicy",
    "AmazonSagemakerHyperpodSystemNamespacePolicy",
    "AmazonSagemakerHyperpodUserClusterPolicy",
];

/// Associates a policy; one that is associated already gets the new scope.
pub(super) fn associate(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let text = request.text("policyArn").unwrap_or_default();
    let policy = read_policy(text)?;
    let access_scope = read_scope(request.body.get("accessScope"))?;
    // AWS Batch's own guide associates a policy with the entry of its service-linked role.
    validate::principal(request.principal())?;
    let now = world.now();
    let (cluster, key) = entries::visible(world, request)?;
    let known = NAMES
        .iter()
        .any(|name| policy_arn(&cluster.seed.partition, name) == policy);
    let name = cluster.seed.name.clone();
    let entry = cluster.entries.get_mut(&key).ok_or_else(errors::no_entry)?;
    let auto_node = entry.entry_type == EntryType::Ec2 && text.ends_with(AUTO_NODE);
    if entry.entry_type != EntryType::Standard && !auto_node {
        return Err(errors::invalid_request(
            "This operation can only be performed on Access Entries with a type of \"STANDARD\"",
        ));
    }
    if !known {
        return Err(errors::no_policy());
    }
    let old = entry
        .policies
        .iter()
        .position(|held| held.policy.policy_arn == policy);
    let associated_at = old.map_or(now, |at| entry.policies.remove(at).associated_at);
    let made = Association {
        policy: PolicyAssociation {
            policy_arn: policy,
            access_scope,
        },
        associated_at,
        modified_at: now,
    };
    let answer = json!({
        "clusterName": name,
        "principalArn": key,
        "associatedAccessPolicy": show(&made),
    });
    entry.policies.push(made);
    Ok(answer)
}

pub(super) fn disassociate(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let policy = read_policy(request.segment(5))?;
    let (cluster, key) = entries::visible(world, request)?;
    let entry = cluster.entries.get_mut(&key).ok_or_else(errors::no_entry)?;
    let at = entry
        .policies
        .iter()
        .position(|held| held.policy.policy_arn == policy);
    entry.policies.remove(at.ok_or_else(errors::no_policy)?);
    Ok(json!({}))
}

pub(super) fn list_associated(
    world: &mut World,
    request: &Request<'_>,
) -> Result<Value, ErrorReply> {
    let cap = world.limits.page_size;
    let (cluster, key) = entries::visible(world, request)?;
    let held = &cluster.entries[&key].policies;
    let mut arns: Vec<String> = held
        .iter()
        .map(|held| held.policy.policy_arn.to_string())
        .collect();
    arns.sort();
    let show = |arn: &str| {
        let found = held
            .iter()
            .find(|held| held.policy.policy_arn.to_string() == arn);
        found.map_or(Value::Null, show)
    };
    let mut answer = page::of(request, cap, "associatedAccessPolicies", &arns, show)?;
    answer["clusterName"] = cluster.seed.name.clone().into();
    answer["principalArn"] = key.into();
    Ok(answer)
}

pub(super) fn list(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let partition = &request.credential.identity.principal.partition;
    let names: Vec<String> = NAMES.iter().map(|&name| name.to_owned()).collect();
    let show = |name: &str| json!({ "name": name, "arn": policy_arn(partition, name).to_string() });
    page::of(
        request,
        world.limits.page_size,
        "accessPolicies",
        &names,
        show,
    )
}

fn read_policy(text: &str) -> Result<Arn, ErrorReply> {
    let found: Option<Arn> = text.parse().ok();
    found
        .filter(|arn| {
            arn.service == "eks"
                && arn.region.is_empty()
                && arn.account == "aws"
                && arn.resource.starts_with("cluster-access-policy/")
        })
        .ok_or_else(|| errors::invalid_parameter("The policyArn parameter format is not valid"))
}

fn read_scope(value: Option<&Value>) -> Result<AccessScope, ErrorReply> {
    let scope = value.and_then(|value| serde_json::from_value::<AccessScope>(value.clone()).ok());
    // Invented: the words for a scope of no known kind are not published.
    let scope =
        scope.ok_or_else(|| errors::invalid_parameter("The accessScope parameter is not valid"))?;
    match scope.kind {
        ScopeKind::Namespace if scope.namespaces.is_empty() => Err(errors::invalid_parameter(
            "At least 1 namespace must be provided if the type is set as namespace",
        )),
        ScopeKind::Cluster if !scope.namespaces.is_empty() => Err(errors::invalid_parameter(
            "accessScope should not include namespaces if the type is not set as namespace",
        )),
        _ => Ok(scope),
    }
}

fn show(held: &Association) -> Value {
    json!({
        "policyArn": held.policy.policy_arn.to_string(),
        "accessScope": held.policy.access_scope,
        "associatedAt": epoch(held.associated_at),
        "modifiedAt": epoch(held.modified_at),
    })
}
