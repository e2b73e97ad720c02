//! What makes a saved plan stale, and what the plan itself has done.

use serde_json::{Value, json};

use super::shop::{DEV, OPS, Shop};
use crate::plan::document::PlannedAccount;
use crate::plan::{Outcome, Stale, check_fresh};

const ADMIN: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [devs, 'system:masters']}\n";
const SECOND: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev}\n";

fn entry(arn: &str, groups: &[&str]) -> Value {
    json!({
        "principalArn": arn, "type": "STANDARD", "username": "ops", "kubernetesGroups": groups, "tags": {},
        "accessPolicies": [],
    })
}

/// What has changed between two looks at a cluster.
fn changes(saved: &Shop, now: &Shop) -> Vec<String> {
    let stale = check_fresh(&saved.plan(), &now.plan(), &now.live);
    stale.err().map(|stale| stale.changes).unwrap_or_default()
}

#[track_caller]
fn one_change(saved: &Shop, now: &Shop, words: &str) {
    let changes = changes(saved, now);
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(changes[0].contains(words), "{changes:?}");
}

#[test]
fn a_mapping_that_changed_makes_a_plan_stale() {
    let shop = || Shop::new(ADMIN);
    assert!(changes(&shop(), &shop()).is_empty());
    let two = Shop::new(&format!("{ADMIN}{SECOND}"));
    one_change(
        &shop(),
        &two,
        "mapRoles[1] (`arn:aws:iam::111122223333:role/dev`) was added",
    );
    one_change(
        &two,
        &shop(),
        "mapRoles[1] (`arn:aws:iam::111122223333:role/dev`) was removed",
    );
    for (old, new) in [
        ("role/ops", "role/OPS"),
        ("username: ops", "username: x"),
        ("[devs, ", "["),
    ] {
        one_change(&shop(), &Shop::new(&ADMIN.replace(old, new)), "mapRoles[0]");
    }
    let mut with_account = shop().plan();
    with_account.accounts.push(PlannedAccount {
        id: "mapAccounts[0]".parse().unwrap(),
        line: 1,
        account_id: "111122223333".to_owned(),
        outcome: Outcome::Blocked,
        findings: Vec::new(),
        decision: None,
    });
    let stale = check_fresh(&with_account, &shop().plan(), &[]).unwrap_err();
    assert_eq!(stale.changes, ["mapAccounts has changed in aws-auth"]);
}

/// What the plan itself does shows up step by step, and anything else is somebody else's.
#[test]
fn an_entry_that_the_plan_does_not_make_makes_it_stale() {
    let shop = || Shop::new(ADMIN);
    let begun = shop().with(entry(OPS, &["devs"]));
    assert!(changes(&shop(), &begun).is_empty());
    let others = shop().with(entry(OPS, &["others"]));
    one_change(
        &shop(),
        &others,
        "`arn:aws:iam::111122223333:role/ops` now has",
    );
    assert!(changes(&shop(), &shop().with(entry(DEV, &["others"]))).is_empty());
    one_change(&others, &shop().with(entry(OPS, &["more"])), "has changed");
    one_change(&others, &shop(), "was deleted");
    assert!(changes(&others, &others).is_empty());
    // From another one to what the plan makes of it.
    assert!(changes(&others, &begun).is_empty());
}

#[test]
fn an_entry_that_the_plan_deletes_may_be_gone() {
    let stale = || Shop::new(ADMIN).with_stale(entry(OPS, &["devs"]));
    let updating = stale().decided("update-live", Value::Null);
    assert!(changes(&updating, &Shop::new(ADMIN)).is_empty());
    one_change(&stale(), &Shop::new(ADMIN), "was deleted");
    // The plan has other actions, for somebody else.
    let both = format!("{ADMIN}{SECOND}");
    let other = Shop::new(&both).with_stale(entry(OPS, &["devs"]));
    assert!(!other.plan().actions.is_empty());
    one_change(&other, &Shop::new(&both), "was deleted");
}

#[test]
fn another_mode_makes_a_plan_stale_unless_the_plan_switches_to_it() {
    let shop = |mode| Shop {
        mode,
        ..Shop::new(ADMIN)
    };
    let (before, both, api) = (shop("CONFIG_MAP"), shop("API_AND_CONFIG_MAP"), shop("API"));
    assert!(changes(&before, &both).is_empty());
    one_change(&before, &api, "was CONFIG_MAP and is now API");
    one_change(&both, &api, "was API_AND_CONFIG_MAP and is now API");
    // EKS makes entries of its own in the switch.
    let made = both.with(entry(OPS, &["others"]));
    assert!(changes(&before, &made).is_empty());
    let mut unknown = before.plan();
    unknown.cluster.authentication_mode = None;
    let stale = check_fresh(&unknown, &before.plan(), &[]).unwrap_err();
    assert_eq!(stale.changes.len(), 1);
}

#[test]
fn another_cluster_is_all_that_is_said() {
    let (mut saved, mut now) = (Shop::new(ADMIN).plan(), Shop::new(SECOND).plan());
    saved.cluster.arn = Some("arn:aws:eks:eu-west-1:111122223333:cluster/a".to_owned());
    now.cluster.arn = Some("arn:aws:eks:eu-west-1:111122223333:cluster/b".to_owned());
    let stale = check_fresh(&saved, &now, &[]).unwrap_err();
    assert_eq!(stale.changes.len(), 1);
    assert!(stale.to_string().contains("it was made for the cluster"));
}

#[test]
fn only_some_of_many_changes_are_named() {
    let changes = |count: usize| Stale {
        changes: (0..count).map(|number| format!("c{number}")).collect(),
    };
    let text = changes(5).to_string();
    assert!(text.ends_with("c0; c1; c2; c3; c4"), "{text}");
    let text = changes(7).to_string();
    assert!(text.ends_with("c4; and 2 more"), "{text}");
}
