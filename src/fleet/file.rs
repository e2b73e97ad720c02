//! The fleet file: the clusters, and what holds for all of them unless they say otherwise.

mod error;
mod members;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::shard::ShardMark;
use crate::digest::sha256;
use crate::go_yaml;
use crate::model::Arn;

pub use error::FleetError;
use members::{line, member};

/// The name and version of the file.
pub const SCHEMA: &str = "aws-auth-migrate/fleet/v1";

/// A fleet: its clusters in the order of their identity, and the digest by which shards know each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// The clusters.
    pub members: Vec<Member>,
    /// The digest of the whole fleet, also in a shard of it.
    pub digest: String,
    /// Which part of the fleet this is, where it is not all of it.
    pub shard: Option<ShardMark>,
}

/// The clusters of a fleet, how each is reached, and what was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FleetFile {
    /// The name and version of the document.
    pub schema: String,
    /// What holds for every cluster that says nothing else.
    #[serde(default, skip_serializing_if = "is_default")]
    pub defaults: Defaults,
    /// The clusters.
    pub clusters: Vec<ClusterLine>,
    /// Which part of a fleet this is; written by `fleet shard`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardMark>,
}

/// What holds for every cluster that says nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Defaults {
    /// The region.
    #[serde(skip_serializing_if = "is_default")]
    pub region: Option<String>,
    /// The account, as 12 digits in quotes.
    #[serde(skip_serializing_if = "is_default")]
    pub account: Option<String>,
    /// The AWS profile whose credentials are used.
    #[serde(skip_serializing_if = "is_default")]
    pub profile: Option<String>,
    /// The role that they assume: an ARN, or a name (with its path) of a role of the cluster's account.
    #[serde(skip_serializing_if = "is_default")]
    pub role: Option<String>,
    /// The external id that the role's trust policy asks for.
    #[serde(skip_serializing_if = "is_default")]
    pub external_id: Option<String>,
    /// The kubeconfig that leads to the Kubernetes API; without one EKS says where it is.
    #[serde(skip_serializing_if = "is_default")]
    pub kubeconfig: Option<PathBuf>,
    /// The decisions file.
    #[serde(skip_serializing_if = "is_default")]
    pub decisions: Option<PathBuf>,
    /// YAML or CSV: an ARN as in aws-auth, and the real ARN with its path.
    #[serde(skip_serializing_if = "is_default")]
    pub principals: Option<PathBuf>,
    /// The role to assume for IAM look-ups in another account, by account.
    #[serde(skip_serializing_if = "is_default")]
    pub lookup_roles: BTreeMap<String, Arn>,
}

/// One cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterLine {
    /// The EKS cluster.
    pub name: String,
    /// Its region.
    #[serde(default, skip_serializing_if = "is_default")]
    pub region: Option<String>,
    /// Its account, as 12 digits in quotes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub account: Option<String>,
    /// The AWS profile whose credentials are used.
    #[serde(default, skip_serializing_if = "is_default")]
    pub profile: Option<String>,
    /// The role that they assume: an ARN, or a name (with its path) of a role of the cluster's account.
    #[serde(default, skip_serializing_if = "is_default")]
    pub role: Option<String>,
    /// The external id that the role's trust policy asks for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub external_id: Option<String>,
    /// The kubeconfig that leads to its Kubernetes API; without one EKS says where it is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; by default its current one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub context: Option<String>,
    /// The decisions file.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decisions: Option<PathBuf>,
    /// YAML or CSV: an ARN as in aws-auth, and the real ARN with its path.
    #[serde(default, skip_serializing_if = "is_default")]
    pub principals: Option<PathBuf>,
    /// The role to assume for IAM look-ups in another account, by account.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lookup_roles: BTreeMap<String, Arn>,
    /// Whether it goes before all others when plans are applied.
    #[serde(default, skip_serializing_if = "is_default")]
    pub canary: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads a fleet file; paths in it start from the folder that it is in.
///
/// # Errors
/// What has no meaning in a fleet file, and a cluster that can't be meant so, with its line.
pub fn read(text: &str, folder: &Path) -> Result<Fleet, FleetError> {
    let file: FleetFile =
        go_yaml::from_str(text).map_err(|error| FleetError::Syntax(error.to_string()))?;
    if file.schema != SCHEMA {
        return Err(FleetError::OtherSchema(file.schema));
    }
    if file.clusters.is_empty() && file.shard.is_none() {
        return Err(FleetError::Empty);
    }
    let lines = item_lines(text);
    let place = |index: usize| match lines.get(index) {
        Some(line) => format!("clusters[{index}] on line {line}"),
        None => format!("clusters[{index}]"),
    };
    let mut members: Vec<(usize, Member)> = Vec::new();
    for (index, line) in file.clusters.iter().enumerate() {
        let member = member(line, &file.defaults, folder).map_err(|problem| {
            let place = place(index);
            FleetError::Cluster { place, problem }
        })?;
        members.push((index, member));
    }
    members.sort_by_key(|(index, member)| (member.identity(), *index));
    for pair in members.windows(2) {
        let [(first, one), (second, other)] = pair else {
            continue;
        };
        if one.identity() == other.identity() {
            return Err(FleetError::Twice {
                identity: one.identity(),
                first: place(*first),
                second: place(*second),
            });
        }
    }
    let members: Vec<Member> = members.into_iter().map(|(_, member)| member).collect();
    Ok(Fleet::of(members, file.shard))
}

impl Fleet {
    /// A fleet of these clusters; a shard knows the digest of the whole.
    #[must_use]
    pub fn of(mut members: Vec<Member>, shard: Option<ShardMark>) -> Self {
        members.sort_by_key(Member::identity);
        let digest = match &shard {
            Some(shard) => shard.fleet.clone(),
            None => digest(&members),
        };
        Self {
            members,
            digest,
            shard,
        }
    }

    /// The fleet as a file, each cluster with all that holds for it.
    #[must_use]
    pub fn to_file(&self) -> FleetFile {
        FleetFile {
            schema: SCHEMA.to_owned(),
            defaults: Defaults::default(),
            clusters: self.members.iter().map(line).collect(),
            shard: self.shard.clone(),
        }
    }
}

/// What two fleets have in common that are the same: their clusters, and how each is reached and decided about.
///
/// Of files only the name counts: machines keep them in different folders.
fn digest(members: &[Member]) -> String {
    let name = |path: Option<PathBuf>| path.and_then(|path| Some(path.file_name()?.into()));
    let lines = members.iter().map(line).map(|line| ClusterLine {
        kubeconfig: name(line.kubeconfig),
        decisions: name(line.decisions),
        principals: name(line.principals),
        ..line
    });
    let lines: Vec<ClusterLine> = lines.collect();
    let text = serde_json::to_string(&lines).expect("the keys of a fleet file are texts");
    sha256(text.as_bytes())
}

/// The lines on which the items of `clusters` begin, from 1; none where they are not written one below the other.
fn item_lines(text: &str) -> Vec<usize> {
    let mut lines = text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| !line.starts_with("clusters:"))
        .skip(1);
    let mut begun = Vec::new();
    let mut indent = None;
    for (index, line) in &mut lines {
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let depth = line.len() - bare.len();
        let is_item = bare == "-" || bare.starts_with("- ");
        match indent {
            None if is_item => indent = Some(depth),
            Some(known) if depth < known || (depth == known && !is_item) => break,
            None => break,
            Some(_) => {}
        }
        if is_item && indent == Some(depth) {
            begun.push(index + 1);
        }
    }
    begun
}

#[cfg(test)]
mod tests;
