//! The rights that are asked for.

use super::hostile::with_calls;
use crate::export::{Runbook, github_actions, iam_policy, rbac, trust_policy};
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

/// A pull request once ran with the role that writes.
#[test]
fn only_the_environments_of_the_workflow_may_assume_the_role_that_writes() {
    let plan = small();
    let subjects = |command, test: &str| {
        let policy = trust_policy(&plan, command, "acme/infra").unwrap();
        let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
        let statement = &policy["Statement"][0];
        let provider = statement["Principal"]["Federated"].as_str().unwrap();
        assert!(provider.ends_with(":oidc-provider/token.actions.githubusercontent.com"));
        let condition = &statement["Condition"];
        assert_eq!(
            condition["StringEquals"]["token.actions.githubusercontent.com:aud"],
            "sts.amazonaws.com"
        );
        condition[test]["token.actions.githubusercontent.com:sub"].to_string()
    };
    let workflow = github_actions(&plan, &Runbook::default());
    for command in [For::Apply, For::Cutover, For::Rollback] {
        let subjects = subjects(command, "StringEquals");
        assert!(!subjects.contains('*') && !subjects.contains("pull_request"));
        assert_eq!(
            subjects
                .matches("repo:acme/infra:environment:aws-auth-")
                .count(),
            3
        );
        for line in workflow.lines() {
            if let Some(name) = line.trim().strip_prefix("environment: ") {
                assert!(subjects.contains(&format!(":{name}\"")), "{subjects}");
            }
        }
    }
    let reading = subjects(For::Plan, "StringLike");
    assert!(
        reading.contains("repo:acme/infra:pull_request"),
        "{reading}"
    );
    assert!(!reading.contains("environment"), "{reading}");
    let mut unknown = small();
    unknown.cluster.account_id = None;
    assert_eq!(trust_policy(&unknown, For::Plan, "acme/infra"), None);
}

/// The roles for a rollback once took away what those for a cutover had given.
#[test]
fn the_roles_of_two_commands_live_side_by_side() {
    let names = |command: For| {
        let text = rbac(command, &[]);
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
fn apply_permissions_mention_those_of_rollback() {
    for command in [For::Apply, For::Cutover] {
        let text = rbac(command, &[]);
        assert!(text.contains("`export rbac --for rollback`"), "{text}");
        assert!(
            text.contains("`export iam-policy --for rollback`"),
            "{text}"
        );
    }
    assert!(!rbac(For::Rollback, &[]).contains("--for rollback"));
}
