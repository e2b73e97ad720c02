//! The bindings that stop or start to match a principal.

use std::collections::BTreeSet;

use super::identity::{AUTHENTICATED, MASTERS};
use super::template::{Template, same_session};
use crate::model::rbac::{Binding, BindingCopy, Rbac, Subject};
use crate::model::{BindingChange, BindingEffect, Identity};

/// The bindings that change for a principal, and whether roles are lost or gained with them.
///
/// Rights come from roles and not from bindings: a binding that stops loses nothing where another one that gives the
/// same role in the same place matches for sure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Every subject of every binding that matches only before or only after, sorted.
    pub bindings: Vec<BindingChange>,
    /// Whether a role is lost.
    pub loses: bool,
    /// Whether a role is gained.
    pub gains: bool,
}

/// Compares which bindings match: `before` among those that are there, `after` with the `planned` copies beside them.
///
/// A username template matches every user that it can render to. A binding that matches for sure both before and after,
/// by whichever subject, gives the same role to the same principal and does not change. A copy makes up for its original
/// where the same session has both names.
#[must_use]
pub fn changes(
    before: Option<&Identity>,
    after: Option<&Identity>,
    rbac: &Rbac,
    planned: &[BindingCopy],
) -> Changes {
    let (before, after) = (Matcher::of(before), Matcher::of(after));
    let copies = || planned.iter().map(|copy| &copy.binding);
    let roles_before: BTreeSet<_> = before.roles(rbac.bindings.iter()).collect();
    let roles_after: BTreeSet<_> = after
        .roles(rbac.bindings.iter())
        .chain(after.roles(copies()))
        .collect();
    let mut result = Changes::default();
    for binding in &rbac.bindings {
        for (subject, effect) in changes_of(binding, &before, &after) {
            let is_made_up_for = || {
                planned.iter().any(|copy| {
                    role(&copy.binding) == role(binding)
                        && copy.of == *subject
                        && before.has_same_sessions(&after, copy)
                })
            };
            match effect {
                BindingEffect::Stops => {
                    result.loses |= !roles_after.contains(&role(binding)) && !is_made_up_for();
                }
                BindingEffect::Starts => result.gains |= !roles_before.contains(&role(binding)),
            }
            result.bindings.push(change(binding, subject, effect));
        }
    }
    for copy in planned {
        for (subject, effect) in changes_of(&copy.binding, &Matcher::of(None), &after) {
            let makes_up = before.matches(&copy.of) && before.has_same_sessions(&after, copy);
            result.gains |= !makes_up && !roles_before.contains(&role(&copy.binding));
            result.bindings.push(change(&copy.binding, subject, effect));
        }
    }
    result.bindings.sort();
    result.bindings.dedup();
    result
}

/// What a binding gives, and where.
fn role(binding: &Binding) -> (Option<&str>, &str, &str) {
    (
        binding.namespace.as_deref(),
        &binding.role_kind,
        &binding.role_name,
    )
}

fn changes_of<'b>(
    binding: &'b Binding,
    before: &Matcher<'_>,
    after: &Matcher<'_>,
) -> Vec<(&'b Subject, BindingEffect)> {
    if before.is_surely_bound(binding) && after.is_surely_bound(binding) {
        return Vec::new();
    }
    binding
        .subjects
        .iter()
        .filter(|subject| counts(subject))
        .flat_map(|subject| {
            let (old, new) = (before.matching(subject), after.matching(subject));
            let (stops, starts) = match (old, new) {
                (None, None) => (false, false),
                (Some(_), None) => (true, false),
                (None, Some(_)) => (false, true),
                (Some(old), Some(new)) => match (old.is_literal(), new.is_literal()) {
                    (true, true) => (false, false),
                    (true, false) => (true, false),
                    (false, true) => (false, true),
                    // Both match at some logins, which may be others.
                    (false, false) => {
                        let name = name_of(subject);
                        let differ = old != new && !same_session(old, name, new, name);
                        (differ, differ)
                    }
                },
            };
            let stops = stops.then_some((subject, BindingEffect::Stops));
            let starts = starts.then_some((subject, BindingEffect::Starts));
            stops.into_iter().chain(starts)
        })
        .collect()
}

fn name_of(subject: &Subject) -> &str {
    let (Subject::User(name) | Subject::Group(name)) = subject;
    name
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

/// Which subjects an identity matches.
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

    /// The roles that are given at every login.
    fn roles<'b>(
        &self,
        bindings: impl Iterator<Item = &'b Binding>,
    ) -> impl Iterator<Item = (Option<&'b str>, &'b str, &'b str)> {
        bindings
            .filter(|binding| self.is_surely_bound(binding))
            .map(role)
    }

    fn is_surely_bound(&self, binding: &Binding) -> bool {
        binding
            .subjects
            .iter()
            .any(|subject| self.matches_surely(subject))
    }

    fn matches(&self, subject: &Subject) -> bool {
        self.matching(subject).is_some()
    }

    /// Whether exactly the sessions that have the original's name before have the copy's name after.
    fn has_same_sessions(&self, after: &Self, copy: &BindingCopy) -> bool {
        let new = copy.binding.subjects.first();
        match (&copy.of, new) {
            (Subject::User(old), Some(Subject::User(new))) => {
                let pair = self.usernames.first().zip(after.usernames.first());
                pair.is_some_and(|(before, after)| same_session(before, old, after, new))
            }
            (Subject::Group(_), Some(new @ Subject::Group(_))) => {
                self.matches_surely(&copy.of) && after.matches_surely(new)
            }
            _ => false,
        }
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
            ..Identity::default()
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
            ..Rbac::default()
        };
        changes(Some(before), Some(after), &rbac, &[])
            .bindings
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
    fn a_role_that_another_binding_gives_is_not_lost() {
        let binding = |name: &str, role_name: &str, group_name: &str| Binding {
            namespace: None,
            name: name.to_owned(),
            role_kind: "ClusterRole".to_owned(),
            role_name: role_name.to_owned(),
            subjects: vec![group(group_name)],
        };
        let (before, after) = (identity("a", &["old"]), identity("a", &["new"]));
        let now = Rbac {
            bindings: vec![binding("old", "view", "old")],
            ..Rbac::default()
        };
        let copy = |name: &str, role: &str, new: &str| BindingCopy {
            binding: binding(name, role, new),
            of: group("old"),
        };
        let moved = |planned: &[BindingCopy]| changes(Some(&before), Some(&after), &now, planned);
        assert!(moved(&[]).loses);
        assert!(moved(&[copy("other", "edit", "new")]).loses);
        let planned = [copy("copy", "view", "new")];
        let same = moved(&planned);
        assert!(!same.loses && !same.gains);
        assert_eq!(same.bindings.len(), 2);
        // Whoever has the new name already, and not the old one, gains what is planned for it.
        assert!(changes(Some(&after), Some(&after), &now, &planned).gains);
    }

    #[test]
    fn a_name_that_other_sessions_get_is_another_binding() {
        let before = identity("{{SessionName}}", &[]);
        let after = identity("{{SessionNameRaw}}", &[]);
        assert_eq!(
            described(&before, &after, &[user("a-b")]),
            ["User/a-b Stops", "User/a-b Starts"]
        );
        assert!(described(&before, &before, &[user("a-b")]).is_empty());
    }

    #[test]
    fn a_copy_for_a_renamed_user_keeps_each_session_its_role() {
        let binding = |name: &str, subject: Subject| Binding {
            namespace: None,
            name: name.to_owned(),
            role_kind: "ClusterRole".to_owned(),
            role_name: "view".to_owned(),
            subjects: vec![subject],
        };
        let now = Rbac {
            bindings: vec![binding("alice", user("alice"))],
            ..Rbac::default()
        };
        let copy = BindingCopy {
            binding: binding("copy", user("session:alice")),
            of: user("alice"),
        };
        let before = identity("{{SessionName}}", &[]);
        let moved = |username: &str, planned: &[BindingCopy]| {
            let after = identity(username, &[]);
            let changes = changes(Some(&before), Some(&after), &now, planned);
            (changes.loses, changes.gains)
        };
        let copies = std::slice::from_ref(&copy);
        assert_eq!(moved("session:{{SessionName}}", &[]), (true, false));
        assert_eq!(moved("session:{{SessionName}}", copies), (false, false));
        // Every session would be alice then, not only alice's own.
        assert_eq!(moved("session:alice", copies), (false, true));
        assert_eq!(moved("session:{{SessionNameRaw}}", copies), (true, true));
    }

    #[test]
    fn groups_whose_rights_come_from_no_binding_do_not_count() {
        for name in [AUTHENTICATED, MASTERS] {
            let (someone, nobody) = (identity("a", &[name]), identity("a", &[]));
            assert!(described(&someone, &nobody, &[group(name)]).is_empty());
        }
    }

    /// What a placeholder can be called is no more than a maybe, and the name itself is not.
    #[test]
    fn a_group_that_is_named_is_matched_by_its_name_before_any_placeholder() {
        let before = identity("a", &["devs"]);
        let after = identity("a", &["{{SessionName}}", "devs"]);
        assert!(described(&before, &after, &[group("devs")]).is_empty());
        let only_some = identity("a", &["{{SessionName}}", "{{SessionNameRaw}}"]);
        assert_eq!(
            described(&before, &only_some, &[group("devs")]),
            ["Group/devs Stops"]
        );
    }

    #[test]
    fn a_name_that_the_same_sessions_get_is_the_same_binding() {
        let two = identity("{{SessionName}}-{{SessionNameRaw}}", &[]);
        assert!(described(&two, &two, &[user("a-b")]).is_empty());
        // Only the session `a` is called so, by either.
        let (one, other) = (
            identity("aa{{SessionName}}", &[]),
            identity("a{{SessionName}}a", &[]),
        );
        assert!(described(&one, &other, &[user("aaa")]).is_empty());
        assert_eq!(described(&one, &other, &[user("aaba")]).len(), 2);
    }

    #[test]
    fn a_copy_for_a_renamed_group_makes_up_only_for_what_every_session_has() {
        let binding = |name: &str, subject: Subject| Binding {
            namespace: None,
            name: name.to_owned(),
            role_kind: "ClusterRole".to_owned(),
            role_name: "view".to_owned(),
            subjects: vec![subject],
        };
        let now = Rbac {
            bindings: vec![binding("old", group("old"))],
            ..Rbac::default()
        };
        let copies = [BindingCopy {
            binding: binding("copy", group("new")),
            of: group("old"),
        }];
        let moved = |before: &str, after: &str| {
            let (before, after) = (identity("a", &[before]), identity("a", &[after]));
            let changes = changes(Some(&before), Some(&after), &now, &copies);
            (changes.loses, changes.gains)
        };
        assert_eq!(moved("old", "new"), (false, false));
        assert_eq!(moved("old", "{{SessionName}}"), (true, false));
        assert_eq!(moved("{{SessionName}}", "new"), (false, true));
    }
}
