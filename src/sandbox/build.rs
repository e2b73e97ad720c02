//! The world as a seed has it.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::model::{Principal, PrincipalKind};

use super::clock::SandboxClock;
use super::faults::Faults;
use super::invent;
use super::kube::nodes;
use super::kube::objects::KubeObjects;
use super::seed::{IamPrincipal, NodeSeed, Seed};
use super::state::{CallingPrincipal, ClusterState, World};
use super::sts;

/// How much older a dead entry is than the principal of today.
const BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// A principal in a session of the given name.
pub(super) fn identity(known: &IamPrincipal, session: &str) -> CallingPrincipal {
    CallingPrincipal {
        principal: known.principal.clone(),
        unique_id: known.unique_id.clone(),
        session: (known.principal.kind == PrincipalKind::Role).then(|| session.to_owned()),
    }
}

/// What a world is made from beside its seed.
pub(super) struct Ground {
    /// The certificate authority of the clusters' endpoints, in PEM.
    pub(super) ca_pem: String,
    /// What ids and keys are made from.
    pub(super) secret: String,
    pub(super) clock: SandboxClock,
}

/// The world as the seed has it, and the caller's key.
///
/// The endpoints are those of the cluster and then of its neighbours; what a cluster is kept under comes in the same
/// order.
pub(super) fn world(
    mut seed: Seed,
    endpoints: Vec<String>,
    ground: &Ground,
) -> (World, String, Vec<String>) {
    let neighbours = std::mem::take(&mut seed.neighbours);
    let mut world = World {
        clusters: BTreeMap::new(),
        regions: std::mem::take(&mut seed.regions),
        organization: std::mem::take(&mut seed.organization),
        denials: std::mem::take(&mut seed.denials),
        principals: seed.principals.clone(),
        credentials: BTreeMap::new(),
        rights: seed.rights.clone(),
        admissions: Vec::new(),
        limits: seed.limits.clone(),
        faults: Faults::default(),
        requests: Vec::new(),
        clock: ground.clock,
        buckets: BTreeMap::new(),
        s3: BTreeMap::new(),
        secret: ground.secret.clone(),
        serial: 0,
    };
    know_principals(&mut world, &seed);
    let caller = world.principal(&seed.caller.principal.to_string()).cloned();
    let caller = caller.unwrap_or_else(|| {
        let principal = Principal {
            partition: seed.cluster.partition.clone().into(),
            account: seed.cluster.account_id.clone().into(),
            kind: PrincipalKind::User,
            path: "/".into(),
            name: "caller".into(),
        };
        IamPrincipal::new(principal)
    });
    let key = sts::issue(
        &mut world,
        identity(&caller, &seed.caller.session),
        None,
        true,
    );
    let mut keys = vec![seed.cluster.name.clone()];
    let mut seeds = vec![seed];
    for neighbour in neighbours {
        for known in &neighbour.principals {
            if !world.principals.contains(known) {
                world.principals.push(known.clone());
            }
        }
        know_principals(&mut world, &neighbour);
        let cluster = &neighbour.cluster;
        keys.push(format!(
            "arn:{}:eks:{}:{}:cluster/{}",
            cluster.partition, cluster.region, cluster.account_id, cluster.name
        ));
        seeds.push(neighbour);
    }
    for ((key, seed), endpoint) in keys.iter().zip(seeds).zip(endpoints) {
        add_cluster(&mut world, key, seed, endpoint, ground);
    }
    (world, key, keys)
}

/// Adds what a seed names to IAM, where it is not known yet.
fn know_principals(world: &mut World, seed: &Seed) {
    let node_roles = seed.node_groups.iter().map(|group| &group.node_role);
    let pod_roles = seed
        .fargate_profiles
        .iter()
        .map(|profile| &profile.pod_execution_role);
    let own = [&seed.caller.principal, &seed.creator];
    for arn in own.into_iter().chain(node_roles).chain(pod_roles) {
        if let Some(principal) = Principal::from_arn(arn)
            && world
                .principals
                .iter()
                .all(|known| known.principal.key() != principal.key())
        {
            world.principals.push(IamPrincipal::new(principal));
        }
    }
}

fn add_cluster(world: &mut World, name: &str, seed: Seed, endpoint: String, ground: &Ground) {
    let objects = objects(&seed);
    let (endpoint, ca_pem) = match &seed.control_plane {
        Some(real) => (real.endpoint.clone(), real.ca_pem.clone()),
        None => (endpoint, ground.ca_pem.clone()),
    };
    let cluster = ClusterState {
        mode: seed.cluster.mode,
        status: seed.cluster.status.clone(),
        creator: seed.creator,
        endpoint,
        ca_pem,
        entries: BTreeMap::new(),
        updates: Vec::new(),
        node_groups: seed.node_groups,
        fargate_profiles: seed.fargate_profiles,
        replays: BTreeMap::new(),
        switch: seed.switch,
        hides: seed.entries_hide_aws_auth,
        objects,
        tags: BTreeMap::new(),
        admin_token: format!(
            "sandbox-{}",
            invent::hex(&invent::digest(&format!("token {}", ground.secret)))
        ),
        seed: seed.cluster,
    };
    world.clusters.insert(name.to_owned(), cluster);
    for entry in &seed.entries {
        world.put_entry(name, &entry.entry);
        let arn = entry.entry.principal_arn.to_string();
        let made = world
            .clusters
            .get_mut(name)
            .and_then(|cluster| cluster.entries.get_mut(&arn));
        if let Some(made) = made.filter(|_| entry.stale) {
            made.unique_id = invent::unique_id(&made.principal, u32::MAX);
            let now = world.principals.iter();
            let mut now = now.filter(|known| known.principal.key() == made.principal.key());
            if let Some(now) = now.next() {
                made.created_at = now.created_at - BEFORE;
            }
        }
    }
}

fn objects(seed: &Seed) -> KubeObjects {
    let mut objects = KubeObjects::default();
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        objects.seed_namespace(name);
    }
    for object in &seed.objects {
        objects.seed(object);
    }
    for node in &seed.nodes {
        objects.seed(&node_object(node));
    }
    if let Some(aws_auth) = &seed.aws_auth {
        let mut metadata = json!({ "name": "aws-auth", "namespace": "kube-system" });
        for (field, map) in [
            ("annotations", &aws_auth.annotations),
            ("labels", &aws_auth.labels),
        ] {
            if !map.is_empty() {
                metadata[field] = json!(map);
            }
        }
        if !aws_auth.managed_fields.is_empty() {
            metadata["managedFields"] = json!(aws_auth.managed_fields);
        }
        objects.seed(&json!({ "kind": "ConfigMap", "metadata": metadata, "data": aws_auth.data }));
    }
    objects
}

fn node_object(node: &NodeSeed) -> Value {
    let mut annotations = json!({ (nodes::READY): node.ready.to_string() });
    if let Some(role) = &node.role {
        annotations[nodes::ROLE] = role.to_string().into();
    }
    json!({
        "kind": "Node",
        "metadata": { "name": node.name, "annotations": annotations },
        "spec": { "providerID": format!("aws:///eu-west-1a/i-{}", &invent::hex(&invent::digest(&node.name))[..17]) },
        "status": { "conditions": [{
            "type": "Ready",
            "status": if node.ready { "True" } else { "False" },
            "reason": if node.ready { "KubeletReady" } else { "KubeletNotReady" },
            "lastHeartbeatTime": invent::CREATED.to_string(),
            "lastTransitionTime": invent::CREATED.to_string(),
        }] },
    })
}
