//! A cluster around an `aws-auth`, with IAM principals invented for its ARNs.

use std::collections::BTreeMap;

use crate::migration::Target;
use crate::migration::survey::likely_partition;
use crate::model::{Arn, Principal};
use crate::sandbox::{
    ClusterSeed, FargateProfileSeed, IamPrincipal, NodeGroupSeed, Seed, UpdateTime,
};
use crate::source::AwsAuth;

/// What a rehearsal's cluster is called.
pub const CLUSTER: &str = "rehearsal";

/// Invents everything around an `aws-auth`: the account and partition that most of its ARNs are of, the principals,
/// and for node roles that look like a managed node group's or a Fargate profile's, that group or profile.
///
/// What the target assumes or names (account, partition, region, real ARNs) is taken from there.
#[must_use]
pub fn invent(aws_auth: &AwsAuth, rbac_objects: Vec<serde_json::Value>, target: &Target) -> Seed {
    let reading = aws_auth.read();
    let arns: Vec<Arn> = reading
        .mappings
        .iter()
        .filter_map(|mapping| Arn::as_matched(&mapping.arn))
        .collect();
    let mut cluster = ClusterSeed {
        name: CLUSTER.to_owned(),
        ..ClusterSeed::default()
    };
    let accounts = arns.iter().map(|arn| arn.account.to_string());
    let account = target.assumed.account_id.clone();
    if let Some(account) =
        account.or_else(|| most_common(accounts.filter(|account| is_account(account))))
    {
        cluster.account_id = account;
    }
    let partition = target.assumed.partition.clone();
    cluster.partition = partition.unwrap_or_else(|| likely_partition(&reading));
    home_region(&cluster.partition).clone_into(&mut cluster.region);
    if let Some(region) = &target.aws.region {
        cluster.region.clone_from(region);
    }
    let account = cluster.account_id.clone();
    let texts: Vec<String> = reading
        .mappings
        .iter()
        .map(|mapping| mapping.arn.clone())
        .collect();
    let mut seed = Seed::invent(cluster, aws_auth.data.clone(), &texts);
    for principal in target.principals.values().filter_map(Principal::from_arn) {
        let key = principal.key();
        seed.principals.retain(|known| known.principal.key() != key);
        seed.principals.push(IamPrincipal::new(principal));
    }
    seed.objects = rbac_objects;
    // Long enough to be seen.
    seed.switch.takes = UpdateTime::Millis(2500);
    for mapping in &reading.mappings {
        let Some(principal) = Principal::as_matched(&mapping.arn) else {
            continue;
        };
        if principal.account != account || principal.has_path() {
            continue;
        }
        let role = seed
            .principals
            .iter()
            .find(|known| known.principal.key() == principal.key())
            .map_or_else(|| principal.arn(), |known| known.principal.arn());
        let is_fargate = mapping
            .groups
            .iter()
            .any(|group| group == "system:node-proxier");
        // The names that eksctl and CloudFormation give to the roles of node groups.
        if mapping.username == "system:node:{{EC2PrivateDNSName}}"
            && principal.name.contains("NodeInstanceRole")
        {
            seed = seed.with_node_group(NodeGroupSeed::linux("general", role));
        } else if mapping.username == "system:node:{{SessionName}}" && is_fargate {
            seed = seed.with_fargate_profile(FargateProfileSeed {
                name: "pods".to_owned(),
                pod_execution_role: role,
                entry_at_switch: true,
            });
        }
    }
    seed
}

fn most_common(texts: impl Iterator<Item = String>) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(text, _)| text)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A region of a partition, for a cluster that has to be somewhere.
fn home_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "eu-west-1",
    }
}
