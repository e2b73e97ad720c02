//! What the tool says to run next is run as it is printed, by a shell: it names the same cluster and makes the same
//! choices, and does what it promises.

use std::path::Path;
use std::process::Command;

use aws_auth_migrate::model::ClusterId;

use crate::cutover::data;
use crate::rbac::{RENAME, audited};
use crate::support::{ACCOUNT, CLUSTER, Ran, World, in_api_mode, role, seed};

/// Runs a printed command line, with more words behind it, in the world's environment.
fn paste(world: &World, command: &str, more: &str) -> Ran {
    let tool = env!("CARGO_BIN_EXE_aws-auth-migrate");
    let line = command.replacen("aws-auth-migrate", &format!("'{tool}'"), 1);
    let mut shell = Command::new("sh");
    shell
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("XDG_STATE_HOME", world.folder.path())
        .envs(world.sandbox.environment())
        .args(["-c", &format!("{line} {more}")]);
    Ran::of(&shell.output().unwrap())
}

/// The command line of this tool in a text, the last where there are more.
#[track_caller]
fn printed(text: &str) -> String {
    let line = text
        .lines()
        .rfind(|line| line.contains("aws-auth-migrate ") && line.contains("--"));
    let line = line.unwrap_or_else(|| panic!("no command line in {text}"));
    line[line.find("aws-auth-migrate ").unwrap()..].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_printed_command_keeps_cluster_and_choices() {
    let world = audited().await;
    let before = data(&world);
    let kubeconfig = world.write("my kubeconfig", &world.sandbox.kubeconfig());
    let journal = world.path("it's a journal.jsonl");
    let plan = world
        .bare(&["plan", "--cluster", CLUSTER, "--kubeconfig"])
        .arg(&kubeconfig)
        .arg("--journal")
        .arg(&journal)
        .args(&RENAME)
        .arg("--emit-rbac")
        .arg(world.path("rbac.yaml"))
        .run()
        .expect_code(0);
    let next = printed(&plan.stdout);
    for part in [
        "--kubeconfig '",
        "my kubeconfig'",
        r"it'\''s a journal.jsonl",
        "--rename-group system:monitoring=monitoring",
    ] {
        assert!(next.contains(part), "`{part}` is not in {next}");
    }
    assert!(next.contains(" --apply-rbac"), "{next}");
    let applied = paste(&world, &next, "--yes").expect_code(0);
    assert!(journal.exists());
    let next = printed(&applied.stdout);
    assert!(next.contains(" verify "), "{next}");
    let verified = paste(&world, &next, "").expect_code(0);
    let next = printed(&verified.stdout);
    assert!(
        next.contains(" cutover ") && next.contains("--rename-group"),
        "{next}"
    );

    // Who only names the cluster and the journal is not asked about what `apply` was given already.
    let status = world.tool("status").arg("--journal").arg(&journal);
    let next = printed(&status.run().expect_code(0).stdout);
    assert!(
        next.contains(" cutover ") && next.contains("--rename-group"),
        "{next}"
    );
    let verify = world.tool("verify").arg("--journal").arg(&journal);
    verify.run().expect_code(0);
    let cut = world
        .tool("cutover")
        .args(&["--yes", "--journal"])
        .arg(&journal)
        .run()
        .expect_code(0);
    assert_eq!(data(&world), None);
    paste(&world, &printed(&cut.stdout), "").expect_code(0);
    assert_eq!(data(&world), before);
}

/// A refusal once named only what stood in the way.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_cut_over_names_what_could_go_already_and_the_command_removes_just_that() {
    let text = "- {rolearn: \"arn:aws:iam::111122223333:role/ops\", username: ops, groups: [\"system:masters\"]}\n\
                - {rolearn: \"arn:aws:iam::111122223333:role/audit\", username: audit, groups: [\"system:monitoring\"]}\n";
    let seed = seed(text, &[&role("ops"), &role("audit")]);
    let world = World::start(in_api_mode(seed)).await;
    world.apply().run().expect_code(3);
    let before = data(&world);
    let cutover = || world.tool("cutover").args(&["--yes", "--soak", "0s"]);
    let refused = cutover().run().expect_code(3);
    assert_eq!(data(&world), before);
    assert!(
        refused.stdout.contains("1 of 2 mappings could go already"),
        "{}",
        refused.stdout
    );
    let command = printed(&refused.stdout);
    assert!(command.ends_with("--only '*'"), "{command}");
    let removed = paste(&world, &command, "--yes --soak 0s").expect_code(3);
    assert!(
        removed
            .stdout
            .contains("Removed from aws-auth: mapRoles[0]."),
        "{}",
        removed.stdout
    );
    let left = data(&world).unwrap();
    let left = left["mapRoles"].as_str().unwrap();
    assert!(left.contains("audit") && !left.contains("ops"), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_names_its_cluster_itself() {
    let world = crate::cutover::not_applied().await;
    let path = world.path("the plan.json");
    let saved = world.tool("plan").arg("--out").arg(&path).run();
    let command = printed(&saved.expect_code(0).stderr);
    assert!(command.contains("--enable-access-entries"), "{command}");
    paste(&world, &command, "--yes").expect_code(0);
    assert_eq!(world.plan().json()["summary"]["unchanged"], 2);

    let offline = world.write("aws-auth.yaml", "data: {mapRoles: '[]'}\n");
    let ran = world
        .bare(&["plan", "--from-file"])
        .arg(&offline)
        .arg("--out")
        .arg(&path)
        .run()
        .expect_code(0);
    assert!(ran.stderr.contains("made offline"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_shared_by_clusters_shows_each_only_its_own_runs() {
    let world = crate::cutover::applied().await;
    // The same principals in another cluster, made by this tool, too.
    let shared = std::fs::read_to_string(world.journal()).unwrap();
    let other = shared.replace(&format!("\"name\":\"{CLUSTER}\""), "\"name\":\"other\"");
    assert_ne!(shared, other);
    // As a version without the digest chain wrote it.
    let other: String = other.lines().map(without_chain).collect();
    let journal = world.write("shared.jsonl", &other);
    let arn = crate::support::role("dev");
    let entries = world.sandbox.state().entries.into_iter();
    for mut entry in entries.map(|live| live.entry) {
        entry.tags.clear();
        let edit = |world: &mut aws_auth_migrate::sandbox::World| world.put_entry(CLUSTER, &entry);
        world.sandbox.edit(edit);
    }
    let ran = rollback(&world, &journal);
    assert!(
        !ran.stdout.contains(&arn),
        "an entry that another cluster's run made is not this one's: {}",
        ran.stdout
    );
    let history = |name: &str| {
        let cluster = ClusterId {
            account_id: ACCOUNT.to_owned(),
            region: "eu-west-1".to_owned(),
            name: name.to_owned(),
            created_at: None,
        };
        aws_auth_migrate::journal::Journal::history(&journal, &cluster).unwrap()
    };
    assert_eq!(history(CLUSTER).runs.len(), 0);
    assert_eq!(history("other").runs.len(), 1);
}

fn rollback(world: &World, journal: &Path) -> Ran {
    let tool = world.tool("rollback").arg("--journal").arg(journal);
    tool.arg("--dry-run").run().expect_code(0)
}

fn without_chain(line: &str) -> String {
    let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
    record.as_object_mut().unwrap().remove("prev");
    format!("{record}\n")
}
