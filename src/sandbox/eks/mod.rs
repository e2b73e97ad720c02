//! EKS, as strict as the real one.
//!
//! Source: the EKS API model `2017-11-01`, the EKS User Guide, and answers of the real service. Where nobody has
//! published what EKS does, a comment says that the answer is invented.

mod cluster;
mod entries;
pub(super) mod errors;
mod groups;
mod page;
mod policies;
pub(super) mod route;
pub(super) mod switch;
mod tags;
mod validate;

pub(super) use entries::{default_username, entry_arn, shown_groups};

use serde_json::Value;

use super::aws::{self, ErrorReply, SandboxService};
use super::percent;
use super::sigv4::Signature;
use super::state::{ClusterState, Credential, World};
use super::wire::{Call, Reply};
use route::Operation;

/// A request, taken apart.
struct Request<'a> {
    operation: Operation,
    segments: Vec<String>,
    pairs: Vec<(String, String)>,
    body: Value,
    credential: &'a Credential,
    /// The region that it was signed for.
    region: String,
    denied: bool,
}

impl Request<'_> {
    /// A segment of the path.
    fn segment(&self, at: usize) -> &str {
        self.segments.get(at).map_or("", String::as_str)
    }

    /// The principal's ARN in the path.
    fn principal(&self) -> &str {
        self.segment(3)
    }

    /// A text in the body.
    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    /// Refuses what the caller may not do.
    fn authorize(&self, world: &World, action: &str, resource: &str) -> Result<(), ErrorReply> {
        let action = if action.contains(':') {
            action.to_owned()
        } else {
            format!("eks:{action}")
        };
        aws::authorize(
            world,
            self.credential,
            SandboxService::Eks,
            &action,
            resource,
            self.denied,
        )
    }

    /// The ARN of an entry of which nothing but the cluster is known yet.
    fn new_entry(&self, world: &World) -> String {
        let cluster = self.segment(1);
        let of_cluster = resource(world, self);
        let prefix = of_cluster.split(":cluster/").next().unwrap_or_default();
        format!("{prefix}:access-entry/{cluster}/*")
    }

    /// What the cluster in the path is kept under, where the caller's account has it in this region.
    fn key(&self, world: &World) -> Option<String> {
        let account = &self.credential.identity.principal.account;
        let key = world.key_of(account, &self.region, self.segment(1));
        key.map(ToOwned::to_owned)
    }

    /// The cluster in the path, of the caller's account.
    fn cluster<'w>(&self, world: &'w mut World) -> Result<&'w mut ClusterState, ErrorReply> {
        let key = self.key(world);
        key.and_then(|key| world.clusters.get_mut(&key))
            .ok_or_else(|| errors::no_cluster(self.segment(1)))
    }

    /// The cluster in the path, where it has access entries.
    fn entry_cluster<'w>(&self, world: &'w mut World) -> Result<&'w mut ClusterState, ErrorReply> {
        let cluster = self.cluster(world)?;
        if cluster.mode.has_access_entries() {
            Ok(cluster)
        } else {
            Err(errors::wrong_mode())
        }
    }
}

/// Answers a request.
pub(super) fn answer(
    world: &mut World,
    call: &Call,
    credential: &Credential,
    denied: bool,
) -> Result<Reply, ErrorReply> {
    switch::settle(world);
    let segments = percent::segments(&call.path);
    let operation = route::of(&call.method, &segments).ok_or_else(|| {
        ErrorReply::new(
            404,
            "UnknownOperationException",
            "There is no such operation",
        )
    })?;
    let body = if call.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&call.body)
            .map_err(|_| ErrorReply::new(400, "SerializationException", "The body is not JSON"))?
    };
    let request = Request {
        operation,
        segments,
        pairs: call.pairs(),
        body,
        credential,
        region: Signature::of(call)
            .map(|signature| signature.region)
            .unwrap_or_default(),
        denied,
    };
    request.authorize(world, &format!("{operation:?}"), &resource(world, &request))?;
    if matches!(request.segment(0), "clusters") && request.segments.len() > 1 {
        validate::cluster_name(request.segment(1))?;
    }
    let document = match operation {
        Operation::CreateAccessEntry => entries::create(world, &request),
        Operation::DescribeAccessEntry => entries::describe(world, &request),
        Operation::UpdateAccessEntry => entries::update(world, &request),
        Operation::DeleteAccessEntry => entries::delete(world, &request),
        Operation::ListAccessEntries => entries::list(world, &request),
        Operation::AssociateAccessPolicy => policies::associate(world, &request),
        Operation::DisassociateAccessPolicy => policies::disassociate(world, &request),
        Operation::ListAssociatedAccessPolicies => policies::list_associated(world, &request),
        Operation::ListAccessPolicies => policies::list(world, &request),
        Operation::ListClusters => cluster::list(world, &request),
        Operation::DescribeCluster => cluster::describe(world, &request),
        Operation::UpdateClusterConfig => cluster::update_config(world, &request),
        Operation::DescribeUpdate => cluster::describe_update(world, &request),
        Operation::ListUpdates => cluster::list_updates(world, &request),
        Operation::ListNodegroups => groups::list_node_groups(world, &request),
        Operation::DescribeNodegroup => groups::describe_node_group(world, &request),
        Operation::ListFargateProfiles => groups::list_fargate_profiles(world, &request),
        Operation::DescribeFargateProfile => groups::describe_fargate_profile(world, &request),
        Operation::TagResource => tags::tag(world, &request),
        Operation::UntagResource => tags::untag(world, &request),
        Operation::ListTagsForResource => tags::list(world, &request),
    }?;
    Ok(Reply::json(200, &document))
}

/// The ARN that a refusal names.
///
/// Source: Service Authorization Reference, "Amazon EKS", resource types.
fn resource(world: &World, request: &Request<'_>) -> String {
    let name = request.segment(1);
    let account = &request.credential.identity.principal.account;
    let cluster = request.key(world).and_then(|key| world.clusters.get(&key));
    let Some(cluster) = cluster else {
        let partition = &request.credential.identity.principal.partition;
        return match request.segment(0) {
            "clusters" if !name.is_empty() => format!(
                "arn:{partition}:eks:{}:{account}:cluster/{name}",
                request.region
            ),
            "tags" => name.to_owned(),
            _ => "*".to_owned(),
        };
    };
    let seed = &cluster.seed;
    let prefix = format!(
        "arn:{}:eks:{}:{}",
        seed.partition, seed.region, seed.account_id
    );
    match (request.segment(2), request.segment(3)) {
        ("access-entries", arn) if !arn.is_empty() => {
            let known = cluster.entries.get(arn).map(|entry| entry.arn.clone());
            known.unwrap_or_else(|| format!("{prefix}:access-entry/{name}/*"))
        }
        ("node-groups", group) if !group.is_empty() => {
            format!("{prefix}:nodegroup/{name}/{group}/*")
        }
        ("fargate-profiles", profile) if !profile.is_empty() => {
            format!("{prefix}:fargateprofile/{name}/{profile}/*")
        }
        _ => cluster.arn(),
    }
}
