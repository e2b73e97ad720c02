//! Fleets that can't be meant so, and clusters that can't be reached.

use super::{ACCOUNT, SECOND, THIRD, row, world};
use crate::support::{Ran, World};

fn plan(world: &World, text: &str) -> Ran {
    let file = world.write(
        "bad.yaml",
        &format!("schema: aws-auth-migrate/fleet/v1\n{text}"),
    );
    world
        .bare(&[
            "fleet",
            "plan",
            "--output",
            "json",
            "--progress",
            "none",
            "--fleet",
        ])
        .arg(file)
        .run()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_file_that_is_wrong_is_refused_with_its_line_and_nothing_is_asked() {
    let world = world().await;
    for (text, parts) in [
        (
            "clusters:\n- name: shop\n  regoin: eu-west-1\n",
            &[
                "unknown field `regoin`",
                "line 4",
                "see `schema fleet` for the format",
            ][..],
        ),
        (
            "clusters:\n- {name: a, region: eu-west-1}\n- {name: a, region: eu-west-1}\n",
            &[
                "clusters[1] on line 4: the cluster -/eu-west-1/a is already listed at clusters[0] on line 3",
            ],
        ),
        ("clusters: []\n", &["it lists no cluster"]),
        (
            "clusters:\n- {name: a, region: eu-west-1, role: Migrate}\n",
            &["set `account`"],
        ),
        ("clusters: [\n", &["failed to read the fleet from"]),
    ] {
        plan(&world, text).expect_code(64).expect_error(parts);
    }
    let error: serde_json::Value =
        serde_json::from_str(&plan(&world, "clusters: []\n").stderr).unwrap();
    assert_eq!(error["schema"], "aws-auth-migrate/error/v1", "{error:#}");
    let other = world.write(
        "other.yaml",
        "schema: aws-auth-migrate/plan/v1\nclusters: []\n",
    );
    let ran = world
        .bare(&["fleet", "plan", "--fleet"])
        .arg(other)
        .run()
        .expect_code(64);
    ran.expect_error(&["its `schema` is `aws-auth-migrate/plan/v1`"]);
    world
        .bare(&["fleet", "plan"])
        .run()
        .expect_code(64)
        .expect_error(&["--fleet"]);
    assert_eq!(world.sandbox.requests(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_is_not_enabled_is_named_and_the_rest_is_read() {
    let world = world().await;
    let enabled = ["eu-west-1", "us-east-1"].map(str::to_owned).to_vec();
    world
        .sandbox
        .edit(|world| world.set_regions(ACCOUNT, enabled));
    let text = format!(
        "defaults: {{account: '{ACCOUNT}'}}\nclusters:\n- {{name: shop, region: eu-west-1}}\n- {{name: shop, region: me-south-1}}\n"
    );
    let report = plan(&world, &text).expect_code(1).json();
    let reason = &row(&report, &format!("{ACCOUNT}/me-south-1/shop"))["reason"];
    let hint = reason["hints"][0].as_str().unwrap();
    assert!(
        hint.contains(&format!(
            "me-south-1 is a region of the partition `aws` and enabled in account {ACCOUNT}"
        )),
        "{reason:#}"
    );
    assert_eq!(
        row(&report, &format!("{ACCOUNT}/eu-west-1/shop"))["state"],
        "needsDecision"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_another_account_than_the_one_named_read_nothing() {
    let world = world().await;
    let text = format!("clusters:\n- {{name: web, region: eu-west-1, account: '{THIRD}'}}\n");
    let report = plan(&world, &text).expect_code(1).json();
    let reason = &row(&report, &format!("{THIRD}/eu-west-1/web"))["reason"];
    assert_eq!(
        reason["message"],
        format!("the credentials belong to account {ACCOUNT}, not to {THIRD}")
    );
    assert!(
        world
            .sandbox
            .requests()
            .iter()
            .all(|request| request.operation == "GetCallerIdentity")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_reached_in_two_ways_counts_once() {
    let world = world().await;
    let text = format!(
        "defaults: {{region: eu-west-1}}\nclusters:\n- {{name: shop}}\n- {{name: shop, account: '{ACCOUNT}'}}\n"
    );
    let report = plan(&world, &text).expect_code(1).json();
    assert_eq!(report["summary"]["needsDecision"], 1);
    let reason = &row(&report, &format!("{ACCOUNT}/eu-west-1/shop"))["reason"]["message"];
    assert!(
        reason
            .as_str()
            .unwrap()
            .contains("the same as -/eu-west-1/shop"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_forbids_is_the_reason_of_its_row() {
    let world = world().await;
    world
        .sandbox
        .edit(|world| world.deny(SECOND, "eks:DescribeCluster"));
    let text = format!(
        "defaults: {{role: Migrate}}\nclusters:\n- {{name: shop, region: eu-central-1, account: '{SECOND}'}}\n- {{name: web, region: \
         eu-west-1, account: '{THIRD}'}}\n"
    );
    let report = plan(&world, &text).expect_code(1).json();
    let reason = &row(&report, &format!("{SECOND}/eu-central-1/shop"))["reason"];
    assert!(
        reason["causes"][0]
            .as_str()
            .unwrap()
            .contains("eks:DescribeCluster"),
        "{reason:#}"
    );
    assert_eq!(
        row(&report, &format!("{THIRD}/eu-west-1/web"))["state"],
        "pending"
    );
}
