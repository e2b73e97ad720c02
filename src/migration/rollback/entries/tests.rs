//! What is undone, from journals alone.

use super::*;
use crate::journal::Record;
use crate::model::{Arn, ClusterId};

const DEV: &str = "arn:aws:iam::111122223333:role/dev";

fn arn() -> Arn {
    DEV.parse().unwrap()
}

fn entry(groups: &[&str], policies: &[&str]) -> AccessEntry {
    AccessEntry {
        principal_arn: arn(),
        entry_type: EntryType::Standard,
        username: Some("dev".to_owned()),
        kubernetes_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        tags: BTreeMap::new(),
        access_policies: policies
            .iter()
            .map(|policy| PolicyAssociation::cluster_wide("aws", policy))
            .collect(),
    }
}

/// The same as this tool made it.
fn tagged(mut entry: AccessEntry) -> AccessEntry {
    entry.tags.insert(RUN_TAG.to_owned(), "run".to_owned());
    entry
}

fn live(entry: AccessEntry) -> LiveEntry {
    LiveEntry {
        entry,
        access_entry_arn: None,
        created_at: None,
        modified_at: None,
    }
}

fn create(entry: &AccessEntry) -> ActionKind {
    ActionKind::CreateAccessEntry {
        principal_arn: entry.principal_arn.clone(),
        entry_type: entry.entry_type.clone(),
        username: entry.username.clone(),
        kubernetes_groups: entry.kubernetes_groups.clone(),
        tags: entry.tags.clone(),
    }
}

fn associate(policy: &str) -> ActionKind {
    let policy = PolicyAssociation::cluster_wide("aws", policy);
    ActionKind::AssociateAccessPolicy {
        principal_arn: arn(),
        policy_arn: policy.policy_arn,
        access_scope: policy.access_scope,
    }
}

fn delete() -> ActionKind {
    ActionKind::DeleteAccessEntry {
        principal_arn: arn(),
    }
}

/// Writes a run down: each call with its answer, and what the entry was before the run.
fn tell(
    history: &mut History,
    command: RunCommand,
    before: Option<&AccessEntry>,
    calls: &[(ActionKind, Option<ActionStatus>)],
) {
    let time = jiff::Timestamp::UNIX_EPOCH;
    let run = format!("run{}", history.runs.len());
    history.add(Record::Run {
        schema: String::new(),
        run: run.clone(),
        time,
        tool_version: String::new(),
        cluster: ClusterId::shop(),
        caller: None,
        plan_sha256: String::new(),
        actions: calls.len(),
        choices: crate::choices::Choices::default(),
        options: Vec::new(),
        command,
        holder: None,
        plan: None,
    });
    for (index, (kind, status)) in calls.iter().enumerate() {
        let (token, id) = (format!("{run}-{index}"), format!("a{index}"));
        history.add(Record::Intent {
            run: run.clone(),
            time,
            token: token.clone(),
            action: Box::new(Action {
                id: id.clone(),
                kind: kind.clone(),
                mapping: None,
                stage: Stage::Others,
                why: "".into(),
            }),
            before: before.cloned().map(live).map(Box::new),
            then: Vec::new(),
        });
        if let Some(status) = status {
            history.add(Record::Outcome {
                run: run.clone(),
                time,
                token,
                action: id,
                status: *status,
                request_id: None,
                error: None,
                update: None,
            });
        }
    }
}

fn decide(history: &History, now: Option<&AccessEntry>) -> Undoing {
    let live: Vec<_> = now.cloned().map(live).into_iter().collect();
    undo(history, None, &live, &|_| false)
}

fn operations(undoing: &Undoing) -> Vec<&'static str> {
    let actions = undoing.actions.iter();
    actions.map(|action| action.kind.operation()).collect()
}

fn apply_that_made(made: &AccessEntry, status: Option<ActionStatus>) -> History {
    let mut history = History::default();
    tell(
        &mut history,
        RunCommand::Apply,
        None,
        &[(create(made), status)],
    );
    history
}

#[test]
fn an_entry_that_was_made_goes_unless_somebody_has_changed_it() {
    let made = tagged(entry(&["developers"], &[]));
    let history = apply_that_made(&made, Some(ActionStatus::Created));
    assert_eq!(
        operations(&decide(&history, Some(&made))),
        ["DeleteAccessEntry"]
    );
    assert_eq!(decide(&history, None), Undoing::default());
    for changed in [
        tagged(entry(&["others"], &[])),
        tagged(entry(&["developers"], &["AmazonEKSViewPolicy"])),
        entry(&["developers"], &[]),
    ] {
        let undoing = decide(&history, Some(&changed));
        assert_eq!(operations(&undoing), [""; 0], "{changed:?}");
        assert_eq!(undoing.left[0].reason, "it was changed since");
    }
}

#[test]
fn a_call_without_an_answer_may_have_been_made_or_not() {
    let made = tagged(entry(&["developers"], &[]));
    let history = apply_that_made(&made, None);
    assert_eq!(
        operations(&decide(&history, Some(&made))),
        ["DeleteAccessEntry"]
    );
    assert_eq!(decide(&history, None), Undoing::default());
}

#[test]
fn rollback_ignores_calls_that_failed_or_found_an_entry() {
    let made = entry(&["developers"], &[]);
    for status in [
        ActionStatus::Failed,
        ActionStatus::Skipped,
        ActionStatus::Exists,
    ] {
        let history = apply_that_made(&made, Some(status));
        assert_eq!(decide(&history, Some(&made)), Undoing::default());
    }
}

#[test]
fn an_entry_that_was_changed_gets_back_before_it_loses() {
    let before = entry(&["old"], &["AmazonEKSViewPolicy"]);
    let after = entry(&["developers"], &["AmazonEKSEditPolicy"]);
    let view = PolicyAssociation::cluster_wide("aws", "AmazonEKSViewPolicy");
    let calls = [
        (
            associate("AmazonEKSEditPolicy"),
            Some(ActionStatus::Associated),
        ),
        (
            ActionKind::UpdateAccessEntry {
                principal_arn: arn(),
                username: Some("dev".to_owned()),
                kubernetes_groups: vec!["developers".to_owned()],
            },
            Some(ActionStatus::Updated),
        ),
        (
            ActionKind::DisassociateAccessPolicy {
                principal_arn: arn(),
                policy_arn: view.policy_arn,
            },
            Some(ActionStatus::Disassociated),
        ),
    ];
    let mut history = History::default();
    tell(&mut history, RunCommand::Apply, Some(&before), &calls);
    assert_eq!(
        operations(&decide(&history, Some(&after))),
        [
            "AssociateAccessPolicy",
            "UpdateAccessEntry",
            "DisassociateAccessPolicy"
        ]
    );
    assert_eq!(decide(&history, Some(&before)), Undoing::default());
    let gone = decide(&history, None);
    assert_eq!(gone.left[0].reason, "it was deleted since");
}

/// EKS may show an entry before its policy, whose association was answered.
#[test]
fn an_entry_that_does_not_show_its_policy_yet_is_still_this_tools() {
    let made = tagged(entry(&["developers"], &[]));
    let calls = [
        (create(&made), Some(ActionStatus::Created)),
        (
            associate("AmazonEKSViewPolicy"),
            Some(ActionStatus::Associated),
        ),
    ];
    let mut history = History::default();
    tell(&mut history, RunCommand::Apply, None, &calls);
    assert_eq!(
        operations(&decide(&history, Some(&made))),
        ["DeleteAccessEntry"]
    );
    let by_others = entry(&["developers"], &[]);
    assert_eq!(operations(&decide(&history, Some(&by_others))), [""; 0]);
}

#[test]
fn administrators_go_back_before_others_and_nodes_last() {
    let of = |name: &str, entry_type: EntryType, policies: &[&str]| AccessEntry {
        principal_arn: format!("arn:aws:iam::111122223333:role/{name}")
            .parse()
            .unwrap(),
        entry_type,
        ..tagged(entry(&[], policies))
    };
    let entries = [
        of("a-node", EntryType::Ec2Linux, &[]),
        of("b-dev", EntryType::Standard, &["AmazonEKSViewPolicy"]),
        of(
            "c-ops",
            EntryType::Standard,
            &["AmazonEKSClusterAdminPolicy"],
        ),
    ];
    let mut history = History::default();
    for entry in &entries {
        let made = [(create(entry), Some(ActionStatus::Created))];
        tell(&mut history, RunCommand::Apply, None, &made);
    }
    let without_policies = entries.map(live);
    let undoing = undo(&history, None, &without_policies, &|_| false);
    // A policy that somebody has added makes it theirs.
    assert_eq!(undoing.left.len(), 2);
    for live in &without_policies {
        let policies = live.entry.access_policies.iter();
        let associated: Vec<_> = policies
            .map(|policy| {
                let kind = ActionKind::AssociateAccessPolicy {
                    principal_arn: live.entry.principal_arn.clone(),
                    policy_arn: policy.policy_arn.clone(),
                    access_scope: policy.access_scope.clone(),
                };
                (kind, Some(ActionStatus::Associated))
            })
            .collect();
        let before = AccessEntry {
            access_policies: Vec::new(),
            ..live.entry.clone()
        };
        tell(&mut history, RunCommand::Apply, Some(&before), &associated);
    }
    let undoing = undo(&history, None, &without_policies, &|_| false);
    let actions = undoing.actions.iter().map(|action| {
        let arn = action.kind.principal_arn().unwrap().to_string();
        (
            action.id.clone(),
            arn.rsplit('/').next().unwrap().to_owned(),
        )
    });
    let expected = [("r1", "c-ops"), ("r2", "b-dev"), ("r3", "a-node")];
    assert_eq!(
        actions.collect::<Vec<_>>(),
        expected.map(|(id, name)| (id.to_owned(), name.to_owned()))
    );
}

/// `apply` re-created an entry of another type, and a rollback has deleted that one again.
fn stopped_in_between(deleted: Option<ActionStatus>) -> (History, AccessEntry, AccessEntry) {
    let before = entry(&["old"], &["AmazonEKSViewPolicy"]);
    let made = tagged(AccessEntry {
        entry_type: EntryType::Ec2Linux,
        ..entry(&[], &[])
    });
    let mut history = History::default();
    let calls = [
        (delete(), Some(ActionStatus::Deleted)),
        (create(&made), Some(ActionStatus::Created)),
    ];
    tell(&mut history, RunCommand::Apply, Some(&before), &calls);
    tell(
        &mut history,
        RunCommand::Rollback,
        Some(&made),
        &[(delete(), deleted)],
    );
    (history, before, made)
}

#[test]
fn a_rollback_stopped_between_delete_and_create_resumes_with_the_create() {
    for answer in [None, Some(ActionStatus::Deleted)] {
        let (history, before, _) = stopped_in_between(answer);
        let undoing = decide(&history, None);
        assert_eq!(
            operations(&undoing),
            ["CreateAccessEntry", "AssociateAccessPolicy"]
        );
        assert_eq!(undoing.actions[0].kind, create(&before));
    }
}

#[test]
fn an_unanswered_delete_of_a_rollback_is_retried_while_the_entry_exists() {
    let (history, _, made) = stopped_in_between(None);
    assert_eq!(
        operations(&decide(&history, Some(&made))),
        [
            "DeleteAccessEntry",
            "CreateAccessEntry",
            "AssociateAccessPolicy"
        ]
    );
    let made = tagged(entry(&["developers"], &[]));
    let mut history = apply_that_made(&made, Some(ActionStatus::Created));
    tell(
        &mut history,
        RunCommand::Rollback,
        Some(&made),
        &[(delete(), None)],
    );
    assert_eq!(
        operations(&decide(&history, Some(&made))),
        ["DeleteAccessEntry"]
    );
    assert_eq!(decide(&history, None), Undoing::default());
}

#[test]
fn what_is_rolled_back_is_no_longer_this_tools() {
    let made = tagged(entry(&["developers"], &[]));
    let mut history = apply_that_made(&made, Some(ActionStatus::Created));
    let undone = [(delete(), Some(ActionStatus::Deleted))];
    tell(&mut history, RunCommand::Rollback, Some(&made), &undone);
    // Somebody else re-created it, so it is theirs, even if it is equal.
    assert_eq!(decide(&history, Some(&made)), Undoing::default());
}

#[test]
fn a_stale_entry_is_not_restored_by_type_or_age() {
    let before = entry(&["developers"], &[]);
    let dead = |now: &AccessEntry, is_dead: bool| {
        let mut history = History::default();
        let calls = [
            (delete(), Some(ActionStatus::Deleted)),
            (create(now), Some(ActionStatus::Created)),
        ];
        tell(&mut history, RunCommand::Apply, Some(&before), &calls);
        undo(&history, None, &[live(now.clone())], &|_| is_dead)
    };
    let same_type = tagged(before.clone());
    let other_type = tagged(AccessEntry {
        entry_type: EntryType::Ec2Linux,
        ..entry(&[], &[])
    });
    for (now, is_dead) in [(&same_type, false), (&same_type, true), (&other_type, true)] {
        let undoing = dead(now, is_dead);
        assert_eq!(operations(&undoing), ["DeleteAccessEntry"], "{now:?}");
        assert_eq!(undoing.dead, [DEV]);
    }
    let undoing = dead(&other_type, false);
    assert_eq!(
        operations(&undoing),
        ["DeleteAccessEntry", "CreateAccessEntry"]
    );
    assert_eq!(undoing.dead, [""; 0]);
}

#[test]
fn by_tags_alone_only_what_a_standing_mapping_gives_goes() {
    let made = live(tagged(entry(&["developers"], &[])));
    let others = live(AccessEntry {
        principal_arn: "arn:aws:iam::111122223333:role/x".parse().unwrap(),
        ..entry(&[], &[])
    });
    let entries = [made, others];
    let stands = BTreeSet::from([DEV.to_owned()]);
    assert_eq!(
        operations(&undo_by_tags(&entries, &stands)),
        ["DeleteAccessEntry"]
    );
    let undoing = undo_by_tags(&entries, &BTreeSet::new());
    assert_eq!(operations(&undoing), [""; 0]);
    assert_eq!(undoing.left[0].principal_arn, DEV);
}

#[test]
fn a_call_without_an_answer_was_done_only_where_its_entry_shows_it() {
    let (was, made) = (
        entry(&["devs"], &["AmazonEKSViewPolicy"]),
        tagged(entry(&["g"], &[])),
    );
    let bare = entry(&["devs"], &[]);
    let other = entry(&["others"], &[]);
    let unanswered = |before: &AccessEntry,
                      calls: &[(ActionKind, Option<ActionStatus>)],
                      now: Option<&AccessEntry>| {
        let mut history = History::default();
        tell(&mut history, RunCommand::Rollback, Some(before), calls);
        let live = now.map(|now| (DEV.to_owned(), live(now.clone())));
        let done = done_without_answer(&history.runs[0], &live.into_iter().collect());
        done.iter()
            .map(|call| call.action.kind.operation())
            .collect::<Vec<_>>()
    };
    let gone = [(delete(), None)];
    assert_eq!(unanswered(&made, &gone, None), ["DeleteAccessEntry"]);
    // Left alone since somebody has changed it, or in the mode API: it is there, so nobody has deleted it.
    assert_eq!(unanswered(&made, &gone, Some(&made)), [""; 0]);
    assert_eq!(unanswered(&made, &gone, Some(&other)), [""; 0]);

    let remade = [
        (delete(), Some(ActionStatus::Deleted)),
        (create(&bare), Some(ActionStatus::Created)),
        (associate("AmazonEKSViewPolicy"), None),
    ];
    assert_eq!(
        unanswered(&made, &remade, Some(&was)),
        ["AssociateAccessPolicy"]
    );
    assert_eq!(unanswered(&made, &remade, Some(&bare)), [""; 0]);
    let stopped = [(delete(), None), (create(&was), None)];
    assert_eq!(unanswered(&made, &stopped, None), ["DeleteAccessEntry"]);
}

#[test]
fn an_entry_that_is_not_listed_is_looked_for_until_a_run_has_ended_complete() {
    let made = tagged(entry(&["developers"], &[]));
    for (status, looked_for) in [
        (None, true),
        (Some(ActionStatus::Created), true),
        (Some(ActionStatus::Failed), false),
        (Some(ActionStatus::Exists), false),
    ] {
        let mut history = apply_that_made(&made, status);
        let missing = unlisted(&history, None, &[]);
        assert_eq!(
            missing,
            [DEV].map(str::to_owned)[..usize::from(looked_for)],
            "{status:?}"
        );
        assert_eq!(unlisted(&history, None, &[live(made.clone())]), [""; 0]);
        assert_eq!(unlisted(&history, Some("another"), &[]), [""; 0]);
        history.runs[0].end = Some(RunEnd::Complete);
        assert_eq!(unlisted(&history, None, &[]), [""; 0]);
    }
}
