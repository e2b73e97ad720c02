//! A rollback deletes no entry before the cluster has read the aws-auth that was put back, and the caller's last.

use aws_auth_migrate::sandbox::{Fault, FaultKind, Phase};

use crate::cutover::{TWO, applied, cutover, data};
use crate::support::{CLUSTER, Said, Tool, World, asked, role, seed, send};

const QUIET: [&str; 4] = ["--progress", "none", "--output", "json"];

fn rollback(world: &World, settle: &str) -> Tool {
    let tool = world.bare(&["rollback", "--cluster", CLUSTER, "--yes"]);
    tool.args(&["--settle", settle])
}

/// Right after a restart of the API server four principals were once refused for some seconds.
#[tokio::test(flavor = "multi_thread")]
async fn the_wait_is_shown_can_be_stopped_and_precedes_any_deletion() {
    let world = applied().await;
    let before = data(&world);
    cutover(&world, &[]).expect_code(0);
    let entries = world.sandbox.state().entries;
    let mut child = rollback(&world, "10m")
        .args(&["--progress", "plain"])
        .spawn();
    let mut said = Said::by(&mut child);
    said.until("aws-auth is restored; waiting ");
    assert_eq!(data(&world), before);
    assert_eq!(asked(&world, "DeleteAccessEntry"), 0);
    send(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130), "{}", said.all());
    assert_eq!(world.sandbox.state().entries, entries);

    // It was put back a moment ago, so that the same command waits once more.
    let mut child = rollback(&world, "10m")
        .args(&["--progress", "plain"])
        .spawn();
    let mut said = Said::by(&mut child);
    said.until("aws-auth is restored; waiting ");
    send(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130), "{}", said.all());
    rollback(&world, "0s").args(&QUIET).run().expect_code(0);
    assert_eq!(asked(&world, "DeleteAccessEntry"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_all_the_time_needs_no_wait() {
    let world = applied().await;
    let done = rollback(&world, "10m").args(&QUIET).run().expect_code(0);
    assert_eq!(done.json()["end"], "complete");
    assert_eq!(asked(&world, "DeleteAccessEntry"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_own_entry_goes_last() {
    let me = "- rolearn: arn:aws:iam::111122223333:role/me\n  username: me\n  groups: [system:masters]\n";
    let principals = [role("ops"), role("dev"), role("me")];
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let mut seed = seed(&format!("{me}{TWO}"), &principals);
    seed.caller.principal = role("me").parse().unwrap();
    let world = World::start(seed).await;
    world.apply().run().expect_code(0);
    cutover(&world, &[]).expect_code(0);
    let from = world.sandbox.requests().len();
    rollback(&world, "0s").args(&QUIET).run().expect_code(0);
    let requests = world.sandbox.requests().into_iter().skip(from);
    let steps: Vec<(String, String)> = requests
        .filter(|request| {
            let operations = [
                "create configmaps",
                "create selfsubjectreviews",
                "DeleteAccessEntry",
            ];
            operations.contains(&&*request.operation)
        })
        .map(|request| (request.operation, request.path))
        .collect();
    let operations: Vec<&str> = steps
        .iter()
        .map(|(operation, _)| operation.as_str())
        .collect();
    let deletion = "DeleteAccessEntry";
    let expected = [
        "create configmaps",
        "create selfsubjectreviews",
        deletion,
        deletion,
        deletion,
    ];
    assert_eq!(operations, expected);
    assert!(steps[4].1.ends_with("role%2Fme"), "{steps:?}");
    assert!(!steps[2].1.ends_with("role%2Fme") && !steps[3].1.ends_with("role%2Fme"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_comes_up_is_waited_for() {
    let world = applied().await;
    cutover(&world, &[]).expect_code(0);
    world.sandbox.add_fault(Fault {
        times: 2,
        ..Fault::next("create selfsubjectreviews", FaultKind::ExpiredCredentials)
    });
    let other = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        if phase == Phase::Before && request.operation == "DeleteAccessEntry" {
            let requests = other.requests();
            let asked = requests
                .iter()
                .filter(|known| known.operation == "create selfsubjectreviews");
            assert_eq!(asked.count(), 3);
        }
    });
    rollback(&world, "0s").args(&QUIET).run().expect_code(0);
    assert_eq!(asked(&world, "create selfsubjectreviews"), 3);
    assert_eq!(asked(&world, "DeleteAccessEntry"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_stay_if_the_restored_aws_auth_disappears() {
    let world = applied().await;
    cutover(&world, &[]).expect_code(0);
    let entries = world.sandbox.state().entries;
    let other = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        if phase == Phase::After && request.operation == "create configmaps" {
            other.edit(|world| world.delete_aws_auth(CLUSTER));
        }
    });
    let ran = rollback(&world, "0s").args(&QUIET).run().expect_code(4);
    ran.expect_error(&["no access entry was deleted", "the same command again"]);
    assert_eq!(world.sandbox.state().entries, entries);
}
