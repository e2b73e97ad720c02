//! `fleet apply`: waves, canaries, failures, and runs that are stopped.

use std::collections::BTreeMap;

use aws_auth_migrate::sandbox::{Fault, FaultKind, Seed};
use serde_json::Value;

use super::{
    ACCOUNT, SECOND, THIRD, cluster, fleet, let_the_update_end, plain, row, states, world,
};
use crate::apply::is_mutation;
use crate::killing::is_killed;
use crate::support::{Ran, Tool, World, read, send};

const REGIONS: [&str; 4] = ["eu-west-1", "eu-central-1", "us-east-1", "ap-south-1"];

/// Twelve clusters: four regions in each of three accounts.
async fn twelve() -> World {
    let seed = |account, region| cluster(account, region, "shop", &plain());
    let mut all: Option<Seed> = None;
    for account in [ACCOUNT, SECOND, THIRD] {
        for region in REGIONS {
            let next = seed(account, region);
            all = Some(match all {
                None => next,
                Some(first) => first.with_neighbour(next),
            });
        }
    }
    World::start(all.unwrap()).await
}

fn twelve_file(world: &World) -> std::path::PathBuf {
    let mut text = "schema: aws-auth-migrate/fleet/v1\nclusters:\n".to_owned();
    for account in [ACCOUNT, SECOND, THIRD] {
        for region in REGIONS {
            let role = if account == ACCOUNT {
                ""
            } else {
                ", role: Migrate"
            };
            text.push_str(&format!(
                "- {{name: shop, region: {region}, account: '{account}'{role}}}\n"
            ));
        }
    }
    world.write("twelve.yaml", &text)
}

/// `fleet apply --yes --enable-access-entries` on the twelve.
fn apply(world: &World) -> Tool {
    let file = twelve_file(world);
    world
        .bare(&[
            "fleet",
            "apply",
            "--yes",
            "--enable-access-entries",
            "--progress",
            "none",
            "--output",
            "json",
            "--fleet",
        ])
        .arg(file)
}

/// The entries of all twelve, without what differs from run to run.
fn end_state(world: &World) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for account in [ACCOUNT, SECOND, THIRD] {
        for region in REGIONS {
            let is_first = account == ACCOUNT && region == "eu-west-1";
            let key = if is_first {
                "shop".to_owned()
            } else {
                format!("arn:aws:eks:{region}:{account}:cluster/shop")
            };
            let state = world.sandbox.state_of(&key);
            let entries = state.entries.into_iter().map(|live| {
                let entry = live.entry;
                let policies: Vec<_> = entry
                    .access_policies
                    .iter()
                    .map(|policy| policy.policy_arn.to_string())
                    .collect();
                format!(
                    "{} {:?} {policies:?}",
                    entry.principal_arn, entry.kubernetes_groups
                )
            });
            all.insert(key, entries.collect());
        }
    }
    all
}

fn mutations(world: &World) -> usize {
    let requests = world.sandbox.requests();
    requests
        .iter()
        .filter(|request| is_mutation(&request.operation))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_clusters_are_applied_and_a_second_run_finds_nothing_to_do() {
    let world = twelve().await;
    let report = apply(&world).run().expect_code(0).json();
    assert_eq!(report["summary"]["done"], 12);
    let web = row(&report, &format!("{THIRD}/us-east-1/shop"));
    assert_eq!(web["applied"]["switchedTo"], "API_AND_CONFIG_MAP");
    assert_eq!(web["applied"]["failed"], 0);
    // One journal for each cluster, in the usual place.
    let journal = web["applied"]["journal"].as_str().unwrap();
    assert!(
        journal.ends_with(&format!("aws-auth-migrate/{THIRD}/us-east-1/shop.jsonl")),
        "{journal}"
    );
    let before = mutations(&world);
    let again = apply(&world).run().expect_code(0).json();
    assert_eq!(again["summary"]["done"], 12);
    assert_eq!(mutations(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_and_resumes_end_like_an_uninterrupted_run() {
    let reference = twelve().await;
    apply(&reference).run().expect_code(0);
    let expected = end_state(&reference);
    let whole = mutations(&reference);

    let world = twelve().await;
    let mut kills = 0;
    for round in 0..6 {
        let before = mutations(&world);
        let mut child = apply(&world).args(&["--concurrency", "3"]).spawn();
        // Further each time, so that switches, entries and policies are all cut somewhere.
        while mutations(&world) < before + 2 + round && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(std::time::Duration::from_micros(200)).await;
        }
        child.kill().unwrap();
        kills += usize::from(is_killed(child.wait().unwrap()));
    }
    assert!(kills >= 4, "only {kills} of 6 runs were killed");
    let report = apply(&world).run().expect_code(0).json();
    assert_eq!(report["summary"]["done"], 12);
    assert_eq!(end_state(&world), expected, "after {kills} kills");
    crate::tell::tell(&format!(
        "fleet of 12: {kills} kills, {} writes instead of {whole}",
        mutations(&world)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_canary_keeps_all_others_from_being_begun() {
    let world = twelve().await;
    world
        .sandbox
        .edit(|world| world.deny(SECOND, "eks:CreateAccessEntry"));
    let canary = format!("{SECOND}/eu-central-1/shop");
    let report = apply(&world)
        .args(&["--canary", &canary])
        .run()
        .expect_code(4)
        .json();
    assert_eq!(report["summary"]["notReached"], 11, "{:?}", states(&report));
    assert_eq!(row(&report, &canary)["state"], "incomplete");
    let other = row(&report, &format!("{THIRD}/us-east-1/shop"));
    assert_eq!(other["reason"]["message"], "not started: a canary failed");
    let entries = end_state(&world);
    let begun = entries
        .values()
        .filter(|entries| !entries.is_empty())
        .count();
    assert_eq!(begun, 1, "only the canary was switched");
}

#[tokio::test(flavor = "multi_thread")]
async fn waves_stop_once_more_clusters_failed_than_may() {
    let world = twelve().await;
    world
        .sandbox
        .edit(|world| world.deny(SECOND, "eks:UpdateClusterConfig"));
    let waves = [
        "--wave-size",
        "4",
        "--max-failures",
        "1",
        "--concurrency",
        "1",
    ];
    let report = apply(&world).args(&waves).run().expect_code(1).json();
    // The first wave is the caller's own account; in the second the first two fail.
    assert_eq!(report["summary"]["done"], 4);
    assert_eq!(report["summary"]["failed"], 2);
    assert_eq!(report["summary"]["notReached"], 6);
    let without_limit = apply(&world)
        .args(&["--wave-size", "4"])
        .run()
        .expect_code(1)
        .json();
    assert_eq!(without_limit["summary"]["failed"], 4);
    assert_eq!(without_limit["summary"]["done"], 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_finishes_the_clusters_under_way_and_begins_no_more() {
    let world = twelve().await;
    let child = apply(&world)
        .args(&["--concurrency", "2", "--wave-size", "4"])
        .spawn();
    crate::support::until("a cluster is written to", || mutations(&world) >= 3).await;
    send(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let ran = Ran::of(&output).expect_code(130);
    let report = ran.json();
    assert!(
        report["summary"]["notReached"].as_u64().unwrap() > 0,
        "{:?}",
        states(&report)
    );
    ran.expect_error(&["to resume: ", "fleet apply"]);
    apply(&world).run().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_wait_between_waves_and_not_after_the_last() {
    let world = twelve().await;
    let file = twelve_file(&world);
    let ran = world
        .bare(&[
            "fleet",
            "apply",
            "--yes",
            "--enable-access-entries",
            "--progress",
            "plain",
            "--soak",
            "1s",
            "--wave-size",
        ])
        .arg("6")
        .arg("--fleet")
        .arg(&file)
        .run()
        .expect_code(0);
    assert_eq!(
        ran.stderr
            .matches("waiting 1s before the next wave")
            .count(),
        1,
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("wave 2 of 2: 6 clusters"),
        "{}",
        ran.stderr
    );
    // Nothing is written the second time, so there is nothing to wait for.
    let again = world
        .bare(&[
            "fleet",
            "apply",
            "--yes",
            "--enable-access-entries",
            "--progress",
            "plain",
            "--soak",
            "1h",
            "--wave-size",
        ])
        .arg("6")
        .arg("--fleet")
        .arg(&file)
        .run()
        .expect_code(0);
    assert!(!again.stderr.contains("waiting"), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_reviewed_is_what_is_applied() {
    let world = twelve().await;
    let file = twelve_file(&world);
    let folder = world.path("plans");
    world
        .bare(&["fleet", "plan", "--progress", "none", "--fleet"])
        .arg(&file)
        .arg("--out")
        .arg(&folder)
        .run()
        .expect_code(0);
    let saved = folder.join(format!("{SECOND}/us-east-1/shop.plan.json"));
    let plan: Value = serde_json::from_str(&read(&saved)).unwrap();
    assert_eq!(plan["schema"], "aws-auth-migrate/plan/v1");
    // Somebody changes one of them after the review, and the plan of another is lost.
    let other = format!("- rolearn: arn:aws:iam::{THIRD}:role/ops\n  groups: [system:masters]\n");
    world.sandbox.edit(|world| {
        let data = BTreeMap::from([("mapRoles".to_owned(), other)]);
        world.put_aws_auth(
            &format!("arn:aws:eks:us-east-1:{THIRD}:cluster/shop"),
            &data,
        );
    });
    std::fs::remove_file(&saved).unwrap();
    let report = apply(&world)
        .arg("--plans")
        .arg(&folder)
        .run()
        .expect_code(1)
        .json();
    assert_eq!(report["summary"]["done"], 10, "{:?}", states(&report));
    let changed = row(&report, &format!("{THIRD}/us-east-1/shop"));
    let cause = changed["reason"]["causes"][0].as_str().unwrap();
    assert!(
        cause.contains("mapRoles[1]") && cause.contains("was removed from aws-auth"),
        "{changed:#}"
    );
    let lost = row(&report, &format!("{SECOND}/us-east-1/shop"));
    assert!(
        lost["reason"]["message"]
            .as_str()
            .unwrap()
            .contains("failed to read the saved plan"),
        "{lost:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mixed_fleet_is_applied_as_far_as_it_goes() {
    let world = world().await;
    let_the_update_end(&world);
    let report = fleet(
        &world,
        "apply",
        &["--yes", "--enable-access-entries", "--output", "json"],
    )
    .expect_code(1)
    .json();
    let state = |cluster: &str| row(&report, cluster)["state"].clone();
    assert_eq!(state(&format!("{ACCOUNT}/eu-west-1/shop")), "needsDecision");
    assert_eq!(state(&format!("{ACCOUNT}/us-east-1/moved")), "done");
    // What somebody else changes is waited for.
    assert_eq!(state(&format!("{SECOND}/eu-west-1/updating")), "done");
    assert_eq!(state(&format!("{THIRD}/eu-west-1/web")), "done");
    assert_eq!(state(&format!("{THIRD}/ap-south-1/bare")), "done");
    assert_eq!(
        state(&format!("{}/us-east-1/vault", super::CLOSED)),
        "failed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_requires_consent_and_the_mode_switch_flag() {
    let world = twelve().await;
    let file = twelve_file(&world);
    let run = |more: &[&str]| {
        let tool = world.bare(&[
            "fleet",
            "apply",
            "--progress",
            "none",
            "--output",
            "json",
            "--fleet",
        ]);
        tool.arg(&file).args(more).run()
    };
    run(&[]).expect_code(64).expect_error(&[
        "there is no terminal to ask on",
        "check with `fleet plan`, then add --yes",
    ]);
    let report = run(&["--yes"]).expect_code(1).json();
    assert_eq!(report["summary"]["failed"], 12);
    let hints = &report["rows"][0]["reason"]["hints"];
    assert!(
        hints.to_string().contains("--enable-access-entries"),
        "{hints}"
    );
    run(&["--yes", "--canary", "nobody"])
        .expect_code(64)
        .expect_error(&["--canary `nobody` matches no cluster of the fleet"]);
    run(&["--yes", "--plans", "x", "--include-inert"])
        .expect_code(64)
        .expect_error(&["saved plans can only be applied with the options"]);
    assert_eq!(mutations(&world), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_in_one_account_is_waited_for() {
    let world = twelve().await;
    for nth in [1, 2, 5] {
        world
            .sandbox
            .add_fault(Fault::nth("CreateAccessEntry", nth, FaultKind::Throttle));
        world
            .sandbox
            .add_fault(Fault::nth("DescribeCluster", nth, FaultKind::Throttle));
    }
    let report = apply(&world).run().expect_code(0).json();
    assert_eq!(report["summary"]["done"], 12);
}
