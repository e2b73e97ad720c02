//! Large fleets: what grows with them, and what does not.

use std::collections::BTreeMap;

use aws_auth_migrate::sandbox::{ClusterSeed, Seed};

use super::cluster;
use crate::support::{ACCOUNT, World};

const REGIONS: [&str; 4] = ["eu-west-1", "eu-central-1", "us-east-1", "ap-south-1"];
const MAPPINGS: usize = 60;

/// So many clusters, spread over so many accounts and four regions, each with sixty mappings of its account's roles.
async fn world(clusters: usize, accounts: usize) -> (World, std::path::PathBuf) {
    let account = |index: usize| match index {
        0 => ACCOUNT.to_owned(),
        index => format!("2{index:011}"),
    };
    let mut text = "schema: aws-auth-migrate/fleet/v1\nclusters:\n".to_owned();
    let mut all: Option<Seed> = None;
    for index in 0..clusters {
        let (account, region) = (account(index % accounts), REGIONS[index / accounts % 4]);
        let name = format!("c{index}");
        let role = |index: usize| format!("arn:aws:iam::{account}:role/r{index}");
        let mut map_roles = String::new();
        for role in (0..MAPPINGS).map(role) {
            map_roles.push_str(&format!(
                "- rolearn: {role}\n  username: '{{{{SessionName}}}}'\n  groups: [team]\n"
            ));
        }
        let mut seed = cluster(&account, region, &name, "");
        // Names of the same account are looked up in its own IAM; only the first cluster seeds them.
        seed.cluster = ClusterSeed { ..seed.cluster };
        if index < accounts {
            let roles: Vec<String> = (0..MAPPINGS).map(role).collect();
            seed = seed.with_principals(roles.iter().map(String::as_str));
        } else {
            seed.principals.clear();
        }
        let seed = seed.with_aws_auth(BTreeMap::from([("mapRoles".to_owned(), map_roles)]));
        let assume = if account == ACCOUNT {
            ""
        } else {
            ", role: Migrate"
        };
        text.push_str(&format!(
            "- {{name: {name}, region: {region}, account: '{account}'{assume}}}\n"
        ));
        all = Some(match all {
            None => seed,
            Some(first) => first.with_neighbour(seed),
        });
    }
    let world = World::start(all.unwrap()).await;
    let file = world.write("large.yaml", &text);
    (world, file)
}

/// Plans a fleet under `/usr/bin/time`-like accounting: the calls to each service, and the peak of resident memory in KiB.
fn planned(
    world: &World,
    file: &std::path::Path,
    clusters: usize,
) -> (BTreeMap<String, usize>, u64) {
    let child = world
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
        .arg("--out-report")
        .arg(world.path("large.json"))
        .spawn();
    let status = format!("/proc/{}/status", child.id());
    let (done, ended) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        while ended.try_recv().is_err() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with("VmHWM"));
            let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
            peak = kib.unwrap_or(0).max(peak);
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        peak
    });
    let output = child.wait_with_output().unwrap();
    let _ = done.send(());
    let peak = watch.join().unwrap();
    let ran = crate::support::Ran::of(&output).expect_code(0);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["rows"].as_array().unwrap().len(), clusters);
    assert_eq!(
        report["summary"]["failed"],
        0,
        "{:?}",
        super::states(&report)
    );
    let mut calls = BTreeMap::new();
    for request in world.sandbox.requests() {
        *calls.entry(request.operation).or_default() += 1;
    }
    (calls, peak)
}

async fn measured(clusters: usize, accounts: usize) -> (f64, u64) {
    let (world, file) = world(clusters, accounts).await;
    let began = std::time::Instant::now();
    let (calls, peak) = planned(&world, &file, clusters);
    let took = began.elapsed();
    let all: usize = calls.values().sum();
    #[expect(clippy::cast_precision_loss, reason = "counts of a test are small")]
    let each = all as f64 / clusters as f64;
    crate::tell::tell(&format!(
        "fleet of {clusters} clusters x {MAPPINGS} mappings over {accounts} accounts: {each:.1} calls a cluster, peak {} MiB, \
         {:.1} s; {calls:?}",
        peak / 1024,
        took.as_secs_f64()
    ));
    (each, peak)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_a_cluster_do_not_depend_on_how_many_others_there_are() {
    let (few, _) = measured(10, 5).await;
    let (more, _) = measured(40, 5).await;
    // What belongs to an account is shared among more clusters, and nothing else changes.
    assert!(more <= few, "{few} calls a cluster of ten, {more} of forty");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; run it for the figures in docs/fleets.md"]
async fn fifty_and_five_hundred_clusters() {
    let (each_of_50, peak_of_50) = measured(50, 20).await;
    let (each_of_500, peak_of_500) = measured(500, 20).await;
    assert!(each_of_500 <= each_of_50);
    let per_cluster = peak_of_500.saturating_sub(peak_of_50) / 450;
    crate::tell::tell(&format!("memory: {per_cluster} KiB more for each cluster"));
    assert!(per_cluster < 100, "{per_cluster} KiB for each cluster");
}
