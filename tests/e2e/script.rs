//! The exported shell script, run by a real shell with the real `aws` command against the sandbox.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use aws_auth_migrate::model::access_policy::ScopeKind;
use aws_auth_migrate::model::{
    AccessEntry, AccessScope, AuthenticationMode, EntryType, PolicyAssociation, Principal,
};
use serde_json::Value;

use crate::apply::is_mutation;
use crate::export::mixed;
use crate::many::{Size, many};
use crate::support::{CLUSTER, World, in_api_mode, judge, role, seed};

/// Marks what a run made; each run has its own.
const RUN_TAG: &str = "aws-auth-migrate/run";

fn there_is_aws() -> bool {
    judge("aws", Command::new("aws").arg("--version"))
}

/// The entries of a world, without the tag that names a run.
fn entries(world: &World) -> Vec<AccessEntry> {
    let live = world.sandbox.state().entries;
    let mut entries: Vec<AccessEntry> = live.into_iter().map(|live| live.entry).collect();
    for entry in &mut entries {
        entry.tags.remove(RUN_TAG);
        entry.kubernetes_groups.sort();
    }
    entries.sort_by_key(|entry| entry.principal_arn.to_string());
    entries
}

fn entry(world: &World, name: &str) -> AccessEntry {
    let live = world.sandbox.state().entries;
    let mut entries = live.into_iter().map(|live| live.entry);
    let arn = role(name);
    entries
        .find(|entry| entry.principal_arn.to_string() == arn)
        .unwrap()
}

fn put(world: &World, entry: &AccessEntry) {
    world.sandbox.edit(|world| world.put_entry(CLUSTER, entry));
}

fn mutations(world: &World) -> usize {
    world
        .sandbox
        .requests()
        .iter()
        .filter(|request| is_mutation(&request.operation))
        .count()
}

/// Exports the script; it is run as often as a test likes.
fn export(world: &World, options: &[&str]) {
    let script = world.path("migrate.sh");
    world
        .tool("export")
        .args(&["aws-cli", "--out"])
        .arg(&script)
        .args(options)
        .run()
        .expect_code(0);
}

fn run(world: &World, allow: &str) -> Output {
    world
        .other("sh")
        .env("ENABLE_ACCESS_ENTRIES", allow)
        .env("POLL_SECONDS", "0.2")
        .arg(world.path("migrate.sh"))
        .current_dir(world.folder.path())
        .output()
        .unwrap()
}

#[track_caller]
fn expect_code(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}{errors}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_script_ends_where_apply_ends() {
    if !there_is_aws() {
        return;
    }
    let applied = mixed().await;
    applied.apply().run().expect_code(0);

    let world = mixed().await;
    export(&world, &[]);
    let refused = run(&world, "");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("ENABLE_ACCESS_ENTRIES=yes"));
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::ConfigMap);

    expect_code(&run(&world, "yes"), 0);
    assert_eq!(entries(&world), entries(&applied));
    assert_eq!(world.sandbox.state().mode, applied.sandbox.state().mode);

    let before = mutations(&world);
    expect_code(&run(&world, ""), 0);
    assert_eq!(mutations(&world), before);
    assert_eq!(entries(&world), entries(&applied));
    assert!(!world.path("pwned").exists());
}

/// It once re-created a stale entry on each run.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_of_the_script_writes_nothing() {
    if !there_is_aws() {
        return;
    }
    let size = Size {
        admins: 1,
        people: 1,
        differing: 1,
        stale: 1,
        wrong_type: 1,
    };
    let applied = World::start(many(size)).await;
    applied
        .apply()
        .args(&["--on-existing", "update"])
        .run()
        .expect_code(0);

    let world = World::start(many(size)).await;
    export(&world, &["--on-existing", "update"]);
    let shellcheck = concat!(env!("CARGO_MANIFEST_DIR"), "/target/judges/bin/shellcheck");
    if judge("shellcheck", Command::new(shellcheck).arg("--version")) {
        let mut command = Command::new(shellcheck);
        let checked = command.arg(world.path("migrate.sh")).output().unwrap();
        expect_code(&checked, 0);
    }
    let said = expect_code(&run(&world, ""), 0);
    for word in [
        "created",
        "updated",
        "deleted",
        "associated",
        "disassociated",
    ] {
        assert!(said.contains(&format!("{word}: ")), "{word}: {said}");
    }
    assert_eq!(entries(&world), entries(&applied));

    let before = mutations(&world);
    expect_code(&run(&world, ""), 0);
    assert_eq!(mutations(&world), before);
    assert_eq!(entries(&world), entries(&applied));
    // The marks of the tool's own runs are on what the script made, so that the tool knows it.
    let plan = world.plan().json();
    let outcomes = plan["mappings"].as_array().unwrap().iter();
    let outcomes: Vec<&Value> = outcomes.map(|mapping| &mapping["outcome"]).collect();
    assert!(
        outcomes.iter().all(|outcome| *outcome == "unchanged"),
        "{outcomes:?}"
    );
}

const TEXT: &str = "\
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters, argocd]
- rolearn: arn:aws:iam::111122223333:role/sre
  username: sre
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev
  groups: [developers]
";

async fn in_api_mode_world() -> World {
    World::start(in_api_mode(seed(
        TEXT,
        &[&role("ops"), &role("sre"), &role("dev")],
    )))
    .await
}

/// It once associated policies with entries that somebody else had made since.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_made_since_the_plan_is_left_alone() {
    if !there_is_aws() {
        return;
    }
    let world = in_api_mode_world().await;
    export(&world, &[]);
    let mut foreign = AccessEntry {
        principal_arn: role("ops").parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some("somebody".to_owned()),
        kubernetes_groups: Vec::new(),
        tags: BTreeMap::new(),
        access_policies: Vec::new(),
    };
    put(&world, &foreign);
    // This one says of its principal just what is wanted, but lacks the policy.
    foreign.principal_arn = role("sre").parse().unwrap();
    foreign.username = Some("sre".to_owned());
    put(&world, &foreign);

    let said = expect_code(&run(&world, ""), 3);
    assert_eq!(said.matches("left alone").count(), 2, "{said}");
    assert!(said.contains("2 skipped"), "{said}");
    assert_eq!(entry(&world, "ops").username.as_deref(), Some("somebody"));
    assert!(entry(&world, "ops").access_policies.is_empty());
    assert!(entry(&world, "sre").access_policies.is_empty());
    assert_eq!(entry(&world, "dev").kubernetes_groups, ["developers"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_changed_between_two_runs_is_left_alone() {
    if !there_is_aws() {
        return;
    }
    let world = in_api_mode_world().await;
    export(&world, &[]);
    expect_code(&run(&world, ""), 0);
    let mut dev = entry(&world, "dev");
    dev.kubernetes_groups = vec!["guests".to_owned()];
    put(&world, &dev);
    let mut ops = entry(&world, "ops");
    let view = PolicyAssociation::cluster_wide("aws", "AmazonEKSViewPolicy");
    ops.access_policies.push(view);
    put(&world, &ops);
    let mut sre = entry(&world, "sre");
    sre.access_policies[0].access_scope = AccessScope {
        kind: ScopeKind::Namespace,
        namespaces: vec!["shop".to_owned()],
    };
    put(&world, &sre);

    let before = (entries(&world), mutations(&world));
    let said = expect_code(&run(&world, ""), 3);
    assert!(said.contains("role/dev"), "{said}");
    assert_eq!((entries(&world), mutations(&world)), before);
}

/// The script once ended at the first principal that EKS refused, and the others were never reached.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_principal_does_not_stop_the_others() {
    if !there_is_aws() {
        return;
    }
    let world = in_api_mode_world().await;
    export(&world, &[]);
    let sre = Principal::as_matched(&role("sre")).unwrap();
    world.sandbox.edit(|world| {
        world.delete_principal(&sre).unwrap();
    });
    // EKS has no such policy, so that one entry is created and its policy refused.
    let script = world.path("migrate.sh");
    let (before, after) = {
        let text = std::fs::read_to_string(&script).unwrap();
        let changed = text.replacen("AmazonEKSClusterAdminPolicy", "AmazonEKSNoSuchPolicy", 2);
        (text, changed)
    };
    assert_ne!(before, after);
    std::fs::write(&script, after).unwrap();

    let said = expect_code(&run(&world, ""), 3);
    assert!(said.contains("0 skipped, 2 refused by EKS"), "{said}");
    assert!(said.contains("deleted again: {\"principalArn\""), "{said}");
    assert_eq!(entry(&world, "dev").kubernetes_groups, ["developers"]);
    let live = world.sandbox.state().entries;
    let mut live = live
        .iter()
        .map(|live| live.entry.principal_arn.resource.as_str());
    assert!(
        !live.any(|resource| resource == "role/ops" || resource == "role/sre"),
        "an entry without its policy would hide its mapping"
    );
}
