//! Every document fits the schema that the binary itself gives for it, as an independent validator sees it.

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

#[track_caller]
fn check(document: &str, instances: &[Value]) {
    let schema = Tool::new(&["schema", document]).run().expect_code(0).json();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(!instances.is_empty());
    for instance in instances {
        let errors: Vec<String> = validator
            .iter_errors(instance)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{document}: {errors:?}\n{instance:#}");
    }
    assert!(
        !validator.is_valid(&serde_json::json!({"schema": 1})),
        "the schema of {document} takes anything"
    );
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
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
    check("plan", &[before, after, offline]);
    check("journal", &lines(&read(&world.journal())));
    check("events", &lines(&ran.stderr));
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
    check("apply", &[applied, world.apply().run().json()]);
    check("status", &[status_before, status()]);
    check("verify", &[verify_before, verify()]);
    check("cutover", &[cutover(&[]), cutover(&["--only", "*ops"])]);
    check("rollback", &[rollback(&[]), rollback(&["--yes"])]);
}
