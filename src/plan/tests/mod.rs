//! What is planned for a principal that has an access entry already, and in which order.

use std::collections::BTreeSet;

mod fresh;
mod made_by_eks;
mod mappings;
pub(super) mod shop;

use serde_json::{Value, json};

use super::document::Blocker;
use super::*;
use crate::choices::OnExisting;
use crate::finding::Code;
use crate::model::{Glob, Principal};
use shop::{DEV, NODES, OPS, Shop, answer};
const ADMIN_POLICY: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const VIEW_POLICY: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";

#[test]
fn administrator_in_one_namespace_is_associated_with_the_whole_cluster_first() {
    let policy = |arn: &str, scope: Value| json!({"policyArn": arn, "accessScope": scope});
    let mut shop = Shop::new(&format!(
        "- {{rolearn: '{OPS}', username: ops, groups: ['system:masters']}}"
    ))
    .with(json!({
        "principalArn": OPS, "type": "STANDARD", "username": "ops", "kubernetesGroups": [], "tags": {},
        "accessPolicies": [
            policy(ADMIN_POLICY, json!({"type": "namespace", "namespaces": ["dev"]})),
            policy(VIEW_POLICY, json!({"type": "cluster"})),
        ],
    }));
    shop.choices.on_existing = OnExisting::Update;
    let plan = shop.plan();
    let calls: Vec<_> = plan.actions.iter().map(|action| &action.kind).collect();
    let associate = json!({
        "kind": "associateAccessPolicy", "principalArn": OPS, "policyArn": ADMIN_POLICY,
        "accessScope": {"type": "cluster", "namespaces": []},
    });
    let disassociate = json!({
        "kind": "disassociateAccessPolicy", "principalArn": OPS, "policyArn": VIEW_POLICY,
    });
    assert_eq!(json!(calls), json!([associate, disassociate]));
}

#[test]
fn policy_that_somebody_removed_from_an_entry_is_not_associated_again() {
    let mut shop = Shop::new(&format!(
        "- {{rolearn: '{OPS}', username: ops, groups: ['system:masters']}}"
    ))
    .with(json!({
        "principalArn": OPS, "type": "STANDARD", "username": "ops", "kubernetesGroups": [],
        "tags": {RUN_TAG: "run"}, "accessPolicies": [],
    }));
    // The journal knows of no association: the run was stopped before it.
    let stopped = shop.plan();
    assert_eq!(stopped.mappings[0].outcome, Outcome::Update);
    assert_eq!(stopped.actions.len(), 1);

    shop.ours.associated = BTreeSet::from([(OPS.to_owned(), ADMIN_POLICY.to_owned())]);
    let removed = shop.plan();
    assert_eq!(removed.mappings[0].outcome, Outcome::Conflict);
    assert_eq!(removed.mappings[0].blocker, Some(Blocker::LiveDiffers));
    assert!(removed.actions.is_empty());
}

#[test]
fn entry_of_another_node_type_is_a_conflict_even_where_it_gives_the_same() {
    let plan = Shop::new(&format!(
        "- {{rolearn: '{NODES}', username: 'system:node:{{{{EC2PrivateDNSName}}}}', \
         groups: ['system:bootstrappers', 'system:nodes']}}"
    ))
    .with(json!({
        "principalArn": NODES, "type": "HYPERPOD_LINUX", "username": "system:node:{{EC2PrivateDNSName}}",
        "kubernetesGroups": [], "tags": {}, "accessPolicies": [],
    }))
    .plan();
    let nodes = &plan.mappings[0];
    assert!(nodes.drift.as_ref().unwrap().keeps_access());
    let mut codes = nodes.findings.iter().map(|finding| finding.code);
    assert!(codes.any(|code| code == Code::ManagedEntryWrongType));
    assert_eq!(nodes.outcome, Outcome::Conflict);
    assert_eq!(nodes.blocker, Some(Blocker::LiveDiffers));
}

#[test]
fn callers_entry_is_created_before_everybody_elses() {
    let mapping = |arn: &str| {
        let name = arn.rsplit_once('/').unwrap().1;
        format!("- {{rolearn: '{arn}', username: {name}, groups: [{name}]}}\n")
    };
    let mut shop = Shop::new(&[DEV, OPS].map(mapping).concat());
    let order = |shop: &Shop| -> Vec<String> {
        let actions = shop.plan().actions.into_iter();
        let of = |action: Action| action.kind.principal_arn().map(ToString::to_string);
        actions.filter_map(of).collect()
    };
    assert_eq!(order(&shop), [DEV, OPS]);
    shop.caller = Principal::as_matched(OPS);
    assert_eq!(order(&shop), [OPS, DEV]);
}

const MONITORING: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [devs, 'system:monitoring']}";
const OWN: &str =
    "- {rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [devs]}";

fn live(groups: &[&str]) -> Value {
    json!({
        "principalArn": OPS, "type": "STANDARD", "username": "ops", "kubernetesGroups": groups, "tags": {},
        "accessPolicies": [],
    })
}

fn kinds(plan: &Plan) -> Vec<String> {
    let kinds = plan
        .actions
        .iter()
        .map(|action| json!(action.kind)["kind"].clone());
    kinds
        .map(|kind| kind.as_str().unwrap().to_owned())
        .collect()
}

/// The best entry that there can be, whose difference from the mapping somebody accepted, or did not.
#[test]
fn an_entry_that_is_all_it_can_be_is_accepted_as_it_would_be_made() {
    let shop = || {
        Shop::new(MONITORING)
            .bound(&["Group/system:monitoring"])
            .with(live(&["devs"]))
    };
    let lost = json!({"verdict": "lost", "groups": ["system:monitoring"]});
    let other = json!({"verdict": "lost", "groups": ["devs"]});
    for (shop, blocker) in [
        (shop(), Some(Blocker::LiveDiffers)),
        (shop().decided("migrate", lost), None),
        (shop().decided("migrate", other), Some(Blocker::LiveDiffers)),
        (
            shop().decided("migrate", Value::Null),
            Some(Blocker::LiveDiffers),
        ),
        (shop().decided("update-live", Value::Null), None),
    ] {
        let first = shop.first();
        assert_eq!(first.blocker, blocker, "{:?}", shop.choices.answers);
        let is_accepted = blocker.is_none();
        assert_eq!(first.outcome == Outcome::Unchanged, is_accepted);
        assert_eq!(first.decision.is_some(), is_accepted);
        assert!(shop.plan().actions.is_empty());
    }
    // An answer is about the entry that would be made, and this is another one.
    let less = Shop::new(MONITORING)
        .bound(&["Group/system:monitoring", "Group/devs"])
        .with(live(&[]))
        .decided(
            "migrate",
            json!({"verdict": "lost", "groups": ["devs", "system:monitoring"]}),
        );
    assert_eq!(less.first().outcome, Outcome::Conflict);
}

/// Bound or not, a group that one side has and the other has not is a difference that somebody has to look at.
#[test]
fn a_group_more_or_less_in_a_live_entry_is_a_question() {
    for (groups, code) in [
        (&["devs", "more"][..], Code::EntryGivesMore),
        (&[], Code::EntryDiffers),
        (&["more"], Code::EntryDiffers),
    ] {
        let first = Shop::new(OWN).bound(&[]).with(live(groups)).first();
        assert_eq!(first.blocker, Some(Blocker::LiveDiffers), "{groups:?}");
        let codes: Vec<Code> = first.findings.iter().map(|finding| finding.code).collect();
        assert!(codes.contains(&code), "{groups:?} {codes:?}");
        let kept = Shop::new(OWN)
            .bound(&[])
            .with(live(groups))
            .decided("keep-live", Value::Null)
            .first();
        assert_eq!((kept.blocker, kept.outcome), (None, Outcome::Conflict));
    }
}

/// Neither can be changed: an entry that is older than its principal, and one of another type.
#[test]
fn an_entry_that_can_not_be_changed_is_deleted_and_created() {
    let both = ["deleteAccessEntry", "createAccessEntry"];
    let update = |shop: Shop| kinds(&shop.decided("update-live", Value::Null).plan());
    let shop = || Shop::new(OWN).bound(&[]);
    assert_eq!(update(shop().with_stale(live(&["devs"]))), both);
    assert_eq!(update(shop().with(live(&["more"]))), ["updateAccessEntry"]);
    let mut nodes = live(&[]);
    nodes["type"] = json!("EC2_LINUX");
    nodes["username"] = json!("system:node:{{EC2PrivateDNSName}}");
    let mut accepting = shop().with(nodes);
    accepting.choices.on_existing = OnExisting::Update;
    assert_eq!(kinds(&accepting.plan()), both);
    // Its own unfinished entry, too, once its principal is another one.
    let mut own = live(&["devs"]);
    own["tags"] = json!({RUN_TAG: "run"});
    let admin = OWN.replace("[devs]", "[devs, 'system:masters']");
    let create = [
        "deleteAccessEntry",
        "createAccessEntry",
        "associateAccessPolicy",
    ];
    assert_eq!(update(Shop::new(&admin).bound(&[]).with_stale(own)), create);
    // One that is not stale needs only what is missing, and nobody is asked.
    let mut own = live(&["devs"]);
    own["tags"] = json!({RUN_TAG: "run"});
    let plan = Shop::new(&admin).bound(&[]).with(own).plan();
    assert_eq!(kinds(&plan), ["associateAccessPolicy"]);
    // Somebody else's is not finished, and neither is one of its own that was changed.
    let theirs = Shop::new(&admin).bound(&[]).with(live(&["devs"]));
    let mut changed = live(&["others"]);
    changed["tags"] = json!({RUN_TAG: "run"});
    let changed = Shop::new(&admin).bound(&[]).with(changed);
    for shop in [theirs, changed] {
        assert_eq!(shop.first().blocker, Some(Blocker::LiveDiffers));
        assert!(shop.plan().actions.is_empty());
    }
}

/// What is chosen and matches nothing is a typing error, unless an earlier run has done it.
#[test]
fn what_is_chosen_and_matches_nothing_is_a_misfit() {
    let choose = |change: &dyn Fn(&mut Shop)| {
        let mut shop = Shop::new(MONITORING).bound(&["Group/system:monitoring"]);
        change(&mut shop);
        let misfits = shop.plan().misfits;
        assert!(
            misfits.iter().all(|misfit| misfit.matches_nothing),
            "{misfits:?}"
        );
        misfits.len()
    };
    let map = |old: &str, new: &str| [(old.to_owned(), new.to_owned())].into();
    let glob = |text: &str| vec![Glob::new(text)];
    let old = |shop: &mut Shop, group: &str| shop.choices.rename_groups = map(group, "new");
    assert_eq!(choose(&|shop| shop.choices.only = glob("*ops*")), 0);
    assert_eq!(choose(&|shop| shop.choices.only = glob("*x*")), 1);
    assert_eq!(choose(&|shop| shop.choices.exclude = glob("*x*")), 1);
    assert_eq!(choose(&|shop| old(shop, "system:monitoring")), 0);
    assert_eq!(choose(&|shop| old(shop, "system:x")), 1);
    let user = |shop: &mut Shop, name: &str| shop.choices.rename_users = map(name, "new");
    assert_eq!(choose(&|shop| user(shop, "ops")), 0);
    assert_eq!(choose(&|shop| user(shop, "x")), 1);
    let policy =
        |shop: &mut Shop, group: &str| shop.choices.policies = map(group, "AmazonEKSViewPolicy");
    assert_eq!(choose(&|shop| policy(shop, "devs")), 0);
    assert_eq!(choose(&|shop| policy(shop, "x")), 1);
    // It is done: the live entry has the new name, or an earlier run says so.
    let with_new = |shop: &mut Shop| {
        let mut entry = live(&["other", "new"]);
        entry["username"] = json!("new");
        entry["accessPolicies"] = json!([
            {"policyArn": VIEW_POLICY, "accessScope": {"type": "cluster"}},
        ]);
        shop.live.push(serde_json::from_value(entry).unwrap());
    };
    for choice in [
        &(|shop: &mut Shop| old(shop, "x")) as &dyn Fn(&mut Shop),
        &|shop| user(shop, "x"),
        &|shop| policy(shop, "x"),
    ] {
        assert_eq!(
            choose(&|shop| {
                choice(shop);
                with_new(shop);
            }),
            0
        );
        assert_eq!(
            choose(&|shop| {
                choice(shop);
                shop.ours.choices = vec![shop.choices.clone()];
            }),
            0
        );
    }
    let about = |name: &'static str| {
        move |shop: &mut Shop| {
            shop.choices.answers = vec![answer(name, "leave", Value::Null)];
        }
    };
    assert_eq!(choose(&about(OPS)), 0);
    assert_eq!(choose(&about(DEV)), 1);
    assert_eq!(
        choose(&|shop| {
            about(DEV)(shop);
            shop.ours.choices = vec![shop.choices.clone()];
        }),
        0
    );
    assert_eq!(
        choose(&|shop| {
            about(DEV)(shop);
            let mut entry = live(&[]);
            entry["principalArn"] = json!(DEV);
            shop.live.push(serde_json::from_value(entry).unwrap());
        }),
        0
    );
}

/// A name with bindings of its own would give what they give.
#[test]
fn a_new_name_is_advised_that_nothing_is_bound_to() {
    let fix = |bound: &[&str]| {
        let first = Shop::new(MONITORING).bound(bound).first();
        let mut findings = first.findings.into_iter();
        let refused = findings.find(|finding| finding.code == Code::ReservedGroup);
        refused.unwrap().fix
    };
    assert!(fix(&["Group/x"]).contains("=monitoring"));
    assert!(!fix(&["Group/x"]).contains("monitoring-from"));
    assert!(!fix(&["User/monitoring"]).contains("monitoring-from"));
    assert!(fix(&["Group/x", "Group/monitoring"]).contains("=monitoring-from-aws-auth"));
}
