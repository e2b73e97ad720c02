//! A caller whose own access entry is begun and not finished: it hides the caller's mapping and lets it read nothing.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use aws_auth_migrate::sandbox::{Fault, FaultKind, KubernetesRights, SandboxCaller, Seed};

use crate::apply::is_mutation;
use crate::killing::{Ending, Point, run_until};
use crate::many::{bodies, end_state, update};
use crate::support::{Ran, World, in_api_mode, judge, read, role, seed};

const TEXT: &str = "\
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev
  groups: [developers]
";

/// Somebody made the cluster, and another one, let in by its mapping alone, runs the tool.
fn not_the_creator() -> Seed {
    let mut seed = in_api_mode(seed(TEXT, &[&role("team/ops"), &role("dev")]));
    seed.caller = SandboxCaller {
        principal: role("team/ops").parse().unwrap(),
        session: "laptop".to_owned(),
    };
    seed.rights.kubernetes = KubernetesRights::Rbac;
    seed
}

/// A world in which the run died right after it had made the caller's entry.
async fn died_in_between() -> World {
    let world = World::start(not_the_creator()).await;
    let ending = run_until(&world, update(&world), Point::After(1), |request| {
        is_mutation(&request.operation)
    });
    assert_eq!(ending, Ending::Killed);
    let (_, entries) = end_state(&world);
    assert!(entries[&role("team/ops")].access_policies.is_empty());
    assert!(!entries.contains_key(&role("dev")));
    world
}

async fn reference() -> World {
    let world = World::start(not_the_creator()).await;
    update(&world).run().expect_code(0);
    world
}

fn refused(world: &World) -> Ran {
    let ran = update(world).run().expect_code(1);
    ran.expect_error(&[
        "aws-auth",
        "has no access policy and overrides the mapping",
        "aws eks delete-access-entry --region eu-west-1 --cluster-name shop --principal-arn \
         arn:aws:iam::111122223333:role/team/ops",
        "cluster administrator",
    ]);
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_finishes_the_callers_own_entry_before_it_reads_kubernetes() {
    let world = died_in_between().await;
    let before = world.sandbox.requests().len();
    update(&world).run().expect_code(0);
    assert_eq!(end_state(&world), end_state(&reference().await));
    // The answer to the first create was lost: it is asked for again with the same token, which makes nothing twice.
    let tokens: BTreeSet<String> = bodies(&world, "CreateAccessEntry")
        .filter(|body| body["principalArn"] == role("team/ops"))
        .map(|body| body["clientRequestToken"].to_string())
        .collect();
    assert_eq!(tokens.len(), 1);
    let requests = world.sandbox.requests().split_off(before);
    let at = |operation: &str| {
        requests
            .iter()
            .position(|request| request.operation == operation && request.status == Some(200))
            .unwrap_or_else(|| panic!("no {operation} that went well"))
    };
    assert!(at("AssociateAccessPolicy") < at("get configmaps"));
    let journal = read(&world.journal());
    let runs = journal.lines().filter_map(|line| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        (record["record"] == "run").then(|| record["run"].clone())
    });
    let mut runs: Vec<_> = runs.collect();
    runs.dedup();
    assert_eq!(runs.len(), 1, "one run, however often it was stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_entry_is_not_finished_without_a_yes() {
    let world = died_in_between().await;
    let before = end_state(&world);
    let ran = world.tool("apply").run().expect_code(64);
    ran.expect_error(&["An earlier run was stopped", "there is no terminal"]);
    assert_eq!(end_state(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_completed_is_reported_with_a_fix() {
    let world = died_in_between().await;
    world.sandbox.add_fault(Fault::always(
        "AssociateAccessPolicy",
        FaultKind::AccessDenied,
    ));
    let ran = update(&world).run().expect_code(4);
    ran.expect_error(&["was not completed: AccessDenied", "delete-access-entry"]);
    world.sandbox.clear_faults();
    update(&world).run().expect_code(0);
    assert_eq!(end_state(&world), end_state(&reference().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_journal_the_error_names_the_entry_and_the_way_out() {
    let world = died_in_between().await;
    std::fs::remove_file(world.journal()).unwrap();
    let before = end_state(&world);
    let ran = refused(&world);
    assert_eq!(end_state(&world), before, "nothing is guessed");
    world
        .tool("plan")
        .run()
        .expect_code(1)
        .expect_error(&["delete-access-entry"]);

    // The command that is named is the way out.
    if !judge("aws", Command::new("aws").arg("--version")) {
        return;
    }
    let line = ran
        .stderr
        .lines()
        .find(|line| line.contains("aws eks delete"))
        .unwrap();
    let command = &line[line.find("aws eks").unwrap()..];
    // The errors are JSON where the output is JSON.
    let command = command.split('"').next().unwrap();
    let deleted = world
        .other("sh")
        .args(["-c", command])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(deleted.success(), "{command}");
    update(&world).run().expect_code(0);
    assert_eq!(end_state(&world), end_state(&reference().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_is_refused_for_another_reason_hears_nothing_of_its_entry() {
    let mut seed = not_the_creator();
    seed.aws_auth = None;
    let world = World::start(seed).await;
    let ran = update(&world).run().expect_code(1);
    assert!(
        !ran.stderr.contains("delete-access-entry"),
        "{}",
        ran.stderr
    );
    assert!(!Path::new(&world.journal()).exists());
}
