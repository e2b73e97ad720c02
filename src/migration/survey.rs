//! Looks at everything a plan needs: `aws-auth`, the cluster, its entries, IAM, RBAC.

mod connect;
mod file;
mod live;
mod reads;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::SystemTime;

use super::locked_out::LockedOut;
use crate::access::before::{Standing, standings};
use crate::aws::{Aws, AwsSettings, Caller, LookupRoles};
use crate::error::Failure;
use crate::finding::Finding;
use crate::invocation::{Advice, CommandOption};
use crate::kubernetes::{Kubeconfig, Kubernetes, Stored};
use crate::model::rbac::Rbac;
use crate::model::{Arn, Cluster, Principal, PrincipalKey, Section};
use crate::observed::{Lookup, Observed, Principals};
use crate::plan::document::{Source, SourceKind};
use crate::reader::Reading;
use crate::source::AwsAuth;
use crate::text::visible;
pub(super) use live::after_switch;
use live::live;
pub use reads::Reads;

/// Which cluster is meant, and where its `aws-auth` comes from.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// How to reach AWS.
    pub aws: AwsSettings,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// Whether a kubeconfig is used: `--kubeconfig` or `--context`.
    pub kubeconfig: Option<KubeconfigChoice>,
    /// `--from-file`, already read.
    pub file: Option<ConfigMapFile>,
    /// `--rbac-file`, already read.
    pub rbac: Option<Rbac>,
    /// Whether the file is taken for what is live, where the cluster's API can't be reached.
    pub trust_file: bool,
    /// Whether the rules of ClusterRoles are read: a group may become a policy that gives the same.
    pub read_roles: bool,
    /// What an offline plan assumes.
    pub assumed: Assumed,
    /// `--principals`, already read.
    pub principals: BTreeMap<PrincipalKey, Arn>,
    /// `--lookup-role`.
    pub lookup_roles: LookupRoles,
    /// The options that say so, beside the cluster and its region, as they are given again.
    pub options: Vec<CommandOption>,
    /// What is being read, for whoever waits for it.
    pub reads: Reads,
}

/// Which kubeconfig and context.
#[derive(Debug, Clone, Default)]
pub struct KubeconfigChoice {
    /// The file; `kubectl`'s own where none is named.
    pub path: Option<PathBuf>,
    /// The context; the current one where none is named.
    pub context: Option<String>,
}

/// A ConfigMap that was read from a file.
#[derive(Debug, Clone, Default)]
pub struct ConfigMapFile {
    /// What it holds.
    pub aws_auth: AwsAuth,
}

/// What an offline plan assumes of the cluster.
#[derive(Debug, Clone, Default)]
pub struct Assumed {
    /// The account.
    pub account_id: Option<String>,
    /// The partition.
    pub partition: Option<String>,
}

/// What was seen.
pub struct Survey {
    /// `aws-auth` as it is, `None` where the cluster has none.
    pub aws_auth: Option<AwsAuth>,
    /// The object that it is in; `None` where there is none, or it came from a file.
    pub stored: Option<Stored>,
    /// Where it was read from.
    pub source: Source,
    /// What the cluster reads in it.
    pub reading: Reading,
    /// Everything else.
    pub observed: Observed,
    /// What there is to say about parts that could not be read, beside the entries.
    pub unread: Vec<Finding>,
    /// AWS, unless the survey was offline.
    pub aws: Option<Aws>,
    /// The cluster's Kubernetes API; `None` where `aws-auth` came from a file and no kubeconfig was named.
    pub kubernetes: Option<Kubernetes>,
    /// Who runs this.
    pub caller: Option<Caller>,
}

impl Survey {
    /// The ARN of whoever runs this.
    pub(super) fn caller_arn(&self) -> Option<String> {
        self.caller.as_ref().map(|caller| caller.arn.to_string())
    }
}

/// Looks at everything.
///
/// What can't be read because a permission is missing is unknown, and a finding says so; what a plan can't do without
/// (the cluster, `aws-auth`) is an error.
pub async fn survey(target: &Target, clock: fn() -> SystemTime) -> Result<Survey, Failure> {
    let mut target = target.clone();
    let kubeconfig = match &target.kubeconfig {
        Some(choice) => Some(Kubeconfig::read(
            choice.path.as_deref(),
            choice.context.as_deref(),
        )?),
        None => None,
    };
    if let Some(kubeconfig) = &kubeconfig {
        let named = kubeconfig.named();
        target.cluster = target.cluster.or(named.cluster);
        target.aws.region = target.aws.region.or(named.region);
        target.aws.hinted_profile = named.profile;
        if target.cluster.is_none() {
            return Err(Failure::usage(
                "the kubeconfig's context does not say which EKS cluster it points to",
            )
            .hint(Advice::NameClusterOfKubeconfig));
        }
    }
    let seen = match target.cluster.clone() {
        Some(name) => {
            let look = live(&target, &name, kubeconfig.as_ref(), clock);
            Box::pin(target.reads.look(look)).await
        }
        None => offline(&target),
    }?;
    seen.tell();
    Ok(seen)
}

impl Survey {
    /// Logs how much was read, for `-v`.
    fn tell(&self) {
        let observed = &self.observed;
        let caller = self.caller.as_ref();
        tracing::debug!(
            cluster = observed.cluster.name.as_deref().map(visible).as_deref(),
            caller = caller.map(|caller| visible(&caller.arn.to_string()).into_owned()),
            mode = observed
                .cluster
                .authentication_mode
                .map(|mode| mode.as_str()),
            mappings = self.reading.mappings.len(),
            findings = self.reading.diagnostics.len(),
            entries = observed.entries.as_ref().map(Vec::len),
            principals = observed.principals.len(),
            bindings = observed.rbac.as_ref().map(|rbac| rbac.bindings.len()),
            "what was read"
        );
    }
}

fn offline(target: &Target) -> Result<Survey, Failure> {
    let Some(file) = &target.file else {
        return Err(
            Failure::usage("no cluster and no file was given").hint(Advice::NameClusterOrFile)
        );
    };
    let aws_auth = file.aws_auth.clone();
    let reading = read(&aws_auth);
    let partition = target
        .assumed
        .partition
        .clone()
        .unwrap_or_else(|| likely_partition(&reading));
    let cluster = Cluster {
        name: None,
        arn: None,
        created_at: None,
        region: target.aws.region.clone(),
        account_id: target.assumed.account_id.clone(),
        partition,
        authentication_mode: None,
        platform_version: None,
        kubernetes_version: None,
        status: None,
        auto_mode: false,
        hybrid_nodes: false,
        outpost: false,
    };
    let observed = Observed {
        cluster,
        entries: None,
        node_roles: None,
        principals: given(&target.principals),
        rbac: target.rbac.clone(),
        caller: None,
    };
    let source = source(SourceKind::File, &aws_auth, &target.options);
    Ok(Survey {
        aws_auth: Some(aws_auth),
        stored: None,
        source,
        reading,
        observed,
        unread: Vec::new(),
        aws: None,
        kubernetes: None,
        caller: None,
    })
}

fn read(aws_auth: &AwsAuth) -> Reading {
    let mut reading = aws_auth.read();
    reading.diagnostics.extend(aws_auth.diagnostics());
    reading
}

fn source(kind: SourceKind, aws_auth: &AwsAuth, options: &[CommandOption]) -> Source {
    Source {
        kind,
        sha256: aws_auth.fingerprint(),
        resource_version: aws_auth.resource_version.clone(),
        options: options.to_vec(),
    }
}

fn given(principals: &BTreeMap<PrincipalKey, Arn>) -> Principals {
    principals
        .iter()
        .map(|(key, arn)| {
            (
                key.clone(),
                Lookup::Found {
                    arn: arn.clone(),
                    created_at: None,
                },
            )
        })
        .collect()
}

/// The principals to look up: those whose mappings may count, and the caller.
fn wanted(reading: &Reading, cluster: &Cluster, caller: Option<&Principal>) -> Vec<Principal> {
    let standings = standings(reading);
    let mut seen = BTreeSet::new();
    reading
        .mappings
        .iter()
        .filter(|mapping| mapping.id.section != Section::MapAccounts)
        .filter(|mapping| {
            !matches!(
                standings.get(&mapping.id),
                Some(Standing::Dropped | Standing::Shadowed { .. })
            )
        })
        .filter_map(|mapping| Principal::as_matched(&mapping.arn))
        .filter(|principal| {
            principal.partition == cluster.partition && !principal.is_service_linked()
        })
        .chain(caller.cloned())
        .filter(|principal| seen.insert(principal.key()))
        .collect()
}

/// The partition that most ARNs are of.
pub(super) fn likely_partition(reading: &Reading) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for mapping in &reading.mappings {
        if let Some(arn) = Arn::as_matched(&mapping.arn)
            && arn.partition.starts_with("aws")
        {
            *counts.entry(arn.partition.to_string()).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map_or_else(|| "aws".to_owned(), |(partition, _)| partition)
}
