//! The switch of the authentication mode: when it is allowed, when it is done, and what EKS does with it.
//!
//! Source: EKS User Guide, "Change authentication mode to use access entries" and "Setting up access entries".

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::{AccessEntry, Arn, AuthenticationMode, EntryType};
use crate::sandbox::aws::ErrorReply;
use crate::sandbox::limits::{UpdateEnd, UpdateTime};
use crate::sandbox::seed::{ClusterSeed, creator_entry};
use crate::sandbox::state::{ClusterState, ModeUpdate, World};

use super::errors;

/// Ends the updates whose time has come.
pub(in crate::sandbox) fn settle(world: &mut World) {
    let now = world.now();
    let names: Vec<String> = world.clusters.keys().cloned().collect();
    for name in names {
        let Some(cluster) = world.clusters.get_mut(&name) else {
            continue;
        };
        let takes = cluster.switch.takes;
        let due = cluster
            .updates
            .iter_mut()
            .find(|update| update.status == "InProgress" && is_due(update, takes, now));
        let Some(update) = due else {
            continue;
        };
        let mut entries = Vec::new();
        match cluster.switch.ends.clone() {
            UpdateEnd::Successful => {
                update.status = "Successful";
                let had_entries = cluster.mode.has_access_entries();
                cluster.mode = update.target;
                if !had_entries {
                    entries = entries_of_eks(cluster);
                }
            }
            UpdateEnd::Failed { code, message } => {
                update.status = "Failed";
                update.errors.push((code, message));
            }
            UpdateEnd::Cancelled => update.status = "Cancelled",
        }
        "ACTIVE".clone_into(&mut cluster.status);
        for entry in entries {
            let arn = entry.principal_arn.to_string();
            let known = world.principal(&arn).is_some();
            let free = !world.clusters[&name].entries.contains_key(&arn);
            if known && free {
                world.put_entry(&name, &entry);
            }
        }
    }
}

fn is_due(update: &ModeUpdate, takes: UpdateTime, now: Timestamp) -> bool {
    match takes {
        UpdateTime::Polls(polls) => update.polls >= polls,
        UpdateTime::Millis(millis) => {
            now.duration_since(update.created_at) >= SignedDuration::from_millis(i64::from(millis))
        }
    }
}

/// The entries that EKS makes itself when a cluster gets access entries: for its creator, its managed node groups and
/// its Fargate profiles.
///
/// Source: EKS User Guide, "Grant IAM users access to Kubernetes with EKS access entries" and "Create access entries".
fn entries_of_eks(cluster: &ClusterState) -> Vec<AccessEntry> {
    let entry = |arn: &Arn, entry_type| AccessEntry {
        principal_arn: arn.clone(),
        entry_type,
        username: None,
        kubernetes_groups: Vec::new(),
        tags: BTreeMap::new(),
        access_policies: Vec::new(),
    };
    let mut made = Vec::new();
    if cluster.switch.creator_entry {
        made.push(creator_entry(&cluster.creator, &cluster.seed.partition));
    }
    for group in cluster
        .node_groups
        .iter()
        .filter(|group| group.entry_at_switch)
    {
        // With a custom AMI EKS can't see the operating system and takes it for Linux.
        let windows = group.ami_type.starts_with("WINDOWS_");
        let entry_type = if windows {
            EntryType::Ec2Windows
        } else {
            EntryType::Ec2Linux
        };
        made.push(entry(&group.node_role, entry_type));
    }
    for profile in cluster
        .fargate_profiles
        .iter()
        .filter(|profile| profile.entry_at_switch)
    {
        made.push(entry(&profile.pod_execution_role, EntryType::FargateLinux));
    }
    made
}

/// Refuses a change that is not the next step of an idle cluster that is new enough.
pub(super) fn check(cluster: &ClusterState, target: AuthenticationMode) -> Result<(), ErrorReply> {
    use AuthenticationMode::{Api, ApiAndConfigMap, ConfigMap};
    let running = cluster
        .updates
        .iter()
        .find(|update| update.status == "InProgress");
    if let Some(update) = running {
        return Err(errors::in_use(format!(
            "Cannot AccessConfigUpdate because cluster {} currently has update {} in progress",
            cluster.seed.name, update.id
        )));
    }
    if cluster.status != "ACTIVE" {
        // Invented: what other states answer is not published.
        return Err(errors::in_use(format!(
            "Cannot AccessConfigUpdate because cluster {} is in status {}",
            cluster.seed.name, cluster.status
        )));
    }
    if !matches!(
        (cluster.mode, target),
        (ConfigMap, ApiAndConfigMap) | (ApiAndConfigMap, Api)
    ) {
        return Err(errors::invalid_parameter(format!(
            "Unsupported authentication mode update from {} to {target}",
            cluster.mode
        )));
    }
    if cluster.seed.outpost || !platform_is_new_enough(&cluster.seed) {
        // Invented: the least versions are documented, the words of the refusal are not.
        return Err(errors::invalid_request(format!(
            "Access entries are not supported on this cluster with platform version {}",
            cluster.seed.platform_version
        )));
    }
    Ok(())
}

/// Source: EKS User Guide, "Setting up access entries", table of platform versions.
fn platform_is_new_enough(seed: &ClusterSeed) -> bool {
    let minor = seed
        .kubernetes_version
        .strip_prefix("1.")
        .and_then(|minor| minor.parse::<u32>().ok());
    let platform = seed
        .platform_version
        .strip_prefix("eks.")
        .and_then(|number| number.parse::<u32>().ok());
    let least = match minor {
        Some(23) => 17,
        Some(24) => 15,
        Some(25) => 12,
        Some(26) => 11,
        Some(27) => 10,
        Some(28) => 6,
        Some(30) => 2,
        Some(29 | 31..) => 1,
        Some(..=22) | None => return false,
    };
    platform.is_some_and(|platform| platform >= least)
}
