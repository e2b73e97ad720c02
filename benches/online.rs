//! What `apply` costs against a service that takes its time: the built program beside what a script would do.
//!
//! `cargo bench --bench online` prints a table and writes the figures to `target/tmp/online.json`; with `FIGURES=write` to
//! `benches/figures/online.json` as well. The service is the sandbox, in this process. See `docs/performance.md`.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench reads files and the environment, prints, and gives up at once"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::{Answers, ClusterSeed, Sandbox, SandboxLimits, Seed};
use serde_json::{Value, json};

const CLUSTER: &str = "shop";
const ACCOUNT: &str = "111122223333";
/// How many entries are created, and how many of them are for administrators and get a policy.
const ENTRIES: usize = 1000;
const ADMINS: usize = 50;
/// How long the service takes for each call, and how many are made at a time.
const LATENCY: Duration = Duration::from_millis(50);
const CONCURRENCY: usize = 16;
/// Of so many runs the fastest counts, since others use the machine as well.
const RUNS: usize = 3;
/// How many entries the `aws` command creates, one after the other: a thousand would take a quarter of an hour.
const BY_COMMAND: usize = 10;
/// How many calls a second the service takes where it throttles.
const LIMIT: u32 = 50;

/// How many roles IAM lists on a page; EKS never lists more than a hundred of anything.
const IAM_PAGE: usize = 1000;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = support::folder("online");
    let figures = runtime.block_on(async {
        json!({"latency": latency(&folder).await, "limit": limit(&folder).await})
    });
    support::keep("online", &figures);
}

/// Each call takes its time: the program beside a pool of threads and a loop that create and check nothing.
async fn latency(folder: &Path) -> Value {
    let limits = SandboxLimits {
        answers: Answers::After(LATENCY),
        page_size: IAM_PAGE,
        ..SandboxLimits::default()
    };
    println!(
        "\n{ENTRIES} entries, {ADMINS} of them with a policy; {} ms a call, {CONCURRENCY} at a time\n",
        LATENCY.as_millis()
    );
    let (mut ours, mut pool) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(apply(folder, &limits, ENTRIES, &["--concurrency", "16"]).await);
        pool.extend(by_pool(folder, &limits).await);
    }
    let ours = ours.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    let (seconds, calls) = (ours.0, ours.1);
    let least = |calls: f64| calls * LATENCY.as_secs_f64() / 16.0;
    println!("                      calls    time    of calls x latency / concurrency");
    let line = |name: &str, calls: f64, seconds: f64| {
        println!(
            "{name:<20} {calls:>6} {seconds:>6.2} s    {:.2}x",
            seconds / least(calls)
        );
        json!({"calls": calls, "seconds": round(seconds), "ofLeast": round(seconds / least(calls))})
    };
    let ours = line("apply, verified", calls, seconds);
    let pool = pool.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    let pool = pool.map_or_else(
        || {
            println!("boto3 pool           left out: it takes Python and boto3");
            Value::Null
        },
        |(seconds, calls)| line("boto3 pool", calls, seconds),
    );
    let by_command = by_command(folder, &limits).await.map_or_else(
        || {
            println!("aws loop             left out: it takes the `aws` command");
            Value::Null
        },
        |seconds| {
            let each = seconds / 10.0;
            println!("aws loop             {each:.2} s for each entry");
            json!({"entries": BY_COMMAND, "secondsForEach": round(each)})
        },
    );
    json!({
        "entries": ENTRIES, "admins": ADMINS, "latencyMilliseconds": 50, "concurrency": CONCURRENCY,
        "apply": ours, "boto3Pool": pool, "awsLoop": by_command,
    })
}

/// The service takes so many calls a second and throttles the rest; no action fails.
async fn limit(folder: &Path) -> Value {
    let limits = SandboxLimits {
        requests_per_second: Some(LIMIT),
        page_size: IAM_PAGE,
        ..SandboxLimits::default()
    };
    println!("\n{ENTRIES} entries at {LIMIT} calls a second\n");
    println!("                      calls  repeated    time    of calls / limit");
    let rate = LIMIT.to_string();
    let given: [(&str, &[&str]); 2] = [("adaptive", &[]), ("--max-rate", &["--max-rate", &rate])];
    let mut figures = serde_json::Map::new();
    for (name, options) in given {
        let (seconds, calls, retries) = apply(folder, &limits, ENTRIES, options).await;
        let least = (calls - retries) / f64::from(LIMIT);
        println!(
            "{name:<20} {calls:>6} {retries:>9} {seconds:>6.2} s    {:.2}x",
            seconds / least
        );
        let of_least = round(seconds / least);
        figures.insert(
            name.to_owned(),
            json!({"calls": calls, "repeated": retries, "seconds": round(seconds), "ofLeast": of_least}),
        );
    }
    json!({"entries": ENTRIES, "callsASecond": LIMIT, "apply": figures})
}

/// Seconds from the start of the program to its end, its calls to AWS, and how many of them repeated another one.
async fn apply(
    folder: &Path,
    limits: &SandboxLimits,
    entries: usize,
    options: &[&str],
) -> (f64, f64, f64) {
    let sandbox = Sandbox::start(seed(entries, limits)).await.unwrap();
    let state = folder.join("state");
    let _ = std::fs::remove_dir_all(&state);
    let mut command = Command::new(support::program());
    command
        .args(["apply", "--cluster", CLUSTER, "--yes"])
        .args(["--progress", "none", "--output", "json"])
        .args(options)
        .env("XDG_STATE_HOME", &state)
        .envs(sandbox.environment());
    let began = Instant::now();
    let output = blocking(command).await;
    let seconds = began.elapsed().as_secs_f64();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(applied["verified"], entries, "all entries are verified");
    let number = |key: &str| applied[key].as_f64().unwrap();
    (seconds, number("calls"), number("retries"))
}

/// Seconds that the calls of the boto3 pool took, and how many there were; `None` where there is no boto3.
async fn by_pool(folder: &Path, limits: &SandboxLimits) -> Option<(f64, f64)> {
    let sandbox = Sandbox::start(seed(ENTRIES, limits)).await.unwrap();
    let mut command = Command::new("python3");
    command
        .arg(peer("boto3_pool.py"))
        .args([CLUSTER, &list(folder, ENTRIES), "16"])
        .envs(sandbox.environment());
    let output = blocking(command).await;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace().map(|word| word.parse().unwrap());
    Some((numbers.next()?, numbers.next()?))
}

/// Seconds that the loop over the `aws` command took; `None` where there is none.
async fn by_command(folder: &Path, limits: &SandboxLimits) -> Option<f64> {
    let sandbox = Sandbox::start(seed(ENTRIES, limits)).await.unwrap();
    let mut command = Command::new("sh");
    command
        .arg(peer("aws_loop.sh"))
        .args([CLUSTER, &list(folder, BY_COMMAND)])
        .envs(sandbox.environment());
    let began = Instant::now();
    let output = blocking(command).await;
    output
        .status
        .success()
        .then(|| began.elapsed().as_secs_f64())
}

async fn blocking(mut command: Command) -> std::process::Output {
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn peer(name: &str) -> String {
    format!("{}/benches/peers/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The ARN, username and group of each mapping; the last are administrators, so that a few hold people alone.
fn mappings(count: usize) -> impl Iterator<Item = (String, String, &'static str)> {
    (0..count).map(move |index| {
        let is_admin = index + ADMINS >= ENTRIES;
        let name = format!("r{index}");
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
        let group = if is_admin {
            "system:masters"
        } else {
            "developers"
        };
        (arn, name, group)
    })
}

/// A file with a line for each mapping, for the peers.
fn list(folder: &Path, count: usize) -> String {
    let lines = mappings(count).map(|(arn, name, group)| format!("{arn} {name} {group}\n"));
    let path = folder.join(format!("{count}.txt"));
    std::fs::write(&path, lines.collect::<String>()).unwrap();
    path.display().to_string()
}

/// A cluster with so many mappings and no entry but its creator's, who runs the program.
fn seed(entries: usize, limits: &SandboxLimits) -> Seed {
    let cluster = ClusterSeed {
        name: CLUSTER.to_owned(),
        account_id: ACCOUNT.to_owned(),
        ..ClusterSeed::default()
    };
    let text = mappings(entries).map(|(arn, name, group)| {
        format!("- rolearn: {arn}\n  username: {name}\n  groups: [{group}]\n")
    });
    let data = BTreeMap::from([("mapRoles".to_owned(), text.collect::<String>())]);
    let arns: Vec<String> = mappings(entries).map(|(arn, ..)| arn).collect();
    Seed::new(cluster)
        .with_aws_auth(data)
        .with_principals(arns.iter().map(String::as_str))
        .switched_to(AuthenticationMode::ApiAndConfigMap)
        .with_limits(limits.clone())
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
