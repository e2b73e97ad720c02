//! Which clusters are meant: from a fleet file, or found by listing them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::args::{PaceArgs, SourceArgs};
use crate::aws::AwsSettings;
use crate::cli::args::TargetArgs;
use crate::cli::output::{Console, file_failure};
use crate::cli::settings;
use crate::digest::sha256;
use crate::error::Failure;
use crate::fleet::file::{FleetError, read};
use crate::fleet::shard::{MOST, shard_of};
use crate::fleet::{
    Accounts, Connections, Discovery, Fleet, FleetId, Member, Regions, Row, discover,
};

/// The word for all regions that an account has enabled.
pub(in crate::cli) const ALL_ENABLED: &str = "all-enabled";

/// The clusters, and the credentials by which they are reached.
pub(super) struct FleetSource {
    pub(super) fleet: Fleet,
    /// Where no clusters could be listed.
    pub(super) failed: Vec<Row>,
    pub(super) connections: Connections,
}

impl FleetSource {
    /// Which fleet it is, in a report.
    pub(super) fn id(&self) -> FleetId {
        let own = self.fleet.members.len() + self.failed.len();
        let shard = self.fleet.shard.as_ref();
        FleetId {
            sha256: self.fleet.digest.clone(),
            clusters: shard.map_or(own, |shard| shard.clusters),
        }
    }
}

/// The clusters that are meant, or the shard of them.
pub(super) async fn source(
    args: &SourceArgs,
    pace: &PaceArgs,
    console: &Console,
) -> Result<FleetSource, Failure> {
    let mut source = whole(args, pace, console).await?;
    if let Some(path) = &args.decisions {
        let members = std::mem::take(&mut source.fleet.members).into_iter();
        let members = members.map(|member| Member {
            decisions: Some(path.clone()),
            ..member
        });
        source.fleet = Fleet::of(members.collect(), source.fleet.shard.take());
    }
    let Some((index, of)) = args.shard else {
        return Ok(source);
    };
    if source.fleet.shard.is_some() {
        return Err(Failure::usage("the fleet file is already a shard")
            .hint("pass the file of the whole fleet, or leave --shard out"));
    }
    let clusters = source.id().clusters;
    source.fleet = source.fleet.shard(index, of);
    if let Some(mark) = &mut source.fleet.shard {
        mark.clusters = clusters;
    }
    let is_ours = |row: &Row| shard_of(&row.cluster, of) == index;
    source.failed.retain(is_ours);
    Ok(source)
}

/// Reads the fleet file, or lists the clusters.
async fn whole(
    args: &SourceArgs,
    pace: &PaceArgs,
    console: &Console,
) -> Result<FleetSource, Failure> {
    let settings = AwsSettings {
        profile: args.profile.clone(),
        request_timeout: pace.request_timeout,
        ..AwsSettings::default()
    };
    let connections = Connections::new(settings, pace.max_rate);
    if let Some(path) = &args.fleet {
        let fleet = fleet_file(path)?;
        let failed = Vec::new();
        return Ok(FleetSource {
            fleet,
            failed,
            connections,
        });
    }
    let discovery = discovery(args)?;
    console.say("listing the clusters");
    let found = discover(&connections, &discovery, usize::from(pace.concurrency)).await?;
    let fleet = Fleet::of(found.members, None);
    if fleet.members.is_empty() && found.failed.is_empty() {
        return Err(Failure::new("--discover found no cluster").hint(
            "pass the regions with --regions, and the accounts with --assume or --organization",
        ));
    }
    if let Some(path) = &args.write_fleet {
        crate::files::replace(path, written(&fleet).as_bytes())
            .map_err(|error| file_failure("the fleet file", path, error))?;
        console.say(&format!(
            "{} clusters written to the fleet file",
            fleet.members.len()
        ));
    }
    Ok(FleetSource {
        fleet,
        failed: found.failed,
        connections,
    })
}

/// A fleet as a file.
pub(super) fn written(fleet: &Fleet) -> String {
    let value = serde_json::to_value(fleet.to_file()).expect("the keys of the file are texts");
    crate::report::manifest(&[value])
}

pub(super) fn fleet_file(path: &Path) -> Result<Fleet, Failure> {
    let (text, place) = settings::text(path, "the fleet")?;
    let folder = match path.parent() {
        Some(folder) if path.as_os_str() != "-" => settings::absolute(folder),
        _ => settings::absolute(Path::new("")),
    };
    let folder = folder.map_err(|error| {
        Failure::new(format!("failed to find the folder of {place}")).because(error)
    })?;
    read(&text, &folder).map_err(|error| {
        let hint = match &error {
            FleetError::Empty => {
                "list clusters under `clusters`, or find them with --discover --write-fleet FILE"
            }
            FleetError::Twice { .. } => "remove one of the two",
            FleetError::Syntax(_) | FleetError::OtherSchema(_) | FleetError::Cluster { .. } => {
                "see `schema fleet` for the format"
            }
        };
        Failure::usage(format!("failed to read the fleet from {place}"))
            .because(error)
            .hint(hint)
    })
}

fn discovery(args: &SourceArgs) -> Result<Discovery, Failure> {
    let all = args.regions.iter().any(|region| region == ALL_ENABLED);
    let regions = match args.regions.len() {
        0 => Regions::Own,
        1 if all => Regions::AllEnabled,
        _ if all => {
            return Err(Failure::usage(format!(
                "--regions takes either `{ALL_ENABLED}` or names of regions"
            )));
        }
        _ => Regions::Named(args.regions.iter().cloned().collect()),
    };
    let mut seen = BTreeSet::new();
    if let Some((account, _)) = args
        .assume
        .iter()
        .find(|(account, _)| !seen.insert(account))
    {
        return Err(Failure::usage(format!(
            "--assume was given twice for account {account}"
        )));
    }
    let roles = args.assume.iter().map(|(_, role)| role.clone());
    let accounts = match &args.role_name {
        Some(name) => Accounts::Organization(name.clone()),
        None if args.assume.is_empty() => Accounts::Own,
        None => Accounts::Roles(roles.collect()),
    };
    Ok(Discovery {
        regions,
        accounts,
        profile: args.profile.clone(),
        external_id: args.external_id.clone(),
    })
}

/// The value of `--shard`.
pub(in crate::cli) fn shard(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('/');
    let parts = parts.and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((index, of)) if index < of && of <= MOST => Ok((index, of)),
        Some((index, of)) if of <= MOST => Err(format!(
            "there is no shard {index} of {of}: they are counted from 0"
        )),
        Some(_) => Err(format!("a fleet has at most {MOST} shards")),
        None => Err("write it as INDEX/SHARDS, such as 0/16".to_owned()),
    }
}

/// A cluster of the fleet as the command line would name it.
pub(super) fn target_args(member: &Member, pace: &PaceArgs) -> TargetArgs {
    let lookup_roles = member.lookup_roles.iter();
    TargetArgs {
        cluster: Some(member.name.clone()),
        region: Some(member.region.clone()),
        profile: member.reach.profile.clone(),
        kubeconfig: member.kubeconfig.clone(),
        context: member.context.clone(),
        principals: member.principals.clone(),
        decisions: member.decisions.clone(),
        lookup_role: lookup_roles
            .map(|(account, role)| (account.clone(), role.clone()))
            .collect(),
        request_timeout: pace.request_timeout,
        ..TargetArgs::default()
    }
}

/// The decisions files of a fleet, each with the digest of its content.
pub(super) fn decisions(fleet: &Fleet) -> Result<BTreeMap<String, String>, Failure> {
    let mut digests = BTreeMap::new();
    for path in fleet
        .members
        .iter()
        .filter_map(|member| member.decisions.as_ref())
    {
        let name = path.display().to_string();
        if let Entry::Vacant(entry) = digests.entry(name) {
            let (text, _) = settings::text(path, "the decisions")?;
            entry.insert(sha256(text.as_bytes()));
        }
    }
    Ok(digests)
}
