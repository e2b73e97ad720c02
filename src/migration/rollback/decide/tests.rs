//! What a rollback leaves in the mode `API_AND_CONFIG_MAP`, where a principal without an entry has what aws-auth gives it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::migration::JournalPlace;
use crate::observed::{Lookup, Observed};
use crate::plan::document::{Source, SourceKind};

const DEV: &str = "arn:aws:iam::111122223333:role/dev";

/// An access entry of DEV, as this tool creates one.
fn entry(entry_type: &str, username: &str, groups: &[&str]) -> Value {
    json!({
        "principalArn": DEV, "type": entry_type, "username": username, "kubernetesGroups": groups,
        "tags": {RUN_TAG: "run"}, "accessPolicies": [],
    })
}

fn mapping(groups: &str) -> String {
    format!("- {{rolearn: '{DEV}', username: dev, groups: [{groups}]}}")
}

/// A journal of one run of `apply`: each call with its status, and the entry before it.
fn history_of(calls: &[(&str, &Value, &str)], before: Option<&Value>) -> History {
    let time = "2026-01-02T03:04:05Z";
    let run = json!({
        "record": "run", "schema": "", "run": "run", "time": time, "toolVersion": "", "caller": null,
        "cluster": {"accountId": "111122223333", "region": "", "name": "shop"}, "planSha256": "",
        "actions": calls.len(),
    });
    let records = calls.iter().enumerate().flat_map(|(index, call)| {
        let (kind, of, status) = call;
        let (token, id) = (format!("t{index}"), format!("a{index}"));
        let mut action = json!({"id": id, "kind": kind, "stage": "others", "why": ""});
        let fields = action.as_object_mut().unwrap();
        fields.extend(of.as_object().unwrap().clone());
        fields.remove("accessPolicies");
        let intent = json!({
            "record": "intent", "run": "run", "time": time, "token": token, "action": action, "before": before,
        });
        let outcome = json!({
            "record": "outcome", "run": "run", "time": time, "token": token, "action": id, "status": status,
        });
        [intent, outcome]
    });
    let mut history = History::default();
    for record in std::iter::once(run).chain(records) {
        history.add(serde_json::from_value(record).unwrap());
    }
    history
}

/// Decides with this text in `mapRoles` and this live entry.
fn decided(map_roles: &str, live: &Value, history: &History) -> Undoing {
    decided_with(&json!({"mapRoles": map_roles}), live, history)
}

fn decided_with(data: &Value, live: &Value, history: &History) -> Undoing {
    let config_map = json!({"data": data});
    let standing = Stored::from_json(&config_map).unwrap();
    let principal = Principal::as_matched(DEV).unwrap();
    let found = Lookup::Found {
        arn: DEV.parse().unwrap(),
        created_at: None,
    };
    let cluster = json!({
        "name": "shop", "accountId": "111122223333", "partition": "aws",
        "authenticationMode": "API_AND_CONFIG_MAP",
    });
    let seen = Survey {
        aws_auth: Some(standing.aws_auth()),
        stored: None,
        source: Source {
            kind: SourceKind::Cluster,
            sha256: String::new(),
            resource_version: None,
            options: Vec::new(),
        },
        reading: standing.aws_auth().read(),
        observed: Observed {
            cluster: serde_json::from_value(cluster).unwrap(),
            entries: Some(vec![serde_json::from_value(live.clone()).unwrap()]),
            node_roles: Some(Vec::new()),
            principals: BTreeMap::from([(principal.key(), found)]),
            rbac: None,
            caller: None,
        },
        unread: Vec::new(),
        aws: None,
        kubernetes: None,
        caller: None,
    };
    let options = RollbackOptions {
        act: false,
        run: None,
        force: false,
        settle: Duration::ZERO,
        journal: JournalPlace::default(),
        concurrency: 1,
    };
    let clock = Clock {
        now: || Timestamp::UNIX_EPOCH,
        system: || SystemTime::UNIX_EPOCH,
    };
    let nothing = Restoring::Nothing;
    let decided = decide(&seen, Some(&standing), nothing, history, &options, clock);
    decided.unwrap().entries
}

fn operations(undoing: &Undoing) -> Vec<&str> {
    let actions = undoing.actions.iter();
    actions.map(|action| action.kind.operation()).collect()
}

#[test]
fn entry_stays_where_its_mapping_was_changed_after_it_was_created() {
    let created = entry("STANDARD", "dev", &["devs"]);
    let history = history_of(&[("createAccessEntry", &created, "created")], None);
    let as_migrated = decided(&mapping("devs"), &created, &history);
    assert_eq!(operations(&as_migrated), ["DeleteAccessEntry"]);

    let changed = decided(&mapping("ops"), &created, &history);
    assert!(changed.actions.is_empty());
    assert_eq!(
        changed.left[0].reason,
        "its mapping changed since and grants different access (to delete it anyway, pass --force)"
    );
}

/// The best entry for the changed mapping is the same one, and gives the nodes' group, which the mapping no longer gives.
#[test]
fn a_node_s_entry_stays_where_its_mapping_lost_the_nodes_group() {
    let username = "system:node:{{SessionName}}";
    let created = entry("HYBRID_LINUX", username, &["system:nodes"]);
    let history = history_of(&[("createAccessEntry", &created, "created")], None);
    let mapping = |groups: &str| {
        format!("- {{rolearn: '{DEV}', username: '{username}', groups: [{groups}]}}")
    };
    let as_migrated = decided(
        &mapping("'system:bootstrappers', 'system:nodes'"),
        &created,
        &history,
    );
    assert_eq!(operations(&as_migrated), ["DeleteAccessEntry"]);

    let changed = decided(&mapping("ops"), &created, &history);
    assert!(changed.actions.is_empty(), "{:?}", changed.actions);
    assert_eq!(changed.left.len(), 1);
}

/// IAM is not asked by a rollback: the entry has the user's path, since EKS takes no other.
#[test]
fn an_entry_of_a_user_with_a_path_goes_where_another_mapping_has_the_user_without_it() {
    let user = "arn:aws:iam::111122223333:user/eng/jo";
    let mut created = entry("STANDARD", "jo", &["devs"]);
    created["principalArn"] = user.into();
    let history = history_of(&[("createAccessEntry", &created, "created")], None);
    let mapping = |arn: &str, group: &str| {
        format!("- {{rolearn: '{arn}', username: jo, groups: [{group}]}}\n")
    };
    let without_path = mapping("arn:aws:iam::111122223333:user/jo", "ops");
    let as_migrated = mapping(user, "devs") + &without_path;
    assert_eq!(
        operations(&decided(&as_migrated, &created, &history)),
        ["DeleteAccessEntry"]
    );

    let changed = mapping(user, "view") + &without_path;
    let changed = decided(&changed, &created, &history);
    assert!(changed.actions.is_empty(), "{:?}", changed.actions);
}

#[test]
fn an_entry_stays_where_chance_decides_which_mapping_counts() {
    let created = entry("STANDARD", "dev", &["devs"]);
    let history = history_of(&[("createAccessEntry", &created, "created")], None);
    // Kept under another key by the authenticator, and equal to it where case is folded: a long s.
    let rival = mapping("ops").replace("arn:aws", "arn:aw\u{17f}");
    let rivals = format!("{}\n{rival}", mapping("devs"));
    let undoing = decided(&rivals, &created, &history);
    assert!(undoing.actions.is_empty(), "{:?}", undoing.actions);
    assert_eq!(
        undoing.left[0].reason,
        "several mappings in aws-auth match it, and it is random which of them applies (to delete it anyway, pass --force)"
    );
}

#[test]
fn an_entry_that_replaced_another_is_deleted_without_a_mapping() {
    let before = entry("EC2_LINUX", "system:node:{{EC2PrivateDNSName}}", &[]);
    let after = entry("STANDARD", "dev", &["devs"]);
    let replaced = [
        ("deleteAccessEntry", &before, "deleted"),
        ("createAccessEntry", &after, "created"),
    ];
    let history = history_of(&replaced, Some(&before));
    let undoing = decided("", &after, &history);
    assert_eq!(
        operations(&undoing),
        ["DeleteAccessEntry", "CreateAccessEntry"]
    );
    assert!(undoing.left.is_empty());
}

/// Whoever is let in by the account has no groups.
#[test]
fn an_entry_stays_where_only_the_account_of_its_principal_is_mapped() {
    let created = entry("STANDARD", "dev", &["devs"]);
    let history = history_of(&[("createAccessEntry", &created, "created")], None);
    let data = |map_roles: &str| json!({"mapRoles": map_roles, "mapAccounts": "['111122223333']"});
    let as_migrated = decided_with(&data(&mapping("devs")), &created, &history);
    assert_eq!(operations(&as_migrated), ["DeleteAccessEntry"]);

    let removed = decided_with(&data(""), &created, &history);
    assert!(removed.actions.is_empty(), "{:?}", removed.actions);
    assert_eq!(removed.left.len(), 1);
}

/// Without the journal, the tag says that this tool made an entry, and the mapping whether it may go.
#[test]
fn an_entry_of_a_run_that_the_journal_lacks_goes_where_its_mapping_gives_the_same() {
    let created = entry("STANDARD", "dev", &["devs"]);
    let nothing = History::default();
    let same = decided(&mapping("devs"), &created, &nothing);
    assert_eq!(operations(&same), ["DeleteAccessEntry"]);
    for other in [mapping("ops"), mapping("devs, ops"), String::new()] {
        let undoing = decided(&other, &created, &nothing);
        assert!(undoing.actions.is_empty(), "{other} {:?}", undoing.actions);
    }
    let mut foreign = created.clone();
    foreign["tags"] = json!({});
    let foreign = decided(&mapping("devs"), &foreign, &nothing);
    assert!(foreign.actions.is_empty(), "{:?}", foreign.actions);
}

/// The run was stopped before the policy was associated: what is there is less than what the mapping gives.
#[test]
fn an_entry_that_was_begun_goes() {
    let created = entry("STANDARD", "dev", &[]);
    let history = history_of(&[("createAccessEntry", &created, "created")], None);
    let admin = decided(&mapping("'system:masters'"), &created, &history);
    assert_eq!(operations(&admin), ["DeleteAccessEntry"]);
    let other = entry("STANDARD", "dev", &["ops"]);
    let history = history_of(&[("createAccessEntry", &other, "created")], None);
    let more = decided(&mapping("'system:masters'"), &other, &history);
    assert!(more.actions.is_empty(), "{:?}", more.actions);
}
