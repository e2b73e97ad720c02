//! Who gets which names: from mappings, for every login.

use std::sync::Arc;

use super::identity::{AUTHENTICATED, groups_once, identity_of_mapping};
use super::in_force::{ClusterAccess, InForce, Through};
use super::template::{Template, new_name};
use crate::model::{Identity, MappingId, Principal, Sessions};
use crate::observed::{Lookup, Observed};
use crate::reader::{AwsAuthText, read};

fn identity(arn: &str, username: &str) -> Option<Identity> {
    let text = format!("- {{userarn: '{arn}', username: '{username}'}}");
    let reading = read(&AwsAuthText {
        map_users: Some(text),
        ..AwsAuthText::default()
    });
    identity_of_mapping(&reading.mappings[0])
}

/// Neither an IAM user nor root has a session; whoever is federated has one, and nobody says of which account.
#[test]
fn names_are_filled_in_as_far_as_the_arn_says_them() {
    let template = "{{AccountID}}:{{SessionName}}";
    for (arn, username) in [
        ("arn:aws:iam::111122223333:user/bob", "111122223333:"),
        ("arn:aws:iam::111122223333:root", "111122223333:"),
        (
            "arn:aws:iam::111122223333:role/dev",
            "111122223333:{{SessionName}}",
        ),
        (
            "arn:aws:sts::111122223333:federated-user/x",
            "{{AccountID}}:{{SessionName}}",
        ),
    ] {
        let found = identity(arn, template).map(|identity| identity.username);
        assert_eq!(found.as_deref(), Some(username), "{arn}");
    }
    let instance = "{{EC2PrivateDNSName}}";
    assert_eq!(identity("arn:aws:iam::111122223333:root", instance), None);
    let role = identity("arn:aws:iam::111122223333:role/dev", instance).unwrap();
    assert_eq!(role.sessions, Sessions::Instances);
}

#[test]
fn groups_are_there_once_and_only_where_a_binding_can_name_them() {
    let groups = ["", "b", AUTHENTICATED, "a", "b"].map(str::to_owned);
    assert_eq!(groups_once(groups.into_iter()), ["b", "a"]);
}

fn access(roles: &str, users: &str, arn: &str, real: Option<&str>) -> InForce {
    let reading = read(&AwsAuthText {
        map_roles: Some(roles.to_owned()),
        map_users: Some(users.to_owned()),
        ..AwsAuthText::default()
    });
    let cluster = serde_json::json!({
        "partition": "aws", "accountId": "111122223333", "authenticationMode": "API_AND_CONFIG_MAP",
    });
    let principal = Principal::as_matched(arn).unwrap();
    let found = real.map(|real| {
        let (arn, created_at) = (real.parse().unwrap(), None);
        (principal.key(), Lookup::Found { arn, created_at })
    });
    let observed = Observed {
        cluster: serde_json::from_value(cluster).unwrap(),
        entries: Some(Vec::new()),
        node_roles: None,
        principals: found.into_iter().collect(),
        rbac: None,
        caller: None,
    };
    ClusterAccess::new(&reading, &observed).access(&principal)
}

#[test]
fn a_user_that_is_mapped_with_two_paths_is_known_only_by_its_real_one() {
    const BOB: &str = "arn:aws:iam::111122223333:user/a/bob";
    const OTHER: &str = "arn:aws:iam::111122223333:user/b/bob";
    let mapped = |arns: &[&str]| -> String {
        let line = |arn: &&str| format!("- {{userarn: '{arn}', username: '{arn}'}}\n");
        arns.iter().map(line).collect()
    };
    let username = |access: InForce| access.identity.map(|identity| identity.username.clone());
    let two = mapped(&[BOB, OTHER]);
    let unknown = access("", &two, BOB, None);
    assert_eq!(unknown.through, Through::UnknownPath);
    assert!(!unknown.is_known());
    let known = access("", &two, BOB, Some(OTHER));
    assert!(known.is_known());
    assert_eq!(username(known).as_deref(), Some(OTHER));
    // Only one path, whatever its case, or a second one that the cluster throws away.
    for users in [
        mapped(&[BOB]),
        mapped(&[BOB, "arn:aws:iam::111122223333:user/A/bob"]),
    ] {
        let access = access("", &users, BOB, None);
        assert_ne!(access.through, Through::UnknownPath, "{users}");
    }
    // A role's path is never looked at.
    let roles = "- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev}\n\
                 - {rolearn: 'arn:aws:iam::111122223333:role/a/dev', username: other}\n";
    let role = access(roles, "", "arn:aws:iam::111122223333:role/dev", None);
    assert_eq!(username(role).as_deref(), Some("dev"));
}

#[test]
fn what_is_left_to_chance_is_not_known() {
    let among: Arc<[MappingId]> = Arc::new([]);
    let in_force = |through| InForce {
        through,
        identity: None,
    };
    assert!(!in_force(Through::Undefined(among)).is_known());
    assert!(in_force(Through::Nothing).is_known());
}

#[test]
fn a_name_that_every_session_has_says_nothing_of_one_that_a_session_chooses() {
    let new = |one: &str, old: &str, other: &str| {
        new_name(&Template::new(one), old, &Template::new(other))
    };
    assert_eq!(new("ops", "ops", "new").as_deref(), Some("new"));
    assert_eq!(new("ops", "ops", "{{SessionName}}"), None);
    assert_eq!(new("{{SessionName}}", "ops", "new"), None);
    assert_eq!(
        new("{{SessionName}}", "ops", "x:{{SessionName}}").as_deref(),
        Some("x:ops")
    );
}

#[test]
fn neither_text_nor_template_may_be_longer_than_any_name_is() {
    let template = "{{SessionName}}".repeat(300);
    assert!(!Template::new(&template).can_render("a"));
    assert!(!Template::new("{{SessionNameRaw}}").can_render(&"a".repeat(4097)));
}
