//! The authentication mode, the updates that change it, and what EKS does at the switch.

use aws_auth_migrate::model::{AuthenticationMode, EntryType};
use aws_auth_migrate::sandbox::{
    FargateProfileSeed, NodeGroupSeed, Sandbox, Seed, UpdateEnd, UpdateTime,
};
use aws_sdk_eks::error::SdkError;
use aws_sdk_eks::operation::update_cluster_config::{
    UpdateClusterConfigError, UpdateClusterConfigOutput,
};
use aws_sdk_eks::types::{AuthenticationMode as Mode, UpdateAccessConfigRequest, UpdateStatus};

use crate::support::*;

const NODES: &str = "arn:aws:iam::111122223333:role/eks/nodes";
const WINDOWS: &str = "arn:aws:iam::111122223333:role/windows";
const CUSTOM: &str = "arn:aws:iam::111122223333:role/custom";
const PODS: &str = "arn:aws:iam::111122223333:role/pods";

async fn switch(
    client: &aws_sdk_eks::Client,
    mode: Mode,
) -> Result<UpdateClusterConfigOutput, SdkError<UpdateClusterConfigError>> {
    let config = UpdateAccessConfigRequest::builder()
        .authentication_mode(mode)
        .build();
    client
        .update_cluster_config()
        .name(CLUSTER)
        .access_config(config)
        .send()
        .await
}

async fn poll(client: &aws_sdk_eks::Client, id: &str) -> aws_sdk_eks::types::Update {
    let shown = client
        .describe_update()
        .name(CLUSTER)
        .update_id(id)
        .send()
        .await;
    shown.unwrap().update.unwrap()
}

fn entry_type(sandbox: &Sandbox, arn: &str) -> Option<EntryType> {
    let entries = sandbox.state().entries;
    let found = entries
        .into_iter()
        .find(|live| live.entry.principal_arn.to_string() == arn);
    found.map(|live| live.entry.entry_type)
}

fn config_map() -> Seed {
    seed().with_mode(AuthenticationMode::ConfigMap)
}

#[tokio::test]
async fn an_update_takes_its_time_and_then_the_mode_is_changed() {
    let (sandbox, client) = start(config_map()).await;
    let update = switch(&client, Mode::ApiAndConfigMap)
        .await
        .unwrap()
        .update
        .unwrap();
    assert_eq!(update.status(), Some(&UpdateStatus::InProgress));
    assert_eq!(update.params()[0].value(), Some("\"API_AND_CONFIG_MAP\""));
    let id = update.id().unwrap();
    let cluster = client
        .describe_cluster()
        .name(CLUSTER)
        .send()
        .await
        .unwrap()
        .cluster
        .unwrap();
    assert_eq!(cluster.status().unwrap().as_str(), "UPDATING");
    let (code, message) = refusal(switch(&client, Mode::Api).await);
    assert_eq!(code, "ResourceInUseException");
    assert_eq!(
        message,
        format!(
            "Cannot AccessConfigUpdate because cluster rehearsal currently has update {id} in progress"
        )
    );
    assert_eq!(
        poll(&client, id).await.status(),
        Some(&UpdateStatus::InProgress)
    );
    assert_eq!(sandbox.state().mode, AuthenticationMode::ConfigMap);
    assert_eq!(
        poll(&client, id).await.status(),
        Some(&UpdateStatus::Successful)
    );
    assert_eq!(sandbox.state().mode, AuthenticationMode::ApiAndConfigMap);
    assert_eq!(sandbox.state().status, "ACTIVE");
    let listed = client.list_updates().name(CLUSTER).send().await.unwrap();
    assert_eq!(listed.update_ids(), [id]);
}

#[tokio::test]
async fn modes_move_one_step_and_one_way() {
    use AuthenticationMode::{Api, ApiAndConfigMap, ConfigMap};
    for (from, to) in [
        (ConfigMap, Mode::Api),
        (ConfigMap, Mode::ConfigMap),
        (ApiAndConfigMap, Mode::ConfigMap),
        (ApiAndConfigMap, Mode::ApiAndConfigMap),
        (Api, Mode::ApiAndConfigMap),
    ] {
        let (_sandbox, client) = start(seed().with_mode(from)).await;
        assert_refused(
            switch(&client, to.clone()).await,
            "InvalidParameterException",
            &format!("Unsupported authentication mode update from {from} to {to}"),
        );
    }
}

#[tokio::test]
async fn eks_makes_entries_for_the_creator_and_its_own_nodes_at_the_switch() {
    let windows = NodeGroupSeed {
        ami_type: "WINDOWS_CORE_2022_x86_64".to_owned(),
        ..NodeGroupSeed::linux("windows", WINDOWS.parse().unwrap())
    };
    let forgotten = NodeGroupSeed {
        ami_type: "CUSTOM".to_owned(),
        entry_at_switch: false,
        ..NodeGroupSeed::linux("custom", CUSTOM.parse().unwrap())
    };
    let mut seed = config_map()
        .with_node_group(NodeGroupSeed::linux("linux", NODES.parse().unwrap()))
        .with_node_group(NodeGroupSeed::linux("linux-2", NODES.parse().unwrap()))
        .with_node_group(windows)
        .with_node_group(forgotten)
        .with_fargate_profile(FargateProfileSeed {
            name: "pods".to_owned(),
            pod_execution_role: PODS.parse().unwrap(),
            entry_at_switch: true,
        });
    seed.switch.takes = UpdateTime::Polls(0);
    let (sandbox, client) = start(seed).await;
    switch(&client, Mode::ApiAndConfigMap).await.unwrap();
    assert_eq!(entry_type(&sandbox, NODES), Some(EntryType::Ec2Linux));
    assert_eq!(entry_type(&sandbox, WINDOWS), Some(EntryType::Ec2Windows));
    assert_eq!(entry_type(&sandbox, PODS), Some(EntryType::FargateLinux));
    assert_eq!(entry_type(&sandbox, CUSTOM), None);
    let entries = sandbox.state().entries;
    let creator = entries
        .iter()
        .find(|live| live.entry.principal_arn.to_string() == ADMIN);
    assert!(creator.unwrap().entry.access_policies[0].is_cluster_admin());
    let groups = client
        .list_nodegroups()
        .cluster_name(CLUSTER)
        .send()
        .await
        .unwrap();
    assert_eq!(
        groups.nodegroups(),
        ["custom", "linux", "linux-2", "windows"]
    );
    let group = client
        .describe_nodegroup()
        .cluster_name(CLUSTER)
        .nodegroup_name("linux")
        .send();
    assert_eq!(
        group.await.unwrap().nodegroup.unwrap().node_role(),
        Some(NODES)
    );
    let profile = client
        .describe_fargate_profile()
        .cluster_name(CLUSTER)
        .fargate_profile_name("pods")
        .send();
    let profile = profile.await.unwrap().fargate_profile.unwrap();
    assert_eq!(profile.pod_execution_role_arn(), Some(PODS));
}

#[tokio::test]
async fn a_failed_or_cancelled_update_leaves_the_mode() {
    let failed = UpdateEnd::Failed {
        code: "InternalFailure".to_owned(),
        message: "try again".to_owned(),
    };
    for (ends, status) in [
        (failed, UpdateStatus::Failed),
        (UpdateEnd::Cancelled, UpdateStatus::Cancelled),
    ] {
        let mut seed = config_map();
        seed.switch.takes = UpdateTime::Millis(20);
        seed.switch.ends = ends;
        let (sandbox, client) = start(seed).await;
        let update = switch(&client, Mode::ApiAndConfigMap)
            .await
            .unwrap()
            .update
            .unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        let update = poll(&client, update.id().unwrap()).await;
        assert_eq!(update.status(), Some(&status));
        assert_eq!(
            update.errors().len(),
            usize::from(status == UpdateStatus::Failed)
        );
        assert_eq!(sandbox.state().mode, AuthenticationMode::ConfigMap);
    }
}

#[tokio::test]
async fn a_cluster_that_is_too_old_keeps_its_mode() {
    for (version, platform, works) in [
        ("1.22", "eks.30", false),
        ("1.23", "eks.16", false),
        ("1.28", "eks.5", false),
        ("1.28", "eks.6", true),
        ("1.30", "eks.1", false),
        ("1.33", "eks.1", true),
    ] {
        let mut seed = config_map();
        seed.cluster.kubernetes_version = version.to_owned();
        seed.cluster.platform_version = platform.to_owned();
        let (_sandbox, client) = start(seed).await;
        let result = switch(&client, Mode::ApiAndConfigMap).await;
        assert_eq!(result.is_ok(), works, "{version} {platform}");
        if !works {
            assert_eq!(refusal(result).0, "InvalidRequestException");
        }
    }
}
