//! A journal that was changed, or that is somebody else's, is not gone by; what it would bring back is shown.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cutover::{applied, cutover, data};
use crate::support::{Ran, World, in_api_mode, read, role, seed, without_digests};
use crate::tell::tell;

fn rollback(world: &World, more: &[&str]) -> Ran {
    let args = ["--progress", "none", "--output", "json"];
    world.tool("rollback").args(&args).args(more).run()
}

/// After `apply` and `cutover`, with aws-auth as it was before.
async fn cut_over() -> (World, Option<Value>) {
    let world = applied().await;
    let before = data(&world);
    cutover(&world, &[]).expect_code(0);
    (world, before)
}

/// The number of the line that holds the ConfigMap as it was.
fn intent(journal: &str) -> usize {
    let mut lines = journal.lines();
    lines
        .position(|line| line.contains("configMapIntent"))
        .unwrap()
}

/// Makes dev an administrator in what a rollback would put back.
fn promoted(line: &str) -> String {
    let promoted = line.replace("groups: [devs]", "groups: [system:masters]");
    assert_ne!(promoted, line);
    promoted
}

#[track_caller]
fn expect_untouched(world: &World, before: &aws_auth_migrate::sandbox::Snapshot) {
    assert_eq!(&world.sandbox.state(), before);
}

/// An administrator was once added to `before`, and came back with "as it was before the cutover".
#[tokio::test(flavor = "multi_thread")]
async fn an_edited_moved_or_missing_line_is_noticed_and_the_hint_helps() {
    let (world, before) = cut_over().await;
    let state = world.sandbox.state();
    let whole = read(&world.journal());
    let at = intent(&whole);
    let write = |lines: &[String]| {
        std::fs::write(world.journal(), lines.join("\n") + "\n").unwrap();
    };
    let lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    let mut edited = lines.clone();
    edited[at] = promoted(&edited[at]);
    let mut swapped = lines.clone();
    swapped.swap(at - 1, at);
    let mut missing = lines.clone();
    missing.remove(at - 1);
    for (lines, named) in [
        (&edited, format!("line {} was edited", at + 1)),
        (&swapped, format!("line {at} was moved")),
        (
            &missing,
            format!("line {at} was moved, or lines between them are missing"),
        ),
    ] {
        write(lines);
        for args in [&[][..], &["--yes"]] {
            let ran = rollback(&world, args).expect_code(1);
            ran.expect_error(&[
                "was changed after it was written",
                &named,
                "move the file to another folder",
            ]);
        }
        expect_untouched(&world, &state);
    }
    // As the hint says: without the journal the backup in its folder comes back, and the entries go by their tags.
    std::fs::rename(world.journal(), world.path("kept.jsonl")).unwrap();
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(data(&world), before);
    let principals = world.sandbox.state().entries.into_iter();
    let principals: Vec<String> = principals
        .map(|live| live.entry.principal_arn.to_string())
        .collect();
    assert!(!principals.contains(&role("dev")) && !principals.contains(&role("ops")));
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_continues_from_the_cluster_without_a_damaged_journal() {
    let world = World::start(in_api_mode(seed(
        crate::cutover::TWO,
        &[&role("ops"), &role("dev")],
    )))
    .await;
    world.apply().args(&["--only", "*ops"]).run().expect_code(0);
    let whole = read(&world.journal());
    std::fs::write(world.journal(), format!("nonsense\n{whole}")).unwrap();
    let ran = world.apply().run().expect_code(1);
    ran.expect_error(&[
        "line 1 of the journal",
        "move the file to another folder",
        "`apply` compares",
    ]);
    std::fs::rename(world.journal(), world.path("kept.jsonl")).unwrap();
    world.apply().run().expect_code(0);
    world.tool("verify").run().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_of_an_earlier_version_is_read_and_gone_on_with() {
    let (world, before) = cut_over().await;
    let old = without_digests(read(&world.journal()).lines());
    std::fs::write(world.journal(), &old).unwrap();
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(data(&world), before);
    // The lines that were added hold the earlier ones, too.
    let whole = read(&world.journal());
    let added = whole.strip_prefix(&old).unwrap();
    assert!(added.lines().all(|line| line.contains("\"prev\":\"")));
    let last = old.lines().last().unwrap();
    let edited = last.replace("\"record\"", " \"record\"");
    std::fs::write(world.journal(), whole.replace(last, &edited)).unwrap();
    let ran = rollback(&world, &["--dry-run"]).expect_code(1);
    ran.expect_error(&[&format!("line {} was edited", old.lines().count())]);
    std::fs::write(world.journal(), whole).unwrap();
}

/// The backups in the journal's folder.
fn backups(world: &World) -> Vec<PathBuf> {
    let folder = world.journal().parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let is_backup = |path: &PathBuf| path.to_string_lossy().contains(".aws-auth.");
    paths.filter(is_backup).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_journal_is_compared_with_the_backup() {
    let (world, before) = cut_over().await;
    let state = world.sandbox.state();
    let whole = read(&world.journal());
    let at = intent(&whole);
    let lines = whole.lines().enumerate();
    let lines: Vec<String> = lines
        .map(|(index, line)| {
            if index == at {
                promoted(line)
            } else {
                line.to_owned()
            }
        })
        .collect();
    let forged = without_digests(lines.iter().map(String::as_str));
    std::fs::write(world.journal(), &forged).unwrap();
    let ran = rollback(&world, &["--yes"]).expect_code(1);
    ran.expect_error(&[
        "the journal and the backup",
        "disagree about aws-auth",
        "move the wrong file",
    ]);
    expect_untouched(&world, &state);

    // Without the backup the dry run shows who would get in.
    let aside = tempfile::tempdir().unwrap();
    let away = |path: &Path| aside.path().join(path.file_name().unwrap());
    let files = backups(&world);
    assert_eq!(files.len(), 2, "{files:?}");
    for path in &files {
        std::fs::rename(path, away(path)).unwrap();
    }
    let shown = world
        .tool("rollback")
        .arg("--dry-run")
        .run()
        .expect_code(0)
        .stdout;
    let dev = format!(
        "+ mapRoles[1] would come back: {}, user `dev`, groups system:masters",
        role("dev")
    );
    assert!(shown.contains(&dev), "{dev}: {shown}");
    expect_untouched(&world, &state);

    // With the backup and without the journal, as the hint says.
    for path in &files {
        std::fs::rename(away(path), path).unwrap();
    }
    std::fs::rename(world.journal(), world.path("forged.jsonl")).unwrap();
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(data(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_of_another_user_is_refused() {
    let (world, _) = cut_over().await;
    let state = world.sandbox.state();
    if std::os::unix::fs::chown(world.journal(), Some(54_321), None).is_err() {
        tell("judge missing: root, to give a file away");
        return;
    }
    for verb in ["plan", "rollback", "apply"] {
        let ran = world.tool(verb).arg("--yes").run();
        let ran = if verb == "plan" {
            world.tool(verb).run()
        } else {
            ran
        }
        .expect_code(1);
        ran.expect_error(&["belongs to another user (uid 54321)", "--journal"]);
    }
    expect_untouched(&world, &state);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dry_run_lists_every_mapping_and_entry_that_comes_or_goes() {
    let world = World::start(in_api_mode(seed(
        crate::cutover::TWO,
        &[&role("ops"), &role("dev")],
    )))
    .await;
    world.apply().run().expect_code(0);
    cutover(&world, &["--only", "*role/dev"]).expect_code(0);
    let shown = rollback(&world, &["--dry-run"]).expect_code(0).json();
    let dev =
        json!([{"id": "mapRoles[1]", "arn": role("dev"), "username": "dev", "groups": ["devs"]}]);
    assert_eq!(shown["moves"]["back"], dev, "{shown:#}");
    assert_eq!(shown["moves"]["gone"], json!([]));
    let text = world
        .tool("rollback")
        .arg("--dry-run")
        .run()
        .expect_code(0)
        .stdout;
    for line in [
        format!(
            "+ mapRoles[1] would come back: {}, user `dev`, groups devs",
            role("dev")
        ),
        format!("~ would call DeleteAccessEntry for {}", role("ops")),
        format!("~ would call DeleteAccessEntry for {}", role("dev")),
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
}
