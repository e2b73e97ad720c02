//! A fleet whose plans, journals and reports are in S3.

use super::apply::{apply, end_state, mutations, twelve, twelve_file};
use super::{fleet, world};
use crate::killing::is_killed;
use crate::shared::{BUCKET, put_off};
use crate::support::{Tool, World};

const JOURNALS: &str = "s3://team-state/fleet/journals";

fn with_bucket(world: World) -> World {
    let sandbox = &world.sandbox;
    sandbox.edit(|world| world.create_bucket(BUCKET, "eu-west-1"));
    world
}

/// `fleet apply` of saved plans, on a machine of its own.
fn on(machine: &str, world: &World) -> Tool {
    apply(world)
        .env("XDG_STATE_HOME", world.path(machine))
        .args(&["--journals", JOURNALS])
        .args(&["--plans", "s3://team-state/fleet/plans"])
}

#[tokio::test(flavor = "multi_thread")]
async fn each_machine_is_killed_and_the_next_one_resumes() {
    let reference = twelve().await;
    apply(&reference).run().expect_code(0);
    let expected = end_state(&reference);
    let whole = mutations(&reference);

    let world = with_bucket(twelve().await);
    let plan = [
        "fleet",
        "plan",
        "--progress",
        "none",
        "--journals",
        JOURNALS,
    ];
    world
        .bare(&plan)
        .args(&["--out", "s3://team-state/fleet/plans", "--fleet"])
        .arg(twelve_file(&world))
        .run()
        .expect_code(0);
    let mut kills = 0;
    for round in 0..4 {
        let before = mutations(&world);
        let machine = format!("machine-{round}");
        let mut child = on(&machine, &world).args(&["--concurrency", "3"]).spawn();
        // Further each time, so that switches, entries and policies are all cut somewhere.
        while mutations(&world) < before + 2 + round && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(std::time::Duration::from_micros(200)).await;
        }
        child.kill().unwrap();
        kills += usize::from(is_killed(child.wait().unwrap()));
        // What was sent before the kill arrives: a lease among it would be younger than the clock is put forward.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        put_off(&world);
        assert!(!world.path(&machine).exists(), "something is on the disk");
    }
    assert!(kills >= 3, "only {kills} of 4 runs were killed");
    let report = on("last", &world).run().expect_code(0).json();
    assert_eq!(report["summary"]["done"], 12);
    assert_eq!(end_state(&world), expected, "after {kills} kills");
    let keys = world.sandbox.edit(|world| world.stored_keys(BUCKET));
    let count = |end: &str| keys.iter().filter(|key| key.ends_with(end)).count();
    assert_eq!(count(".plan.json"), 12, "{keys:?}");
    assert_eq!(count(".jsonl"), 12, "{keys:?}");
    crate::tell::tell(&format!(
        "fleet of 12 through S3: {kills} machines killed, {} writes instead of {whole}",
        mutations(&world)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_in_a_bucket_are_merged_like_files() {
    let world = with_bucket(world().await);
    let whole = fleet(&world, "plan", &["--output", "json"]).expect_code(1);
    for index in 0..3 {
        let report = format!("s3://team-state/reports/{index}.json");
        let shard = format!("{index}/3");
        let args = ["--output", "json", "--shard", &shard];
        fleet(
            &world,
            "plan",
            &[&args[..], &["--out-report", &report]].concat(),
        );
    }
    let merge = |place: &str| {
        world
            .bare(&["fleet", "merge", "--output", "json", place])
            .run()
    };
    assert_eq!(
        merge("s3://team-state/reports").expect_code(1).stdout,
        whole.stdout
    );
    merge("s3://team-state/repotrs")
        .expect_code(1)
        .expect_error(&["s3://team-state/repotrs"]);
    merge("s3://nobodys-bucket/reports")
        .expect_code(1)
        .expect_error(&["NoSuchBucket", "create the bucket `nobodys-bucket`"]);
}
