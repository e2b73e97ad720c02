//! Counts what a plan said against what became of everybody.

use std::collections::BTreeMap;

use aws_auth_migrate::choices::{Choices, OnExisting};
use aws_auth_migrate::decisions::{Accept, Answer, Do};
use serde_json::Value;

use crate::plain::{Moved, Person};
use crate::tell::tell;

/// The counts over many clusters.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) clusters: usize,
    /// Plans that were refused for a decision that does not fit.
    pub(crate) refused: usize,
    /// Principals with each of their logins.
    pub(crate) pairs: usize,
    /// Entries that were made or changed and moved nothing.
    pub(crate) kept: usize,
    /// Entries that moved exactly what somebody decided.
    pub(crate) decided: usize,
    /// Mappings that wait for a decision.
    pub(crate) blocked: usize,
    /// Said to be the same or renamed, and it is neither.
    pub(crate) silent: Vec<String>,
    /// Moved, and nobody decided so.
    pub(crate) admitted: Vec<String>,
}

impl Tally {
    /// Takes in one cluster: its plan, the choices it was made with, and what became of everybody.
    pub(crate) fn add(
        &mut self,
        plan: &Value,
        choices: &Choices,
        are_bindings_read: bool,
        moved: &BTreeMap<Person, Moved>,
        shown: &dyn Fn() -> String,
    ) {
        self.clusters += 1;
        let mappings = plan["mappings"].as_array().unwrap();
        self.blocked += mappings
            .iter()
            .filter(|mapping| !mapping["blocker"].is_null())
            .count();
        for (person, moved) in moved {
            self.pairs += person.logins().len();
            let Some(mapping) = acting(plan, person) else {
                if !moved.is_nothing() {
                    self.admitted.push(format!(
                        "{}: no action, {moved:?}\n{}",
                        person.arn(),
                        shown()
                    ));
                }
                continue;
            };
            // EKS refused the principal, whose path nobody could look up.
            if mapping["outcome"] == "blocked" && moved.is_nothing() && !moved.is_renamed {
                continue;
            }
            let verdict = mapping["access"]["verdict"].as_str().unwrap_or("unknown");
            let is_covered = is_covered(plan, choices, are_bindings_read, person, moved);
            let told = || format!("{}: {moved:?}\n{mapping:#}\n{}", person.arn(), shown());
            if matches!(verdict, "same" | "renamed") {
                if is_covered {
                    self.kept += 1;
                } else {
                    self.silent.push(told());
                }
            } else if is_covered {
                self.decided += 1;
            } else {
                self.admitted.push(told());
            }
        }
    }

    /// Shows three of each kind that went wrong, and the first line of some more.
    pub(crate) fn tell_wrong(&self) {
        for wrong in [&self.silent, &self.admitted] {
            for one in wrong.iter().take(3) {
                tell(one);
            }
            for one in wrong.iter().skip(3).take(30) {
                tell(one.lines().next().unwrap_or_default());
            }
        }
    }

    /// The counts in one line.
    pub(crate) fn told(&self, what: &str) -> String {
        format!(
            "{what}: {} clusters ({} refused), {} (principal, login) pairs, {} entries moved nothing, {} as decided, \
             {} mappings blocked; silent {}, admitted {}",
            self.clusters,
            self.refused,
            self.pairs,
            self.kept,
            self.decided,
            self.blocked,
            self.silent.len(),
            self.admitted.len()
        )
    }
}

/// Whether a plan and the choices it was made with cover what became of somebody, at its end or on the way there.
pub(crate) fn is_covered(
    plan: &Value,
    choices: &Choices,
    are_bindings_read: bool,
    person: &Person,
    moved: &Moved,
) -> bool {
    let Some(mapping) = acting(plan, person) else {
        return false;
    };
    let verdict = mapping["access"]["verdict"].as_str().unwrap_or("unknown");
    match verdict {
        "same" => moved.fits(verdict),
        "renamed" if are_bindings_read => moved.fits(verdict),
        _ => is_decided(person, mapping, moved, choices, are_bindings_read),
    }
}

/// The mapping for which an action on somebody's entry is planned.
fn acting<'p>(plan: &'p Value, person: &Person) -> Option<&'p Value> {
    let actions = plan["actions"].as_array()?;
    let action = actions.iter().find(|action| {
        action["principalArn"]
            .as_str()
            .is_some_and(|arn| is_same(arn, person))
    })?;
    let mappings = plan["mappings"].as_array()?;
    mappings
        .iter()
        .find(|mapping| mapping["id"] == action["mapping"])
}

/// Names are unique in an account, whatever the path.
fn is_same(arn: &str, person: &Person) -> bool {
    let kind = if person.is_role { ":role/" } else { ":user/" };
    let name = arn.rsplit('/').next().unwrap_or_default();
    arn.contains(kind) && arn.contains(&person.account) && name.eq_ignore_ascii_case(&person.name)
}

fn is_decided(
    person: &Person,
    mapping: &Value,
    moved: &Moved,
    choices: &Choices,
    are_bindings_read: bool,
) -> bool {
    let verdict = mapping["access"]["verdict"].as_str();
    let is_first_access = mapping["access"]["before"].is_null() && moved.lost.is_empty();
    if choices.include_inert && is_first_access {
        return true;
    }
    let is_update = mapping["outcome"] == "update";
    let arn = mapping["arn"].as_str().unwrap_or_default();
    let is_about = |answer: &&Answer| {
        answer.principal.as_ref().is_some_and(|principal| {
            principal.eq_ignore_ascii_case(arn) || principal.eq_ignore_ascii_case(&person.arn())
        })
    };
    let Some(answer) = choices.answers.iter().find(is_about) else {
        // `--on-existing update` is the answer `update-live` for everybody.
        return is_update
            && choices.on_existing == OnExisting::Update
            && verdict.is_some_and(|verdict| moved.fits(verdict));
    };
    match (answer.what, &answer.accept) {
        (Do::UpdateLive, None) => is_update,
        (Do::UpdateLive | Do::Migrate, Some(accept)) => {
            accepts(accept, verdict, moved, are_bindings_read)
        }
        _ => false,
    }
}

/// Whether a decision covers all that moved.
fn accepts(accept: &Accept, verdict: Option<&str>, moved: &Moved, are_bindings_read: bool) -> bool {
    let named = accept.verdict.as_str();
    let is_named = named == verdict.unwrap_or("renamed");
    let groups = accept.groups.as_ref();
    // A template is accepted with whatever a session's name makes of it.
    let is_accepted = |groups: &std::collections::BTreeSet<String>| {
        moved.groups.is_subset(groups) || groups.iter().any(|group| group.contains("{{"))
    };
    let has_groups = groups.is_none_or(is_accepted);
    // Where nobody could read bindings, a name that is accepted is accepted with whatever it is bound to.
    is_named && has_groups && (!are_bindings_read || moved.fits(named))
}
