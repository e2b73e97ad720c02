//! `rollback`: everything is as it was, and only this tool's work is undone.

use std::collections::BTreeMap;

use aws_auth_migrate::model::{AccessEntry, AuthenticationMode, EntryType};
use aws_auth_migrate::sandbox::{Fault, FaultKind};

use crate::cutover::{TWO, applied, cutover, data};
use crate::support::{CLUSTER, Ran, World, in_api_mode, role, seed};

fn rollback(world: &World, more: &[&str]) -> Ran {
    world
        .tool("rollback")
        .args(&["--progress", "none", "--output", "json"])
        .args(more)
        .run()
}

/// The entries by what they say, without the times.
fn entries(world: &World) -> Vec<AccessEntry> {
    let entries = world.sandbox.state().entries;
    entries.into_iter().map(|live| live.entry).collect()
}

fn dev_entry(groups: &[&str]) -> AccessEntry {
    AccessEntry {
        principal_arn: role("dev").parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some("custom".to_owned()),
        kubernetes_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        tags: BTreeMap::from([("team".to_owned(), "x".to_owned())]),
        access_policies: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_cutover_and_rollback_leave_everything_as_it_was() {
    let seed =
        in_api_mode(seed(TWO, &[&role("ops"), &role("dev")])).with_entry(dev_entry(&["old"]));
    let world = World::start(seed).await;
    let before = (data(&world), entries(&world));
    world
        .apply()
        .args(&["--on-existing", "update"])
        .run()
        .expect_code(0);
    assert_ne!(entries(&world), before.1);
    cutover(&world, &[]).expect_code(0);
    assert_eq!(data(&world), None);

    let shown = rollback(&world, &[]).expect_code(0).json();
    assert_eq!(shown["dryRun"], true);
    assert_eq!(data(&world), None);
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!((data(&world), entries(&world)), before);
    let again = rollback(&world, &["--yes"]).expect_code(0).json();
    assert_eq!(again["actions"], serde_json::json!([]));
    world
        .apply()
        .args(&["--on-existing", "update"])
        .run()
        .expect_code(0);
    world.tool("verify").run().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_somebody_changed_stays() {
    let world = applied().await;
    let mut changed = dev_entry(&["others"]);
    changed
        .tags
        .insert("aws-auth-migrate/run".to_owned(), "x".to_owned());
    world
        .sandbox
        .edit(|world| world.put_entry(CLUSTER, &changed));
    let document = rollback(&world, &["--yes"]).expect_code(0).json();
    assert_eq!(document["left"][0]["principalArn"], role("dev"));
    let left: Vec<String> = entries(&world)
        .iter()
        .map(|entry| entry.principal_arn.to_string())
        .collect();
    assert!(
        left.contains(&role("dev")) && !left.contains(&role("ops")),
        "{left:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_since_the_cut_over_is_not_written_over_unless_forced() {
    let world = applied().await;
    let before = data(&world);
    cutover(&world, &[]).expect_code(0);
    let other = BTreeMap::from([("mapUsers".to_owned(), "[]".to_owned())]);
    world
        .sandbox
        .edit(|world| world.put_aws_auth(CLUSTER, &other));
    rollback(&world, &["--yes"])
        .expect_code(1)
        .expect_error(&["--force"]);
    assert_ne!(data(&world), before);
    rollback(&world, &["--yes", "--force"]).expect_code(0);
    assert_eq!(data(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_was_stopped_goes_on() {
    let world = applied().await;
    let before = data(&world);
    let entries_before = entries(&world).len();
    cutover(&world, &[]).expect_code(0);
    world.sandbox.add_fault(Fault::next(
        "create configmaps",
        FaultKind::ResetAfterCommit,
    ));
    world
        .sandbox
        .add_fault(Fault::next("DeleteAccessEntry", FaultKind::AccessDenied));
    rollback(&world, &["--yes"]).expect_code(4);
    assert_eq!(data(&world), before);
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(entries(&world).len(), entries_before - 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_mode_api_the_entries_stay() {
    let world = applied().await;
    cutover(&world, &["--to-api-mode", "--min-soak", "0s"]).expect_code(0);
    let before = entries(&world);
    let document = rollback(&world, &["--yes"]).expect_code(0).json();
    assert_eq!(entries(&world), before);
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::Api);
    assert!(
        document["stays"][0]
            .as_str()
            .unwrap()
            .contains("mode API can't be undone")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_journal_the_tags_tell() {
    let world = applied().await;
    std::fs::remove_file(world.journal()).unwrap();
    rollback(&world, &["--yes"]).expect_code(0);
    let left: Vec<String> = entries(&world)
        .iter()
        .map(|entry| entry.principal_arn.to_string())
        .collect();
    assert!(
        !left.contains(&role("ops")) && !left.contains(&role("dev")),
        "{left:?}"
    );
}
