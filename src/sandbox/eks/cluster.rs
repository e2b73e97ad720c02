//! The cluster, and the updates of its authentication mode.
//!
//! Source: EKS API Reference, `DescribeCluster`, `UpdateClusterConfig`, `DescribeUpdate`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::model::AuthenticationMode;
use crate::sandbox::aws::ErrorReply;
use crate::sandbox::clock::epoch;
use crate::sandbox::invent;
use crate::sandbox::state::{ModeUpdate, World};

use super::{Request, entries, errors, page, switch};

pub(super) fn list(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let account = &request.credential.identity.principal.account;
    let own = world
        .clusters
        .values()
        .filter(|cluster| cluster.seed.account_id == *account)
        .filter(|cluster| cluster.seed.region == request.region);
    let mut names: Vec<String> = own.map(|cluster| cluster.seed.name.clone()).collect();
    names.sort();
    page::of(
        request,
        world.limits.page_size,
        "clusters",
        &names,
        |name| name.into(),
    )
}

pub(super) fn describe(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let cluster = request.cluster(world)?;
    let seed = &cluster.seed;
    let mut shown = json!({
        "name": seed.name,
        "arn": cluster.arn(),
        "createdAt": epoch(invent::CREATED),
        "version": seed.kubernetes_version,
        "endpoint": cluster.endpoint,
        "roleArn": format!("arn:{}:iam::{}:role/eks-cluster", seed.partition, seed.account_id),
        "status": cluster.status,
        "certificateAuthority": { "data": STANDARD.encode(&cluster.ca_pem) },
        "platformVersion": seed.platform_version,
        "tags": cluster.tags,
        "accessConfig": {
            "bootstrapClusterCreatorAdminPermissions": true,
            "authenticationMode": cluster.mode.as_str(),
        },
    });
    if seed.auto_mode {
        shown["computeConfig"] =
            json!({ "enabled": true, "nodePools": ["general-purpose", "system"] });
    }
    if seed.remote_network {
        shown["remoteNetworkConfig"] =
            json!({ "remoteNodeNetworks": [{ "cidrs": ["10.80.0.0/16"] }] });
    }
    if seed.outpost {
        shown["outpostConfig"] = json!({
            "outpostArns": [format!("arn:{}:outposts:{}:{}:outpost/op-0", seed.partition, seed.region, seed.account_id)],
            "controlPlaneInstanceType": "m5.large",
        });
    }
    Ok(json!({ "cluster": shown }))
}

pub(super) fn update_config(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let (now, id) = (world.now(), world.uuid());
    let cluster = request.cluster(world)?;
    if let Some(answer) = entries::replayed(cluster, request)? {
        return Ok(answer);
    }
    let asked = request.body.pointer("/accessConfig/authenticationMode");
    let target = asked
        .and_then(|mode| serde_json::from_value::<AuthenticationMode>(mode.clone()).ok())
        // Invented: the sandbox changes nothing but the mode.
        .ok_or_else(|| {
            errors::invalid_parameter("The type for cluster update was not provided.")
        })?;
    switch::check(cluster, target)?;
    let update = ModeUpdate {
        id,
        target,
        status: "InProgress",
        errors: Vec::new(),
        created_at: now,
        polls: 0,
    };
    let answer = json!({ "update": show(&update) });
    cluster.updates.push(update);
    "UPDATING".clone_into(&mut cluster.status);
    entries::remember(cluster, request, &answer);
    switch::settle(world);
    Ok(answer)
}

pub(super) fn describe_update(
    world: &mut World,
    request: &Request<'_>,
) -> Result<Value, ErrorReply> {
    let id = request.segment(3).to_owned();
    let cluster = request.cluster(world)?;
    let missing = || errors::not_found(format!("No update found for ID: {id}"));
    let update = cluster.updates.iter_mut().find(|update| update.id == id);
    update.ok_or_else(missing)?.polls += 1;
    switch::settle(world);
    let cluster = request.cluster(world)?;
    let update = cluster.updates.iter().find(|update| update.id == id);
    Ok(json!({ "update": show(update.ok_or_else(missing)?) }))
}

pub(super) fn list_updates(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let cap = world.limits.page_size;
    let cluster = request.cluster(world)?;
    let mut ids: Vec<String> = cluster
        .updates
        .iter()
        .map(|update| update.id.clone())
        .collect();
    ids.sort();
    page::of(request, cap, "updateIds", &ids, |name| name.into())
}

fn show(update: &ModeUpdate) -> Value {
    let errors: Vec<Value> = update
        .errors
        .iter()
        .map(|(code, message)| json!({ "errorCode": code, "errorMessage": message, "resourceIds": [] }))
        .collect();
    json!({
        "id": update.id,
        "status": update.status,
        "type": "AccessConfigUpdate",
        // The value is JSON within JSON.
        "params": [{ "type": "AuthenticationMode", "value": format!("\"{}\"", update.target) }],
        "createdAt": epoch(update.created_at),
        "errors": errors,
    })
}
