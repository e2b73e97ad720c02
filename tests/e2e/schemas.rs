//! Every document fits the schema that the binary itself gives for it, as an independent validator sees it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::support::{Tool, World, read, role, seed};

const TEXT: &str = "\
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters, argocd]
- rolearn: arn:aws:iam::111122223333:role/old/team
  groups: [system:monitoring]
- rolearn: arn:aws:iam::444455556666:role/there
  username: '{{SessionName}}'
";

/// The validator of the schema that the binary gives for a document.
pub(crate) fn validator(document: &str) -> Validator {
    let schema = Tool::new(&["schema", document]).run().expect_code(0);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(
        !validator.is_valid(&serde_json::json!({"schema": 1})),
        "the schema of {document} takes anything"
    );
    validator
}

#[track_caller]
pub(crate) fn check(validator: &Validator, instance: &Value) {
    let errors: Vec<String> = validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path))
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{instance:#}");
}

/// Holds a document that a test was given against its schema; every test's plans go through here.
#[track_caller]
pub(crate) fn check_document(document: &Value) {
    static ALL: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
        let names = [
            "plan",
            "apply",
            "verify",
            "principal",
            "status",
            "cutover",
            "rollback",
            "fleet-report",
            "report",
            "error",
        ];
        let named = |name| (format!("aws-auth-migrate/{name}/v1"), validator(name));
        names.into_iter().map(named).collect()
    });
    if let Some(name) = document["schema"].as_str() {
        let known = ALL.get(name);
        check(
            known.unwrap_or_else(|| panic!("no schema for {name}")),
            document,
        );
    }
}

/// Holds every event on standard error against its schema.
#[track_caller]
pub(crate) fn check_events(stderr: &str) {
    static EVENTS: LazyLock<Validator> = LazyLock::new(|| validator("events"));
    for event in objects(stderr).filter(|object| object["event"].is_string()) {
        check(&EVENTS, &event);
    }
}

/// Holds every record of a journal against its schema, but for a last line that was torn.
#[track_caller]
pub(crate) fn check_journal(journal: &str) {
    static JOURNAL: LazyLock<Validator> = LazyLock::new(|| validator("journal"));
    for record in objects(journal) {
        check(&JOURNAL, &record);
    }
}

fn objects(lines: &str) -> impl Iterator<Item = Value> {
    let values = lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    values.filter(Value::is_object)
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_journals_and_events_fit_their_schemas() {
    let world = World::start(seed(TEXT, &[&role("team/ops")])).await;
    let before = world.plan().json();
    let ran = world
        .tool("apply")
        .args(&["--yes", "--enable-access-entries", "--progress", "json"])
        .run()
        .expect_code(3);
    let after = world.plan().json();
    let offline = Tool::new(&["plan", "--output", "json", "--from-file", "-"])
        .stdin(format!("mapRoles: |\n  {}", TEXT.replace('\n', "\n  ")))
        .run()
        .expect_code(0)
        .json();
    for plan in [before, after, offline] {
        assert_eq!(plan["schema"], "aws-auth-migrate/plan/v1");
        check_document(&plan);
    }
    let journal = read(&world.journal());
    assert_eq!(objects(&journal).count(), journal.lines().count());
    check_journal(&journal);
    assert_eq!(objects(&ran.stderr).count(), ran.stderr.lines().count());
    check_events(&ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_commands_print_fits_its_schema() {
    let world = World::start(seed(TEXT, &[&role("team/ops")])).await;
    let status = || {
        let args = ["--preflight", "--output", "json"];
        world.tool("status").args(&args).run().json()
    };
    let verify = || {
        world
            .tool("verify")
            .args(&["--output", "json"])
            .run()
            .json()
    };
    let cutover = |only: &[&str]| {
        let tool = world.tool("cutover").args(&["--yes", "--output", "json"]);
        tool.args(only).run().json()
    };
    let rollback = |args: &[&str]| {
        let tool = world.tool("rollback").args(&["--output", "json"]);
        tool.args(args).run().json()
    };
    let (status_before, verify_before) = (status(), verify());
    let applied = world.apply().run().expect_code(3).json();
    let documents = [
        ("apply", [applied, world.apply().run().json()]),
        ("status", [status_before, status()]),
        ("verify", [verify_before, verify()]),
        ("cutover", [cutover(&[]), cutover(&["--only", "*ops"])]),
        ("rollback", [rollback(&[]), rollback(&["--yes"])]),
    ];
    for (document, instances) in documents {
        let validator = validator(document);
        for instance in instances {
            check(&validator, &instance);
        }
    }
}
