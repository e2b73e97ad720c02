//! The way there and back: `apply`, `cutover`, `rollback`, each ended by kill -9 anywhere and gone on with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use aws_auth_migrate::model::{AccessEntry, AuthenticationMode, LiveEntry};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::killing::{Point, covered, records, run_until};
use crate::many::{Size, many, update};
use crate::support::{Ran, Tool, World, read};
use crate::tell::tell;

/// One of each kind of change: made with and without a policy, changed, re-created.
pub(crate) const SIZE: Size = Size {
    admins: 1,
    people: 1,
    differing: 1,
    stale: 0,
    wrong_type: 1,
};

/// A cluster in which `apply` is done.
pub(crate) async fn applied() -> World {
    let world = World::start(many(SIZE)).await;
    update(&world).run().expect_code(0);
    world
}

pub(crate) fn cutover(world: &World) -> Tool {
    let args = ["--yes", "--progress", "none", "--output", "json"];
    let quick = ["--request-timeout", "1s", "--soak", "0s"];
    world.tool("cutover").args(&args).args(&quick)
}

pub(crate) fn rollback(world: &World) -> Tool {
    let args = ["--yes", "--progress", "none", "--output", "json"];
    let quick = ["--request-timeout", "1s"];
    world.tool("rollback").args(&args).args(&quick)
}

/// All that a rollback has to bring back: what the ConfigMap says and what the entries say, tags included.
pub(crate) fn holds(world: &World) -> (Option<Value>, BTreeMap<String, AccessEntry>) {
    let state = world.sandbox.state();
    let entry = |live: LiveEntry| (live.entry.principal_arn.to_string(), live.entry);
    let config_map = state.aws_auth.map(|object| {
        let kept = ["labels", "annotations"].map(|field| object["metadata"][field].clone());
        serde_json::json!([object["data"], object["binaryData"], kept])
    });
    (config_map, state.entries.into_iter().map(entry).collect())
}

/// The backups beside the journal, each parsed.
fn backups(world: &World) -> Vec<Value> {
    let folder = world.journal().parent().unwrap().to_owned();
    let paths = std::fs::read_dir(folder).unwrap();
    let paths = paths.map(|entry| entry.unwrap().path());
    let is_manifest = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml");
    paths
        .filter(is_manifest)
        .map(|path| serde_yaml::from_str(&read(&path)).unwrap())
        .collect()
}

/// Counts what a command asks and writes down, to know where it can be killed.
fn measure(world: &World, tool: Tool) -> (usize, usize, usize) {
    let asked = world.sandbox.requests().len();
    let written = records(&world.journal());
    tool.run().expect_code(0);
    let requests = world.sandbox.requests().len() - asked;
    (requests, written, records(&world.journal()))
}

/// All points of a command: before and after every request, and after every record.
fn points((requests, from, to): (usize, usize, usize)) -> Vec<Point> {
    let before = (1..=requests).map(Point::Before);
    let after = (1..=requests).map(Point::After);
    let records = (from + 1..=to).map(Point::Record);
    before.chain(after).chain(records).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_that_is_killed_anywhere_is_finished_by_the_same_command() {
    let reference = Arc::new(applied().await);
    let before = Arc::new(holds(&reference));
    let world = Arc::clone(&reference);
    let extent = blocking(move || measure(&world, cutover(&world))).await;
    let expected = Arc::new(holds(&reference));
    assert_eq!(expected.0, None);
    let points = points(extent);
    let endings: Vec<_> = stream::iter(points)
        .map(|point| {
            let (before, expected) = (Arc::clone(&before), Arc::clone(&expected));
            async move {
                let world = applied().await;
                blocking(move || {
                    let ending = run_until(&world, cutover(&world), point, |_| true);
                    let again = cutover(&world).run().expect_code(0);
                    assert_eq!(tagless(&world), untagged(&expected), "killed at {point:?}");
                    let backups = backups(&world);
                    assert!(!backups.is_empty(), "killed at {point:?}");
                    for backup in backups {
                        assert_eq!(Some(&backup["data"]), data(&before), "killed at {point:?}");
                    }
                    ends_complete(&world, &again, point);
                    // What was written down is enough to undo it.
                    rollback(&world).run().expect_code(0);
                    let back = holds(&world);
                    assert_eq!(back.0, before.0, "rolled back after a kill at {point:?}");
                    (point, ending)
                })
                .await
            }
        })
        .buffer_unordered(3)
        .collect()
        .await;
    tell(&format!(
        "kill points of cutover: {}, wrong end states: 0",
        covered(&endings)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_to_the_mode_api_that_is_killed_anywhere_is_finished_by_the_same_command() {
    fn to_api(world: &World) -> Tool {
        cutover(world).args(&["--to-api-mode", "--min-soak", "0s"])
    }
    let reference = Arc::new(applied().await);
    let world = Arc::clone(&reference);
    let extent = blocking(move || measure(&world, to_api(&world))).await;
    let expected = Arc::new(holds(&reference));
    assert_eq!(expected.0, None);
    let points = points(extent);
    let endings: Vec<_> = stream::iter(points)
        .map(|point| {
            let expected = Arc::clone(&expected);
            async move {
                let world = applied().await;
                blocking(move || {
                    let ending = run_until(&world, to_api(&world), point, |_| true);
                    let again = to_api(&world).run().expect_code(0);
                    assert_eq!(tagless(&world), untagged(&expected), "killed at {point:?}");
                    let mode = world.sandbox.state().mode;
                    assert_eq!(mode, AuthenticationMode::Api, "killed at {point:?}");
                    let switches = world.sandbox.requests().into_iter();
                    let switches = switches
                        .filter(|request| request.operation == "UpdateClusterConfig")
                        .filter(|request| request.status == Some(200));
                    assert_eq!(switches.count(), 1, "killed at {point:?}");
                    ends_complete(&world, &again, point);
                    (point, ending)
                })
                .await
            }
        })
        .buffer_unordered(3)
        .collect()
        .await;
    tell(&format!(
        "kill points of cutover --to-api-mode: {}, wrong end states: 0",
        covered(&endings)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_is_killed_anywhere_is_finished_by_the_same_command() {
    async fn cut_over() -> (World, (Option<Value>, BTreeMap<String, AccessEntry>)) {
        let world = World::start(many(SIZE)).await;
        let before = holds(&world);
        update(&world).run().expect_code(0);
        cutover(&world).run().expect_code(0);
        (world, before)
    }
    let (reference, expected) = cut_over().await;
    let reference = Arc::new(reference);
    let world = Arc::clone(&reference);
    let extent = blocking(move || measure(&world, rollback(&world))).await;
    assert_eq!(holds(&reference), expected);
    let points = points(extent);
    let endings: Vec<_> = stream::iter(points)
        .map(|point| async move {
            let (world, expected) = cut_over().await;
            blocking(move || {
                let ending = run_until(&world, rollback(&world), point, |_| true);
                let again = rollback(&world).run().expect_code(0);
                assert_eq!(holds(&world), expected, "killed at {point:?}");
                ends_complete(&world, &again, point);
                // A new `apply` works.
                update(&world).run().expect_code(0);
                (point, ending)
            })
            .await
        })
        .buffer_unordered(3)
        .collect()
        .await;
    tell(&format!(
        "kill points of rollback: {}, wrong end states: 0",
        covered(&endings)
    ));
}

/// No run is left open in the journal, and `status` says so.
fn ends_complete(world: &World, again: &Ran, point: Point) {
    let journal = read(&world.journal());
    let last: Value = serde_json::from_str(journal.lines().last().unwrap()).unwrap();
    assert_eq!(
        (last["record"].as_str(), last["end"].as_str()),
        (Some("end"), Some("complete")),
        "killed at {point:?}, then: {}",
        again.stdout
    );
}

fn data(before: &(Option<Value>, BTreeMap<String, AccessEntry>)) -> Option<&Value> {
    before.0.as_ref().map(|config_map| &config_map[0])
}

/// What is held, without the tags: they name the run.
fn untagged(
    held: &(Option<Value>, BTreeMap<String, AccessEntry>),
) -> (Option<Value>, BTreeMap<String, AccessEntry>) {
    let mut held = held.clone();
    for entry in held.1.values_mut() {
        entry.tags.clear();
    }
    held
}

fn tagless(world: &World) -> (Option<Value>, BTreeMap<String, AccessEntry>) {
    untagged(&holds(world))
}

/// Runs what waits for processes off the threads that serve them.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
