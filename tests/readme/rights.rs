//! The table in `docs/permissions.md`, made from what `export iam-policy` and `export rbac` write.

use std::fmt::Write;

use serde::Deserialize;
use serde_yaml::Value;

use super::{filled, golden, printed};

const COMMANDS: [&str; 4] = ["plan", "apply", "cutover", "rollback"];

fn exported(format: &str, command: &str) -> String {
    printed(&[
        "export",
        format,
        "--for",
        command,
        "--from-file",
        "testdata/rehearsal/aws-auth.yaml",
        "--account-id",
        "111122223333",
        "--region",
        "eu-west-1",
    ])
}

fn texts(value: &Value) -> Vec<&str> {
    let items = value.as_sequence().into_iter().flatten();
    items.map(|item| item.as_str().unwrap()).collect()
}

/// The AWS actions of a command, each with the kind of resource that it is on.
fn actions(command: &str) -> Vec<String> {
    let policy: Value = serde_yaml::from_str(&exported("iam-policy", command)).unwrap();
    let mut rights = Vec::new();
    for statement in policy["Statement"].as_sequence().unwrap() {
        // arn:aws:eks:REGION:ACCOUNT:KIND/...
        let resource = texts(&statement["Resource"])[0];
        let kind = resource.split(':').nth(5).unwrap();
        let kind = kind.split('/').next().unwrap();
        let named = texts(&statement["Action"]);
        rights.extend(named.iter().map(|action| format!("`{action}` | {kind}")));
    }
    rights
}

/// The Kubernetes verbs of a command, each with what it is on.
fn verbs(command: &str) -> Vec<String> {
    let objects = exported("rbac", command);
    let mut rights = Vec::new();
    for object in serde_yaml::Deserializer::from_str(&objects) {
        let Ok(object) = Value::deserialize(object) else {
            continue;
        };
        let place = object["metadata"]["namespace"].as_str();
        let place = place.map(|place| format!(" in `{place}`"));
        for rule in object["rules"].as_sequence().into_iter().flatten() {
            let names = texts(&rule["resourceNames"]);
            let name: String = names.iter().map(|name| format!(" `{name}`")).collect();
            let resource = texts(&rule["resources"]).join(", ");
            let on = format!("{resource}{name}{}", place.as_deref().unwrap_or_default());
            let verbs = texts(&rule["verbs"]);
            rights.extend(verbs.iter().map(|verb| format!("`{verb}` | {on}")));
        }
    }
    rights
}

/// A row for each right, with the commands that need it.
fn table(of: impl Fn(&str) -> Vec<String>) -> String {
    let needed = COMMANDS.map(of);
    let mut table = format!(
        "| right | on | {} |\n|---|---|{}\n",
        COMMANDS.map(|command| format!("`{command}`")).join(" | "),
        "---|".repeat(COMMANDS.len())
    );
    let mut seen: Vec<&String> = Vec::new();
    for right in needed.iter().flatten() {
        if seen.contains(&right) {
            continue;
        }
        seen.push(right);
        let marks = needed
            .each_ref()
            .map(|rights| if rights.contains(right) { "yes" } else { "" });
        writeln!(table, "| {right} | {} |", marks.join(" | ")).unwrap();
    }
    table
}

#[test]
fn rights_are_those_that_are_exported() {
    let page = include_str!("../../docs/permissions.md");
    let (aws, kubernetes) = (table(actions), table(verbs));
    assert!(aws.contains("| `eks:DescribeCluster` | cluster | yes | yes | yes | yes |"));
    assert!(kubernetes.contains("| `get` | configmaps `aws-auth` in `kube-system` | yes |"));
    let page = filled(page, "aws rights", &aws);
    golden(
        "docs/permissions.md",
        &filled(&page, "kubernetes rights", &kubernetes),
    );
}
