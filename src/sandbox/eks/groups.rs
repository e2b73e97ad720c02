//! Managed node groups and Fargate profiles.

use serde_json::{Value, json};

use crate::sandbox::aws::ErrorReply;
use crate::sandbox::clock::epoch;
use crate::sandbox::invent;
use crate::sandbox::state::World;

use super::{Request, errors, page};

pub(super) fn list_node_groups(
    world: &mut World,
    request: &Request<'_>,
) -> Result<Value, ErrorReply> {
    let cap = world.limits.page_size;
    let groups = &request.cluster(world)?.node_groups;
    let mut names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    names.sort();
    page::of(request, cap, "nodegroups", &names, |name| name.into())
}

pub(super) fn describe_node_group(
    world: &mut World,
    request: &Request<'_>,
) -> Result<Value, ErrorReply> {
    let cluster = request.cluster(world)?;
    let name = request.segment(3);
    let group = cluster.node_groups.iter().find(|group| group.name == name);
    let group =
        group.ok_or_else(|| errors::not_found(format!("No node group found for name: {name}.")))?;
    let seed = &cluster.seed;
    Ok(json!({ "nodegroup": {
        "nodegroupName": name,
        "nodegroupArn": format!(
            "arn:{}:eks:{}:{}:nodegroup/{}/{name}/{}",
            seed.partition, seed.region, seed.account_id, seed.name, invent::uuid(name)
        ),
        "clusterName": seed.name,
        "version": seed.kubernetes_version,
        "createdAt": epoch(invent::CREATED),
        "modifiedAt": epoch(invent::CREATED),
        "status": "ACTIVE",
        "capacityType": "ON_DEMAND",
        "scalingConfig": { "minSize": 1, "maxSize": 3, "desiredSize": 1 },
        "amiType": group.ami_type,
        "nodeRole": group.node_role.to_string(),
        "health": { "issues": [] },
        "tags": {},
    } }))
}

pub(super) fn list_fargate_profiles(
    world: &mut World,
    request: &Request<'_>,
) -> Result<Value, ErrorReply> {
    let cap = world.limits.page_size;
    let profiles = &request.cluster(world)?.fargate_profiles;
    let mut names: Vec<String> = profiles
        .iter()
        .map(|profile| profile.name.clone())
        .collect();
    names.sort();
    page::of(request, cap, "fargateProfileNames", &names, |name| {
        name.into()
    })
}

pub(super) fn describe_fargate_profile(
    world: &mut World,
    request: &Request<'_>,
) -> Result<Value, ErrorReply> {
    let cluster = request.cluster(world)?;
    let name = request.segment(3);
    let profile = cluster
        .fargate_profiles
        .iter()
        .find(|profile| profile.name == name);
    let profile = profile
        .ok_or_else(|| errors::not_found(format!("No Fargate Profile found with name: {name}.")))?;
    let seed = &cluster.seed;
    Ok(json!({ "fargateProfile": {
        "fargateProfileName": name,
        "fargateProfileArn": format!(
            "arn:{}:eks:{}:{}:fargateprofile/{}/{name}/{}",
            seed.partition, seed.region, seed.account_id, seed.name, invent::uuid(name)
        ),
        "clusterName": seed.name,
        "createdAt": epoch(invent::CREATED),
        "podExecutionRoleArn": profile.pod_execution_role.to_string(),
        "subnets": [],
        "selectors": [{ "namespace": "default" }],
        "status": "ACTIVE",
        "tags": {},
    } }))
}
