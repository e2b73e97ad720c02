//! A ConfigMap that is being deleted counts until its last finalizer is gone.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_auth_migrate::sandbox::Phase;
use serde_json::{Value, json};

use crate::cutover::{applied, cutover, data};
use crate::support::{CLUSTER, Ran, Said, World, asked, read, role, until};

const FINALIZER: &str = "backup.example.com/keep";

fn hold(world: &World) {
    world.sandbox.edit(|world| {
        world.edit_aws_auth(CLUSTER, |object| {
            object["metadata"]["finalizers"] = json!([FINALIZER]);
        });
    });
}

/// Takes the finalizer off, as whoever set it does when its work is done.
fn release(world: &aws_auth_migrate::sandbox::Sandbox) {
    world.edit(|world| {
        world.edit_aws_auth(CLUSTER, |object| {
            object["metadata"]["finalizers"] = Value::Null;
        });
    });
}

fn is_terminating(world: &World) -> bool {
    let aws_auth = world.sandbox.state().aws_auth;
    aws_auth.is_some_and(|object| object["metadata"]["deletionTimestamp"].is_string())
}

fn rollback(world: &World, more: &[&str]) -> Ran {
    let args = ["--progress", "none", "--output", "json"];
    world.tool("rollback").args(&args).args(more).run()
}

fn principals(world: &World) -> Vec<String> {
    let entries = world.sandbox.state().entries.into_iter();
    entries
        .map(|live| live.entry.principal_arn.to_string())
        .collect()
}

/// A cutover once said "is deleted" while aws-auth was in force, and a rollback then deleted all entries.
#[tokio::test(flavor = "multi_thread")]
async fn a_cutover_held_by_finalizers_is_incomplete_and_resumes_later() {
    let world = applied().await;
    hold(&world);
    let args = ["--settle", "0s", "--to-api-mode", "--min-soak", "0s"];
    let first = cutover(&world, &args).expect_code(4).json();
    assert_eq!(first["configMapDeleted"], false, "{first:#}");
    assert_eq!(first["configMapHeld"]["finalizers"], json!([FINALIZER]));
    assert_eq!(first["switchedToApiMode"], false);
    assert!(is_terminating(&world));
    assert_eq!(world.sandbox.state().mode.as_str(), "API_AND_CONFIG_MAP");

    let shown = world.tool("cutover").args(&["--yes"]).args(&args).run();
    let shown = shown.expect_code(4).stdout;
    for part in [
        "is not deleted yet",
        &format!("held by the finalizer `{FINALIZER}`"),
        "applies as before",
        "kubectl patch configmap",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // Its deletion was asked for and written down once.
    assert_eq!(asked(&world, "delete configmaps"), 1);
    let journal = read(&world.journal());
    assert_eq!(journal.matches("\"configMapIntent\"").count(), 1);

    release(&world.sandbox);
    assert_eq!(data(&world), None);
    let done = cutover(&world, &args).expect_code(0).json();
    assert_eq!(done["run"], first["run"]);
    assert_eq!(done["backup"], first["backup"]);
    assert_eq!(done["configMapDeleted"], true);
    assert_eq!(done["switchedToApiMode"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_waits_for_a_finalizer_and_says_so() {
    let world = applied().await;
    hold(&world);
    let tool = world.tool("cutover");
    let mut child = tool.args(&["--yes", "--progress", "plain"]).spawn();
    let mut said = Said::by(&mut child);
    said.until(&format!("held by the finalizer `{FINALIZER}`"));
    assert!(is_terminating(&world));
    release(&world.sandbox);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said.all());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("aws-auth is deleted"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_in_a_config_map_that_is_being_deleted() {
    let world = applied().await;
    hold(&world);
    cutover(&world, &["--settle", "0s"]).expect_code(4);
    let before = data(&world);
    for more in [&["--only", "*dev"][..], &["--keep-config-map"]] {
        let ran = cutover(&world, more).expect_code(1);
        ran.expect_error(&["nothing was written", "go with it", FINALIZER]);
        assert_eq!(data(&world), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_touches_no_entry_before_aws_auth_is_certain_to_stay() {
    let world = applied().await;
    let (before, entries) = (data(&world), principals(&world));
    hold(&world);
    cutover(&world, &["--settle", "0s"]).expect_code(4);
    // The text is the same as before, and yet it is about to go.
    let shown = rollback(&world, &["--dry-run"]).expect_code(0).json();
    assert_eq!(shown["restoresConfigMap"], true, "{shown:#}");
    let ran = rollback(&world, &["--yes"]).expect_code(4);
    ran.expect_error(&[
        "no access entry was changed",
        FINALIZER,
        "kubectl patch configmap",
    ]);
    assert_eq!(principals(&world), entries);

    // The finalizer is taken off while the rollback waits: at its third look at aws-auth.
    let (other, looks) = (world.sandbox.clone(), AtomicUsize::new(0));
    world.sandbox.on_request(move |phase, request| {
        let is_look = phase == Phase::After && request.operation == "get configmaps";
        if is_look && looks.fetch_add(1, Ordering::SeqCst) + 1 == 3 {
            release(&other);
        }
    });
    let tool = world.bare(&["rollback", "--cluster", CLUSTER, "--settle", "3s"]);
    let tool = tool.args(&["--yes", "--progress", "none", "--output", "json"]);
    let done = tool.run().expect_code(0).json();
    assert_eq!(done["end"], "complete", "{done:#}");
    assert_eq!(data(&world), before);
    assert!(!is_terminating(&world));
    assert!(!principals(&world).contains(&role("dev")));
    let order: Vec<String> = world
        .sandbox
        .requests()
        .into_iter()
        .map(|request| request.operation)
        .filter(|operation| ["create configmaps", "DeleteAccessEntry"].contains(&&**operation))
        .collect();
    let expected = [
        "create configmaps",
        "DeleteAccessEntry",
        "DeleteAccessEntry",
    ];
    assert_eq!(order, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_stay_where_somebody_deletes_aws_auth_and_only_a_finalizer_holds_it() {
    let world = applied().await;
    let entries = principals(&world);
    world.sandbox.edit(|world| {
        world.edit_aws_auth(CLUSTER, |object| {
            object["metadata"]["finalizers"] = json!([FINALIZER]);
            object["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        });
    });
    let done = rollback(&world, &["--yes"]).expect_code(3).json();
    assert_eq!(done["left"].as_array().unwrap().len(), 2, "{done:#}");
    assert!(done["stays"].to_string().contains("is being deleted"));
    assert_eq!(principals(&world), entries);
    // Somebody puts it back for good.
    release(&world.sandbox);
    until("it is gone", || data(&world).is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_recreated_right_after_its_deletion_is_reported() {
    let world = applied().await;
    let other = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        if phase == Phase::After && request.operation == "delete configmaps" {
            let back = format!("- rolearn: {}\n  username: new\n", role("new"));
            let data = [("mapRoles".to_owned(), back)].into();
            other.edit(|world| world.put_aws_auth(CLUSTER, &data));
        }
    });
    let ran = world.tool("cutover").arg("--yes").run().expect_code(4);
    assert!(
        ran.stdout.contains("somebody has created it again"),
        "{}",
        ran.stdout
    );
}
