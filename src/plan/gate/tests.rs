//! What the gate lets through and what it holds back, by whole plans of one mapping or two.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::reasons::moves_in_words;
use super::{is_as_tagged, tag};
use crate::access::{Bindings, compare};
use crate::choices::{Choices, OnExisting};
use crate::finding::Code;
use crate::model::{AccessChange, AccessEntry, Identity, Verdict};
use crate::plan::document::{Blocker, DecidedBy, Outcome};
use crate::plan::tests::shop::{DEV, OPS, Shop};

const OWN: &str = "{rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [devs]}";
/// EKS takes no group of this name.
const MONITORING: &str = "{rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [devs, 'system:monitoring']}";
/// EKS takes no username of this name.
const RESERVED: &str =
    "{rolearn: 'arn:aws:iam::111122223333:role/ops', username: 'system:x', groups: [devs]}";

fn shop(mapping: &str) -> Shop {
    Shop::new(&format!("- {mapping}\n"))
}

/// A live entry with these names.
fn live(username: &str, groups: &[&str]) -> Value {
    json!({
        "principalArn": OPS, "type": "STANDARD", "username": username, "kubernetesGroups": groups, "tags": {},
        "accessPolicies": [],
    })
}

fn lost() -> Value {
    json!({"verdict": "lost", "groups": ["system:monitoring"]})
}

/// What became of the first mapping: its blocker, who decided, and how many decisions don't fit.
fn ruled(shop: &Shop) -> (Option<Blocker>, Option<DecidedBy>, usize) {
    let plan = shop.plan();
    let mapping = &plan.mappings[0];
    let is_held = plan.actions.is_empty() && mapping.outcome != Outcome::Unchanged;
    assert_eq!(mapping.blocker.is_some(), is_held, "{mapping:#?}");
    let by = mapping.decision.as_ref().map(|decided| decided.by);
    (mapping.blocker, by, plan.misfits.len())
}

/// An accepted move is made by an answer that can make it, and by no other.
#[test]
fn accepting_a_move_goes_with_what_makes_it() {
    let moves = Some(Blocker::AccessMoves);
    let by_answer = Some(DecidedBy::Answer);
    let shop = || shop(MONITORING).bound(&["Group/system:monitoring"]);
    for (what, accept, expected) in [
        ("migrate", lost(), (None, by_answer, 0)),
        // The move is not said to be accepted.
        ("migrate", Value::Null, (moves, None, 0)),
        (
            "migrate",
            json!({"verdict": "lost", "groups": ["devs"]}),
            (moves, None, 1),
        ),
        // There is no live entry to update or to keep, which is what does not fit.
        ("update-live", lost(), (moves, None, 1)),
        ("update-live", Value::Null, (moves, None, 1)),
        ("keep-live", lost(), (moves, None, 1)),
    ] {
        let ruled = ruled(&shop().decided(what, accept.clone()));
        assert_eq!(ruled, expected, "{what} {accept}");
    }
}

/// `update-live` alone says all there is to decide where the entry becomes what the mapping is.
#[test]
fn updating_a_live_entry_to_less_than_its_mapping_has_to_be_accepted() {
    let moves = Some(Blocker::AccessMoves);
    let by_answer = Some(DecidedBy::Answer);
    let same = || {
        shop(OWN)
            .bound(&["Group/others"])
            .with(live("ops", &["others"]))
    };
    let less = || {
        shop(MONITORING)
            .bound(&["Group/system:monitoring", "Group/others"])
            .with(live("ops", &["others"]))
    };
    for (shop, what, accept, expected) in [
        (same(), "update-live", Value::Null, (None, by_answer, 0)),
        (less(), "update-live", Value::Null, (moves, None, 0)),
        (
            less(),
            "update-live",
            json!({"verdict": "lost", "groups": ["others"]}),
            (None, by_answer, 0),
        ),
        (
            less(),
            "update-live",
            json!({"verdict": "gained", "groups": ["devs"]}),
            (moves, None, 1),
        ),
    ] {
        let ruled = ruled(&shop.decided(what, accept.clone()));
        assert_eq!(ruled, expected, "{what} {accept}");
    }
}

/// The option updates what an answer would without a question, and nothing else.
#[test]
fn the_option_updates_live_entries_only_to_their_mappings() {
    let updated = |mut shop: Shop| {
        shop.choices.on_existing = OnExisting::Update;
        ruled(&shop)
    };
    let by_option = Some(DecidedBy::Option);
    let moves = Some(Blocker::AccessMoves);
    let more = || live("ops", &["devs", "others"]);
    let others = ["Group/others", "Group/system:monitoring"];
    assert_eq!(
        updated(shop(OWN).bound(&others).with(more())),
        (None, by_option, 0)
    );
    assert_eq!(
        updated(shop(MONITORING).bound(&others).with(more())),
        (moves, None, 0)
    );
    // An answer that decides something else comes before the option.
    let decided = shop(OWN)
        .bound(&others)
        .with(more())
        .decided("migrate", Value::Null);
    assert_eq!(updated(decided), (moves, None, 0));
    // Without bindings nobody knows what another username would mean; groups are known by their names.
    let unread = Some(Blocker::BindingsUnread);
    let (groups, user) = (more(), live("other", &["devs"]));
    assert_eq!(updated(shop(OWN).with(groups)), (None, by_option, 0));
    assert_eq!(updated(shop(OWN).with(user.clone())), (unread, None, 0));
    let both = live("other", &["devs", "others"]);
    assert!(updated(shop(OWN).with(both)).0.is_some());
    assert_eq!(
        updated(shop(OWN).bound(&["User/other"]).with(user)),
        (None, by_option, 0)
    );
}

#[test]
fn what_grants_nothing_is_included_only_where_nothing_is_there() {
    let with_path = OWN.replace("role/ops", "role/team/ops");
    let included = |mut shop: Shop| {
        shop.choices.include_inert = true;
        ruled(&shop)
    };
    let by_option = Some(DecidedBy::Option);
    assert_eq!(included(shop(&with_path)), (None, by_option, 0));
    let with_entry = shop(&with_path).bound(&["Group/others"]).with(json!({
        "principalArn": OPS.replace("role/", "role/team/"), "type": "STANDARD", "username": "ops",
        "kubernetesGroups": ["others"], "tags": {}, "accessPolicies": [],
    }));
    assert_eq!(included(with_entry).0, Some(Blocker::LiveDiffers));
    // In the mode API no mapping grants anything, and each is asked about.
    let in_api_mode = Shop {
        mode: "API",
        ..shop(OWN)
    };
    assert_eq!(included(in_api_mode), (Some(Blocker::AccessMoves), None, 0));
}

/// An answer that accepts what does not happen is out of date, even where nothing happens.
#[test]
fn accepting_a_move_that_would_not_happen_is_a_misfit() {
    let by_answer = Some(DecidedBy::Answer);
    let verdict = |verdict: &str| json!({"verdict": verdict});
    let renamed = || shop(RESERVED).bound(&[]);
    for (shop, what, accept, expected) in [
        (shop(OWN), "migrate", Value::Null, (None, None, 0)),
        (shop(OWN), "migrate", verdict("same"), (None, None, 0)),
        (
            shop(OWN),
            "migrate",
            lost(),
            (Some(Blocker::AccessMoves), None, 1),
        ),
        (renamed(), "migrate", Value::Null, (None, by_answer, 0)),
        (
            renamed(),
            "migrate",
            verdict("renamed"),
            (None, by_answer, 0),
        ),
        (
            renamed(),
            "migrate",
            verdict("same"),
            (Some(Blocker::AccessMoves), None, 1),
        ),
        // It decides nothing about a new name, and there is nothing live to keep.
        (renamed(), "keep-live", Value::Null, (None, None, 1)),
    ] {
        let ruled = ruled(&shop.decided(what, accept.clone()));
        assert_eq!(ruled, expected, "{what} {accept}");
    }
}

/// The copies of bindings for a new name give whoever has that name already what the old name had.
#[test]
fn a_new_name_that_somebody_else_has_is_not_bound() {
    let group = |shop: &mut Shop| {
        let names = [("system:monitoring".to_owned(), "monitoring".to_owned())];
        shop.choices.rename_groups = names.into();
    };
    let user = |shop: &mut Shop| {
        let names = [("system:x".to_owned(), "x".to_owned())];
        shop.choices.rename_users = names.into();
    };
    let bound = ["Group/system:monitoring", "User/system:x"];
    let taken = (Some(Blocker::NewNameTaken), None, 0);
    let free = (None, None, 0);
    let ruled = |mapping: &str, rename: &dyn Fn(&mut Shop), other: &str| {
        let text = format!("- {mapping}\n- {{rolearn: '{DEV}', {other}}}\n");
        let mut shop = Shop::new(&text).bound(&bound);
        shop.choices.bind_renamed = true;
        rename(&mut shop);
        let plan = shop.plan();
        let first = &plan.mappings[0];
        let by = first.decision.as_ref().map(|decided| decided.by);
        (first.blocker, by, plan.misfits.len())
    };
    for (mapping, rename, other, expected) in [
        (
            MONITORING,
            &group as &dyn Fn(&mut Shop),
            "username: dev",
            free,
        ),
        (
            MONITORING,
            &group,
            "username: dev, groups: [a, monitoring]",
            taken,
        ),
        // Who has the old name as well gains nothing.
        (
            MONITORING,
            &group,
            "username: dev, groups: ['system:monitoring', monitoring]",
            free,
        ),
        // A session could be called so.
        (
            MONITORING,
            &group,
            "username: dev, groups: ['{{SessionName}}']",
            taken,
        ),
        (RESERVED, &user, "username: dev", free),
        (RESERVED, &user, "username: x", taken),
        // The name of a group is no user's.
        (RESERVED, &user, "username: dev, groups: [x]", free),
    ] {
        assert_eq!(ruled(mapping, rename, other), expected, "{mapping} {other}");
    }
}

/// Why it waits: the code of what is said last, and what to write to accept just that.
#[test]
fn a_move_is_explained_by_what_moves() {
    let instances = "{rolearn: 'arn:aws:iam::111122223333:role/ops', username: 'x:{{EC2PrivateDNSName}}', groups: [devs]}";
    let renaming = |mapping: &str, new: &str| {
        let mut shop = shop(mapping);
        let names = [("system:monitoring".to_owned(), new.to_owned())];
        shop.choices.rename_groups = names.into();
        shop
    };
    for (shop, code, words, accepts) in [
        (
            shop(RESERVED),
            Code::NamesUnproven,
            "the username `system:x` would become",
            false,
        ),
        (
            shop(instances).bound(&[]),
            Code::SessionsGained,
            "would let every session in",
            true,
        ),
        (
            renaming(MONITORING, "new").bound(&["Group/system:monitoring"]),
            Code::RenamedGroupUnbound,
            "no binding gives it to `new`",
            false,
        ),
        // The group that is bound is another one than that which gets a new name.
        (
            renaming(RESERVED, "new").bound(&["User/system:x"]),
            Code::UsernameInUse,
            "the user `system:x`",
            true,
        ),
        (
            shop(MONITORING).bound(&["Group/system:monitoring"]),
            Code::BindingLost,
            "would no longer give",
            true,
        ),
        // What would be more than today is said first.
        (
            renaming(MONITORING, "new").bound(&["Group/new"]),
            Code::BindingGained,
            "as `Group/new`",
            true,
        ),
        (
            shop(MONITORING),
            Code::AccessMoves,
            "it would lose the group `system:monitoring`",
            true,
        ),
    ] {
        let first = shop.first();
        let said = first.findings.last().unwrap();
        assert_eq!(said.code, code, "{first:#?}");
        assert!(said.message.contains(words), "{said:?}");
        let is_printed = said.fix.contains("to accept exactly this move")
            && said.fix.contains(r#""do":"migrate""#);
        assert_eq!(is_printed, accepts, "{said:?}");
    }
}

#[test]
fn a_live_entry_is_accepted_by_what_updates_it() {
    let mut shop = shop(MONITORING)
        .bound(&["Group/system:monitoring", "Group/others"])
        .with(live("ops", &["others"]));
    shop.choices.on_existing = OnExisting::Update;
    let first = shop.first();
    let fix = &first.findings.last().unwrap().fix;
    assert!(fix.contains(r#""do":"update-live""#), "{fix}");
}

#[test]
fn bindings_are_copied_only_where_that_was_chosen() {
    let mut shop = shop(MONITORING).bound(&["Group/system:monitoring"]);
    let names = [("system:monitoring".to_owned(), "monitoring".to_owned())];
    shop.choices = Choices {
        rename_groups: BTreeMap::from(names),
        ..Choices::default()
    };
    assert_eq!(ruled(&shop).0, Some(Blocker::AccessMoves));
    shop.choices.bind_renamed = true;
    assert_eq!(ruled(&shop), (None, None, 0));
    assert_eq!(shop.first().access.verdict, Some(Verdict::Renamed));
}

#[test]
fn a_move_in_words_names_what_is_lost_before_what_is_gained() {
    let identity = |username: &str, groups: &[&str], policies: &[&str]| Identity {
        username: username.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        policies: policies.iter().map(|policy| (*policy).to_owned()).collect(),
        ..Identity::default()
    };
    let words = |before: Option<&Identity>, after: Option<&Identity>| {
        let [before, after] = [before, after].map(|side| side.cloned().map(Arc::new));
        moves_in_words(&compare(
            before.as_ref(),
            after.as_ref(),
            Bindings::default(),
        ))
    };
    let view = "AmazonEKSViewPolicy on the cluster";
    let (devs, more) = (
        identity("a", &["devs"], &[]),
        identity("a", &["ops"], &[view]),
    );
    assert_eq!(
        words(Some(&devs), Some(&more)),
        format!("it would lose the group `devs` and gain the group `ops`, the policy `{view}`")
    );
    assert_eq!(
        words(Some(&more), Some(&more.clone())),
        "it would log in as another user or node"
    );
    let plain = identity("a", &[], &[]);
    assert_eq!(words(Some(&plain), None), "it would lose its access");
    assert_eq!(
        words(None, Some(&plain)),
        "it would gain access that it does not have today"
    );
    let many: Vec<String> = (0..22).map(|number| format!("g{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let twenty = words(Some(&identity("a", &many[..20], &[])), Some(&plain));
    assert!(twenty.ends_with("`g9`"), "{twenty}");
    let all = words(Some(&identity("a", &many, &[])), Some(&plain));
    assert!(all.ends_with(" and 2 more"), "{all}");
}

/// Taking the entry away again brings back what was before it, whatever its names bring today.
#[test]
fn the_two_sides_of_an_accepted_move_are_known_by_their_names() {
    let side = |group: &str| {
        Some(Arc::new(Identity {
            username: "dev".to_owned(),
            groups: vec![group.to_owned()],
            ..Identity::default()
        }))
    };
    let moves = |verdict: Verdict, after: &str| AccessChange {
        before: side("old"),
        after: side(after),
        verdict: Some(verdict),
        bindings: None,
    };
    let mut entry: AccessEntry = serde_json::from_value(live("dev", &[])).unwrap();
    tag(&mut entry, &moves(Verdict::Renamed, "new"));
    assert!(is_as_tagged(&entry, &moves(Verdict::Gained, "new")));
    assert!(!is_as_tagged(&entry, &moves(Verdict::Renamed, "newer")));
}
