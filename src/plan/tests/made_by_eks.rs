//! Entries that EKS and services create themselves.

use serde_json::{Value, json};

use super::mappings::{OWN, codes, entry};
use crate::choices::ManagedNodes;
use crate::finding::Code;
use crate::plan::document::{Blocker, Outcome, Plan, Stage};
use crate::plan::tests::shop::{NODES, OPS, Shop, answer};

/// A node role with more than a node's groups in the mode `CONFIG_MAP`: the switch itself would move its access.
fn nodes(groups: &str) -> Shop {
    let nodes = Shop::new(&format!(
        "- {{rolearn: '{NODES}', username: 'system:node:{{{{EC2PrivateDNSName}}}}', \
         groups: ['system:bootstrappers', 'system:nodes'{groups}]}}\n"
    ));
    Shop {
        mode: "CONFIG_MAP",
        ..nodes.bound(&["Group/devs"])
    }
}

fn switches(plan: &Plan) -> bool {
    plan.actions
        .iter()
        .any(|action| action.stage == Stage::Cluster)
}

/// EKS creates the entry of a managed node group when the mode is switched, whatever anybody answers about the mapping.
#[test]
fn the_mode_is_not_switched_while_that_would_move_a_node_role() {
    let migrate = json!({"verdict": "lost", "groups": ["devs"]});
    for (shop, answered, blocker, decided, misfits) in [
        (nodes(""), None, None, false, 0),
        (nodes(", devs"), None, Some(Blocker::AccessMoves), false, 0),
        (
            nodes(", devs"),
            Some(("leave", Value::Null)),
            Some(Blocker::AccessMoves),
            false,
            1,
        ),
        (
            nodes(", devs"),
            Some(("drop", Value::Null)),
            Some(Blocker::AccessMoves),
            false,
            1,
        ),
        (nodes(", devs"), Some(("migrate", migrate)), None, true, 0),
    ] {
        let mut shop = shop.node_group(NODES);
        let answers = answered.map(|(what, accept)| answer(NODES, what, accept));
        shop.choices.answers.extend(answers);
        let plan = shop.plan();
        let mapping = &plan.mappings[0];
        assert_eq!(mapping.blocker, blocker, "{mapping:#?}");
        assert_eq!(mapping.decision.is_some(), decided);
        assert_eq!(plan.misfits.len(), misfits);
        assert_eq!(switches(&plan), blocker.is_none());
        let mut said = plan.findings.iter();
        let is_said = said.any(|placed| placed.finding.code == Code::AccessMoves);
        assert_eq!(is_said, blocker.is_some());
        if blocker.is_none() {
            assert_eq!(mapping.outcome, Outcome::Skipped);
            assert!(codes(mapping).contains(&Code::LeftToEks));
        }
    }
    // Without a node group EKS creates nothing, so that the switch moves nobody.
    let mut left = nodes(", devs");
    left.choices.answers = vec![answer(NODES, "leave", Value::Null)];
    let plan = left.plan();
    assert_eq!(plan.mappings[0].outcome, Outcome::Skipped);
    assert_eq!((plan.misfits.len(), plan.mappings[0].blocker), (0, None));
}

/// After the switch, an entry that EKS has not created is this tool's to create, unless that is not wanted.
#[test]
fn a_managed_node_role_without_an_entry_gets_one_unless_it_is_left() {
    let shop = || Shop {
        mode: "API_AND_CONFIG_MAP",
        ..nodes("")
    };
    let created = shop().node_group(NODES).first();
    assert_eq!(created.outcome, Outcome::Create);
    assert!(codes(&created).contains(&Code::ManagedEntryMissing));
    let mut left = shop().node_group(NODES);
    left.choices.managed_nodes = ManagedNodes::Skip;
    let left = left.first();
    assert_eq!(left.outcome, Outcome::Skipped);
    assert!(codes(&left).contains(&Code::LeftToEks));
    let moved = Shop {
        mode: "API_AND_CONFIG_MAP",
        ..nodes(", devs")
    };
    let mut moved = moved.node_group(NODES);
    moved.choices.managed_nodes = ManagedNodes::Skip;
    assert_eq!(moved.first().blocker, None, "nothing switches any more");
    moved.choices.answers = vec![answer(NODES, "leave", Value::Null)];
    assert!(moved.first().is_left());
    assert_eq!(moved.plan().misfits, []);
    let other = shop().node_group(OPS).first();
    assert_eq!(other.outcome, Outcome::Create);
    assert!(!codes(&other).contains(&Code::ManagedEntryMissing));
    let unread = Shop {
        node_roles: None,
        ..shop()
    };
    let unread = unread.first();
    assert_eq!(unread.outcome, Outcome::Create);
    assert!(codes(&unread).contains(&Code::NodeRolesUnknown));
    // Who is no node is not asked about nodes.
    let person = Shop {
        node_roles: None,
        ..Shop::new(OWN)
    };
    assert!(!codes(&person.first()).contains(&Code::NodeRolesUnknown));
}

/// A service's own role can have no entry but the one that its service creates.
#[test]
fn a_role_of_a_service_is_compared_with_the_entry_that_its_service_created() {
    const BATCH: &str = "arn:aws:iam::111122223333:role/AWSServiceRoleForX";
    let live = |groups: &[&str]| {
        let mut live = entry(groups);
        live["principalArn"] = json!(BATCH);
        live
    };
    let shop = || Shop::new(&OWN.replace(OPS, BATCH)).bound(&["Group/devs"]);
    let ruled = |mut shop: Shop, what: Option<&str>| {
        let answers = what.map(|what| answer(BATCH, what, Value::Null));
        shop.choices.answers.extend(answers);
        let plan = shop.plan();
        assert_eq!(plan.actions, []);
        let first = &plan.mappings[0];
        (first.outcome, first.blocker, plan.misfits.len())
    };
    let blocked = Outcome::Blocked;
    let impossible = Some(Blocker::NoEntryPossible);
    for (what, misfits) in [
        (None, 0),
        (Some("migrate"), 1),
        (Some("keep-live"), 1),
        (Some("update-live"), 1),
    ] {
        assert_eq!(ruled(shop(), what), (blocked, impossible, misfits));
    }
    assert_eq!(ruled(shop(), Some("leave")).1, None);
    let same = shop().with(live(&["devs"]));
    assert_eq!(ruled(same, None), (Outcome::Unchanged, None, 0));
    let less = || shop().with(live(&[]));
    let differs = Some(Blocker::LiveDiffers);
    assert_eq!(ruled(less(), None), (Outcome::Conflict, differs, 0));
    assert_eq!(
        ruled(less(), Some("keep-live")),
        (Outcome::Conflict, None, 0)
    );
}
