//! China and `GovCloud`: their own ARNs, their own STS hosts, their own policies.

use aws_auth_migrate::model::{AccessEntry, EntryType};
use aws_auth_migrate::sandbox::{ClusterSeed, Seed};

use crate::support::{ACCOUNT, CLUSTER, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_another_partition_is_migrated_and_verified() {
    for (partition, region) in [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")] {
        let ops = format!("arn:{partition}:iam::{ACCOUNT}:role/team/ops");
        let nodes = format!("arn:{partition}:iam::{ACCOUNT}:role/nodes");
        let map_roles = format!(
            "- {{rolearn: 'arn:{partition}:iam::{ACCOUNT}:role/ops', username: ops, groups: [system:masters]}}\n\
             - {{rolearn: '{nodes}', username: 'system:node:{{{{EC2PrivateDNSName}}}}', groups: [system:bootstrappers, system:nodes]}}\n\
             - {{rolearn: 'arn:aws:iam::{ACCOUNT}:role/ops', username: o, groups: [o]}}\n"
        );
        let cluster = ClusterSeed {
            name: CLUSTER.to_owned(),
            account_id: ACCOUNT.to_owned(),
            partition: partition.to_owned(),
            region: region.to_owned(),
            ..ClusterSeed::default()
        };
        let seed = Seed::new(cluster)
            .with_aws_auth([("mapRoles".to_owned(), map_roles)].into())
            .with_principals([ops.as_str(), nodes.as_str()]);
        let world = World::start(seed).await;

        world.apply().run().expect_code(0);

        let entries: Vec<AccessEntry> = world
            .sandbox
            .state()
            .entries
            .into_iter()
            .map(|live| live.entry)
            .collect();
        let of = |arn: &str| {
            entries
                .iter()
                .find(|entry| entry.principal_arn.to_string() == arn)
                .unwrap_or_else(|| panic!("no entry for {arn}: {entries:#?}"))
        };
        assert_eq!(
            of(&ops).access_policies[0].policy_arn.to_string(),
            format!("arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy")
        );
        assert_eq!(of(&nodes).entry_type, EntryType::Ec2Linux);
        let of_aws = entries
            .iter()
            .filter(|entry| entry.principal_arn.to_string().starts_with("arn:aws:"));
        assert_eq!(
            of_aws.count(),
            0,
            "an ARN from another partition matches nobody"
        );
        world.tool("verify").run().expect_code(0);
        world
            .tool("cutover")
            .args(&["--yes", "--soak", "0s"])
            .run()
            .expect_code(0);
    }
}
