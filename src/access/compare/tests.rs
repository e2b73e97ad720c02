use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::model::Sessions;
use crate::model::rbac::{Binding, Subject};

fn identity(username: &str, groups: &[&str], policies: &[&str]) -> Identity {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Identity {
        username: username.to_owned(),
        groups: owned(groups),
        policies: owned(policies),
        ..Identity::default()
    }
}

fn binding(name: &str, subjects: &[Subject]) -> Binding {
    Binding {
        namespace: None,
        name: name.to_owned(),
        role_kind: "ClusterRole".to_owned(),
        role_name: "view".to_owned(),
        subjects: subjects.to_vec(),
    }
}

fn rbac() -> Rbac {
    Rbac {
        bindings: vec![
            binding("devs", &[Subject::Group("devs".to_owned())]),
            binding("bob", &[Subject::User("bob".to_owned())]),
            binding("all", &[Subject::Group("system:authenticated".to_owned())]),
        ],
        ..Rbac::default()
    }
}

fn compared(
    before: Option<&Identity>,
    after: Option<&Identity>,
    bindings: Bindings<'_>,
) -> AccessChange {
    let [before, after] = [before, after].map(|side| side.cloned().map(Arc::new));
    compare(before.as_ref(), after.as_ref(), bindings)
}

fn verdict_of(before: &Identity, after: &Identity, rbac: Option<&Rbac>) -> Option<Verdict> {
    compared(Some(before), Some(after), Bindings::as_read(rbac)).verdict
}

#[test]
fn identities_are_compared_by_what_they_give() {
    let admin = &["AmazonEKSClusterAdminPolicy"][..];
    let scoped = &["AmazonEKSClusterAdminPolicy [dev]"][..];
    for (before, after, expected) in [
        (
            identity("a", &["x"], &[]),
            identity("a", &["x"], &[]),
            Verdict::Same,
        ),
        (
            identity("a", &["x", "system:authenticated"], &[]),
            identity("a", &["x"], &[]),
            Verdict::Same,
        ),
        (
            identity("a", &["system:masters"], &[]),
            identity("a", &[], admin),
            Verdict::Same,
        ),
        (
            identity("a", &["system:masters"], &[]),
            identity("a", &[], scoped),
            Verdict::Lost,
        ),
        (
            identity("a", &["system:masters", "x"], &[]),
            identity("a", &[], admin),
            Verdict::Lost,
        ),
        (
            identity("a", &["x"], &[]),
            identity("a", &[], admin),
            Verdict::Gained,
        ),
        (
            identity("a", &["x", "y"], &[]),
            identity("a", &["x"], &[]),
            Verdict::Lost,
        ),
        (
            identity("a", &["x"], &[]),
            identity("a", &["x", "y"], &[]),
            Verdict::Gained,
        ),
        (
            identity("a", &["x"], &[]),
            identity("a", &["y"], &[]),
            Verdict::Changed,
        ),
        (
            identity("a", &["x"], &[]),
            identity("a", &["x"], &["AmazonEKSViewPolicy"]),
            Verdict::Gained,
        ),
    ] {
        assert_eq!(
            verdict_of(&before, &after, None),
            Some(expected),
            "{before:?} to {after:?}"
        );
    }
}

#[test]
fn with_rbac_only_bound_names_count() {
    let rbac = rbac();
    for (before, after, expected) in [
        (
            identity("a", &["unbound"], &[]),
            identity("a", &[], &[]),
            Verdict::Renamed,
        ),
        (
            identity("a", &["devs"], &[]),
            identity("a", &[], &[]),
            Verdict::Lost,
        ),
        (
            identity("a", &["unbound"], &[]),
            identity("b", &["devs"], &[]),
            Verdict::Gained,
        ),
        (
            identity("bob", &[], &[]),
            identity("x", &[], &[]),
            Verdict::Lost,
        ),
        (
            identity("x", &[], &[]),
            identity("bob", &[], &[]),
            Verdict::Gained,
        ),
        (
            identity("x", &[], &[]),
            identity("y", &[], &[]),
            Verdict::Renamed,
        ),
        (
            // Another binding, the same role.
            identity("bob", &[], &[]),
            identity("x", &["devs"], &[]),
            Verdict::Renamed,
        ),
        (
            identity("a", &["system:nodes"], &[]),
            identity("a", &[], &[]),
            Verdict::Lost,
        ),
    ] {
        assert_eq!(
            verdict_of(&before, &after, Some(&rbac)),
            Some(expected),
            "{before:?} to {after:?}"
        );
    }
}

/// A plan from a file once claimed that no binding uses the old name, and had looked at none.
#[test]
fn without_bindings_another_username_is_unknown() {
    let (before, after) = (identity("a", &["x"], &[]), identity("b", &["x"], &[]));
    assert_eq!(verdict_of(&before, &after, None), None);
    let none = Rbac::default();
    assert_eq!(
        verdict_of(&before, &after, Some(&none)),
        Some(Verdict::Renamed)
    );
}

/// Another name of an administrator is a name like any other: who may do everything has no binding to lose, but the
/// verdict says "renamed" only where no binding uses the name.
#[test]
fn a_binding_of_an_administrator_counts_like_any_other() {
    let before = identity("bob", &["system:masters", "devs"], &[]);
    let after = identity("x", &[], &["AmazonEKSClusterAdminPolicy"]);
    let change = compared(
        Some(&before),
        Some(&after),
        Bindings::as_read(Some(&rbac())),
    );
    assert_eq!(change.verdict, Some(Verdict::Lost));
    assert_eq!(change.bindings.unwrap().len(), 2);
    let unbound = identity("unbound", &["system:masters"], &[]);
    assert_eq!(
        verdict_of(&unbound, &after, Some(&rbac())),
        Some(Verdict::Renamed)
    );
    assert_eq!(verdict_of(&unbound, &after, None), None);
}

#[test]
fn letting_in_other_sessions_is_gained_and_lost() {
    let instances = Identity {
        sessions: Sessions::Instances,
        ..identity("a", &["x"], &[])
    };
    let everybody = identity("a", &["x"], &[]);
    for rbac in [None, Some(&rbac())] {
        assert_eq!(
            verdict_of(&instances, &everybody, rbac),
            Some(Verdict::Gained)
        );
        assert_eq!(
            verdict_of(&everybody, &instances, rbac),
            Some(Verdict::Lost)
        );
        assert_eq!(
            verdict_of(&instances, &instances, rbac),
            Some(Verdict::Same)
        );
    }
}

#[test]
fn a_group_proven_equal_to_a_policy_is_another_name_for_it() {
    let policies = BTreeMap::from([(
        "system:ops".to_owned(),
        "AmazonEKSAdminViewPolicy".to_owned(),
    )]);
    let (before, after) = (
        identity("a", &["system:ops"], &[]),
        identity("a", &[], &["AmazonEKSAdminViewPolicy"]),
    );
    let rbac = Rbac {
        bindings: vec![binding("ops", &[Subject::Group("system:ops".to_owned())])],
        ..Rbac::default()
    };
    let as_read = Bindings::as_read(Some(&rbac));
    let proven = Bindings {
        policies: Some(&policies),
        ..as_read
    };
    assert_eq!(
        compared(Some(&before), Some(&after), as_read).verdict,
        Some(Verdict::Changed)
    );
    assert_eq!(
        compared(Some(&before), Some(&after), proven).verdict,
        Some(Verdict::Renamed)
    );
}

#[test]
fn a_node_type_gives_what_the_nodes_mapping_gave() {
    let before = identity(
        "system:node:{{EC2PrivateDNSName}}",
        &["system:bootstrappers", "system:nodes"],
        &[],
    );
    let after = identity("system:node:{{EC2PrivateDNSName}}", &["system:nodes"], &[]);
    assert_eq!(verdict_of(&before, &after, None), Some(Verdict::Same));
    // EKS binds both groups to what a kubelet needs to begin; what is bound to one of them alone is lost.
    let group = |name: &str| Subject::Group(name.to_owned());
    let both = [group("system:bootstrappers"), group("system:nodes")];
    for (subjects, expected) in [
        (both.as_slice(), Verdict::Same),
        (&both[..1], Verdict::Lost),
    ] {
        let bootstrap = Rbac {
            bindings: vec![binding("bootstrap", subjects)],
            ..Rbac::default()
        };
        assert_eq!(
            verdict_of(&before, &after, Some(&bootstrap)),
            Some(expected)
        );
    }
    let auto = identity(
        "system:node:{{EC2PrivateDNSName}}",
        &["system:nodes"],
        &["AmazonEKSAutoNodePolicy"],
    );
    assert_eq!(verdict_of(&before, &auto, None), Some(Verdict::Same));
    let hybrid = identity("system:node:{{SessionName}}", &["system:nodes"], &[]);
    assert_eq!(verdict_of(&before, &hybrid, None), Some(Verdict::Changed));
    let wrong = identity("arn:aws:sts::1:assumed-role/n/{{SessionName}}", &[], &[]);
    assert_eq!(verdict_of(&before, &wrong, None), Some(Verdict::Lost));
    // Without the nodes' group a node type is a gain.
    let bare = identity(
        "system:node:{{EC2PrivateDNSName}}",
        &["system:bootstrappers"],
        &[],
    );
    assert_eq!(verdict_of(&bare, &after, None), Some(Verdict::Gained));
}

#[test]
fn a_session_name_that_makes_an_administrator_counts() {
    let none = Rbac::default();
    let nobody = identity("a", &[], &[]);
    for group in ["system:{{SessionName}}", "{{SessionName}}:masters"] {
        let sometimes = identity("a", &[group], &[]);
        let verdict = |before, after| verdict_of(before, after, Some(&none));
        assert_eq!(verdict(&sometimes, &nobody), Some(Verdict::Lost), "{group}");
        assert_eq!(verdict(&nobody, &sometimes), Some(Verdict::Gained));
        assert_eq!(verdict(&sometimes, &sometimes), Some(Verdict::Same));
        let admin = identity("a", &["system:masters"], &[]);
        assert_eq!(verdict(&sometimes, &admin), Some(Verdict::Gained));
    }
    let harmless = identity("a", &["dev-{{SessionName}}"], &[]);
    assert_eq!(
        verdict_of(&harmless, &nobody, Some(&none)),
        Some(Verdict::Renamed)
    );
}

#[test]
fn a_node_that_keeps_the_at_sign_is_another_node() {
    let raw = identity("system:node:{{SessionNameRaw}}", &["system:nodes"], &[]);
    let plain = identity("system:node:{{SessionName}}", &["system:nodes"], &[]);
    assert_eq!(verdict_of(&raw, &plain, None), Some(Verdict::Changed));
}

#[test]
fn access_from_and_to_nothing_is_gained_and_lost() {
    let someone = identity("a", &[], &[]);
    let verdict = |before, after| compared(before, after, Bindings::default()).verdict;
    assert_eq!(verdict(None, Some(&someone)), Some(Verdict::Gained));
    assert_eq!(verdict(Some(&someone), None), Some(Verdict::Lost));
    assert_eq!(verdict(None, None), Some(Verdict::Same));
}

fn any_identity() -> impl Strategy<Value = Identity> {
    let username = select(vec!["bob", "a", "dev:{{SessionName}}", "system:node:x"]);
    let groups = vec(
        select(vec![
            "devs",
            "x",
            "system:masters",
            "system:nodes",
            "system:authenticated",
        ]),
        0..4,
    );
    let policies = vec(
        select(vec![
            "AmazonEKSClusterAdminPolicy",
            "AmazonEKSViewPolicy",
            "AmazonEKSAutoNodePolicy",
        ]),
        0..3,
    );
    (username, groups, policies)
        .prop_map(|(username, groups, policies)| identity(username, &groups, &policies))
}

fn swapped(verdict: Option<Verdict>) -> Option<Verdict> {
    verdict.map(|verdict| match verdict {
        Verdict::Lost => Verdict::Gained,
        Verdict::Gained => Verdict::Lost,
        other => other,
    })
}

proptest! {
    #[test]
    fn an_identity_is_the_same_as_itself(identity in any_identity(), with_rbac: bool) {
        let rbac = rbac();
        let change = compared(Some(&identity), Some(&identity), Bindings::as_read(with_rbac.then_some(&rbac)));
        prop_assert_eq!(change.verdict, Some(Verdict::Same));
        prop_assert!(change.bindings.is_none_or(|bindings| bindings.is_empty()));
    }

    #[test]
    fn swapping_before_and_after_swaps_lost_and_gained(
        before in proptest::option::of(any_identity()), after in proptest::option::of(any_identity()), with_rbac: bool,
    ) {
        let rbac = rbac();
        let rbac = with_rbac.then_some(&rbac);
        let there = compared(before.as_ref(), after.as_ref(), Bindings::as_read(rbac));
        let back = compared(after.as_ref(), before.as_ref(), Bindings::as_read(rbac));
        prop_assert_eq!(there.verdict, swapped(back.verdict));
    }

    #[test]
    fn the_order_of_groups_does_not_matter(before in any_identity(), after in any_identity(), with_rbac: bool) {
        let rbac = rbac();
        let rbac = with_rbac.then_some(&rbac);
        let mut turned = after.clone();
        turned.groups.reverse();
        let change = compared(Some(&before), Some(&after), Bindings::as_read(rbac));
        let other = compared(Some(&before), Some(&turned), Bindings::as_read(rbac));
        prop_assert_eq!(change.verdict, other.verdict);
        prop_assert_eq!(change.bindings, other.bindings);
    }
}

/// Auto Mode's policy is no more than what a node has anyway, and no other policy is.
#[test]
fn a_policy_counts_unless_it_is_what_makes_a_node() {
    let auto = &["AmazonEKSAutoNodePolicy"][..];
    let view = &["AmazonEKSViewPolicy"][..];
    let nodes = &["system:nodes"][..];
    let name = "system:node:{{EC2PrivateDNSName}}";
    for (groups, policies, expected) in [
        (nodes, auto, Verdict::Same),
        (nodes, view, Verdict::Lost),
        (&[], auto, Verdict::Lost),
    ] {
        let verdict = verdict_of(
            &identity(name, groups, policies),
            &identity(name, groups, &[]),
            Some(&rbac()),
        );
        assert_eq!(verdict, Some(expected), "{groups:?} {policies:?}");
    }
}

/// A session called `masters` is an administrator, which a node is not.
#[test]
fn a_node_whose_sessions_choose_a_group_can_be_more_than_a_node() {
    let nodes = identity("n", &["system:nodes"], &[]);
    let more = identity("n", &["system:nodes", "system:{{SessionName}}"], &[]);
    let verdict = |before, after| verdict_of(before, after, Some(&rbac()));
    assert_eq!(verdict(&more, &nodes), Some(Verdict::Lost));
    assert_eq!(verdict(&nodes, &more), Some(Verdict::Gained));
    let admin = identity("n", &["system:nodes", "system:masters"], &[]);
    let both = identity(
        "n",
        &["system:nodes", "system:masters", "system:{{SessionName}}"],
        &[],
    );
    assert_eq!(verdict(&both, &admin), Some(Verdict::Renamed));
}
