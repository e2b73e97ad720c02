//! Looks at everything a plan needs: `aws-auth`, the cluster, its entries, IAM, RBAC.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::locked_out::LockedOut;
use crate::access::before::{Standing, standings};
use crate::aws::{
    Aws, AwsError, AwsSettings, Caller, LookupRoles, ObservedCluster, PrincipalSource,
};
use crate::error::Failure;
use crate::finding::{Code, Diagnostic, Finding};
use crate::kubernetes::{
    Bearer, Elsewhere, Kubeconfig, Kubernetes, KubernetesError, MakeToken, TokenError, Tokens,
};
use crate::model::rbac::Rbac;
use crate::model::{
    Arn, AuthenticationMode, Cluster, LiveEntry, Mapping, Principal, PrincipalKey, Section,
};
use crate::observed::{Lookup, NodeRole, Observed};
use crate::plan::document::{Source, SourceKind};
use crate::reader::{self, Reading};
use crate::source::AwsAuth;
use crate::text::{shell_word, visible};

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
    /// The options that say so, beside the cluster and its region, each as `--name=value`.
    pub options: Vec<String>,
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
    /// Where it was read from.
    pub source: Source,
    /// What the cluster reads in it.
    pub reading: Reading,
    /// Everything else.
    pub observed: Observed,
    /// AWS, unless the survey was offline.
    pub aws: Option<Aws>,
    /// The cluster's Kubernetes API; `None` where `aws-auth` came from a file and no kubeconfig was named.
    pub kubernetes: Option<Kubernetes>,
    /// Who runs this.
    pub caller: Option<Caller>,
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
            .hint("name it with --cluster (and --region)"));
        }
    }
    let seen = match target.cluster.clone() {
        Some(name) => live(&target, &name, kubeconfig.as_ref(), clock).await,
        None => offline(&target),
    }?;
    seen.tell();
    Ok(seen)
}

impl Survey {
    /// Tells how much was read, to who runs with `-v`.
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
        return Err(Failure::usage("neither a cluster nor a file is named")
            .hint("name a cluster with --cluster or --kubeconfig, or a file with --from-file"));
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
        source,
        reading,
        observed,
        aws: None,
        kubernetes: None,
        caller: None,
    })
}

async fn live(
    target: &Target,
    name: &str,
    kubeconfig: Option<&Kubeconfig>,
    clock: fn() -> SystemTime,
) -> Result<Survey, Failure> {
    let aws = Aws::connect(&target.aws)
        .await
        .map_err(|error| Failure::aws("failed to set up AWS", error))?;
    let cluster = aws
        .describe_cluster(name)
        .await
        .map_err(|error| Failure::aws(format!("failed to read the cluster `{name}`"), error))?;
    let caller = match aws.caller().await {
        Ok(caller) => caller,
        Err(error) => {
            return Err(Failure::aws(
                "failed to find out who the credentials belong to",
                error,
            ));
        }
    };
    // EKS answers about clusters of the credentials' own account alone.
    if let Some(account) = &cluster.cluster.account_id
        && *account != caller.account
    {
        let strange = AwsError::strange(
            "eks:DescribeCluster",
            format!(
                "the credentials belong to the account {}, the answer is about a cluster of {account}",
                caller.account
            ),
        );
        return Err(Failure::aws(
            format!("failed to read the cluster `{name}`"),
            strange,
        ));
    }
    if let Some(kubeconfig) = kubeconfig {
        same_cluster(kubeconfig, &cluster, name).await?;
    }
    let patience = target.aws.request_timeout();
    let kubernetes = match kubeconfig {
        Some(kubeconfig) => Some(Kubernetes::by_kubeconfig(kubeconfig, clock, patience).await?),
        None if target.trust_file => None,
        None => Some(by_tokens(&aws, &cluster, name, clock, patience).await?),
    };
    let (aws_auth, kind) = match (&target.file, &kubernetes) {
        (Some(file), kubernetes) => {
            if let Some(kubernetes) = kubernetes.as_ref().filter(|_| !target.trust_file) {
                is_live(&file.aws_auth, kubernetes, name).await?;
            }
            (Some(file.aws_auth.clone()), SourceKind::File)
        }
        (None, Some(kubernetes)) => match kubernetes.aws_auth().await {
            Ok(aws_auth) => (aws_auth, SourceKind::Cluster),
            Err(error) => {
                return Err(
                    Box::pin(LockedOut::explain(error, &aws, &cluster.cluster, &caller)).await,
                );
            }
        },
        (None, None) => (None, SourceKind::Cluster),
    };
    let mut reading = read(aws_auth.as_ref().unwrap_or(&AwsAuth::default()));
    let mut unknown = Vec::new();
    if aws_auth.is_none() {
        let message = format!("the cluster `{name}` has no ConfigMap kube-system/aws-auth");
        unknown.push(Finding::new(Code::NoAwsAuth, message, ""));
    }
    let rbac = bindings(target, kubernetes.as_ref(), &mut unknown).await?;
    let entries = entries(&aws, &cluster.cluster, name, &mut unknown).await?;
    let node_roles = node_roles(&aws, &cluster, &mut unknown).await?;
    reading
        .diagnostics
        .extend(unknown.into_iter().map(|finding| Diagnostic {
            finding,
            place: None,
            mapping: None,
        }));
    let wanted = wanted(&reading, &cluster.cluster, caller.principal.as_ref());
    let lookup = PrincipalSource {
        own_account: &caller.account,
        lookup_roles: &target.lookup_roles,
    };
    let mut principals = aws
        .look_up(&wanted, &lookup)
        .await
        .map_err(|error| Failure::aws("failed to look the principals up in IAM", error))?;
    principals.extend(given(&target.principals));
    // Who runs this is found again among the entries by the real ARN.
    let principal =
        caller
            .principal
            .clone()
            .map(|principal| match principals.get(&principal.key()) {
                Some(Lookup::Found { arn, .. }) => Principal::from_arn(arn).unwrap_or(principal),
                _ => principal,
            });
    let observed = Observed {
        cluster: cluster.cluster,
        entries,
        node_roles,
        principals,
        rbac,
        caller: principal,
    };
    let source = source(
        kind,
        aws_auth.as_ref().unwrap_or(&AwsAuth::default()),
        &target.options,
    );
    Ok(Survey {
        aws_auth,
        source,
        reading,
        observed,
        aws: Some(aws),
        kubernetes,
        caller: Some(caller),
    })
}

/// A ConfigMap from a file says nothing about the access in force unless it is the live one.
async fn is_live(file: &AwsAuth, kubernetes: &Kubernetes, name: &str) -> Result<(), Failure> {
    let live = kubernetes.aws_auth().await.map_err(|error| {
        Failure::new(format!("failed to compare the file with the live aws-auth of `{name}`"))
            .because(error)
            .hint("leave --from-file out to plan from the live ConfigMap, or say with --trust-file that the file is what is live")
    })?;
    match difference(file, &live.unwrap_or_default()) {
        None => Ok(()),
        Some(difference) => Err(Failure::new(format!(
            "the file is not the live aws-auth of `{name}`: {difference}"
        ))
        .hint("the access in force is the live one: leave --from-file out, or plan from the file alone without --cluster")),
    }
}

/// The first thing that the cluster would read otherwise.
fn difference(file: &AwsAuth, live: &AwsAuth) -> Option<String> {
    let (file, live) = (reader::read(&file.text()), reader::read(&live.text()));
    for section in Section::ALL {
        let of = |reading: &Reading| -> Vec<Mapping> {
            let mappings = reading.mappings.iter();
            let mappings = mappings.filter(|mapping| mapping.id.section == section);
            mappings.cloned().collect()
        };
        let (file, live) = (of(&file), of(&live));
        if file.len() != live.len() {
            return Some(format!(
                "{section} has {} in the file and {} in the cluster",
                file.len(),
                live.len()
            ));
        }
        for (ours, theirs) in file.iter().zip(&live) {
            for (what, differs) in [
                (
                    "names another principal",
                    ours.arn != theirs.arn || ours.sso != theirs.sso,
                ),
                ("has another username", ours.username != theirs.username),
                ("has other groups", ours.groups != theirs.groups),
                (
                    "is dropped by only one reading",
                    ours.dropped != theirs.dropped,
                ),
            ] {
                if differs {
                    return Some(format!(
                        "{} {what} (`{}` in the file, `{}` in the cluster)",
                        ours.id, ours.arn, theirs.arn
                    ));
                }
            }
        }
    }
    let broken = file.broken != live.broken || file.undecided != live.undecided;
    broken.then(|| "only one of them can be read".to_owned())
}

/// The bindings: from the file, from the cluster, or unknown where they may not be read.
async fn bindings(
    target: &Target,
    kubernetes: Option<&Kubernetes>,
    unknown: &mut Vec<Finding>,
) -> Result<Option<Rbac>, Failure> {
    match (&target.rbac, kubernetes) {
        (Some(rbac), _) => Ok(Some(rbac.clone())),
        (None, None) => Ok(None),
        (None, Some(kubernetes)) => match read_bindings(kubernetes, target.read_roles).await {
            Ok(rbac) => Ok(Some(rbac)),
            // A plan can do without bindings, and says so.
            Err(error) => {
                unknown.push(Finding::new(
                    Code::BindingsUnknown,
                    error.to_string(),
                    "grant `list` on clusterrolebindings and rolebindings, or give the objects with --rbac-file",
                ));
                Ok(None)
            }
        },
    }
}

async fn read_bindings(kubernetes: &Kubernetes, with_roles: bool) -> Result<Rbac, KubernetesError> {
    let rbac = kubernetes.rbac().await?;
    // Roles that can't be read prove no group equal to a policy, and nothing else depends on them.
    let cluster_roles = if with_roles {
        kubernetes.cluster_roles().await.ok()
    } else {
        None
    };
    Ok(Rbac {
        cluster_roles,
        ..rbac
    })
}

/// The live access entries: none in a mode without them, unknown where they may not be read.
async fn entries(
    aws: &Aws,
    cluster: &Cluster,
    name: &str,
    unknown: &mut Vec<Finding>,
) -> Result<Option<Vec<LiveEntry>>, Failure> {
    if !cluster
        .authentication_mode
        .is_some_and(AuthenticationMode::has_access_entries)
    {
        return Ok(Some(Vec::new()));
    }
    match aws.access_entries(name).await {
        Ok(entries) => Ok(Some(entries)),
        Err(error) if error.is_denied() => {
            let fix = format!("grant `{}` to the caller", error.operation);
            let message = format!("the live access entries can't be read: {}", error.kind);
            unknown.push(Finding::new(Code::EntriesUnknown, message, fix));
            Ok(None)
        }
        Err(error) => Err(Failure::aws("failed to read the access entries", error)),
    }
}

/// The roles of managed nodes, unknown where EKS does not tell: a plan can do without them, and says so.
async fn node_roles(
    aws: &Aws,
    cluster: &ObservedCluster,
    unknown: &mut Vec<Finding>,
) -> Result<Option<Vec<NodeRole>>, Failure> {
    match aws.node_roles(cluster).await {
        Ok(roles) => Ok(Some(roles)),
        Err(error) if error.code().is_some() && !error.is_expired() => {
            let fix = format!(
                "grant `{}` to the caller, if that is what is missing",
                error.operation
            );
            let message = format!("the roles of managed nodes can't be read: {}", error.kind);
            unknown.push(Finding::new(Code::NodeRolesUnknown, message, fix));
            Ok(None)
        }
        Err(error) => Err(Failure::aws(
            "failed to read the node groups and Fargate profiles",
            error,
        )),
    }
}

/// A context that leads elsewhere than to the cluster that is named would mix two clusters up.
async fn same_cluster(
    kubeconfig: &Kubeconfig,
    cluster: &ObservedCluster,
    name: &str,
) -> Result<(), Failure> {
    let Some(endpoint) = &cluster.endpoint else {
        return Ok(());
    };
    let authority = cluster.certificate_authority.as_deref();
    let led = kubeconfig.leads_to(endpoint, authority).await;
    led.map_err(|elsewhere| {
        let failure = Failure::new(format!(
            "the kubeconfig's context is not the cluster `{name}`: {elsewhere}"
        ));
        let failure = match &elsewhere {
            Elsewhere::Authority => {
                let region = cluster.cluster.region.as_deref();
                let region = region.map_or_else(String::new, |region| {
                    format!(" --region {}", shell_word(region))
                });
                failure.hint(format!(
                    "if the cluster's certificate authority was rotated, write the kubeconfig again: \
                     aws eks update-kubeconfig --name {}{region}",
                    shell_word(name)
                ))
            }
            Elsewhere::Endpoint {
                tunnel_to: Some(host),
                ..
            } => failure.hint(format!(
                "through a tunnel, set `tls-server-name: {host}` beside `server` in the kubeconfig: that proves that the \
                 cluster is at its other end"
            )),
            _ => failure,
        };
        failure.hint(
            "name the right context with --context, or leave the kubeconfig out: --cluster alone finds the endpoint itself",
        )
    })
}

/// How long a token is used: the cluster accepts it for 15 minutes, and clocks differ.
///
/// Source: aws-iam-authenticator `pkg/token/token.go`, `presignedURLExpiration`.
const TOKEN_USED_FOR: Duration = Duration::from_mins(10);

async fn by_tokens(
    aws: &Aws,
    cluster: &ObservedCluster,
    name: &str,
    clock: fn() -> SystemTime,
    patience: Duration,
) -> Result<Kubernetes, Failure> {
    let Some(endpoint) = &cluster.endpoint else {
        return Err(
            Failure::new(format!("the cluster `{name}` has no endpoint yet"))
                .hint("wait until it is ACTIVE, or give the ConfigMap with --from-file"),
        );
    };
    let region = cluster
        .cluster
        .region
        .as_deref()
        .unwrap_or_else(|| aws.region());
    let (signer, partition) = (aws.clone(), cluster.cluster.partition.clone());
    let (name, region) = (name.to_owned(), region.to_owned());
    let make: MakeToken<AwsError> = Box::new(move |now| {
        let (aws, name, region) = (signer.clone(), name.clone(), region.clone());
        let partition = partition.clone();
        Box::pin(async move {
            let token = aws.cluster_token(&name, &region, &partition, now).await?;
            let until = Some(now + TOKEN_USED_FOR);
            Ok(Bearer { token, until })
        })
    });
    let tokens = Tokens::new(make, clock).await.map_err(|error| {
        let failed = "failed to make a token for the cluster";
        match error {
            TokenError::NotMade(error) => Failure::aws(failed, error),
            error @ TokenError::NoHeader => Failure::new(failed).because(error),
        }
    })?;
    Ok(Kubernetes::by_tokens(
        endpoint,
        cluster.certificate_authority.as_deref(),
        tokens,
        patience,
    )?)
}

fn read(aws_auth: &AwsAuth) -> Reading {
    let mut reading = reader::read(&aws_auth.text());
    reading.diagnostics.extend(aws_auth.diagnostics());
    reading
}

fn source(kind: SourceKind, aws_auth: &AwsAuth, options: &[String]) -> Source {
    Source {
        kind,
        sha256: aws_auth.fingerprint(),
        resource_version: aws_auth.resource_version.clone(),
        options: options.to_vec(),
    }
}

fn given(principals: &BTreeMap<PrincipalKey, Arn>) -> BTreeMap<PrincipalKey, Lookup> {
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
            *counts.entry(arn.partition).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map_or_else(|| "aws".to_owned(), |(partition, _)| partition)
}
