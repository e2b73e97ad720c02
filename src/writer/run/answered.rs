//! What an answer says, held against what was asked for.

use std::collections::BTreeSet;

use crate::aws::CallReply;
use crate::model::{AccessEntry, AccessScope};
use crate::plan::ActionKind;
use crate::plan::compare::identity_differences;

/// Whether the answer to a call says what was asked for; one that leaves it out does not.
///
/// EKS answers a creation and an update with the entry, an association with the policy and its scope, and a deletion or
/// disassociation with nothing.
pub(super) fn says_what_was_asked(
    kind: &ActionKind,
    before: Option<&AccessEntry>,
    answer: &CallReply,
) -> bool {
    match kind {
        ActionKind::CreateAccessEntry { .. } | ActionKind::UpdateAccessEntry { .. } => {
            let before = before.or(answer.entry.as_ref()).cloned();
            let wanted = kind.applied_to(before);
            match (wanted, &answer.entry) {
                (Some(wanted), Some(answered)) => {
                    wanted.principal_arn == answered.principal_arn
                        && identity_differences(&wanted, answered).is_empty()
                        && has_tags(kind, answered)
                }
                _ => false,
            }
        }
        ActionKind::AssociateAccessPolicy {
            policy_arn,
            access_scope,
            ..
        } => answer.association.as_ref().is_some_and(|answered| {
            answered.policy_arn == *policy_arn && is_same(&answered.access_scope, access_scope)
        }),
        ActionKind::UpdateAuthenticationMode { .. }
        | ActionKind::DeleteAccessEntry { .. }
        | ActionKind::DisassociateAccessPolicy { .. } => true,
    }
}

/// Whether an entry has all the tags that it was to be created with: they say whose it is.
fn has_tags(kind: &ActionKind, answered: &AccessEntry) -> bool {
    let ActionKind::CreateAccessEntry { tags, .. } = kind else {
        return true;
    };
    tags.iter()
        .all(|(key, value)| answered.tags.get(key) == Some(value))
}

fn is_same(one: &AccessScope, other: &AccessScope) -> bool {
    let names = |scope: &AccessScope| scope.namespaces.iter().cloned().collect::<BTreeSet<_>>();
    one.kind == other.kind && names(one) == names(other)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{EntryType, PolicyAssociation};

    fn create() -> ActionKind {
        ActionKind::CreateAccessEntry {
            principal_arn: "arn:aws:iam::111122223333:role/ops".parse().unwrap(),
            entry_type: EntryType::Standard,
            username: Some("ops".to_owned()),
            kubernetes_groups: vec!["a".to_owned(), "b".to_owned()],
            tags: BTreeMap::from([("run".to_owned(), "1".to_owned())]),
        }
    }

    fn answer(change: impl FnOnce(&mut AccessEntry)) -> CallReply {
        let mut entry = create().applied_to(None).unwrap();
        change(&mut entry);
        CallReply {
            entry: Some(entry),
            ..CallReply::default()
        }
    }

    #[test]
    fn an_entry_is_as_asked_only_if_all_of_it_is() {
        let says = |answer: &CallReply| says_what_was_asked(&create(), None, answer);
        assert!(says(&answer(|_| {})));
        assert!(says(&answer(|entry| entry.kubernetes_groups.reverse())));
        assert!(!says(&CallReply::default()), "it says nothing");
        let other = |name: &str| format!("arn:aws:iam::111122223333:role/{name}").parse();
        for (what, wrong) in [
            ("groups", answer(|entry| entry.kubernetes_groups.clear())),
            (
                "username",
                answer(|entry| entry.username = Some("x".to_owned())),
            ),
            (
                "type",
                answer(|entry| entry.entry_type = EntryType::Ec2Linux),
            ),
            ("tags", answer(|entry| entry.tags.clear())),
            (
                "principal",
                answer(|entry| entry.principal_arn = other("x").unwrap()),
            ),
        ] {
            assert!(!says(&wrong), "{what}");
        }
    }

    #[test]
    fn an_update_is_as_asked_whatever_the_rest_of_the_entry_is() {
        let update = ActionKind::UpdateAccessEntry {
            principal_arn: "arn:aws:iam::111122223333:role/ops".parse().unwrap(),
            username: Some("ops".to_owned()),
            kubernetes_groups: vec!["a".to_owned(), "b".to_owned()],
        };
        assert!(says_what_was_asked(&update, None, &answer(|_| {})));
        let wrong = answer(|entry| entry.kubernetes_groups.push("c".to_owned()));
        assert!(!says_what_was_asked(&update, None, &wrong));
    }

    #[test]
    fn an_association_is_as_asked_with_its_policy_and_scope() {
        let policy = PolicyAssociation::cluster_wide("aws", "AmazonEKSViewPolicy");
        let kind = ActionKind::AssociateAccessPolicy {
            principal_arn: "arn:aws:iam::111122223333:role/ops".parse().unwrap(),
            policy_arn: policy.policy_arn.clone(),
            access_scope: policy.access_scope.clone(),
        };
        let answer = |association| CallReply {
            association: Some(association),
            ..CallReply::default()
        };
        assert!(says_what_was_asked(&kind, None, &answer(policy.clone())));
        let narrower = PolicyAssociation {
            access_scope: AccessScope {
                kind: crate::model::access_policy::ScopeKind::Namespace,
                namespaces: vec!["a".to_owned()],
            },
            ..policy
        };
        assert!(!says_what_was_asked(&kind, None, &answer(narrower)));
        assert!(!says_what_was_asked(&kind, None, &CallReply::default()));
    }
}
