//! The rights that are asked for.

use super::hostile::with_calls;
use crate::export::{iam_policy, rbac};
use crate::model::{AuthenticationMode, EntryType};
use crate::plan::document::{ActionKind, Outcome};
use crate::report::tests::plans::small;
use crate::rights::{For, Needs, RBAC_GROUP};

#[test]
fn roles_that_are_left_to_eks_at_the_switch_may_be_passed_after_it() {
    let mut plan = small();
    for mapping in &mut plan.mappings {
        mapping.outcome = Outcome::Skipped;
    }
    let switch = ActionKind::UpdateAuthenticationMode {
        from: AuthenticationMode::ConfigMap,
        to: AuthenticationMode::ApiAndConfigMap,
    };
    plan.actions.truncate(1);
    plan.actions[0].kind = switch;
    let policy = iam_policy(&Needs::of(&plan, For::Apply));
    assert!(policy.contains("eks:CreateAccessEntry"), "{policy}");
    assert!(
        policy.contains("role/blue-ng-NodeInstanceRole-1ABC"),
        "{policy}"
    );
    plan.actions.clear();
    assert!(!iam_policy(&Needs::of(&plan, For::Apply)).contains("iam:PassRole"));
    assert!(!iam_policy(&Needs::of(&plan, For::Plan)).contains("iam:PassRole"));
}

#[test]
fn a_wildcard_in_a_role_stays_a_letter_in_a_policy() {
    let mut plan = with_calls(&["a*${aws:username}?".to_owned()]);
    for action in &mut plan.actions {
        if let ActionKind::CreateAccessEntry { entry_type, .. } = &mut action.kind {
            *entry_type = EntryType::Ec2Linux;
        }
    }
    let policy = iam_policy(&Needs::of(&plan, For::Apply));
    assert!(
        policy.contains("role/a${*}${$}{aws:username}${?}\""),
        "{policy}"
    );
}

/// The roles for a rollback once took away what those for a cut-over had given.
#[test]
fn the_roles_of_two_commands_live_side_by_side() {
    let names = |command: For| {
        let text = rbac(command);
        let name = format!("name: aws-auth-migrate-{}", command.name());
        (text.matches(&name).count(), text)
    };
    let (found, text) = names(For::Cutover);
    assert_eq!(found, 6, "{text}");
    assert!(!text.contains(&format!("name: {RBAC_GROUP}\n  namespace")));
    assert_eq!(names(For::Rollback).0, 3);
}

/// Whoever granted these rights once found out in the middle of an incident that `rollback` needs others.
#[test]
fn the_rights_for_the_way_forth_say_that_the_way_back_needs_its_own() {
    for command in [For::Apply, For::Cutover] {
        let text = rbac(command);
        assert!(text.contains("`export rbac --for rollback`"), "{text}");
        assert!(
            text.contains("`export iam-policy --for rollback`"),
            "{text}"
        );
    }
    assert!(!rbac(For::Rollback).contains("--for rollback"));
}
