//! Access entries.
//!
//! Source: EKS API Reference, `CreateAccessEntry`, `UpdateAccessEntry`; EKS User Guide, "Create access entries".

use serde_json::{Value, json};

use crate::model::{EntryType, Principal, PrincipalKind};
use crate::sandbox::aws::ErrorReply;
use crate::sandbox::clock::epoch;
use crate::sandbox::percent;
use crate::sandbox::seed::ClusterSeed;
use crate::sandbox::state::{ClusterState, Entry, World};

use super::{Request, errors, page, validate};

pub(super) fn create(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let asked = EntryRequest::read(request)?;
    if !asked.tags.is_empty() {
        let entry = request.new_entry(world);
        request.authorize(world, "TagResource", &entry)?;
    }
    if matches!(
        asked.entry_type,
        EntryType::Ec2Linux | EntryType::Ec2Windows
    ) {
        request.authorize(world, "iam:PassRole", &asked.principal.to_string())?;
    }
    let (now, id, limits) = (world.now(), world.uuid(), world.limits.clone());
    let arn = asked.principal.to_string();
    let unique_id = world.principal(&arn).map(|known| known.unique_id.clone());
    let cluster = request.entry_cluster(world)?;
    if let Some(answer) = replayed(cluster, request)? {
        return Ok(answer);
    }
    if cluster.entries.contains_key(&arn) {
        return Err(errors::in_use(
            "The specified access entry resource is already in use on this cluster.",
        ));
    }
    let unique_id = unique_id.ok_or_else(|| {
        errors::invalid_parameter("The specified principalArn is invalid: invalid principal.")
    })?;
    if cluster.entries.len() >= limits.entries {
        // The class is modelled; the words are invented.
        return Err(ErrorReply::new(
            400,
            "ResourceLimitExceededException",
            format!(
                "The limit of {} access entries per cluster is reached",
                limits.entries
            ),
        ));
    }
    let entry = Entry {
        username: asked
            .username
            .unwrap_or_else(|| default_username(&asked.principal, &asked.entry_type)),
        groups: shown_groups(&asked.entry_type, asked.groups),
        arn: entry_arn(&cluster.seed, &asked.principal, &id),
        principal: asked.principal,
        unique_id,
        entry_type: asked.entry_type,
        tags: asked.tags,
        policies: Vec::new(),
        created_at: now,
        modified_at: now,
        hidden_reads: limits.propagation_reads,
    };
    let answer = json!({ "accessEntry": show(cluster, &entry) });
    cluster.entries.insert(arn, entry);
    remember(cluster, request, &answer);
    Ok(answer)
}

pub(super) fn describe(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let (cluster, key) = visible(world, request)?;
    Ok(json!({ "accessEntry": show(cluster, &cluster.entries[&key]) }))
}

/// Sets username and groups; what is left out goes back to what EKS would have set.
pub(super) fn update(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let username = request.text("username").filter(|name| !name.is_empty());
    if let Some(name) = username {
        validate::username(name)?;
    }
    let groups = validate::groups(request.body.get("kubernetesGroups"))?;
    let now = world.now();
    let (cluster, key) = visible(world, request)?;
    if let Some(answer) = replayed(cluster, request)? {
        return Ok(answer);
    }
    let entry = cluster.entries.get_mut(&key).ok_or_else(errors::no_entry)?;
    validate::only_standard(&entry.entry_type, username.is_some(), !groups.is_empty())?;
    entry.username = username.map_or_else(
        || default_username(&entry.principal, &entry.entry_type),
        str::to_owned,
    );
    entry.groups = shown_groups(&entry.entry_type, groups);
    entry.modified_at = now;
    let answer = json!({ "accessEntry": show(cluster, &cluster.entries[&key]) });
    remember(cluster, request, &answer);
    Ok(answer)
}

pub(super) fn delete(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let principal = validate::principal(request.principal())?;
    validate::not_service_linked(&principal)?;
    let cluster = request.entry_cluster(world)?;
    let removed = cluster.entries.remove(request.principal());
    removed.map(|_| json!({})).ok_or_else(errors::no_entry)
}

pub(super) fn list(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let cap = world.limits.page_size;
    let cluster = request.entry_cluster(world)?;
    let policy = percent::value(&request.pairs, "associatedPolicyArn");
    let mut keys = Vec::new();
    for (key, entry) in &mut cluster.entries {
        if entry.hidden_reads > 0 {
            entry.hidden_reads -= 1;
            continue;
        }
        let has = |arn: &str| {
            let held = entry.policies.iter();
            held.map(|held| &held.policy.policy_arn)
                .any(|held| held.to_string() == arn)
        };
        if policy.is_none_or(has) {
            keys.push(key.clone());
        }
    }
    page::of(request, cap, "accessEntries", &keys, |name| name.into())
}

/// What a `CreateAccessEntry` asks for, checked as far as it goes without the cluster.
struct EntryRequest {
    principal: Principal,
    entry_type: EntryType,
    username: Option<String>,
    groups: Vec<String>,
    tags: std::collections::BTreeMap<String, String>,
}

impl EntryRequest {
    fn read(request: &Request<'_>) -> Result<Self, ErrorReply> {
        let text = request.text("principalArn").unwrap_or_default();
        let principal = validate::principal(text)?;
        let username = request.text("username").filter(|name| !name.is_empty());
        if let Some(name) = username {
            validate::username(name)?;
        }
        let groups = validate::groups(request.body.get("kubernetesGroups"))?;
        validate::not_service_linked(&principal)?;
        let entry_type = validate::entry_type(request.text("type"))?;
        let account = &request.credential.identity.principal.account;
        validate::type_of_principal(&entry_type, &principal, account)?;
        validate::only_standard(&entry_type, username.is_some(), !groups.is_empty())?;
        Ok(Self {
            username: username.map(str::to_owned),
            tags: validate::tags(request.body.get("tags"))?,
            principal,
            entry_type,
            groups,
        })
    }
}

/// The cluster and the key of the entry in the path; a new entry is not seen by the first reads.
pub(super) fn visible<'w>(
    world: &'w mut World,
    request: &Request<'_>,
) -> Result<(&'w mut ClusterState, String), ErrorReply> {
    validate::principal(request.principal())?;
    let cluster = request.entry_cluster(world)?;
    let key = request.principal().to_owned();
    let entry = cluster.entries.get_mut(&key).ok_or_else(errors::no_entry)?;
    if entry.hidden_reads > 0 {
        entry.hidden_reads -= 1;
        return Err(errors::no_entry());
    }
    Ok((cluster, key))
}

/// The answer given before to the same request token.
///
/// Invented: EKS documents that the token makes a request safe to repeat, not what it answers.
pub(super) fn replayed(
    cluster: &ClusterState,
    request: &Request<'_>,
) -> Result<Option<Value>, ErrorReply> {
    let Some(token) = request.text("clientRequestToken") else {
        return Ok(None);
    };
    let key = (replay_key(request), token.to_owned());
    match cluster.replays.get(&key) {
        None => Ok(None),
        Some((parameters, answer)) if *parameters == request.body => Ok(Some(answer.clone())),
        Some(_) => Err(errors::token_reused()),
    }
}

/// Keeps an answer for its request token.
pub(super) fn remember(cluster: &mut ClusterState, request: &Request<'_>, answer: &Value) {
    if let Some(token) = request.text("clientRequestToken") {
        let key = (replay_key(request), token.to_owned());
        cluster
            .replays
            .insert(key, (request.body.clone(), answer.clone()));
    }
}

fn replay_key(request: &Request<'_>) -> String {
    format!("{:?} {}", request.operation, request.principal())
}

/// The username that EKS sets.
///
/// Source: EKS User Guide, "Create access entries", step on the username.
pub(in crate::sandbox) fn default_username(
    principal: &Principal,
    entry_type: &EntryType,
) -> String {
    match (entry_type, principal.kind) {
        (
            EntryType::Ec2Linux | EntryType::Ec2Windows | EntryType::Ec2 | EntryType::HyperpodLinux,
            _,
        ) => "system:node:{{EC2PrivateDNSName}}".to_owned(),
        (EntryType::FargateLinux | EntryType::HybridLinux, _) => {
            "system:node:{{SessionName}}".to_owned()
        }
        (_, PrincipalKind::User) => principal.to_string(),
        (_, PrincipalKind::Role) => format!(
            "arn:{}:sts::{}:assumed-role/{}/{{{{SessionName}}}}",
            principal.partition, principal.account, principal.name
        ),
    }
}

/// The groups that EKS shows; published for `EC2_LINUX` only, the other node types are made alike.
pub(in crate::sandbox) fn shown_groups(entry_type: &EntryType, asked: Vec<String>) -> Vec<String> {
    match entry_type {
        EntryType::Ec2Windows => vec![
            "system:nodes".to_owned(),
            "eks:kube-proxy-windows".to_owned(),
        ],
        node if node.is_node() => vec!["system:nodes".to_owned()],
        _ => asked,
    }
}

/// The entry's own ARN, which leaves the principal's path out.
pub(in crate::sandbox) fn entry_arn(
    cluster: &ClusterSeed,
    principal: &Principal,
    id: &str,
) -> String {
    let kind = match principal.kind {
        PrincipalKind::Role => "role",
        PrincipalKind::User => "user",
    };
    format!(
        "arn:{}:eks:{}:{}:access-entry/{}/{kind}/{}/{}/{id}",
        cluster.partition,
        cluster.region,
        cluster.account_id,
        cluster.name,
        principal.account,
        principal.name
    )
}

fn show(cluster: &ClusterState, entry: &Entry) -> Value {
    json!({
        "clusterName": cluster.seed.name,
        "principalArn": entry.principal.to_string(),
        "kubernetesGroups": entry.groups,
        "accessEntryArn": entry.arn,
        "createdAt": epoch(entry.created_at),
        "modifiedAt": epoch(entry.modified_at),
        "tags": entry.tags,
        "username": entry.username,
        "type": entry.entry_type.as_str(),
    })
}
