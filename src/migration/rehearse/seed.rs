//! A cluster as a survey saw it: what is rehearsed there is what would happen on the real one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::access::before::{Authenticator, AuthenticatorAnswer};
use crate::kubernetes::{NodeNames, Stored};
use crate::migration::Survey;
use crate::migration::verify::canonical;
use crate::model::rbac::{Binding, Subject};
use crate::model::{
    AccessEntry, AuthenticationMode, Cluster, EntryType, PolicyAssociation, Principal,
    PrincipalKey, access_policy::CLUSTER_ADMIN,
};
use crate::observed::{Lookup, NodeOs, NodeRoleUser};
use crate::sandbox::{
    AwsAuthSeed, ClusterSeed, FargateProfileSeed, IamPrincipal, NodeGroupSeed, NodeSeed, Seed,
    SeedEntry,
};

/// What a rehearsal takes of the cluster beside what a survey sees.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The ConfigMap with its metadata, which shows other writers.
    pub stored: Option<Stored>,
    /// The nodes; which role each of them has is not known, so that none is ever lost.
    pub nodes: NodeNames,
}

/// The cluster, its entries, principals, nodes and bindings as they were seen.
///
/// A principal that could not be looked up is taken to exist as it is written. Whoever runs the rehearsal gets in.
#[must_use]
pub fn as_seen(seen: &Survey, beside: &Beside) -> Seed {
    let observed = &seen.observed;
    let mut seed = Seed::new(cluster(&observed.cluster));
    seed.aws_auth = seen.aws_auth.as_ref().map(|aws_auth| AwsAuthSeed {
        data: aws_auth.data.clone(),
        ..beside.stored.as_ref().map(marks).unwrap_or_default()
    });
    seed.principals = principals(seen);
    for live in observed.entries.iter().flatten() {
        seed.entries.push(SeedEntry {
            entry: live.entry.clone(),
            stale: observed.is_stale(live),
        });
    }
    for role in observed.node_roles.iter().flatten() {
        match &role.user {
            NodeRoleUser::NodeGroup { name, os } => seed.node_groups.push(NodeGroupSeed {
                ami_type: ami_type(*os).to_owned(),
                ..NodeGroupSeed::linux(name, role.role_arn.clone())
            }),
            NodeRoleUser::FargateProfile { name } => {
                seed.fargate_profiles.push(FargateProfileSeed {
                    name: name.clone(),
                    pod_execution_role: role.role_arn.clone(),
                    entry_at_switch: true,
                });
            }
            // The cluster's own setting.
            NodeRoleUser::AutoMode => {}
        }
    }
    let bindings = observed.rbac.iter().flat_map(|rbac| &rbac.bindings);
    seed.objects = bindings.map(object).collect();
    let node = |ready| {
        move |name: &String| NodeSeed {
            name: name.clone(),
            ready,
            role: None,
        }
    };
    let nodes = &beside.nodes;
    seed.nodes.extend(nodes.ready.iter().map(node(true)));
    seed.nodes.extend(nodes.not_ready.iter().map(node(false)));
    let caller = observed.caller.clone();
    let session = seen
        .caller
        .as_ref()
        .and_then(|caller| caller.principal.clone());
    if let Some(caller) = caller.or(session) {
        let_in(&mut seed, seen, &caller);
    }
    seed
}

fn cluster(seen: &Cluster) -> ClusterSeed {
    let usual = ClusterSeed::default();
    ClusterSeed {
        name: seen.name.clone().unwrap_or(usual.name),
        region: seen.region.clone().unwrap_or(usual.region),
        account_id: seen.account_id.clone().unwrap_or(usual.account_id),
        partition: seen.partition.clone(),
        kubernetes_version: seen
            .kubernetes_version
            .clone()
            .unwrap_or(usual.kubernetes_version),
        platform_version: seen
            .platform_version
            .clone()
            .unwrap_or(usual.platform_version),
        mode: seen.authentication_mode.unwrap_or(usual.mode),
        status: match seen.status.as_deref() {
            // Nobody continues that update in the sandbox.
            Some("UPDATING") | None => usual.status,
            Some(status) => status.to_owned(),
        },
        auto_mode: seen.auto_mode,
        remote_network: seen.hybrid_nodes,
        outpost: seen.outpost,
    }
}

fn marks(stored: &Stored) -> AwsAuthSeed {
    let object = stored.json();
    let texts = |field: &str| {
        let map = object["metadata"][field].as_object().into_iter().flatten();
        map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    let fields = object["metadata"]["managedFields"].as_array();
    AwsAuthSeed {
        data: BTreeMap::new(),
        annotations: texts("annotations"),
        labels: texts("labels"),
        managed_fields: fields.cloned().unwrap_or_default(),
    }
}

/// Whoever is mapped or has an entry, each once: as IAM has it or, where IAM does not tell, as it is written.
fn principals(seen: &Survey) -> Vec<IamPrincipal> {
    let mapped = seen.reading.mappings.iter();
    let mapped = mapped.filter_map(|mapping| Principal::as_matched(&mapping.arn));
    let entries = seen.observed.entries.iter().flatten();
    let entered = entries.filter_map(|live| Principal::from_arn(&live.entry.principal_arn));
    // An entry's ARN has the path, a mapping's may lack it.
    let written: BTreeMap<PrincipalKey, Principal> = mapped
        .chain(entered)
        .map(|principal| (principal.key(), principal))
        .collect();
    let known = |(key, written): (PrincipalKey, Principal)| {
        Some(match seen.observed.lookup(&key) {
            Lookup::Found { arn, created_at } => {
                let usual = IamPrincipal::new(Principal::from_arn(arn)?);
                IamPrincipal {
                    created_at: created_at.unwrap_or(usual.created_at),
                    ..usual
                }
            }
            Lookup::Missing => return None,
            Lookup::Denied { .. }
            | Lookup::NotAssumed { .. }
            | Lookup::OtherAccount
            | Lookup::NotTried => IamPrincipal::new(written),
        })
    };
    written.into_iter().filter_map(known).collect()
}

/// An AMI type of the operating system.
///
/// Source: EKS API Reference, `Nodegroup`, `amiType`.
fn ami_type(os: NodeOs) -> &'static str {
    match os {
        NodeOs::Linux => "AL2023_x86_64_STANDARD",
        NodeOs::Windows => "WINDOWS_CORE_2022_x86_64",
        NodeOs::Unknown => "CUSTOM",
    }
}

fn object(binding: &Binding) -> Value {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let subjects: Vec<Value> = binding
        .subjects
        .iter()
        .map(|subject| {
            let (kind, name) = match subject {
                Subject::User(name) => ("User", name),
                Subject::Group(name) => ("Group", name),
            };
            json!({"apiGroup": GROUP, "kind": kind, "name": name})
        })
        .collect();
    let mut object = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": binding.kind(),
        "metadata": {"name": binding.name},
        "roleRef": {"apiGroup": GROUP, "kind": binding.role_kind, "name": binding.role_name},
        "subjects": subjects,
    });
    if let Some(namespace) = &binding.namespace {
        object["metadata"]["namespace"] = namespace.as_str().into();
    }
    object
}

/// Makes the caller of the real cluster the sandbox's, and lets it in where nothing that was seen does.
///
/// The real one does by something that is not shown: the rights of whoever made the cluster, or a kubeconfig's
/// credentials.
fn let_in(seed: &mut Seed, seen: &Survey, caller: &Principal) {
    seed.caller.principal = caller.arn();
    let is_mapped = Authenticator::new(&seen.reading).answer(&canonical(caller))
        != AuthenticatorAnswer::Refused;
    if is_mapped || seen.observed.entry(&caller.key()).is_some() {
        return;
    }
    if seed.cluster.mode == AuthenticationMode::ConfigMap {
        seed.creator = caller.arn();
    } else {
        seed.entries.push(SeedEntry {
            entry: AccessEntry {
                principal_arn: caller.arn(),
                entry_type: EntryType::Standard,
                username: None,
                kubernetes_groups: Vec::new(),
                tags: BTreeMap::new(),
                access_policies: vec![PolicyAssociation::cluster_wide(
                    &seed.cluster.partition,
                    CLUSTER_ADMIN,
                )],
            },
            stale: false,
        });
    }
}
