//! What hostile texts may cost, counted: reports and findings stay in proportion to the text, whatever it holds.
//!
//! Half a million elements, groups or repeated keys once gave a finding each, and thousands of users that differ only in
//! case a finding each that named all the others: 7 GB for 1 MiB of text. Times are a matter of `cargo bench`.

#![expect(clippy::unwrap_used, reason = "tests give up at once")]

#[path = "../benches/shapes/mod.rs"]
mod shapes;

use aws_auth_migrate::choices::Choices;
use aws_auth_migrate::model::{Cluster, Section};
use aws_auth_migrate::observed::Observed;
use aws_auth_migrate::plan::document::{Source, SourceKind};
use aws_auth_migrate::plan::{Ours, Plan, build};
use aws_auth_migrate::reader::{AwsAuthText, draw, read};
use aws_auth_migrate::report::{TableOptions, csv, html, json, markdown, table, yaml};
use aws_auth_migrate::source::manifest;
use jiff::Timestamp;
use shapes::Shape;

/// Enough for thousands of everything.
const SIZE: usize = 24 << 10;

fn plan(shape: &Shape) -> (Plan, String) {
    let manifest = shapes::manifest(shape.section, &shape.text);
    let text = manifest::parse(&manifest).unwrap().text();
    let reading = read(&text);
    let cluster = serde_json::json!({"partition": "aws"});
    let observed = Observed {
        cluster: serde_json::from_value::<Cluster>(cluster).unwrap(),
        entries: None,
        node_roles: None,
        principals: std::collections::BTreeMap::new(),
        rbac: None,
        caller: None,
    };
    let source = Source {
        kind: SourceKind::File,
        sha256: String::new(),
        resource_version: None,
        options: Vec::new(),
    };
    let (choices, ours) = (Choices::default(), Ours::default());
    let drawn = draw::all(&text, &reading.diagnostics);
    let plan = build(
        &reading,
        source,
        &observed,
        &choices,
        &ours,
        Timestamp::UNIX_EPOCH,
    );
    (plan, drawn)
}

#[test]
fn a_report_is_in_proportion_to_its_text() {
    for shape in shapes::hostile(SIZE) {
        let (plan, drawn) = plan(&shape);
        let options = TableOptions {
            details: true,
            ..TableOptions::default()
        };
        for (format, report) in [
            ("table", table(&plan, options)),
            ("json", json(&plan)),
            ("yaml", yaml(&plan)),
            ("markdown", markdown(&plan, true)),
            ("html", html(&plan)),
            ("csv", csv(&plan)),
        ] {
            // A mapping that repeats another by an alias takes no more than five bytes.
            let times = report.len() / SIZE;
            assert!(
                times < 150,
                "{} in {format}: {times} times the text",
                shape.name
            );
        }
        assert!(drawn.len() < 100_000, "{}: {}", shape.name, drawn.len());
    }
}

#[test]
fn findings_that_are_alike_are_counted() {
    for shape in shapes::hostile(SIZE) {
        let (plan, _) = plan(&shape);
        for mapping in &plan.mappings {
            assert!(
                mapping.findings.len() <= 64,
                "{}: {}",
                shape.name,
                mapping.id
            );
        }
        assert!(plan.findings.len() <= 64, "{}", shape.name);
        let discarded = plan
            .mappings
            .iter()
            .filter(|mapping| mapping.arn.is_empty());
        let accounts = plan.accounts.iter();
        let accounts = accounts.filter(|account| account.account_id.len() < 12);
        assert!(discarded.count() <= 1000, "{}", shape.name);
        assert!(accounts.count() <= 1000, "{}", shape.name);
    }
}

#[test]
fn what_is_left_out_is_counted() {
    let shape = |name: &str| {
        shapes::hostile(SIZE)
            .into_iter()
            .find(|shape| shape.name == name)
    };
    for (name, message) in [
        (
            "nulls",
            "and 11,287 more elements of `mapRoles` that the cluster discards",
        ),
        (
            "accounts that are none",
            "and 11,287 more elements of `mapAccounts` that are not account ids",
        ),
        ("null groups", "and 12,239 more like this"),
        ("one group, repeated", "and 12,238 more like this"),
        (
            "users that differ only in case",
            " more name one user in different case",
        ),
    ] {
        let (plan, _) = plan(&shape(name).unwrap());
        let told = serde_json::to_string(&plan).unwrap();
        assert!(
            told.contains(message),
            "{name}: {}",
            table(&plan, TableOptions::default())
        );
    }
}

#[test]
fn a_rival_in_another_case_names_ten_and_counts_the_rest() {
    let users: String = (0..64)
        .map(|index: u32| {
            let letter = |bit: u32| if index >> bit & 1 == 1 { 'A' } else { 'a' };
            let name: String = (0..6).map(letter).collect();
            format!("- userarn: arn:aws:iam::111122223333:user/{name}\n")
        })
        .collect();
    let text = AwsAuthText {
        map_users: Some(users),
        ..AwsAuthText::default()
    };
    let shape = Shape {
        name: "users",
        section: Section::MapUsers,
        text: text.map_users.unwrap(),
    };
    let (plan, _) = plan(&shape);
    assert_eq!(plan.mappings.len(), 64);
    let message = &plan.mappings[0].findings[0].message;
    assert!(
        message.starts_with("`mapUsers[0]` and `mapUsers[1]`, `mapUsers[2]`,")
            && message.contains("`mapUsers[10]`, 53 more name one user"),
        "{message}"
    );
}

#[test]
fn a_manifest_without_end_is_refused_at_once() {
    for (name, text) in shapes::manifests(shapes::LARGEST) {
        let parsed = manifest::parse(&text);
        assert_eq!(parsed.is_ok(), name == "manifest: unknown keys", "{name}");
    }
}
