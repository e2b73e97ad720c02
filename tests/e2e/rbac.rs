//! RBAC at hand: what a changed name would cost, and the bindings that a renamed group needs.

use aws_auth_migrate::journal::Journal;
use aws_auth_migrate::sandbox::Seed;
use aws_auth_migrate::writer::Status;
use serde_json::{Value, json};

use crate::support::{Tool, World, codes, in_api_mode, mapping, read, role, seed};

const AUDIT: &str = "- rolearn: arn:aws:iam::111122223333:role/audit\n  username: audit\n  groups: [system:monitoring, auditors]\n";
const RENAME: [&str; 2] = ["--rename-group", "system:monitoring=monitoring"];

fn binding(name: &str, kind: &str, subject: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": subject}],
    })
}

fn with_objects(mut seed: Seed, objects: Vec<Value>) -> Seed {
    seed.objects = objects;
    seed
}

async fn audited() -> World {
    let objects = vec![binding("monitors", "Group", "system:monitoring")];
    World::start(with_objects(
        in_api_mode(seed(AUDIT, &[&role("audit")])),
        objects,
    ))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_without_the_bindings_of_the_old_name_is_lost_and_blocks() {
    let world = audited().await;
    let plan = world
        .tool("plan")
        .args(&RENAME)
        .args(&["--output", "json"])
        .run()
        .json();
    let audit = mapping(&plan, "mapRoles[0]");
    assert_eq!(audit["outcome"], "blocked", "{audit:#}");
    assert_eq!(audit["access"]["verdict"], "lost");
    assert!(codes(audit).contains(&"AAM314"), "{audit:#}");
    assert_eq!(plan["actions"], json!([]));
    let table = world.tool("plan").args(&RENAME).run().stdout;
    assert!(
        table.contains("1 needs a decision (1 would lose"),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn emitted_bindings_keep_the_access_of_a_renamed_group() {
    let world = audited().await;
    let path = world.path("rbac.yaml");
    let plan = world
        .tool("plan")
        .args(&RENAME)
        .args(&["--output", "json", "--emit-rbac"])
        .arg(&path);
    let plan = plan.run().expect_code(0).json();
    let audit = mapping(&plan, "mapRoles[0]");
    assert_eq!(
        (&audit["outcome"], &audit["access"]["verdict"]),
        (&json!("create"), &json!("same")),
        "{audit:#}"
    );
    let written: Value = serde_yaml::from_str(&read(&path)).unwrap();
    assert_eq!(written["kind"], "ClusterRoleBinding");
    assert_eq!(written["subjects"][0]["name"], "monitoring");
    assert_eq!(written["roleRef"]["name"], "view");
    // The sandbox was not written to.
    assert!(
        world
            .sandbox
            .requests()
            .iter()
            .all(|request| request.method != "POST" || !request.path.contains("rbac"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn applied_bindings_come_before_the_entries_and_twice_is_once() {
    let world = audited().await;
    let apply = || {
        world
            .apply()
            .args(&RENAME)
            .args(&["--apply-rbac"])
            .run()
            .expect_code(0)
            .json()
    };
    assert_eq!(apply()["bindings"][0]["status"], "created");
    let order: Vec<String> = world
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| {
            request.method == "POST"
                && (request.path.contains("clusterrolebindings")
                    || request.operation == "CreateAccessEntry")
        })
        .map(|request| request.path)
        .collect();
    assert!(
        order[0].contains("clusterrolebindings") && order.len() == 2,
        "{order:?}"
    );
    assert_eq!(apply()["bindings"][0]["status"], "exists");
    let after = world
        .tool("plan")
        .args(&RENAME)
        .args(&["--output", "json"])
        .run()
        .json();
    assert_eq!(mapping(&after, "mapRoles[0]")["outcome"], "unchanged");
    assert_eq!(mapping(&after, "mapRoles[0]")["access"]["verdict"], "same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_of_the_same_name_that_gives_something_else_is_never_edited() {
    let world = audited().await;
    let path = world.path("rbac.yaml");
    world
        .tool("plan")
        .args(&RENAME)
        .arg("--emit-rbac")
        .arg(&path)
        .run()
        .expect_code(0);
    let mut other: Value = serde_yaml::from_str(&read(&path)).unwrap();
    let name = other["metadata"]["name"].as_str().unwrap().to_owned();
    other["roleRef"]["name"] = json!("edit");
    let objects = vec![binding("monitors", "Group", "system:monitoring"), other];
    let world = World::start(with_objects(
        in_api_mode(seed(AUDIT, &[&role("audit")])),
        objects,
    ))
    .await;
    let ran = world
        .apply()
        .args(&RENAME)
        .args(&["--apply-rbac"])
        .run()
        .expect_code(1);
    ran.expect_error(&[&name, "something else"]);
    assert!(
        world
            .sandbox
            .requests()
            .iter()
            .all(|request| request.operation != "CreateAccessEntry")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_is_written_down_before_and_after_it_is_made() {
    let world = audited().await;
    let apply = || world.apply().args(&RENAME).args(&["--apply-rbac"]);
    let ran = world
        .tool("apply")
        .args(&["--yes", "--progress", "plain"])
        .args(&RENAME)
        .args(&["--apply-rbac"])
        .run()
        .expect_code(0);
    assert!(
        ran.stderr.contains("created ClusterRoleBinding "),
        "{}",
        ran.stderr
    );
    let history = || Journal::history(&world.journal()).unwrap();
    let [made] = &history().runs[0].bindings[..] else {
        panic!("{:?}", history().runs[0]);
    };
    assert_eq!(made.status, Some(Status::Created));
    assert!(made.uid.is_some() && made.resource_version.is_some());
    assert_eq!(made.object["subjects"][0]["name"], "monitoring");

    // Died before the answer was written down: the binding is still known as this run's own.
    let text = read(&world.journal());
    let intent = text
        .lines()
        .position(|line| line.contains("bindingIntent"))
        .unwrap();
    let cut: String = text
        .lines()
        .take(intent + 1)
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(world.journal(), cut).unwrap();
    apply().run().expect_code(0);
    let again = &history().runs[0].bindings[0];
    assert_eq!(
        (again.status, &again.uid),
        (Some(Status::Created), &made.uid)
    );

    // A later run finds it made and makes it not its own.
    apply().run().expect_code(0);
    let later = history();
    assert_eq!(later.runs.len(), 2);
    assert_eq!(later.runs[1].bindings[0].status, Some(Status::Exists));
}

const RESERVED_NAME: &str =
    "- rolearn: arn:aws:iam::111122223333:role/ci\n  username: system:ci\n  groups: [ci]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_username_that_a_binding_uses_blocks_and_an_unused_one_is_renamed() {
    for (user, outcome, verdict) in [
        ("system:ci", "blocked", Value::Null),
        ("somebody", "create", json!("renamed")),
    ] {
        let objects = vec![binding("by-name", "User", user)];
        let world = World::start(with_objects(
            in_api_mode(seed(RESERVED_NAME, &[&role("ci")])),
            objects,
        ))
        .await;
        let plan = world.plan().json();
        let ci = mapping(&plan, "mapRoles[0]");
        assert_eq!(ci["outcome"], outcome, "{ci:#}");
        assert_eq!(ci["access"]["verdict"], verdict, "{ci:#}");
    }
}

#[test]
fn bindings_from_a_file_count_offline() {
    let folder = tempfile::tempdir().unwrap();
    let (aws_auth, rbac) = (folder.path().join("a.yaml"), folder.path().join("r.json"));
    std::fs::write(&aws_auth, json!({"mapRoles": RESERVED_NAME}).to_string()).unwrap();
    std::fs::write(&rbac, binding("by-name", "User", "system:ci").to_string()).unwrap();
    let plan = Tool::new(&["plan", "--output", "json", "--from-file"])
        .arg(&aws_auth)
        .arg("--rbac-file")
        .arg(&rbac);
    let plan = plan.run().expect_code(0).json();
    assert!(
        codes(mapping(&plan, "mapRoles[0]")).contains(&"AAM308"),
        "{plan:#}"
    );
}
