//! How long it takes from the ConfigMap's text to a plan and its reports, by the number of mappings.
//!
//! `cargo bench` runs them; a ConfigMap of 6,000 mappings comes near the 1 MiB that Kubernetes allows.

#![expect(
    missing_docs,
    reason = "the macros of the benchmarks make public functions"
)]

use std::collections::BTreeMap;
use std::hint::black_box;

use aws_auth_migrate::choices::Choices;
use aws_auth_migrate::journal::{History, Record};
use aws_auth_migrate::model::{AccessEntry, AuthenticationMode, Cluster, EntryType, LiveEntry};
use aws_auth_migrate::observed::Observed;
use aws_auth_migrate::plan::document::{Source, SourceKind};
use aws_auth_migrate::plan::{Ours, Plan, build};
use aws_auth_migrate::reader::{AwsAuthText, read};
use aws_auth_migrate::report::{TableOptions, html, json, table};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use serde_json::json;

const SIZES: [usize; 3] = [20, 500, 6_000];
/// As many access entries as EKS allows a cluster.
const LIVE: usize = 3_000;

fn arn(index: usize) -> String {
    format!("arn:aws:iam::111122223333:role/team-{index:05}")
}

fn aws_auth(mappings: usize) -> AwsAuthText {
    let roles: String = (0..mappings)
        .map(|index| {
            format!(
                "- rolearn: {}\n  username: team-{index:05}\n  groups:\n    - team-{index:05}\n    - readers\n",
                arn(index)
            )
        })
        .collect();
    AwsAuthText {
        map_roles: Some(roles),
        ..AwsAuthText::default()
    }
}

fn observed(live: usize) -> Observed {
    let entries = (0..live).map(|index| LiveEntry {
        entry: AccessEntry {
            principal_arn: arn(index).parse().expect("a valid ARN"),
            entry_type: EntryType::Standard,
            username: Some(format!("team-{index:05}")),
            kubernetes_groups: vec![format!("team-{index:05}"), "readers".to_owned()],
            tags: BTreeMap::new(),
            access_policies: Vec::new(),
        },
        access_entry_arn: None,
        created_at: None,
        modified_at: None,
    });
    Observed {
        cluster: Cluster {
            name: Some("bench".to_owned()),
            arn: None,
            created_at: None,
            region: Some("eu-west-1".to_owned()),
            account_id: Some("111122223333".to_owned()),
            partition: "aws".to_owned(),
            authentication_mode: Some(AuthenticationMode::ApiAndConfigMap),
            platform_version: None,
            kubernetes_version: None,
            status: Some("ACTIVE".to_owned()),
            auto_mode: false,
            hybrid_nodes: false,
            outpost: false,
        },
        entries: Some(entries.collect()),
        node_roles: Some(Vec::new()),
        principals: BTreeMap::new(),
        rbac: None,
        caller: None,
    }
}

fn plan(text: &AwsAuthText, observed: &Observed) -> Plan {
    let source = Source {
        kind: SourceKind::Cluster,
        sha256: String::new(),
        resource_version: None,
        options: Vec::new(),
    };
    build(
        &read(text),
        source,
        observed,
        &Choices::default(),
        &Ours::default(),
        Timestamp::UNIX_EPOCH,
    )
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    for size in SIZES {
        let text = aws_auth(size);
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &text, |bench, text| {
            bench.iter(|| read(black_box(text)));
        });
    }
    group.finish();
}

fn planning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    for (name, live) in [("no live entries", 0), ("3000 live entries", LIVE)] {
        let observed = observed(live);
        for size in SIZES {
            let text = aws_auth(size);
            group.throughput(Throughput::Elements(size as u64));
            group.bench_with_input(BenchmarkId::new(name, size), &text, |bench, text| {
                bench.iter(|| plan(black_box(text), &observed));
            });
        }
    }
    group.finish();
}

fn reporting(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("report");
    group.sample_size(10);
    for size in SIZES {
        let plan = plan(&aws_auth(size), &observed(0));
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(BenchmarkId::new("table", size), &plan, |bench, plan| {
            bench.iter(|| table(black_box(plan), TableOptions::default()));
        });
        group.bench_with_input(BenchmarkId::new("json", size), &plan, |bench, plan| {
            bench.iter(|| json(black_box(plan)));
        });
        group.bench_with_input(BenchmarkId::new("html", size), &plan, |bench, plan| {
            bench.iter(|| html(black_box(plan)));
        });
    }
    group.finish();
}

/// The records of a run that made so many entries, a record before each call and one after.
fn records(calls: usize) -> Vec<Record> {
    let time = "2026-01-02T03:04:05Z";
    let cluster = json!({"accountId": "111122223333", "region": "eu-west-1", "name": "bench"});
    let run = json!({
        "record": "run", "schema": "", "run": "r", "time": time, "toolVersion": "", "cluster": cluster, "caller": null,
        "planSha256": "", "actions": calls,
    });
    let both = (0..calls).flat_map(|index| {
        let action = json!({
            "id": format!("a{index}"), "kind": "createAccessEntry", "principalArn": arn(index), "type": "STANDARD",
            "username": null, "kubernetesGroups": [], "tags": {}, "stage": "others", "why": "",
        });
        let token = format!("aam-{index:032}");
        [
            json!({"record": "intent", "run": "r", "time": time, "token": token, "action": action}),
            json!({
                "record": "outcome", "run": "r", "time": time, "token": token, "action": action["id"],
                "status": "created",
            }),
        ]
    });
    std::iter::once(run)
        .chain(both)
        .map(|record| serde_json::from_value(record).expect("a record"))
        .collect()
}

fn folding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal");
    group.sample_size(10);
    for size in SIZES {
        let records = records(size);
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(size),
            &records,
            |bench, records| {
                bench.iter(|| {
                    let mut history = History::default();
                    for record in black_box(records) {
                        history.add(record.clone());
                    }
                    history
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, reading, planning, reporting, folding);
criterion_main!(benches);
