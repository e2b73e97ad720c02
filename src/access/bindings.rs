//! The bindings that stop or start to match a principal.

use super::identity::{AUTHENTICATED, MASTERS};
use super::rbac::{Binding, Rbac, Subject};
use super::template::Template;
use crate::plan::document::{BindingChange, BindingEffect, Identity};

/// Every subject of every binding that matches only before or only after, sorted.
///
/// A username template matches every user that it can render to. A binding that matches for sure both before and after,
/// by whichever subject, gives the same role to the same principal and does not change.
#[must_use]
pub fn changes(
    before: Option<&Identity>,
    after: Option<&Identity>,
    rbac: &Rbac,
) -> Vec<BindingChange> {
    let (before, after) = (Matcher::of(before), Matcher::of(after));
    let mut changes: Vec<_> = rbac
        .bindings
        .iter()
        .filter(|binding| {
            let surely = |matcher: &Matcher<'_>| {
                binding
                    .subjects
                    .iter()
                    .any(|subject| matcher.matches_surely(subject))
            };
            !(surely(&before) && surely(&after))
        })
        .flat_map(|binding| {
            binding
                .subjects
                .iter()
                .filter(|subject| counts(subject))
                .filter_map(|subject| {
                    let effect = match (before.matches(subject), after.matches(subject)) {
                        (true, false) => BindingEffect::Stops,
                        (false, true) => BindingEffect::Starts,
                        _ => return None,
                    };
                    Some(change(binding, subject, effect))
                })
        })
        .collect();
    changes.sort();
    changes.dedup();
    changes
}

/// Everybody has `system:authenticated`, and `system:masters` may do everything without any binding.
fn counts(subject: &Subject) -> bool {
    !matches!(subject, Subject::Group(name) if name == AUTHENTICATED || name == MASTERS)
}

fn change(binding: &Binding, subject: &Subject, effect: BindingEffect) -> BindingChange {
    BindingChange {
        kind: binding.kind().to_owned(),
        namespace: binding.namespace.clone(),
        name: binding.name.clone(),
        role: format!("{}/{}", binding.role_kind, binding.role_name),
        subject: match subject {
            Subject::User(name) => format!("User/{name}"),
            Subject::Group(name) => format!("Group/{name}"),
        },
        effect,
    }
}

/// Tells which subjects an identity matches.
struct Matcher<'a> {
    usernames: Vec<Template<'a>>,
    groups: Vec<Template<'a>>,
}

impl<'a> Matcher<'a> {
    fn of(identity: Option<&'a Identity>) -> Self {
        Self {
            usernames: identity
                .iter()
                .map(|identity| Template::new(&identity.username))
                .collect(),
            groups: identity
                .iter()
                .flat_map(|identity| &identity.groups)
                .map(|group| Template::new(group))
                .collect(),
        }
    }

    fn matches(&self, subject: &Subject) -> bool {
        self.matching(subject).is_some()
    }

    /// Whether it matches at every login, whatever the session's name.
    fn matches_surely(&self, subject: &Subject) -> bool {
        self.matching(subject).is_some_and(Template::is_literal)
    }

    fn matching(&self, subject: &Subject) -> Option<&Template<'a>> {
        let (name, templates) = match subject {
            Subject::User(name) => (name, &self.usernames),
            Subject::Group(name) => (name, &self.groups),
        };
        // A literal match holds at every login, so it goes before one by a placeholder.
        let mut matching = templates
            .iter()
            .filter(|template| template.can_render(name));
        let first = matching.next()?;
        Some(if first.is_literal() {
            first
        } else {
            matching
                .find(|template| template.is_literal())
                .unwrap_or(first)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> Subject {
        Subject::User(name.to_owned())
    }

    fn group(name: &str) -> Subject {
        Subject::Group(name.to_owned())
    }

    fn identity(username: &str, groups: &[&str]) -> Identity {
        Identity {
            username: username.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            policies: Vec::new(),
        }
    }

    fn described(before: &Identity, after: &Identity, subjects: &[Subject]) -> Vec<String> {
        let rbac = Rbac {
            bindings: vec![Binding {
                namespace: Some("dev".to_owned()),
                name: "readers".to_owned(),
                role_kind: "ClusterRole".to_owned(),
                role_name: "view".to_owned(),
                subjects: subjects.to_vec(),
            }],
        };
        changes(Some(before), Some(after), &rbac)
            .into_iter()
            .map(|change| format!("{} {:?}", change.subject, change.effect))
            .collect()
    }

    #[test]
    fn a_username_template_stops_for_every_user_it_can_be() {
        let before = identity("dev:{{SessionName}}", &[]);
        let after = identity("arn:aws:sts::1:assumed-role/dev/{{SessionName}}", &[]);
        assert_eq!(
            described(
                &before,
                &after,
                &[user("dev:bob"), user("dev:a@b"), user("ops:bob")]
            ),
            ["User/dev:bob Stops"]
        );
    }

    #[test]
    fn a_binding_that_matches_before_and_after_does_not_change() {
        let before = identity("bob", &[]);
        let after = identity("x", &["devs"]);
        let subjects = [user("bob"), group("devs")];
        assert!(described(&before, &after, &subjects).is_empty());
        assert_eq!(
            described(&before, &identity("x", &[]), &subjects),
            ["User/bob Stops"]
        );
        // Only some sessions matched before, all do after.
        assert_eq!(
            described(
                &identity("dev:{{SessionName}}", &[]),
                &after,
                &[user("dev:bob"), group("devs")]
            ),
            ["Group/devs Starts", "User/dev:bob Stops"]
        );
    }

    #[test]
    fn groups_whose_rights_come_from_no_binding_do_not_count() {
        for name in [AUTHENTICATED, MASTERS] {
            let (someone, nobody) = (identity("a", &[name]), identity("a", &[]));
            assert!(described(&someone, &nobody, &[group(name)]).is_empty());
        }
    }
}
