//! A fleet on many machines: shards, and their reports put together.

use super::{fleet, fleet_file, world};
use crate::support::{Tool, World, read};

/// The reports of all shards of a fleet, in files.
fn reports(world: &World, of: u32, verb: &str, more: &[&str]) -> Vec<std::path::PathBuf> {
    let file = fleet_file(world);
    let run = |index: u32| {
        let shard = world.path(&format!("shard-{index}.yaml"));
        world
            .bare(&[
                "fleet",
                "shard",
                "--index",
                &index.to_string(),
                "--of",
                &of.to_string(),
                "--fleet",
            ])
            .arg(&file)
            .arg("--out")
            .arg(&shard)
            .run()
            .expect_code(0);
        let report = world.path(&format!("report-{index}.json"));
        world
            .bare(&[
                "fleet",
                verb,
                "--output",
                "json",
                "--progress",
                "none",
                "--fleet",
            ])
            .arg(&shard)
            .arg("--out-report")
            .arg(&report)
            .args(more)
            .run();
        report
    };
    (0..of).map(run).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_shards_equal_the_report_of_one_machine_byte_for_byte() {
    let world = world().await;
    for verb in ["plan", "verify", "status"] {
        let whole = fleet(&world, verb, &["--output", "json"]).expect_code(1);
        let reports = reports(&world, 3, verb, &[]);
        for format in ["json", "table", "csv"] {
            let whole = match format {
                "json" => whole.stdout.clone(),
                format => fleet(&world, verb, &["--output", format]).stdout,
            };
            let mut merge = Tool::new(&["fleet", "merge", "--output", format]);
            // In whatever order.
            for report in reports.iter().rev() {
                merge = merge.arg(report);
            }
            let merged = merge.run().expect_code(1);
            assert_eq!(merged.stdout, whole, "{verb} {format}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_through_a_pipe_is_the_same_shard() {
    let world = world().await;
    let file = fleet_file(&world);
    let shard = world
        .bare(&["fleet", "shard", "--index", "0", "--of", "1", "--fleet"])
        .arg(&file)
        .run()
        .expect_code(0)
        .stdout;
    let ran = world
        .bare(&[
            "fleet",
            "plan",
            "--fleet",
            "-",
            "--output",
            "json",
            "--progress",
            "none",
        ])
        .stdin(shard)
        .run()
        .expect_code(1);
    let report = ran.json();
    assert_eq!(report["shard"]["of"], 1);
    assert_eq!(report["rows"].as_array().unwrap().len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_of_different_plans_are_not_merged() {
    let world = world().await;
    let ours = reports(&world, 2, "plan", &[]);
    let text = ours.iter().map(|path| read(path)).collect::<Vec<_>>();
    let merge = |reports: &[&str]| {
        let mut merge = Tool::new(&["fleet", "merge"]);
        for (index, report) in reports.iter().enumerate() {
            merge = merge.arg(world.write(&format!("merge-{index}.json"), report));
        }
        merge.run().expect_code(64)
    };
    let renamed = reports(
        &world,
        2,
        "plan",
        &["--rename-group", "system:monitoring=m"],
    );
    merge(&[&text[0], &read(&renamed[1])]).expect_error(&[
        "don't belong together: a choice that shapes the plan differs",
        "hint: run every shard with the same fleet file, options and version of the tool",
    ]);
    let verified = reports(&world, 2, "verify", &[]);
    merge(&[&text[0], &read(&verified[1])]).expect_error(&["the command differs"]);
    let of_three = reports(&world, 3, "plan", &[]);
    merge(&[&text[0], &read(&of_three[1])]).expect_error(&["the number of shards differs"]);
    merge(&[&text[0]]).expect_error(&["1 of 2 shards are missing: 1"]);
    merge(&[&text[0], &text[0]]).expect_error(&["are both shard 0"]);
    let whole = fleet(&world, "plan", &["--output", "json"]).stdout;
    merge(&[&whole]).expect_error(&["is the report of a whole fleet, not of a shard"]);
    merge(&["{}"]).expect_error(&["failed to read the report from"]);
    // Another fleet with a cluster more.
    let file = fleet_file(&world);
    let more = read(&file) + "- {name: more, region: eu-west-1}\n";
    std::fs::write(&file, more).unwrap();
    let shard = world
        .bare(&["fleet", "shard", "--index", "1", "--of", "2", "--fleet"])
        .arg(&file)
        .run()
        .expect_code(0)
        .stdout;
    let other = world
        .bare(&[
            "fleet",
            "plan",
            "--fleet",
            "-",
            "--output",
            "json",
            "--progress",
            "none",
        ])
        .stdin(shard)
        .run();
    merge(&[&text[0], &other.stdout]).expect_error(&["the fleet differs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_of_a_shard_and_a_shard_that_is_not_there_are_refused() {
    let world = world().await;
    let file = fleet_file(&world);
    let shard = |index: &str, of: &str, file: &std::path::Path| {
        world
            .bare(&["fleet", "shard", "--index", index, "--of", of, "--fleet"])
            .arg(file)
            .run()
    };
    shard("4", "4", &file)
        .expect_code(64)
        .expect_error(&["there is no shard 4 of 4: they are counted from 0 to 3"]);
    let first = shard("0", "2", &file).expect_code(0).stdout;
    let first = world.write("first.yaml", &first);
    shard("0", "2", &first)
        .expect_code(64)
        .expect_error(&["the fleet file is already a shard"]);
}
