//! RBAC at hand: what a changed name would cost, and the bindings that a renamed group needs.

use aws_auth_migrate::model::ActionStatus;
use aws_auth_migrate::sandbox::Seed;
use serde_json::{Value, json};

use std::process::Command;

use aws_auth_migrate::sandbox::{Fault, FaultKind};

use crate::arc::blocking;
use crate::killing::{Ending, Point, run_until};
use crate::support::{
    CLUSTER, Ran, Tool, World, codes, in_api_mode, judge, mapping, read, role, seed,
    without_digests,
};

pub(crate) const AUDIT: &str = "- rolearn: arn:aws:iam::111122223333:role/audit\n  username: audit\n  groups: [system:monitoring, auditors]\n";
pub(crate) const RENAME: [&str; 2] = ["--rename-group", "system:monitoring=monitoring"];

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

pub(crate) async fn audited() -> World {
    let objects = vec![binding("monitors", "Group", "system:monitoring")];
    World::start(with_objects(
        in_api_mode(seed(AUDIT, &[&role("audit")])),
        objects,
    ))
    .await
}

/// The plan with the group renamed.
fn renamed_plan(world: &World) -> Value {
    let tool = world.tool("plan").args(&RENAME);
    tool.args(&["--output", "json"]).run().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_without_the_bindings_of_the_old_name_is_lost_and_blocks() {
    let world = audited().await;
    let plan = renamed_plan(&world);
    let audit = mapping(&plan, "mapRoles[0]");
    assert_eq!(audit["outcome"], "blocked", "{audit:#}");
    assert_eq!(audit["access"]["verdict"], "lost");
    assert!(codes(audit).contains(&"AAM314"), "{audit:#}");
    assert_eq!(plan["actions"], json!([]));
    let table = world.tool("plan").args(&RENAME).run().stdout;
    assert!(
        table.starts_with("1 mapping needs a decision; nothing else to apply"),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_with_bindings_of_its_own_needs_them_when_it_is_applied() {
    let world = audited().await;
    let (path, rbac) = (world.path("plan.json"), world.path("rbac.yaml"));
    let saved = world.tool("plan").args(&RENAME);
    let saved = saved.arg("--emit-rbac").arg(&rbac).arg("--out").arg(&path);
    saved.run().expect_code(0);
    let apply = || world.apply().arg("--plan").arg(&path);
    let ran = apply().run().expect_code(1);
    ran.expect_error(&["is now blocked", "--apply-rbac"]);
    let other = apply().args(&["--only", "*"]).run().expect_code(64);
    other.expect_error(&["with the options that it was made with"]);
    apply().arg("--apply-rbac").run().expect_code(0);
    assert_eq!(world.plan().json()["summary"]["create"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_that_is_bound_to_more_than_the_old_one_blocks() {
    let mut more = binding("others", "Group", "monitoring");
    more["roleRef"]["name"] = json!("cluster-admin");
    let objects = vec![
        binding("monitors", "Group", "system:monitoring"),
        binding("same", "Group", "monitoring"),
        more,
    ];
    let seed = in_api_mode(seed(AUDIT, &[&role("audit")]));
    let world = World::start(with_objects(seed, objects)).await;
    let plan = renamed_plan(&world);
    let audit = mapping(&plan, "mapRoles[0]");
    assert_eq!(
        (&audit["outcome"], &audit["access"]["verdict"]),
        (&json!("blocked"), &json!("gained")),
        "{audit:#}"
    );
    assert!(codes(audit).contains(&"AAM703"), "{audit:#}");
    assert_eq!(plan["actions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_name_that_is_bound_already_blocks() {
    let text = "- rolearn: arn:aws:iam::111122223333:role/audit\n  groups: [auditors]\n";
    let default = "arn:aws:sts::111122223333:assumed-role/audit/{{SessionName}}";
    let objects = vec![binding(
        "surprise",
        "User",
        &default.replace("{{SessionName}}", "joe"),
    )];
    let seed = in_api_mode(seed(text, &[&role("audit")]));
    let world = World::start(with_objects(seed, objects)).await;
    let plan = world.plan().json();
    let audit = mapping(&plan, "mapRoles[0]");
    assert_eq!(audit["outcome"], "blocked", "{audit:#}");
    assert!(codes(audit).contains(&"AAM703"), "{audit:#}");
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
        (&json!("create"), &json!("renamed")),
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

/// Without the bindings the renamed group is blocked, and an export once had no way to say that they are made.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_with_its_bindings_carries_a_renamed_group() {
    let world = audited().await;
    let path = world.path("rbac.yaml");
    let export = || world.tool("export").arg("terraform").args(&RENAME);
    let without = export().run().expect_code(0).stdout;
    assert!(without.contains("AAM314") && !without.contains("resource \"aws_eks"));
    let ran = export().arg("--emit-rbac").arg(&path).run().expect_code(0);
    assert!(
        ran.stdout
            .contains("resource \"aws_eks_access_entry\" \"audit\"")
    );
    ran.expect_error(&["1 binding is written", "kubectl apply -f "]);
    assert!(read(&path).contains("name: monitoring"));
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
    let after = renamed_plan(&world);
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
    other["subjects"][0]["name"] = json!("somebody-else");
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
    let history = || world.history();
    let [made] = &history().runs[0].bindings[..] else {
        panic!("{:?}", history().runs[0]);
    };
    assert_eq!(made.status, Some(ActionStatus::Created));
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
        (Some(ActionStatus::Created), &made.uid)
    );

    // A later run finds it made and makes it not its own.
    apply().run().expect_code(0);
    let later = history();
    assert_eq!(later.runs.len(), 2);
    assert_eq!(later.runs[1].bindings[0].status, Some(ActionStatus::Exists));
}

/// Renamed, with the binding and the entry made.
async fn bound() -> World {
    let world = with_bindings(audited().await);
    assert_eq!(world.sandbox.state().bindings.len(), 2);
    world
}

fn with_bindings(world: World) -> World {
    let apply = world.apply().args(&RENAME).args(&["--apply-rbac"]);
    apply.run().expect_code(0);
    world
}

fn rollback(world: &World, more: &[&str]) -> Ran {
    let args = ["--progress", "none", "--output", "json"];
    world.tool("rollback").args(&args).args(more).run()
}

/// The binding that the tool made.
fn made_binding(world: &World) -> Option<Value> {
    let bindings = world.sandbox.state().bindings;
    bindings
        .into_iter()
        .find(|binding| binding["metadata"]["name"] != "monitors")
}

fn names_and_fates(document: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let bindings = document["bindings"].as_array().unwrap().iter();
    bindings
        .map(|binding| (text(&binding["name"]), text(&binding["fate"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_deletes_the_bindings_after_the_entries_and_no_others() {
    let world = audited().await;
    let before = world.sandbox.state();
    let world = with_bindings(world);
    let made = made_binding(&world).unwrap();
    let name = made["metadata"]["name"].as_str().unwrap().to_owned();

    let shown = rollback(&world, &["--dry-run"]).expect_code(0).json();
    assert_eq!(
        names_and_fates(&shown),
        [(name.clone(), "planned".to_owned())]
    );
    assert!(made_binding(&world).is_some());
    let text = world
        .tool("rollback")
        .arg("--dry-run")
        .run()
        .expect_code(0)
        .stdout;
    assert!(
        text.contains(&format!("~ ClusterRoleBinding {name} would be deleted")),
        "{text}"
    );

    let done = rollback(&world, &["--yes"]).expect_code(0).json();
    assert_eq!(names_and_fates(&done), [(name, "deleted".to_owned())]);
    let after = world.sandbox.state();
    assert_eq!(
        (after.bindings, after.entries),
        (before.bindings, before.entries)
    );
    let order: Vec<String> = world
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| request.method == "DELETE")
        .map(|request| request.operation)
        .collect();
    assert_eq!(order, ["DeleteAccessEntry", "delete clusterrolebindings"]);
    // All is said once, and the tool may begin again.
    let again = rollback(&world, &["--yes"]).expect_code(0).json();
    assert_eq!(again["bindings"], json!([]));
    let world = with_bindings(world);
    assert!(made_binding(&world).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_that_was_changed_recreated_or_is_needed_stays() {
    type Edit = fn(&mut Value);
    let edits: [(&str, Edit); 2] = [
        ("it was changed since", |binding| {
            binding["subjects"][0]["name"] = json!("everybody");
        }),
        ("it was created by somebody else", |binding| {
            binding["metadata"]["uid"] = json!("another");
        }),
    ];
    for (reason, edit) in edits {
        let world = bound().await;
        let mut binding = made_binding(&world).unwrap();
        edit(&mut binding);
        world
            .sandbox
            .edit(|world| assert!(world.put_object(CLUSTER, &binding)));
        let there = made_binding(&world);
        let done = rollback(&world, &["--yes"]).expect_code(0).json();
        assert_eq!(done["bindings"][0]["fate"], "left", "{done:#}");
        assert_eq!(done["bindings"][0]["reason"], reason);
        assert_eq!(made_binding(&world), there);
    }

    // An entry that somebody changed stays, and so does what its group is bound to.
    let world = bound().await;
    let entries = world.sandbox.state().entries.into_iter();
    let mut entry = entries
        .map(|live| live.entry)
        .find(|entry| entry.principal_arn.to_string() == role("audit"))
        .unwrap();
    entry.kubernetes_groups.push("more".to_owned());
    world.sandbox.edit(|world| world.put_entry(CLUSTER, &entry));
    let done = rollback(&world, &["--yes"]).expect_code(3).json();
    assert_eq!(done["bindings"][0]["fate"], "left", "{done:#}");
    let reason = done["bindings"][0]["reason"].as_str().unwrap();
    assert!(reason.contains(&role("audit")), "{reason}");
    assert!(made_binding(&world).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_delete_names_the_fix_and_the_same_command_resumes() {
    let world = bound().await;
    let denied = || Fault::next("delete clusterrolebindings", FaultKind::AccessDenied);
    world.sandbox.add_fault(denied());
    let done = rollback(&world, &["--yes"]).expect_code(4).json();
    assert_eq!(done["bindings"][0]["fate"], "failed", "{done:#}");
    let reason = done["bindings"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("kubectl delete clusterrolebinding "),
        "{reason}"
    );
    assert!(made_binding(&world).is_some());
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(made_binding(&world), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_whose_answer_is_lost_is_done_once_and_written_down() {
    for kind in [
        FaultKind::ResetBeforeCommit,
        FaultKind::ResetAfterCommit,
        FaultKind::Unavailable,
    ] {
        let world = bound().await;
        let lost = Fault::next("delete clusterrolebindings", kind);
        world.sandbox.add_fault(lost);
        let done = rollback(&world, &["--yes"]).expect_code(0).json();
        assert_eq!(done["bindings"][0]["fate"], "deleted", "{done:#}");
        assert_eq!(made_binding(&world), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_is_killed_at_a_binding_is_finished_by_the_same_command() {
    for point in [Point::Before(1), Point::After(1)] {
        let world = bound().await;
        blocking(move || {
            let tool = world.tool("rollback").arg("--yes");
            let ending = run_until(&world, tool, point, |request| {
                request.operation == "delete clusterrolebindings"
            });
            assert_eq!(ending, Ending::Killed, "{point:?}");
            rollback(&world, &["--yes"]).expect_code(0);
            assert_eq!(made_binding(&world), None, "{point:?}");
            let history = world.history();
            let statuses: Vec<_> = history.runs[1]
                .bindings
                .iter()
                .map(|change| change.status)
                .collect();
            assert_eq!(statuses, [Some(ActionStatus::Deleted)], "{point:?}");
            assert_eq!(history.runs.len(), 2, "the run that was stopped went on");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_whose_making_was_not_answered_is_known_by_its_writer() {
    let world = bound().await;
    // The intent is the last word of the journal about it.
    let text = read(&world.journal());
    let kept = text.lines().filter(|line| !line.contains("bindingOutcome"));
    std::fs::write(world.journal(), without_digests(kept)).unwrap();
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(made_binding(&world), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_takes_the_emitted_bindings() {
    if !judge(
        "kubectl",
        Command::new("kubectl").args(["version", "--client"]),
    ) {
        return;
    }
    let world = audited().await;
    let path = world.path("rbac.yaml");
    let plan = world.tool("plan").args(&RENAME).arg("--emit-rbac");
    plan.arg(&path).run().expect_code(0);
    let kubectl = |args: &[&str]| {
        let mut command = world.other("kubectl");
        let ran = command.args(args).arg(&path).output().unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    };
    kubectl(&["apply", "--dry-run=client", "--validate=false", "-f"]);
    kubectl(&["apply", "--validate=false", "-f"]);
    assert_eq!(world.sandbox.state().bindings.len(), 2);
    // They are there now, so that `apply` has none to make, and they are not its own to undo.
    let applied = with_bindings(world);
    let done = rollback(&applied, &["--yes"]).expect_code(0).json();
    assert_eq!(done["bindings"], json!([]));
    assert!(made_binding(&applied).is_some());
}

const RESERVED_NAME: &str =
    "- rolearn: arn:aws:iam::111122223333:role/ci\n  username: system:ci\n  groups: [ci]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_username_that_a_binding_uses_blocks_and_an_unused_one_is_renamed() {
    for (user, outcome, verdict) in [
        ("system:ci", "blocked", json!("lost")),
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
