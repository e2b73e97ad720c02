//! A cluster that needs every kind of change, for runs in which something goes wrong.

use std::collections::BTreeMap;

use aws_auth_migrate::model::{
    AccessEntry, AuthenticationMode, EntryType, LiveEntry, PolicyAssociation,
};
use aws_auth_migrate::sandbox::{Seed, SeedEntry, UpdateTime};

use crate::apply::is_mutation;
use crate::support::{Tool, World, in_api_mode, role, seed};

/// How many principals of each kind there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Administrators, made with their policy.
    pub(crate) admins: usize,
    /// People, made without a policy.
    pub(crate) people: usize,
    /// Live entries whose groups differ and that have a policy too many.
    pub(crate) differing: usize,
    /// Live entries that are older than their principals.
    pub(crate) stale: usize,
    /// Nodes whose live entry has the wrong type.
    pub(crate) wrong_type: usize,
}

pub(crate) fn many(size: Size) -> Seed {
    let mut text = String::new();
    let mut names = Vec::new();
    let mut live = Vec::new();
    let mut add = |name: String, username: &str, groups: &str| {
        text.push_str(&format!(
            "- rolearn: {}\n  username: {username}\n  groups: {groups}\n",
            role(&name)
        ));
        names.push(role(&name));
    };
    let entry = |name: &str, groups: &[&str], policies: &[&str]| AccessEntry {
        principal_arn: role(name).parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some(name.to_owned()),
        kubernetes_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        tags: BTreeMap::new(),
        access_policies: policies
            .iter()
            .map(|policy| PolicyAssociation::cluster_wide("aws", policy))
            .collect(),
    };
    for index in 0..size.admins {
        let name = format!("admin{index}");
        add(name.clone(), &name, "[system:masters]");
    }
    for index in 0..size.people {
        let name = format!("dev{index}");
        add(name.clone(), &name, "[developers]");
    }
    for index in 0..size.differing {
        let name = format!("other{index}");
        add(name.clone(), &name, "[developers]");
        live.push((entry(&name, &["old"], &["AmazonEKSViewPolicy"]), false));
    }
    for index in 0..size.stale {
        let name = format!("stale{index}");
        add(name.clone(), &name, "[developers]");
        live.push((entry(&name, &["developers"], &[]), true));
    }
    for index in 0..size.wrong_type {
        let name = format!("node{index}");
        add(
            name.clone(),
            "system:node:{{EC2PrivateDNSName}}",
            "[system:bootstrappers, system:nodes]",
        );
        live.push((entry(&name, &[], &[]), false));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut seed = seed(&text, &names);
    if !live.is_empty() {
        seed = in_api_mode(seed);
    }
    seed.switch.takes = UpdateTime::Millis(50);
    for (entry, stale) in live {
        seed.entries.push(SeedEntry { entry, stale });
    }
    seed
}

pub(crate) fn update(world: &World) -> Tool {
    world
        .apply()
        .args(&["--on-existing", "update", "--request-timeout", "1s"])
}

/// What a cluster holds, without what differs from run to run.
pub(crate) fn end_state(world: &World) -> (AuthenticationMode, BTreeMap<String, AccessEntry>) {
    let plain = |live: LiveEntry| AccessEntry {
        tags: BTreeMap::new(),
        ..live.entry
    };
    let state = world.sandbox.state();
    let entries = state.entries.into_iter().map(plain);
    let entries = entries
        .map(|entry| (entry.principal_arn.to_string(), entry))
        .collect();
    (state.mode, entries)
}

/// Calls that changed something and were made more than once although they were answered.
pub(crate) fn repeated(world: &World) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for request in world.sandbox.requests() {
        if is_mutation(&request.operation) && request.status == Some(200) {
            let body: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
            let about = [&body["principalArn"], &body["policyArn"]].map(ToString::to_string);
            *counts
                .entry(format!("{} {} {about:?}", request.operation, request.path))
                .or_default() += 1;
        }
    }
    counts.retain(|_, count| *count > 1);
    counts.into_keys().collect()
}

/// What the requests of an operation asked for, in the order in which they came.
pub(crate) fn bodies(world: &World, operation: &str) -> impl Iterator<Item = serde_json::Value> {
    let requests = world.sandbox.requests().into_iter();
    let operation = operation.to_owned();
    requests
        .filter(move |request| request.operation == operation)
        .map(|request| serde_json::from_str(&request.body).unwrap_or_default())
}
