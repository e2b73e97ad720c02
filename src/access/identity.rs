//! Kubernetes identities, as far as they are known before somebody logs in.

use std::collections::HashSet;

use super::template::{has_placeholder, with_account};
use crate::model::{Arn, Mapping, Principal, Subject};
use crate::plan::document::Identity;

/// The group that may do everything, whatever RBAC says.
///
/// Source: Kubernetes, "Using RBAC Authorization", user-facing roles.
pub const MASTERS: &str = "system:masters";
/// The group that the API server itself gives to everybody who has logged in.
///
/// Source: Kubernetes `apiserver/pkg/authentication/group/authenticated_group_adder.go`.
pub const AUTHENTICATED: &str = "system:authenticated";

/// The identity that the authenticator gives for a mapping, with `{{AccountID}}` filled in from the ARN.
///
/// The other placeholders stay, since they are filled in at login. Whether the mapping counts at all is not asked here.
/// Source: aws-iam-authenticator `pkg/server/server.go`, `doMapping`.
#[must_use]
pub fn identity_of_mapping(mapping: &Mapping) -> Identity {
    let mut texts = mapping.groups.iter().chain([&mapping.username]);
    let account = texts
        .any(|text| has_placeholder(text))
        .then(|| Arn::as_matched(&mapping.arn))
        .flatten()
        .and_then(|arn| match Subject::of(&arn) {
            Subject::Principal(Principal { account, .. }) | Subject::Root { account } => {
                Some(account)
            }
            _ => None,
        });
    let fill = |text: &String| match &account {
        Some(account) => with_account(text, account),
        None => text.clone(),
    };
    Identity {
        username: fill(&mapping.username),
        groups: groups_once(mapping.groups.iter().map(fill)),
        policies: Vec::new(),
    }
}

/// Groups in order and each once, without the one that everybody has and without empty ones, which no binding can name.
#[must_use]
pub fn groups_once(groups: impl Iterator<Item = String>) -> Vec<String> {
    /// As many are looked through one by one, which is faster than hashing.
    const FEW: usize = 16;
    let mut once: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for group in groups {
        if group.is_empty() || group == AUTHENTICATED {
            continue;
        }
        if once.len() < FEW {
            if !once.contains(&group) {
                once.push(group);
            }
            continue;
        }
        if seen.is_empty() {
            seen.extend(once.iter().cloned());
        }
        if seen.insert(group.clone()) {
            once.push(group);
        }
    }
    once
}
