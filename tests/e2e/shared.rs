//! State in S3: a run that is killed is resumed by another machine, and two never write at once.

use std::sync::Arc;

use aws_auth_migrate::sandbox::{Fault, FaultKind};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use crate::apply::is_mutation;
use crate::killing::{Ending, Point, covered, is_killed, run_until};
use crate::many::{Size, end_state, many, repeated, update};
use crate::schemas;
use crate::support::{
    ACCOUNT, CLUSTER, Said, Tool, World, asked, in_api_mode, role, seed, send, until,
};
use crate::tell::tell;

pub(crate) const BUCKET: &str = "team-state";
const FOLDER: &str = "s3://team-state/journals/";
const SIZE: Size = Size {
    admins: 3,
    people: 3,
    differing: 4,
    stale: 2,
    wrong_type: 1,
};
/// Longer than a lease holds that nobody renews.
const LONG: SignedDuration = SignedDuration::from_secs(61);

/// A world with a bucket in the region of the settings.
async fn world_of(seed: aws_auth_migrate::sandbox::Seed) -> World {
    let world = World::start(seed).await;
    world
        .sandbox
        .edit(|world| world.create_bucket(BUCKET, "eu-west-1"));
    world
}

fn small() -> aws_auth_migrate::sandbox::Seed {
    let text = "\
- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev
  groups: [developers]
- rolearn: arn:aws:iam::111122223333:role/qa
  username: qa
  groups: [testers]
";
    in_api_mode(seed(text, &[&role("dev"), &role("qa")]))
}

fn key() -> String {
    format!("journals/{ACCOUNT}/eu-west-1/{CLUSTER}.jsonl")
}

/// The journal as the bucket has it.
fn journal(world: &World) -> String {
    let bytes = world
        .sandbox
        .edit(|world| world.stored(BUCKET, &key()).map(<[u8]>::to_vec));
    let text = String::from_utf8(bytes.unwrap()).unwrap();
    schemas::check_journal(&text);
    text
}

/// The tool on a machine of its own, which shares nothing but the bucket.
fn on(machine: &str, world: &World, tool: Tool) -> Tool {
    tool.env("XDG_STATE_HOME", world.path(machine))
        .args(&["--journal", FOLDER])
}

fn apply(world: &World, machine: &str) -> Tool {
    on(machine, world, world.apply())
}

pub(crate) fn put_off(world: &World) {
    world.sandbox.edit(|world| world.advance(LONG));
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_on_one_machine_is_known_to_all() {
    let world = Arc::new(world_of(small()).await);
    let here = Arc::clone(&world);
    blocking(move || {
        let world = here;
        let applied = apply(&world, "a").run().expect_code(0).json();
        assert_eq!(applied["journal"], format!("s3://{BUCKET}/{}", key()));
        assert!(
            !world.path("a").exists(),
            "something is kept on the machine"
        );
        // Nothing is left of the lease that the next run would have to wait for.
        let again = apply(&world, "b").run().expect_code(0).json();
        assert_eq!(again["results"].as_array().unwrap().len(), 0);
        let status = on(
            "b",
            &world,
            world.tool("status").args(&["--output", "json"]),
        );
        let status = status.run().expect_code(0).json();
        assert_eq!(status["journal"], format!("s3://{BUCKET}/{}", key()));

        let cutover = world.tool("cutover").args(&["--yes", "--progress", "none"]);
        on("c", &world, cutover).run().expect_code(0);
        let keys = world.sandbox.edit(|world| world.stored_keys(BUCKET));
        let backup = keys.iter().filter(|key| key.contains(".aws-auth."));
        assert_eq!(backup.count(), 2, "{keys:?}");
        assert!(world.sandbox.state().aws_auth.is_none());

        let rollback = world
            .tool("rollback")
            .args(&["--yes", "--progress", "none"]);
        on("d", &world, rollback).run().expect_code(0);
        assert!(world.sandbox.state().aws_auth.is_some());

        let kept = format!("s3://{BUCKET}/records/shop.json");
        let report = world
            .tool("report")
            .args(&["--output", "json", "--out-report", &kept]);
        let record = on("e", &world, report).run().expect_code(0).json();
        assert_eq!(record["runs"].as_array().unwrap().len(), 3);
        let backup = &record["runs"][1]["configMap"][0]["backup"];
        assert_eq!(backup["state"], "unchanged", "{backup}");
        world
            .bare(&["report", "--check", &kept])
            .run()
            .expect_code(0);
        let path = format!("s3://{BUCKET}/{}", key());
        let offline = world.bare(&["report", "--output", "json", "--journal", &path]);
        let offline = offline.run().expect_code(0).json();
        assert_eq!(offline["runs"], record["runs"]);
        assert_eq!(offline["journal"], record["journal"]);
        let text = journal(&world);
        for (name, secret) in world.sandbox.environment() {
            if name.contains("SECRET") || name.contains("TOKEN") {
                assert!(!text.contains(&secret), "the journal holds {name}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_anywhere_is_finished_by_another_machine() {
    let update = |world: &World, machine: &str| on(machine, world, update(world));
    let reference = Arc::new(world_of(many(SIZE)).await);
    let world = Arc::clone(&reference);
    let actions = blocking(move || {
        let applied = update(&world, "a").run().expect_code(0).json();
        applied["results"].as_array().unwrap().len()
    })
    .await;
    let expected = &end_state(&reference);
    let puts = asked(&reference, "PutObject");

    let calls = (1..=actions).step_by(4).map(|nth| (nth, false));
    let records = (2..=puts).step_by(7).map(|nth| (nth, true));
    let points: Vec<(Point, bool)> = calls
        .chain(records)
        .flat_map(|(nth, of_store)| {
            [
                (Point::Before(nth), of_store),
                (Point::After(nth), of_store),
            ]
        })
        .collect();
    let endings: Vec<_> = stream::iter(points)
        .map(|(point, of_store)| async move {
            let world = Arc::new(world_of(many(SIZE)).await);
            let ending = blocking({
                let world = Arc::clone(&world);
                move || {
                    let tool = update(&world, "a").args(&["--concurrency", "4"]);
                    let ending = run_until(&world, tool, point, move |request| {
                        if of_store {
                            request.operation == "PutObject"
                        } else {
                            is_mutation(&request.operation)
                        }
                    });
                    put_off(&world);
                    update(&world, "b").run().expect_code(0);
                    journal(&world);
                    ending
                }
            })
            .await;
            assert_eq!(&end_state(&world), expected, "killed at {point:?}");
            let again = repeated(&world);
            assert_eq!(again, Vec::<String>::new(), "killed at {point:?}");
            (point, ending)
        })
        .buffer_unordered(3)
        .collect()
        .await;
    tell(&format!(
        "kill points covered through S3: {} in a plan of {actions} actions with {puts} writes, wrong end states: 0, answered \
         calls repeated: 0",
        covered(&endings)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_wakes_up_after_another_took_over_makes_no_further_call() {
    let update = |world: &World, machine: &str| {
        on(machine, world, update(world)).args(&["--concurrency", "1"])
    };
    for nth in [1, 6] {
        let world = Arc::new(world_of(many(SIZE)).await);
        let mut asleep = update(&world, "a").spawn();
        let seen = std::sync::atomic::AtomicUsize::new(0);
        let pid = asleep.id().to_string();
        let falls = std::sync::atomic::AtomicBool::new(true);
        world.sandbox.on_request(move |phase, request| {
            use std::sync::atomic::Ordering::SeqCst;
            let is_call =
                phase == aws_auth_migrate::sandbox::Phase::After && is_mutation(&request.operation);
            if is_call && seen.fetch_add(1, SeqCst) + 1 == nth && falls.swap(false, SeqCst) {
                let mut stop = std::process::Command::new("kill");
                assert!(stop.args(["-STOP", &pid]).status().unwrap().success());
            }
        });
        until("the call was made", || {
            let requests = world.sandbox.requests();
            let calls = requests
                .iter()
                .filter(|request| is_mutation(&request.operation) && request.status.is_some());
            calls.count() >= nth
        })
        .await;
        put_off(&world);
        let other = Arc::clone(&world);
        blocking(move || update(&other, "b").run().expect_code(0)).await;
        let expected = end_state(&world);
        let text = journal(&world);
        let calls = |world: &World| {
            let requests = world.sandbox.requests();
            let calls = requests
                .iter()
                .filter(|request| is_mutation(&request.operation));
            calls.count()
        };
        let before = calls(&world);

        send(&asleep, "-CONT");
        let said = Said::by(&mut asleep).all();
        let status = asleep.wait().unwrap();
        assert_eq!(status.code(), Some(4), "{said}");
        assert!(said.contains("another run took the journal"), "{said}");
        assert_eq!(calls(&world), before, "a call was made in the sleep");
        assert_eq!(end_state(&world), expected);
        assert_eq!(journal(&world), text, "the journal has a record of it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_the_one_that_holds_the_journal() {
    let world = Arc::new(world_of(small()).await);
    let mut first = apply(&world, "a").spawn();
    let pid = first.id().to_string();
    let falls = std::sync::atomic::AtomicBool::new(true);
    world.sandbox.on_request(move |_, request| {
        if request.operation == "CreateAccessEntry"
            && falls.swap(false, std::sync::atomic::Ordering::SeqCst)
        {
            let mut stop = std::process::Command::new("kill");
            assert!(stop.args(["-STOP", &pid]).status().unwrap().success());
        }
    });
    until("the first run is asleep", || {
        asked(&world, "CreateAccessEntry") > 0
    })
    .await;
    let second =
        world
            .tool("apply")
            .args(&["--yes", "--enable-access-entries", "--progress", "plain"]);
    let mut second = on("b", &world, second).spawn();
    let said = blocking(move || {
        let mut said = Said::by(&mut second);
        said.until("waiting for the journal `s3://team-state/journals/");
        (said, second)
    });
    let (said, mut second) = said.await;
    assert_eq!(asked(&world, "CreateAccessEntry"), 1);
    send(&first, "-CONT");
    let status = blocking(move || {
        let ended = first.wait().unwrap();
        assert_eq!(ended.code(), Some(0));
        let text = said.all();
        (second.wait().unwrap(), text)
    });
    let (status, text) = status.await;
    assert_eq!(status.code(), Some(0), "{text}");
    // Between them each entry was created once.
    assert_eq!(asked(&world, "CreateAccessEntry"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_reply_is_lost_is_not_taken_for_somebody_elses() {
    let puts = {
        let world = Arc::new(world_of(small()).await);
        let other = Arc::clone(&world);
        blocking(move || apply(&other, "a").run().expect_code(0)).await;
        u32::try_from(asked(&world, "PutObject")).unwrap()
    };
    for nth in 1..=puts {
        let world = Arc::new(world_of(small()).await);
        let kind = FaultKind::ResetAfterCommit;
        world.sandbox.add_fault(Fault::nth("PutObject", nth, kind));
        let other = Arc::clone(&world);
        blocking(move || apply(&other, "a").run().expect_code(0)).await;
        let text = journal(&world);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.dedup();
        assert_eq!(lines.len(), text.lines().count(), "write {nth}");
        assert_eq!(asked(&world, "CreateAccessEntry"), 2, "write {nth}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_in_s3_is_tried_again() {
    for kind in [
        FaultKind::WriteConflict,
        FaultKind::Throttle,
        FaultKind::InternalError,
        FaultKind::Unavailable,
        FaultKind::ResetBeforeCommit,
    ] {
        let world = Arc::new(world_of(small()).await);
        for nth in [1, 3, 6] {
            let fault = Fault::nth("PutObject", nth, kind);
            world.sandbox.add_fault(Fault { times: 2, ..fault });
        }
        let other = Arc::clone(&world);
        blocking(move || apply(&other, "a").run().expect_code(0)).await;
        journal(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_in_another_region_is_found() {
    let world = Arc::new(World::start(small()).await);
    world
        .sandbox
        .edit(|world| world.create_bucket(BUCKET, "ap-south-1"));
    let other = Arc::clone(&world);
    blocking(move || apply(&other, "a").run().expect_code(0)).await;
    journal(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_place_in_s3_is_named_with_the_way_out() {
    let world = Arc::new(world_of(small()).await);
    blocking(move || {
        let with = |place: &str| world.apply().args(&["--journal", place]).run();
        for (place, part) in [
            ("s3://", "names no bucket"),
            ("s3:///journals/", "names no bucket"),
            ("s3://Team/x", "is not a bucket name"),
            ("https://team-state.s3.amazonaws.com/x", "s3://BUCKET/KEY"),
        ] {
            with(place).expect_code(64).expect_error(&[part]);
        }
        with("s3://nobodys-bucket/x.jsonl")
            .expect_code(1)
            .expect_error(&["NoSuchBucket", "create the bucket `nobodys-bucket`"]);
        with("s3://team-state")
            .expect_code(1)
            .expect_error(&["it names a bucket or a folder"]);
        world
            .sandbox
            .edit(|world| world.store(BUCKET, "notes.txt", b"not a journal\n"));
        with("s3://team-state/notes.txt")
            .expect_code(1)
            .expect_error(&["is damaged"]);
        let text = world
            .sandbox
            .edit(|world| world.stored(BUCKET, "notes.txt").map(<[u8]>::to_vec));
        assert_eq!(text.unwrap(), b"not a journal\n");
        for operation in ["GetObject", "PutObject"] {
            let fault = Fault::always(operation, FaultKind::AccessDenied);
            world.sandbox.add_fault(fault);
            with("s3://team-state/a/b.jsonl")
                .expect_code(1)
                .expect_error(&[
                    &format!("s3:{operation}"),
                    "AccessDenied",
                    "grant s3:GetObject and s3:PutObject on arn:aws:s3:::team-state/a/*",
                ]);
            world.sandbox.clear_faults();
        }
        assert_eq!(asked(&world, "CreateAccessEntry"), 0);
        let rollback = world
            .tool("rollback")
            .args(&["--journal", "s3://team-state/none.jsonl"]);
        rollback
            .run()
            .expect_code(64)
            .expect_error(&["there is no journal `s3://team-state/none.jsonl`"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_leaves_a_lease_that_ends_by_itself() {
    let world = Arc::new(world_of(small()).await);
    blocking(move || {
        let ending = run_until(&world, apply(&world, "a"), Point::After(1), |request| {
            request.operation == "CreateAccessEntry"
        });
        assert_eq!(ending, Ending::Killed);
        // Without time to wait, the run says who holds the journal.
        let held = apply(&world, "b").args(&["--timeout", "1s"]).run();
        held.expect_code(1).expect_error(&[
            "another run holds the journal `s3://team-state/journals/",
            "if its machine is gone, the journal is free in",
        ]);
        let mut waits = apply(&world, "b").spawn();
        std::thread::sleep(std::time::Duration::from_millis(300));
        put_off(&world);
        let ended = waits.wait().unwrap();
        assert!(!is_killed(ended) && ended.code() == Some(0), "{ended}");
    })
    .await;
}
