//! A look at a live cluster: what does not need each other is read side by side.
//!
//! Three round trips are enough for a small cluster: the cluster and the caller; the ConfigMap, the bindings and the lists
//! of entries, node groups and Fargate profiles; IAM and the descriptions of what is listed.

use std::time::SystemTime;

use super::connect::{by_tokens, same_cluster};
use super::file::is_live;
use super::{LockedOut, Survey, Target, given, read, source, wanted};
use crate::aws::{Aws, AwsError, Caller, ObservedCluster, PrincipalSource};
use crate::error::Failure;
use crate::finding::{Code, Diagnostic, Finding};
use crate::invocation::Advice;
use crate::kubernetes::{Kubeconfig, Kubernetes, KubernetesError, Stored};
use crate::model::rbac::Rbac;
use crate::model::{AuthenticationMode, Cluster, LiveEntry, Principal};
use crate::observed::{Lookup, NodeRole, Observed, Principals};
use crate::plan::document::SourceKind;
use crate::reader::Reading;
use crate::source::AwsAuth;
use crate::together::both;

/// Something that a plan can do without, and what there is to say where it can't be read.
struct Readable<T> {
    known: Option<T>,
    unknown: Option<Finding>,
}

impl<T> Readable<T> {
    fn known(known: T) -> Self {
        Self {
            known: Some(known),
            unknown: None,
        }
    }

    fn unknown(finding: Finding) -> Self {
        Self {
            known: None,
            unknown: Some(finding),
        }
    }
}

/// The ConfigMap, and what IAM says about the principals in it.
struct Mapped {
    aws_auth: Option<AwsAuth>,
    stored: Option<Stored>,
    reading: Reading,
    principals: Result<Principals, Failure>,
}

/// What all reads of a look need.
struct LiveLook<'a> {
    target: &'a Target,
    name: &'a str,
    aws: &'a Aws,
    kubernetes: Option<&'a Kubernetes>,
    cluster: &'a Cluster,
    caller: &'a Caller,
}

pub(super) async fn live(
    target: &Target,
    name: &str,
    kubeconfig: Option<&Kubeconfig>,
    clock: fn() -> SystemTime,
) -> Result<Survey, Failure> {
    let aws = Aws::connect(&target.aws)
        .await
        .map_err(|error| Failure::aws("failed to set up AWS", error))?;
    let cluster = target.reads.of("the cluster", describe(&aws, name));
    let caller = target.reads.of("the caller", caller(&aws));
    let (cluster, caller) = Box::pin(both(cluster, caller)).await?;
    of_own_account(&cluster.cluster, &caller, name)?;
    if let Some(kubeconfig) = kubeconfig {
        same_cluster(kubeconfig, &cluster, name).await?;
    }
    let patience = target.aws.request_timeout();
    let kubernetes = match kubeconfig {
        Some(kubeconfig) => Some(Kubernetes::by_kubeconfig(kubeconfig, clock, patience).await?),
        None if target.trust_file => None,
        None => Some(by_tokens(&aws, &cluster, name, clock, &target.aws).await?),
    };
    let look = LiveLook {
        target,
        name,
        aws: &aws,
        kubernetes: kubernetes.as_ref(),
        cluster: &cluster.cluster,
        caller: &caller,
    };
    let reads = &target.reads;
    let entries = async {
        if has_entries(&cluster.cluster) {
            reads.of("access entries", look.entries(None)).await
        } else {
            Ok(Readable::known(Vec::new()))
        }
    };
    let node_roles = reads.of("node roles", look.node_roles(&cluster));
    let unknown = Principals::new();
    // In this order, so that of several errors the same one is always reported.
    let parts = both(
        both(look.mapped(&unknown), async { Ok(look.bindings().await) }),
        both(entries, node_roles),
    );
    let ((mapped, rbac), (entries, node_roles)) = Box::pin(parts).await?;
    let unread = [rbac.unknown, node_roles.unknown];
    let unread = unread.into_iter().flatten().collect();
    let observed = Observed {
        cluster: cluster.cluster,
        entries: None,
        node_roles: node_roles.known,
        principals: Principals::new(),
        rbac: rbac.known,
        caller: None,
    };
    let seen = Survey {
        aws_auth: None,
        stored: None,
        source: source(target.kind(), &AwsAuth::default(), &target.options),
        reading: Reading::default(),
        observed,
        unread,
        aws: Some(aws),
        kubernetes,
        caller: Some(caller),
    };
    seen.with(target, name, mapped, entries)
}

/// Looks again at what a switch of the mode can have changed: the cluster, the ConfigMap and the entries.
///
/// `listed` are the entries that were listed after the switch. Bindings, node groups and what IAM knows stay as they were
/// seen; only principals that nobody has looked up yet are.
pub(in crate::migration) async fn after_switch(
    target: &Target,
    name: &str,
    seen: Survey,
    listed: Vec<String>,
) -> Result<Survey, Failure> {
    let (Some(aws), Some(caller)) = (seen.aws.clone(), seen.caller.clone()) else {
        return Ok(seen);
    };
    let (kubernetes, before) = (seen.kubernetes.clone(), seen.observed.cluster.clone());
    let look = LiveLook {
        target,
        name,
        aws: &aws,
        kubernetes: kubernetes.as_ref(),
        cluster: &before,
        caller: &caller,
    };
    let parts = both(
        describe(&aws, name),
        both(
            look.mapped(&seen.observed.principals),
            look.entries(Some(listed)),
        ),
    );
    let (cluster, (mapped, entries)) = Box::pin(parts).await?;
    of_own_account(&cluster.cluster, &caller, name)?;
    let mut seen = seen;
    seen.observed.cluster = cluster.cluster;
    seen.with(target, name, mapped, entries)
}

impl Survey {
    /// The same with this ConfigMap and these entries.
    fn with(
        self,
        target: &Target,
        name: &str,
        mapped: Mapped,
        entries: Readable<Vec<LiveEntry>>,
    ) -> Result<Self, Failure> {
        let Mapped {
            aws_auth,
            stored,
            mut reading,
            principals,
        } = mapped;
        let mut principals = principals?;
        principals.extend(given(&target.principals));
        let missing = aws_auth.is_none().then(|| {
            let message = format!("the cluster `{name}` has no ConfigMap kube-system/aws-auth");
            Finding::new(Code::NoAwsAuth, message, "")
        });
        let unread = self.unread.iter().cloned();
        let (of_bindings, others): (Vec<_>, Vec<_>) =
            unread.partition(|finding| finding.code == Code::BindingsUnknown);
        let unknown = missing.into_iter().chain(of_bindings);
        let unknown = unknown.chain(entries.unknown).chain(others);
        reading
            .diagnostics
            .extend(unknown.map(|finding| Diagnostic {
                finding,
                place: None,
                mapping: None,
            }));
        // Who runs this is found again among the entries by the real ARN.
        let caller = self.caller.as_ref();
        let caller = caller.and_then(|caller| caller.principal.clone());
        let caller = caller.map(|principal| match principals.get(&principal.key()) {
            Some(Lookup::Found { arn, .. }) => Principal::from_arn(arn).unwrap_or(principal),
            _ => principal,
        });
        let text = aws_auth.clone().unwrap_or_default();
        Ok(Self {
            source: source(target.kind(), &text, &target.options),
            aws_auth,
            stored,
            reading,
            observed: Observed {
                entries: entries.known,
                principals,
                caller,
                ..self.observed
            },
            ..self
        })
    }
}

impl Target {
    fn kind(&self) -> SourceKind {
        match self.file {
            Some(_) => SourceKind::File,
            None => SourceKind::Cluster,
        }
    }
}

async fn describe(aws: &Aws, name: &str) -> Result<ObservedCluster, Failure> {
    let cluster = aws.describe_cluster(name).await;
    cluster.map_err(|error| Failure::aws(format!("failed to read the cluster `{name}`"), error))
}

async fn caller(aws: &Aws) -> Result<Caller, Failure> {
    let caller = aws.caller().await;
    caller.map_err(|error| Failure::aws("failed to identify the caller", error))
}

/// EKS answers about clusters of the credentials' own account alone.
fn of_own_account(cluster: &Cluster, caller: &Caller, name: &str) -> Result<(), Failure> {
    let Some(account) = cluster
        .account_id
        .as_ref()
        .filter(|account| **account != caller.account)
    else {
        return Ok(());
    };
    let strange = AwsError::strange(
        "eks:DescribeCluster",
        format!(
            "the credentials belong to account {}, but the cluster in the answer is in {account}",
            caller.account
        ),
    );
    Err(Failure::aws(
        format!("failed to read the cluster `{name}`"),
        strange,
    ))
}

fn has_entries(cluster: &Cluster) -> bool {
    let mode = cluster.authentication_mode;
    mode.is_some_and(AuthenticationMode::has_access_entries)
}

impl LiveLook<'_> {
    /// The ConfigMap, and IAM's word on the principals in it that are not `known` yet.
    async fn mapped(&self, known: &Principals) -> Result<Mapped, Failure> {
        let reads = &self.target.reads;
        let (aws_auth, stored) = reads.of("aws-auth", self.config_map()).await?;
        let reading = read(aws_auth.as_ref().unwrap_or(&AwsAuth::default()));
        let mut wanted = wanted(&reading, self.cluster, self.caller.principal.as_ref());
        wanted.retain(|principal| !known.contains_key(&principal.key()));
        let source = PrincipalSource {
            own_account: &self.caller.account,
            lookup_roles: &self.target.lookup_roles,
        };
        let looked_up = reads.of("IAM", Box::pin(self.aws.look_up(&wanted, &source)));
        let principals = looked_up
            .await
            .map(|found| known.clone().into_iter().chain(found).collect())
            .map_err(|error| Failure::aws("failed to look up the principals in IAM", error));
        Ok(Mapped {
            aws_auth,
            stored,
            reading,
            principals,
        })
    }

    async fn config_map(&self) -> Result<(Option<AwsAuth>, Option<Stored>), Failure> {
        match (&self.target.file, self.kubernetes) {
            (Some(file), kubernetes) => {
                if let Some(kubernetes) = kubernetes.filter(|_| !self.target.trust_file) {
                    is_live(&file.aws_auth, kubernetes, self.name).await?;
                }
                Ok((Some(file.aws_auth.clone()), None))
            }
            (None, Some(kubernetes)) => match kubernetes.stored().await {
                Ok(stored) => Ok((stored.as_ref().map(Stored::aws_auth), stored)),
                Err(error) => {
                    let why = LockedOut::explain(error, self.aws, self.cluster, self.caller);
                    Err(Box::pin(why).await)
                }
            },
            (None, None) => Ok((None, None)),
        }
    }

    /// The bindings: from the file, from the cluster, or unknown where they may not be read.
    async fn bindings(&self) -> Readable<Rbac> {
        match (&self.target.rbac, self.kubernetes) {
            (Some(rbac), _) => Readable::known(rbac.clone()),
            (None, None) => Readable {
                known: None,
                unknown: None,
            },
            (None, Some(kubernetes)) => {
                let read = read_bindings(kubernetes, self.target.read_roles);
                match self.target.reads.of("bindings", read).await {
                    Ok(rbac) => Readable::known(rbac),
                    // A plan can do without bindings, and says so.
                    Err(error) => Readable::unknown(Finding::new(
                        Code::BindingsUnknown,
                        error.to_string(),
                        Advice::PassRbac,
                    )),
                }
            }
        }
    }

    /// The live access entries, unknown where they may not be read; `listed` are those that were listed before.
    async fn entries(
        &self,
        listed: Option<Vec<String>>,
    ) -> Result<Readable<Vec<LiveEntry>>, Failure> {
        let entries = match listed {
            Some(listed) => self.aws.describe_entries(self.name, listed).await,
            None => self.aws.access_entries(self.name).await,
        };
        match entries {
            Ok(entries) => Ok(Readable::known(entries)),
            Err(error) if error.is_denied() => {
                let fix = format!("grant `{}` to the caller", error.operation);
                let message = format!("the live access entries could not be read: {}", error.kind);
                let finding = Finding::new(Code::EntriesUnknown, message, fix);
                Ok(Readable::unknown(finding))
            }
            Err(error) => Err(Failure::aws("failed to read the access entries", error)),
        }
    }

    /// The roles of managed nodes, unknown where EKS does not tell: a plan can do without them, and says so.
    async fn node_roles(
        &self,
        cluster: &ObservedCluster,
    ) -> Result<Readable<Vec<NodeRole>>, Failure> {
        match self.aws.node_roles(cluster).await {
            Ok(roles) => Ok(Readable::known(roles)),
            Err(error) if error.code().is_some() && !error.is_expired() => {
                let fix = format!(
                    "if that permission is missing, grant `{}` to the caller",
                    error.operation
                );
                let message = format!(
                    "the roles of managed nodes could not be read: {}",
                    error.kind
                );
                Ok(Readable::unknown(Finding::new(
                    Code::NodeRolesUnknown,
                    message,
                    fix,
                )))
            }
            Err(error) => Err(Failure::aws(
                "failed to read the node groups and Fargate profiles",
                error,
            )),
        }
    }
}

async fn read_bindings(kubernetes: &Kubernetes, with_roles: bool) -> Result<Rbac, KubernetesError> {
    // Roles that can't be read prove no group equal to a policy, and nothing else depends on them.
    let cluster_roles = async {
        if with_roles {
            Ok(kubernetes.cluster_roles().await.ok())
        } else {
            Ok(None)
        }
    };
    let read = both(kubernetes.rbac(), cluster_roles);
    let (rbac, cluster_roles) = Box::pin(read).await?;
    Ok(Rbac {
        cluster_roles,
        ..rbac
    })
}
