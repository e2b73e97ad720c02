//! Service-linked roles: their services create the access entries, which are compared like any other.

use std::collections::BTreeMap;
use std::process::Command;

use aws_auth_migrate::model::access_policy::policy_arn;
use aws_auth_migrate::model::{AccessEntry, AccessScope, EntryType, PolicyAssociation};
use serde_json::Value;

use crate::support::{ACCOUNT, CLUSTER, World, codes, in_api_mode, judge, mapping, seed};

const TEXT: &str = "\
- rolearn: arn:aws:iam::111122223333:role/AWSServiceRoleForBatch
  username: aws-batch
  groups: []
";

fn batch() -> String {
    format!(
        "arn:aws:iam::{ACCOUNT}:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"
    )
}

/// The entry as Batch creates it: with `AWSBatchClusterPolicy` and nothing for any namespace.
///
/// Source: AWS Batch User Guide, "Amazon EKS access entries".
fn made_by_batch() -> AccessEntry {
    AccessEntry {
        principal_arn: batch().parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some(format!(
            "arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForBatch/{{{{SessionName}}}}"
        )),
        kubernetes_groups: Vec::new(),
        tags: BTreeMap::new(),
        access_policies: vec![PolicyAssociation {
            policy_arn: policy_arn("aws", "AWSBatchClusterPolicy"),
            access_scope: AccessScope::cluster(),
        }],
    }
}

fn first(plan: &Value) -> &Value {
    mapping(plan, "mapRoles[0]")
}

/// Its mapping was once blocked for ever, and the advice to set `ENABLED` left the jobs RUNNABLE.
#[tokio::test(flavor = "multi_thread")]
async fn batch_needs_its_namespace_policy_and_then_its_entry_is_compared() {
    let world = World::start(in_api_mode(seed(TEXT, &[&batch()]))).await;
    let without = world.plan().json();
    assert_eq!(first(&without)["outcome"], "blocked");
    let fix = first(&without)["findings"][0]["fix"].as_str().unwrap();
    assert!(
        fix.contains("`accessEntry.desiredState` to `ENABLED`"),
        "{fix}"
    );

    world
        .sandbox
        .edit(|world| world.put_entry(CLUSTER, &made_by_batch()));
    let begun = world.plan().json();
    assert_eq!(first(&begun)["outcome"], "conflict");
    assert_eq!(codes(first(&begun)), ["AAM322"]);
    let fix = first(&begun)["findings"][0]["fix"].as_str().unwrap();
    let command = fix
        .split('`')
        .nth(1)
        .unwrap()
        .replace("NAMESPACE", "batch-jobs");
    assert!(command.contains(&batch()), "{command}");
    if !judge("aws", Command::new("aws").arg("--version")) {
        return;
    }
    // The printed command does what it says: EKS takes associations on such an entry, though it refuses to create it.
    let ran = world.other("sh").args(["-c", &command]).output().unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let done = world.plan().json();
    let fix = first(&done)["findings"][0]["fix"].as_str().unwrap();
    assert!(fix.contains("`keep-live`"), "{fix}");
    assert_eq!(done["actions"], serde_json::json!([]));
    let decisions = world.write(
        "decisions.yaml",
        "schema: aws-auth-migrate/decisions/v1\nprincipals:\n- principal: \"*AWSServiceRoleForBatch\"\n  do: keep-live\n",
    );
    let verified = world.tool("verify").arg("--decisions").arg(&decisions);
    let verified = verified
        .args(&["--output", "json"])
        .run()
        .expect_code(0)
        .json();
    assert_eq!(verified["verdict"], "safe", "{verified:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fix_for_emr_lists_the_virtual_clusters_that_are_to_be_created_again() {
    let text = "- rolearn: arn:aws:iam::111122223333:role/AWSServiceRoleForAmazonEMRContainers\n  username: emr-containers\n";
    let world = World::start(in_api_mode(seed(text, &[]))).await;
    let plan = world.plan().json();
    let fix = first(&plan)["findings"][0]["fix"].as_str().unwrap();
    let command = "`aws emr-containers list-virtual-clusters --container-provider-type EKS --container-provider-id shop --no-eks-access-entry-integrated`";
    assert!(fix.contains(command), "{fix}");
}
