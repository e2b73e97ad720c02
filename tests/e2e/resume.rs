//! A run that is stopped, in whatever way, is finished by the same command.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_auth_migrate::model::{AccessEntry, LiveEntry};
use aws_auth_migrate::sandbox::{Fault, FaultKind, Phase, RequestRecord};

use crate::apply::is_mutation;
use crate::killing::is_killed;
use crate::support::{World, in_api_mode, read, role, seed, send, until_asked};

const PEOPLE: usize = 24;

/// A cluster with administrators, people and nodes.
async fn world() -> World {
    let mut text = String::new();
    let mut principals = Vec::new();
    for index in 0..PEOPLE {
        let name = format!("r{index}");
        let (username, groups) = match index % 6 {
            0 => (
                "system:node:{{EC2PrivateDNSName}}".to_owned(),
                "[system:bootstrappers, system:nodes]",
            ),
            1 | 2 => (name.clone(), "[system:masters]"),
            _ => (name.clone(), "[developers]"),
        };
        text.push_str(&format!(
            "- rolearn: {}\n  username: {username}\n  groups: {groups}\n",
            role(&name)
        ));
        principals.push(role(&name));
    }
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    World::start(seed(&text, &principals)).await
}

/// What a cluster holds, without what differs from run to run.
fn end_state(world: &World) -> BTreeMap<String, AccessEntry> {
    let plain = |live: LiveEntry| AccessEntry {
        tags: BTreeMap::new(),
        ..live.entry
    };
    let entries = world.sandbox.state().entries.into_iter().map(plain);
    entries
        .map(|entry| (entry.principal_arn.to_string(), entry))
        .collect()
}

/// Calls that changed something and were answered so, by what they changed.
fn changes(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in world.sandbox.requests() {
        if is_mutation(&request.operation) && request.status == Some(200) {
            *counts
                .entry(format!(
                    "{} {} {}",
                    request.operation,
                    request.path,
                    principal(&request)
                ))
                .or_default() += 1;
        }
    }
    counts
}

fn principal(request: &RequestRecord) -> String {
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
    body["principalArn"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_and_resumes_end_like_an_uninterrupted_run() {
    let reference = world().await;
    reference.apply().run().expect_code(0);
    let expected = end_state(&reference);

    let mut kills = 0;
    for round in 0..10_usize {
        let world = world().await;
        let seen = Arc::new(AtomicUsize::new(0));
        let mutations = Arc::clone(&seen);
        world.sandbox.on_request(move |phase, request| {
            if phase == Phase::After && is_mutation(&request.operation) {
                mutations.fetch_add(1, Ordering::SeqCst);
            }
        });
        // A moment spread over the whole run of 32 changes: after so many, whichever requests are under way then.
        let after = 1 + round * 3;
        let mut child = world.apply().spawn();
        while seen.load(Ordering::SeqCst) < after && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        child.kill().unwrap();
        kills += usize::from(is_killed(child.wait().unwrap()));
        world.apply().run().expect_code(0);
        assert_eq!(end_state(&world), expected, "killed after {after} changes");
        // Nothing that was answered is done again. What was under way at the kill may be repeated: with the same
        // request token for entries, and an association says the same twice.
        let lost: usize = changes(&world).values().filter(|count| **count > 1).count();
        assert!(
            lost <= 8,
            "killed after {after} changes: {:?}",
            changes(&world)
        );
        let journal = read(&world.journal());
        assert!(
            journal
                .lines()
                .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
        );
    }
    assert!(kills >= 8, "only {kills} of 10 runs were killed");
    crate::tell::tell(&format!("kill points covered: {kills}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_journal_a_run_is_finished_by_comparing() {
    let world = world().await;
    // The entries can't be taken back either.
    for operation in ["AssociateAccessPolicy", "DeleteAccessEntry"] {
        world
            .sandbox
            .add_fault(Fault::always(operation, FaultKind::AccessDenied));
    }
    world.apply().run().expect_code(4);
    world.sandbox.clear_faults();
    let made = changes(&world).len();
    std::fs::remove_file(world.journal()).unwrap();
    let applied = world.apply().run().expect_code(0).json();
    let statuses: Vec<&str> = applied["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["associated"; 8], "the entries were found made");
    crate::tell::tell(&format!(
        "resumed without the journal: {made} changes found done, {} made now",
        statuses.len()
    ));
    let admins = end_state(&world)
        .into_values()
        .filter(|entry| !entry.access_policies.is_empty())
        .count();
    assert_eq!(
        admins,
        8 + 1,
        "eight administrators and the cluster's creator"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_service_are_repeated_until_it_works() {
    for kind in [
        FaultKind::Throttle,
        FaultKind::InternalError,
        FaultKind::Unavailable,
        FaultKind::ResetBeforeCommit,
        FaultKind::ResetAfterCommit,
        FaultKind::TruncatedBody,
    ] {
        let reference = world().await;
        reference.apply().run().expect_code(0);
        let world = world().await;
        for operation in [
            "CreateAccessEntry",
            "AssociateAccessPolicy",
            "UpdateClusterConfig",
        ] {
            for nth in [1, 3] {
                world.sandbox.add_fault(Fault::nth(operation, nth, kind));
            }
        }
        let ran = world.apply().run();
        assert_eq!(ran.code, 0, "{kind:?}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(end_state(&world), end_state(&reference), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_finishes_what_is_under_way() {
    let world = world().await;
    let child = world
        .apply()
        .args(&["--concurrency", "1", "--max-rate", "20"])
        .spawn();
    until_asked(&world, "CreateAccessEntry", 3).await;
    send(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let journal = read(&world.journal());
    let count = |what: &str| journal.lines().filter(|line| line.contains(what)).count();
    assert_eq!(
        count("\"record\":\"intent\""),
        count("\"record\":\"outcome\"")
    );
    assert!(journal.lines().last().unwrap().contains("interrupted"));
    assert!(end_state(&world).len() < PEOPLE);
    world.apply().run().expect_code(0);
    assert_eq!(end_state(&world).len(), PEOPLE + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_at_the_same_time_is_refused_and_names_the_first() {
    let world = world().await;
    let mut child = world.apply().args(&["--max-rate", "2"]).spawn();
    until_asked(&world, "CreateAccessEntry", 1).await;
    let ran = world.apply().run().expect_code(1);
    ran.expect_error(&[
        "another run holds the journal",
        &format!("process {}", child.id()),
    ]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_last_line_and_damage_in_the_journal() {
    let text =
        "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [developers]\n";
    let world = World::start(in_api_mode(seed(text, &[&role("dev")]))).await;
    world.apply().run().expect_code(0);
    let whole = read(&world.journal());
    std::fs::write(world.journal(), format!("{whole}{{\"record\":\"inte")).unwrap();
    world.tool("plan").run().expect_code(0);

    std::fs::write(world.journal(), format!("{{nonsense}}\n{whole}")).unwrap();
    world
        .tool("plan")
        .run()
        .expect_code(1)
        .expect_error(&["line 1 of the journal", "is damaged"]);

    std::fs::write(world.journal(), whole.replace("journal/v1", "journal/v2")).unwrap();
    world
        .tool("plan")
        .run()
        .expect_code(1)
        .expect_error(&["journal/v2", "update aws-auth-migrate"]);
    // The schema is that of this version, which a later journal does not fit.
    std::fs::write(world.journal(), whole).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_in_a_row_of_one_run_end_like_an_uninterrupted_one() {
    let reference = world().await;
    reference.apply().run().expect_code(0);

    let world = world().await;
    let mut kills = 0;
    while kills < 10 {
        let before = world.sandbox.requests().len();
        let mut child = world.apply().args(&["--concurrency", "2"]).spawn();
        let changed = || {
            let requests = world.sandbox.requests();
            requests[before..]
                .iter()
                .filter(|request| is_mutation(&request.operation))
                .count()
        };
        while changed() < 2 && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        child.kill().unwrap();
        if !is_killed(child.wait().unwrap()) {
            break;
        }
        kills += 1;
    }
    world.apply().run().expect_code(0);
    assert_eq!(
        end_state(&world),
        end_state(&reference),
        "after {kills} kills"
    );
    assert!(kills >= 8, "only {kills} kills before the run was done");
    crate::tell::tell(&format!("kills in a row: {kills}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_with_journals_of_their_own_make_nothing_twice() {
    let reference = world().await;
    reference.apply().run().expect_code(0);

    let world = world().await;
    // No lock in common, as on two machines. At this rate both have seen that nothing is there before either is done.
    let start = |journal: &str| {
        world
            .apply()
            .args(&["--max-rate", "30", "--journal"])
            .arg(world.path(journal))
            .spawn()
    };
    let first = start("first.jsonl");
    let second = start("second.jsonl");
    for child in [first, second] {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let applied: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}{applied:#}");
    }
    assert_eq!(end_state(&world), end_state(&reference));
    let creates: Vec<String> = changes(&world)
        .into_iter()
        .filter(|(what, count)| what.starts_with("CreateAccessEntry") && *count > 1)
        .map(|(what, _)| what)
        .collect();
    assert_eq!(creates, Vec::<String>::new(), "made twice");
    let conflicts = world
        .sandbox
        .requests()
        .iter()
        .filter(|request| request.operation == "CreateAccessEntry" && request.status == Some(409))
        .count();
    assert!(conflicts > 0, "the runs did not meet");
    crate::tell::tell(&format!(
        "two runs at once without a common lock: {conflicts} creates found made by the other"
    ));
}
