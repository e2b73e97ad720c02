//! The fleet file: the clusters, and what holds for all of them unless they say otherwise.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::member::{
    Identity, Member, Reach, is_account, is_cluster_name, is_region, partition_of,
};
use super::shard::ShardMark;
use crate::digest::sha256;
use crate::files::objects::is_object;
use crate::go_yaml::check_nesting;
use crate::model::Arn;

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

/// Why a fleet file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// It is no YAML, or has something in it that has no meaning there; the message names the line.
    #[error("{0}")]
    Syntax(String),
    /// It says that it is something else.
    #[error("its `schema` is `{0}`, not `{SCHEMA}`")]
    OtherSchema(String),
    /// There is no cluster in it.
    #[error("it lists no cluster")]
    Empty,
    /// A cluster that can't be meant so.
    #[error("{place}: {problem}")]
    Cluster {
        /// Its place in the file.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A cluster that is there twice.
    #[error("{second}: the cluster {identity} is already listed at {first}")]
    Twice {
        /// Which cluster.
        identity: Identity,
        /// Its first place in the file.
        first: String,
        /// Its second place in the file.
        second: String,
    },
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
    let file: FleetFile = check_nesting(text)
        .and_then(|()| serde_yaml::from_str(text))
        .map_err(|error| FleetError::Syntax(error.to_string()))?;
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

fn line(member: &Member) -> ClusterLine {
    let Member {
        name,
        region,
        reach,
        kubeconfig,
        context,
        decisions,
        principals,
        lookup_roles,
        canary,
    } = member.clone();
    ClusterLine {
        name,
        region: Some(region),
        account: reach.account,
        profile: reach.profile,
        role: reach.role.map(|role| role.to_string()),
        external_id: reach.external_id,
        kubeconfig,
        context,
        decisions,
        principals,
        lookup_roles,
        canary,
    }
}

fn member(line: &ClusterLine, defaults: &Defaults, folder: &Path) -> Result<Member, String> {
    let name = line.name.clone();
    if !is_cluster_name(&name) {
        return Err(format!("`{name}` can't be the name of an EKS cluster"));
    }
    let or = |own: &Option<String>, default: &Option<String>| own.clone().or(default.clone());
    let region = or(&line.region, &defaults.region).ok_or_else(|| {
        format!("the cluster `{name}` has no region; set `region` there or in `defaults`")
    })?;
    if !is_region(&region) {
        return Err(format!("`{region}` is not the name of a region"));
    }
    let account = or(&line.account, &defaults.account);
    if let Some(account) = account.as_deref().filter(|account| !is_account(account)) {
        return Err(format!(
            "`{account}` is not an account id, which has 12 digits"
        ));
    }
    let role = or(&line.role, &defaults.role);
    let role = role
        .map(|role| role_of(&role, account.as_deref(), &region))
        .transpose()?;
    let path = |own: &Option<PathBuf>, default: &Option<PathBuf>| {
        let path = own.as_ref().or(default.as_ref());
        path.map(|path| {
            if is_object(path) {
                path.clone()
            } else {
                folder.join(path)
            }
        })
    };
    let mut lookup_roles = defaults.lookup_roles.clone();
    lookup_roles.extend(line.lookup_roles.clone());
    for (of, role) in &lookup_roles {
        if role.account != *of || !is_account(of) {
            return Err(format!(
                "the principals of account `{of}` must be looked up by a role of that account, and `{role}` is not one"
            ));
        }
    }
    Ok(Member {
        name,
        reach: Reach {
            account: account.or_else(|| role.as_ref().map(|role| role.account.clone())),
            profile: or(&line.profile, &defaults.profile),
            role,
            external_id: or(&line.external_id, &defaults.external_id),
        },
        region,
        kubeconfig: path(&line.kubeconfig, &defaults.kubeconfig),
        context: line.context.clone(),
        decisions: path(&line.decisions, &defaults.decisions),
        principals: path(&line.principals, &defaults.principals),
        lookup_roles,
        canary: line.canary,
    })
}

/// A role by its ARN, or by its name in the cluster's account.
pub(super) fn role_of(role: &str, account: Option<&str>, region: &str) -> Result<Arn, String> {
    if !role.starts_with("arn:") {
        let account = account.ok_or_else(|| {
            format!("the role `{role}` is only a name; set `account`, or write the role's ARN")
        })?;
        let role = role.trim_start_matches('/');
        return Ok(Arn {
            partition: partition_of(region).to_owned(),
            service: "iam".to_owned(),
            region: String::new(),
            account: account.to_owned(),
            resource: format!("role/{role}"),
        });
    }
    let arn: Arn = role.parse().map_err(|error| format!("`{role}` {error}"))?;
    let is_role = arn.service == "iam" && arn.resource.starts_with("role/");
    if !is_role || !is_account(&arn.account) {
        return Err(format!("`{role}` is not the ARN of an IAM role"));
    }
    match account {
        Some(account) if account != arn.account => Err(format!(
            "the cluster is in the account {account}, and the role `{role}` in another one"
        )),
        _ => Ok(arn),
    }
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
mod tests {
    use super::*;

    const HEAD: &str = "schema: aws-auth-migrate/fleet/v1\n";

    fn taken(text: &str) -> Fleet {
        read(&format!("{HEAD}{text}"), Path::new("fleets")).unwrap()
    }

    fn refused(text: &str) -> String {
        read(&format!("{HEAD}{text}"), Path::new(""))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_cluster_takes_what_it_does_not_say_from_the_defaults() {
        let fleet = taken(
            "defaults:\n  region: eu-west-1\n  role: team/migrate\n  decisions: all.yaml\nclusters:\n- name: b\n  account: \
             '111122223333'\n- name: a\n  account: '111122223333'\n  region: cn-north-1\n  decisions: /a.yaml\n  canary: true\n",
        );
        let [a, b] = &fleet.members[..] else {
            panic!("{fleet:?}")
        };
        assert_eq!(a.identity().to_string(), "111122223333/cn-north-1/a");
        let role = |member: &Member| member.reach.role.as_ref().unwrap().to_string();
        assert_eq!(role(a), "arn:aws-cn:iam::111122223333:role/team/migrate");
        assert_eq!(role(b), "arn:aws:iam::111122223333:role/team/migrate");
        assert_eq!(a.decisions.as_deref(), Some(Path::new("/a.yaml")));
        assert_eq!(b.decisions.as_deref(), Some(Path::new("fleets/all.yaml")));
        assert!(a.canary && !b.canary);
    }

    #[test]
    fn what_has_no_meaning_is_refused_with_its_line() {
        for (text, problem) in [
            (
                "clusters:\n- name: a\n  regoin: x\n",
                "unknown field `regoin`",
            ),
            ("clusters:\n- name: a\n  regoin: x\n", "line 4"),
            ("clusters: []\n", "it lists no cluster"),
            (
                "clusters:\n- name: a\n",
                "clusters[0] on line 3: the cluster `a` has no region",
            ),
            (
                "clusters:\n- {name: a, region: eu-west-1}\n- name: a/b\n  region: eu-west-1\n",
                "on line 4: `a/b` can't be",
            ),
            (
                "clusters:\n- {name: a, region: Europe}\n",
                "`Europe` is not the name of a region",
            ),
            (
                "clusters:\n- {name: a, region: eu-west-1, account: '12'}\n",
                "`12` is not an account id",
            ),
            (
                "clusters:\n- {name: a, region: eu-west-1, role: migrate}\n",
                "set `account`, or write the role's ARN",
            ),
            (
                "clusters:\n- {name: a, region: eu-west-1, account: '111122223333', role: 'arn:aws:iam::444455556666:role/m'}\n",
                "in another one",
            ),
            (
                "clusters:\n- {name: a, region: eu-west-1, role: 'arn:aws:iam::444455556666:user/m'}\n",
                "is not the ARN of an IAM role",
            ),
        ] {
            let message = refused(text);
            assert!(message.contains(problem), "{message}");
        }
        let other = read(
            "schema: aws-auth-migrate/plan/v1\nclusters: []\n",
            Path::new(""),
        );
        assert_eq!(
            other.unwrap_err().to_string(),
            "its `schema` is `aws-auth-migrate/plan/v1`, not `aws-auth-migrate/fleet/v1`"
        );
    }

    #[test]
    fn a_cluster_that_is_there_twice_is_refused_with_both_lines() {
        let message = refused(
            "defaults: {region: eu-west-1, account: '111122223333'}\nclusters:\n  # the first\n  - name: a\n  - name: b\n\n  \
             - name: a\n    region: eu-west-1\n",
        );
        assert_eq!(
            message,
            "clusters[2] on line 8: the cluster 111122223333/eu-west-1/a is already listed at clusters[0] on line 5"
        );
        // The same name elsewhere is another cluster.
        let two = "defaults: {region: eu-west-1}\nclusters:\n- {name: a, account: '111122223333'}\n- {name: a, account: \
                   '444455556666'}\n";
        assert_eq!(taken(two).members.len(), 2);
    }

    #[test]
    fn a_fleet_is_the_same_fleet_in_whatever_order_it_is_written() {
        let one = taken("defaults: {region: eu-west-1}\nclusters: [{name: a}, {name: b}]\n");
        let other =
            taken("clusters: [{name: b, region: eu-west-1}, {name: a, region: eu-west-1}]\n");
        assert_eq!(one, other);
        let more = taken("clusters: [{name: a, region: eu-west-1}]\n");
        assert_ne!(one.digest, more.digest);
    }

    #[test]
    fn a_fleet_that_is_written_down_reads_back_the_same() {
        let fleet = taken(
            "defaults: {region: eu-west-1, role: m, externalId: x, lookupRoles: {'444455556666': \
             'arn:aws:iam::444455556666:role/look'}}\nclusters:\n- {name: a, account: '111122223333', canary: true, \
             kubeconfig: /k, context: c}\n",
        );
        let text = serde_json::to_string(&fleet.to_file()).unwrap();
        assert_eq!(read(&text, Path::new("elsewhere")).unwrap(), fleet);
    }
}
