//! `rollback`: everything is as it was, and only this tool's work is undone.

use std::collections::BTreeMap;

use std::sync::atomic::{AtomicBool, Ordering};

use aws_auth_migrate::model::{AccessEntry, AuthenticationMode, EntryType, Principal};
use aws_auth_migrate::sandbox::{Fault, FaultKind, Phase, World as Edited};

use crate::apply::is_mutation;
use crate::arc::holds;
use crate::cutover::{TWO, applied, cutover, data};
use crate::killing::{Ending, Point, run_until};
use crate::many::{Size, many, update};
use crate::support::{CLUSTER, Ran, World, in_api_mode, role, seed};

fn rollback(world: &World, more: &[&str]) -> Ran {
    world
        .tool("rollback")
        .args(&["--progress", "none", "--output", "json"])
        .args(more)
        .run()
}

/// The entries by what they say, without the times.
fn entries(world: &World) -> Vec<AccessEntry> {
    let entries = world.sandbox.state().entries;
    entries.into_iter().map(|live| live.entry).collect()
}

fn dev_entry(groups: &[&str]) -> AccessEntry {
    AccessEntry {
        principal_arn: role("dev").parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some("custom".to_owned()),
        kubernetes_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        tags: BTreeMap::from([("team".to_owned(), "x".to_owned())]),
        access_policies: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_needs_yes_where_nobody_can_be_asked() {
    let world = applied().await;
    cutover(&world, &[]).expect_code(0);
    let before = (data(&world), entries(&world));
    let ran = rollback(&world, &[]).expect_code(64);
    ran.expect_error(&["there is no terminal", "--yes", "--dry-run"]);
    assert_eq!(ran.json()["dryRun"], true);
    assert_eq!(
        rollback(&world, &["--dry-run"]).expect_code(0).stdout,
        ran.stdout
    );
    assert_eq!((data(&world), entries(&world)), before);
}

/// EKS takes some time to list what it has created, and a run that is killed does not wait for that.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_not_listed_yet_is_undone_too() {
    let mut seed = in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]));
    seed.limits.propagation_reads = 2;
    let world = World::start(seed).await;
    let before = entries(&world);
    let ending = run_until(&world, world.apply(), Point::After(1), |request| {
        is_mutation(&request.operation)
    });
    assert_eq!(ending, Ending::Killed);
    assert_ne!(entries(&world), before);
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(entries(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_machine_has_made_goes_as_well() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    let before = (data(&world), entries(&world));
    let elsewhere = world.path("laptop");
    let on_laptop = world.apply().env("XDG_STATE_HOME", &elsewhere);
    on_laptop.args(&["--only", "*ops"]).run().expect_code(0);
    world.apply().run().expect_code(0);
    cutover(&world, &[]).expect_code(0);
    assert_eq!(entries(&world).len(), 3);
    // The mapping behind the entry of the other machine is put back in the same run.
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!((data(&world), entries(&world)), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_journal_is_lost_the_backup_beside_it_comes_back() {
    let world = applied().await;
    let before = data(&world);
    cutover(&world, &[]).expect_code(0);
    std::fs::remove_file(world.journal()).unwrap();
    let shown = rollback(&world, &["--dry-run"]).expect_code(0).json();
    assert_eq!(shown["restoresConfigMap"], true, "{shown:#}");
    let stays = shown["stays"].to_string();
    assert!(stays.contains("is restored from the backup"), "{stays}");
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(data(&world), before);
    assert!(!principals(&world).contains(&role("dev")));
    // What went by its tag does not come back with the next one.
    let again = rollback(&world, &["--yes"]).expect_code(0).json();
    assert_eq!(again["actions"], serde_json::json!([]), "{again:#}");
    assert!(!principals(&world).contains(&role("ops")));

    // What is there is overwritten only by force.
    world.apply().run().expect_code(0);
    std::fs::remove_file(world.journal()).unwrap();
    let edited = [("mapRoles".to_owned(), "[]".to_owned())].into();
    world
        .sandbox
        .edit(|world| world.put_aws_auth(CLUSTER, &edited));
    let shown = rollback(&world, &["--dry-run"]).expect_code(0).json();
    assert_eq!(shown["restoresConfigMap"], false);
    assert!(
        shown["stays"]
            .to_string()
            .contains("--force replaces aws-auth with the backup")
    );
    rollback(&world, &["--yes", "--force"]).expect_code(0);
    assert_eq!(data(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_without_the_journal_is_finished_by_the_same_command() {
    let world = applied().await;
    let before = data(&world);
    cutover(&world, &[]).expect_code(0);
    std::fs::remove_file(world.journal()).unwrap();
    let denied = Fault::always("create configmaps", FaultKind::AccessDenied);
    world.sandbox.add_fault(denied);
    rollback(&world, &["--yes"]).expect_code(1);
    assert_eq!(data(&world), None);
    world.sandbox.clear_faults();
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(data(&world), before);
    assert!(!principals(&world).contains(&role("dev")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backup_of_another_cluster_is_not_put_into_this_one() {
    let world = applied().await;
    let journal = world.path("shared.jsonl");
    let named = ["--journal", journal.to_str().unwrap()];
    cutover(&world, &named).expect_code(0);
    // Another cluster was cut over with the same journal, and this one's own journal and backup are elsewhere.
    for entry in std::fs::read_dir(world.folder.path()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(rest) = name.strip_prefix(&format!("{CLUSTER}.")) {
            let other = world.path(&format!("other.{rest}"));
            std::fs::rename(entry.path(), other).unwrap();
        }
    }
    std::fs::write(&journal, "").unwrap();
    rollback(&world, &["--yes", named[0], named[1]]);
    assert_eq!(data(&world), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_made_for_a_mapping_without_effect_goes() {
    let text =
        "- rolearn: arn:aws:iam::111122223333:role/old/ops\n  username: ops\n  groups: [view]\n";
    let world = World::start(in_api_mode(seed(text, &[&role("old/ops")]))).await;
    world.apply().arg("--include-inert").run().expect_code(0);
    assert!(principals(&world).contains(&role("old/ops")));
    let status = world.tool("status").args(&["--output", "json"]).run();
    assert_eq!(status.json()["drift"], serde_json::json!([]));
    rollback(&world, &["--yes"]).expect_code(0);
    assert!(!principals(&world).contains(&role("old/ops")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_named_and_not_there_is_a_mistake() {
    let world = applied().await;
    let tool = world.tool("rollback").arg("--journal");
    let ran = tool.arg(world.path("nowhere.jsonl")).run().expect_code(64);
    ran.expect_error(&["there is no journal", "nowhere.jsonl"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_overs_are_undone_one_by_one() {
    let world = applied().await;
    let before = data(&world);
    cutover(&world, &["--only", "*dev"]).expect_code(0);
    let middle = data(&world);
    cutover(&world, &["--only", "*ops"]).expect_code(0);
    let runs: Vec<String> = world
        .history()
        .runs
        .into_iter()
        .map(|run| run.run)
        .collect();
    rollback(&world, &["--yes", "--run", &runs[2]]).expect_code(0);
    assert_eq!(data(&world), middle);
    rollback(&world, &["--yes", "--run", &runs[1]]).expect_code(0);
    assert_eq!(data(&world), before);
    rollback(&world, &["--yes"]).expect_code(0);
    assert!(!principals(&world).contains(&role("dev")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_between_two_cut_overs_is_not_written_over() {
    let world = applied().await;
    cutover(&world, &["--only", "*dev"]).expect_code(0);
    let mut edited = data(&world).unwrap()["mapRoles"]
        .as_str()
        .unwrap()
        .to_owned();
    edited.push_str(&format!("- rolearn: {}\n  username: new\n", role("new")));
    let edit = [("mapRoles".to_owned(), edited)].into();
    world
        .sandbox
        .edit(|world| world.put_aws_auth(CLUSTER, &edit));
    cutover(&world, &["--only", "*ops"]).expect_code(0);
    let left = data(&world);
    rollback(&world, &["--yes"])
        .expect_code(1)
        .expect_error(&["aws-auth changed since the cutover", "--force"]);
    assert_eq!(data(&world), left);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_cutover_and_rollback_leave_everything_as_it_was() {
    let seed =
        in_api_mode(seed(TWO, &[&role("ops"), &role("dev")])).with_entry(dev_entry(&["old"]));
    let world = World::start(seed).await;
    let before = (data(&world), entries(&world));
    world
        .apply()
        .args(&["--on-existing", "update"])
        .run()
        .expect_code(0);
    assert_ne!(entries(&world), before.1);
    cutover(&world, &[]).expect_code(0);
    assert_eq!(data(&world), None);

    let shown = rollback(&world, &["--dry-run"]).expect_code(0).json();
    assert_eq!(shown["dryRun"], true);
    assert_eq!(data(&world), None);
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!((data(&world), entries(&world)), before);
    let again = rollback(&world, &["--yes"]).expect_code(0).json();
    assert_eq!(again["actions"], serde_json::json!([]));
    world
        .apply()
        .args(&["--on-existing", "update"])
        .run()
        .expect_code(0);
    world.tool("verify").run().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_somebody_changed_stays() {
    let world = applied().await;
    let mut changed = dev_entry(&["others"]);
    changed
        .tags
        .insert("aws-auth-migrate/run".to_owned(), "x".to_owned());
    world
        .sandbox
        .edit(|world| world.put_entry(CLUSTER, &changed));
    let document = rollback(&world, &["--yes"]).expect_code(3).json();
    assert_eq!(document["left"][0]["principalArn"], role("dev"));
    let left: Vec<String> = entries(&world)
        .iter()
        .map(|entry| entry.principal_arn.to_string())
        .collect();
    assert!(
        left.contains(&role("dev")) && !left.contains(&role("ops")),
        "{left:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_since_the_cut_over_is_not_written_over_unless_forced() {
    let world = applied().await;
    let before = data(&world);
    cutover(&world, &[]).expect_code(0);
    let other = BTreeMap::from([("mapUsers".to_owned(), "[]".to_owned())]);
    world
        .sandbox
        .edit(|world| world.put_aws_auth(CLUSTER, &other));
    rollback(&world, &["--yes"])
        .expect_code(1)
        .expect_error(&["--force"]);
    assert_ne!(data(&world), before);
    rollback(&world, &["--yes", "--force"]).expect_code(0);
    assert_eq!(data(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_rollback_resumes() {
    let world = applied().await;
    let before = data(&world);
    let entries_before = entries(&world).len();
    cutover(&world, &[]).expect_code(0);
    world.sandbox.add_fault(Fault::next(
        "create configmaps",
        FaultKind::ResetAfterCommit,
    ));
    world
        .sandbox
        .add_fault(Fault::next("DeleteAccessEntry", FaultKind::AccessDenied));
    rollback(&world, &["--yes"]).expect_code(4);
    assert_eq!(data(&world), before);
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(entries(&world).len(), entries_before - 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_mode_api_the_entries_stay() {
    let world = applied().await;
    cutover(&world, &["--to-api-mode", "--min-soak", "0s"]).expect_code(0);
    let before = entries(&world);
    let document = rollback(&world, &["--yes"]).expect_code(0).json();
    assert_eq!(entries(&world), before);
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::Api);
    assert!(
        document["stays"][0]
            .as_str()
            .unwrap()
            .contains("mode API can't be undone")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_journal_the_tags_tell() {
    let world = applied().await;
    std::fs::remove_file(world.journal()).unwrap();
    rollback(&world, &["--yes"]).expect_code(0);
    let left: Vec<String> = entries(&world)
        .iter()
        .map(|entry| entry.principal_arn.to_string())
        .collect();
    assert!(
        !left.contains(&role("ops")) && !left.contains(&role("dev")),
        "{left:?}"
    );
}

/// Does something once, right before a request.
fn once_before(
    world: &World,
    operation: &'static str,
    change: impl Fn(&mut Edited) + Send + Sync + 'static,
) {
    let (other, done) = (world.sandbox.clone(), AtomicBool::new(false));
    world.sandbox.on_request(move |phase, request| {
        let is_it = phase == Phase::Before && request.operation == operation;
        if is_it && !done.swap(true, Ordering::SeqCst) {
            other.edit(&change);
        }
    });
}

fn principals(world: &World) -> Vec<String> {
    let entries = entries(world);
    entries
        .iter()
        .map(|entry| entry.principal_arn.to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_somebody_changes_meanwhile_is_not_deleted() {
    let world = applied().await;
    let before = data(&world);
    cutover(&world, &[]).expect_code(0);
    let made = entries(&world);
    let mut changed = made
        .into_iter()
        .find(|entry| entry.principal_arn.to_string() == role("dev"))
        .unwrap();
    changed.kubernetes_groups.push("others".to_owned());
    let expected = changed.clone();
    once_before(&world, "create configmaps", move |world| {
        world.put_entry(CLUSTER, &changed);
    });
    let document = rollback(&world, &["--yes"]).expect_code(4).json();
    assert_eq!(document["failed"], 1);
    assert_eq!(data(&world), before);
    assert!(entries(&world).contains(&expected));
    assert!(!principals(&world).contains(&role("ops")));
    let again = rollback(&world, &["--yes"]).expect_code(3).json();
    assert_eq!(again["left"][0]["principalArn"], role("dev"));
    assert!(entries(&world).contains(&expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_that_somebody_makes_meanwhile_is_not_written_over() {
    let world = applied().await;
    cutover(&world, &[]).expect_code(0);
    let before = entries(&world);
    once_before(&world, "create configmaps", |world| {
        let other = BTreeMap::from([("mapUsers".to_owned(), "[]".to_owned())]);
        world.put_aws_auth(CLUSTER, &other);
    });
    rollback(&world, &["--yes"])
        .expect_code(1)
        .expect_error(&["aws-auth was changed in the meantime", "--force"]);
    assert_eq!(data(&world).unwrap(), serde_json::json!({"mapUsers": "[]"}));
    assert_eq!(
        entries(&world),
        before,
        "without the ConfigMap no entry goes"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_runs_one_is_undone_or_all_are() {
    let world = World::start(seed(TWO, &[&role("ops"), &role("dev")])).await;
    let before = data(&world);
    world
        .apply()
        .args(&["--only", "*role/ops"])
        .run()
        .expect_code(0);
    let second = world.apply().run().expect_code(0).json();
    let run = second["run"].as_str().unwrap().to_owned();
    let document = rollback(&world, &["--yes", "--run", &run])
        .expect_code(0)
        .json();
    assert_eq!(document["actions"].as_array().unwrap().len(), 1);
    assert!(
        principals(&world).contains(&role("ops")) && !principals(&world).contains(&role("dev"))
    );

    world.apply().run().expect_code(0);
    cutover(&world, &[]).expect_code(0);
    rollback(&world, &["--yes", "--run", &run])
        .expect_code(1)
        .expect_error(&["cut aws-auth over", "roll that run back first"]);
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(data(&world), before);
    assert!(
        !principals(&world).contains(&role("ops")) && !principals(&world).contains(&role("dev"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_does_not_recreate_stale_entries() {
    let world = World::start(many(Size {
        admins: 0,
        people: 0,
        differing: 0,
        stale: 1,
        wrong_type: 1,
    }))
    .await;
    let stale = Principal::from_arn(&role("stale0").parse().unwrap()).unwrap();
    let gives = || {
        world
            .sandbox
            .edit(|world| world.admits(CLUSTER, &stale, "me"))
    };
    let (before, given) = (holds(&world), gives());
    assert!(given.is_some(), "by its mapping, for its entry is dead");
    update(&world).run().expect_code(0);
    cutover(&world, &["--soak", "0s"]).expect_code(0);
    let shown = rollback(&world, &["--dry-run"]).expect_code(0).json();
    let note = shown["stays"][0].as_str().unwrap();
    assert!(
        note.contains(&role("stale0")) && note.contains("it was stale"),
        "{note}"
    );
    rollback(&world, &["--yes"]).expect_code(0);
    let mut expected = before;
    expected.1.remove(&role("stale0")).unwrap();
    assert_eq!(
        holds(&world),
        expected,
        "the one of the wrong type is back, the dead one is not"
    );
    assert_eq!(gives(), given);
    let again = rollback(&world, &["--yes"]).expect_code(0).json();
    assert_eq!(again["actions"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_that_everything_is_rolled_back() {
    let world = applied().await;
    cutover(&world, &[]).expect_code(0);
    rollback(&world, &["--yes"]).expect_code(0);
    let status = world
        .tool("status")
        .args(&["--output", "json"])
        .run()
        .expect_code(0)
        .json();
    assert_eq!(status["lastRun"]["command"], "rollback", "{status:#}");
    assert_eq!(status["lastRun"]["end"], "complete");
    assert_eq!(status["verdict"], "pending");
    world.apply().run().expect_code(0);
    cutover(&world, &[]).expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_writer_of_a_restored_aws_auth_is_named() {
    let mut seed = in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]));
    let release = ("meta.helm.sh/release-name".to_owned(), "access".to_owned());
    let aws_auth = seed.aws_auth.as_mut().unwrap();
    aws_auth.annotations.extend([release]);
    let world = World::start(seed).await;
    world.apply().run().expect_code(0);
    // Nothing is put back, so nobody can be in the way.
    let shown = rollback(&world, &["--dry-run"]).expect_code(0).json();
    assert_eq!(shown["writers"], serde_json::json!([]));
    cutover(&world, &["--only", "*role/ops"]).expect_code(0);
    let shown = rollback(&world, &["--dry-run"]).expect_code(0).json();
    assert_eq!(shown["writers"][0]["code"], "AAM607", "{shown:#}");
    let done = world.tool("rollback").arg("--yes").run().expect_code(0);
    assert!(done.stdout.contains("(AAM607)"), "{}", done.stdout);
}
