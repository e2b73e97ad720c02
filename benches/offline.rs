//! What an offline plan costs: the built program from its start to its end, beside the authenticator's own reader.
//!
//! `cargo bench --bench offline` prints a table and writes the figures to `target/tmp/offline.json`; with
//! `FIGURES=write` to `benches/figures/offline.json` as well. See `docs/performance.md` for how to read them.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench reads files and the environment, prints, and gives up at once"
)]

mod shapes;
mod support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_auth_migrate::model::Section;
use serde_json::{Value, json};

const FORMATS: [&str; 6] = ["table", "json", "yaml", "markdown", "html", "csv"];
/// As many mappings as a ConfigMap has room for, at some 150 bytes each.
const MAPPINGS: usize = 6_700;
/// Of so many runs the fastest counts, since others use the machine as well.
const RUNS: usize = 7;
/// What no text of 1 MiB may take longer than, or more memory than.
const LIMIT: (Duration, u64) = (Duration::from_secs(3), 256 << 20);

/// What one run took.
#[derive(Debug, Clone, Copy)]
struct Cost {
    time: Duration,
    /// The most memory that was resident, in bytes; 0 where the system does not tell.
    peak: u64,
    /// Bytes of the report.
    written: u64,
}

fn main() {
    let folder = support::folder("offline");
    let figures = json!({
        "ordinary": ordinary(&folder),
        "growth": growth(&folder),
        "instructions": instructions(&folder),
        "hostile": hostile(&folder),
    });
    support::keep("offline", &figures);
}

/// The plan of many ordinary mappings in each format, as a multiple of what the authenticator takes to read them.
fn ordinary(folder: &Path) -> Value {
    let text = shapes::ordinary_mappings(MAPPINGS);
    let file = manifest(folder, &text);
    let runs = (0..RUNS).map(|_| {
        // One after the other in each round, so that a busy moment meets all of them.
        let judged = judge(folder, &text);
        (judged, FORMATS.map(|format| run(&file, format)))
    });
    let runs: Vec<_> = runs.collect();
    let judged = runs.iter().filter_map(|(judged, _)| *judged).min();
    let size = std::fs::metadata(support::program()).unwrap().len();
    println!(
        "\n{MAPPINGS} mappings, {} bytes; the program has {} MB\n",
        text.len(),
        megabytes(size)
    );
    match judged {
        Some(judged) => println!("authenticator's ParseMap  {:>8.1} ms", milliseconds(judged)),
        None => println!(
            "authenticator's ParseMap  left out: it takes Go and the authenticator's source"
        ),
    }
    println!("format        time   of ParseMap    peak   report");
    let mut formats = serde_json::Map::new();
    for (index, format) in FORMATS.iter().enumerate() {
        let costs = runs.iter().map(|(_, costs)| costs[index]);
        let time = costs.clone().map(|cost| cost.time).min().unwrap();
        let peak = costs.clone().map(|cost| cost.peak).max().unwrap();
        let written = costs.map(|cost| cost.written).max().unwrap();
        let ratio = judged.map(|judged| time.as_secs_f64() / judged.as_secs_f64());
        println!(
            "{format:<9} {:>5.1} ms   {:>10}   {:>3} MB   {:>4.1} MB",
            milliseconds(time),
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}x")),
            megabytes(peak),
            as_float(written) / 1e6,
        );
        let figures = json!({
            "milliseconds": milliseconds(time), "ofParseMap": ratio, "peakBytes": peak, "reportBytes": written,
        });
        formats.insert((*format).to_owned(), figures);
    }
    json!({
        "mappings": MAPPINGS, "bytes": text.len(), "programBytes": size,
        "parseMapMilliseconds": judged.map(milliseconds), "formats": formats,
    })
}

/// Whether the time grows with the text and no faster.
fn growth(folder: &Path) -> Value {
    println!("\nsize       table           json");
    let sizes = [250, 500, 750, 1000].map(|kibibytes| {
        let file = manifest(folder, &shapes::ordinary(kibibytes << 10));
        let best = |format| (0..RUNS).map(|_| run(&file, format).time).min().unwrap();
        let [table, json] = ["table", "json"].map(|format| milliseconds(best(format)));
        println!("{kibibytes:>4} KiB  {table:>6.1} ms      {json:>6.1} ms");
        json!({"kibibytes": kibibytes, "tableMilliseconds": table, "jsonMilliseconds": json})
    });
    json!(sizes)
}

/// Instructions of a plan of 500 mappings, which are the same on a busy machine.
fn instructions(folder: &Path) -> Value {
    let file = manifest(folder, &shapes::ordinary_mappings(500));
    let count = |format: &str| {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(support::program())
            .args(["plan", "--output", format, "--from-file"])
            .arg(&file)
            .output()
            .ok()?;
        let told = String::from_utf8_lossy(&output.stderr);
        let count = told
            .split("Collected :")
            .nth(1)?
            .split_whitespace()
            .next()?;
        count.parse::<u64>().ok()
    };
    let mut counts = serde_json::Map::new();
    println!();
    for format in FORMATS {
        if let Some(count) = count(format) {
            println!(
                "{format:<9} {:>6.1} million instructions for 500 mappings",
                as_float(count) / 1e6
            );
            counts.insert(format.to_owned(), count.into());
        }
    }
    if counts.is_empty() {
        println!("instructions are left out: it takes valgrind");
    }
    Value::Object(counts)
}

/// The worst of all formats for each hostile text.
fn hostile(folder: &Path) -> Value {
    println!("\n1 MiB of ...                             slowest     most memory   longest report");
    let shapes = shapes::hostile(shapes::LARGEST).into_iter();
    let shapes = shapes.map(|shape| (shape.name, shapes::manifest(shape.section, &shape.text)));
    let all = shapes.chain(shapes::manifests(shapes::LARGEST));
    let mut figures = serde_json::Map::new();
    for (name, text) in all {
        let file = folder.join("hostile.yaml");
        std::fs::write(&file, text).unwrap();
        let costs = FORMATS.map(|format| run(&file, format));
        let time = costs.iter().map(|cost| cost.time).max().unwrap();
        let peak = costs.iter().map(|cost| cost.peak).max().unwrap();
        let written = costs.iter().map(|cost| cost.written).max().unwrap();
        let over = if time > LIMIT.0 || peak > LIMIT.1 {
            "  OVER THE LIMIT"
        } else {
            ""
        };
        println!(
            "{name:<38} {:>6.2} s         {:>4} MB         {:>5.1} MB{over}",
            time.as_secs_f64(),
            megabytes(peak),
            as_float(written) / 1e6,
        );
        let cost =
            json!({"milliseconds": milliseconds(time), "peakBytes": peak, "reportBytes": written});
        figures.insert(name.to_owned(), cost);
    }
    Value::Object(figures)
}

fn manifest(folder: &Path, map_roles: &str) -> PathBuf {
    let file = folder.join("aws-auth.json");
    std::fs::write(&file, shapes::manifest(Section::MapRoles, map_roles)).unwrap();
    file
}

/// Plans a file in one format.
fn run(file: &Path, format: &str) -> Cost {
    let report = file.with_extension("report");
    let begin = Instant::now();
    let mut child = Command::new(support::program())
        .args(["plan", "--output", format, "--from-file"])
        .arg(file)
        .stdout(File::create(&report).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let peak = watched(&mut child);
    Cost {
        time: begin.elapsed(),
        peak,
        written: std::fs::metadata(report).unwrap().len(),
    }
}

/// Waits for a process and tells the most memory that it had resident.
fn watched(child: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(kibibytes.unwrap_or(0) << 10);
        if child.try_wait().unwrap().is_some() {
            return peak;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// How long the authenticator's own ParseMap takes for a text; `None` where it can't be built.
fn judge(folder: &Path, map_roles: &str) -> Option<Duration> {
    let program = folder.join("timing");
    if !program.exists() {
        let built = Command::new("go")
            .args(["build", "-trimpath", "-buildvcs=false", "-o"])
            .arg(&program)
            .arg("./timing")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge"))
            .status()
            .ok()?;
        if !built.success() {
            return None;
        }
    }
    let text = folder.join("mapRoles.yaml");
    std::fs::write(&text, map_roles).unwrap();
    let output = Command::new(program).arg(text).arg("3").output().ok()?;
    let nanoseconds = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes and instructions of a bench"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}
