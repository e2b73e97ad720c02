//! Decisions and patterns that match nothing: typing errors, or answers from another time.

use std::collections::BTreeSet;

use super::document::Misfit;
use super::own_entries::Ours;
use crate::choices::Choices;
use crate::decisions::Selector;
use crate::invocation::Flag;
use crate::model::{Arn, Glob};
use crate::observed::{Lookup, Observed};
use crate::reader::Reading;

/// Every decision and pattern that matches no mapping and no live access entry; `used` are answers that decided something.
///
/// What an earlier run decided may be done, with nothing left that it could match.
pub(super) fn of(
    reading: &Reading,
    observed: &Observed,
    choices: &Choices,
    ours: &Ours,
    used: &BTreeSet<usize>,
) -> Vec<Misfit> {
    let live: Vec<_> = observed.entries.iter().flatten().collect();
    let mut misfits = Vec::new();
    let mut nothing = |what: String| {
        misfits.push(Misfit {
            message: format!("{what} matches nothing in aws-auth; correct or remove it"),
            matches_nothing: true,
        });
    };
    let matches = |glob: &Glob| {
        let mut mapped = reading.mappings.iter();
        mapped.any(|mapping| glob.matches(&mapping.arn))
            || live
                .iter()
                .any(|live| glob.matches(&live.entry.principal_arn.to_string()))
    };
    for (option, globs) in [
        (Flag::Only, &choices.only),
        (Flag::Exclude, &choices.exclude),
    ] {
        for glob in globs.iter().filter(|glob| !matches(glob)) {
            nothing(format!("{option} `{}`", glob.as_str()));
        }
    }
    let mapped_group = |name: &str| {
        let mut mappings = reading.mappings.iter();
        mappings.any(|mapping| mapping.groups.iter().any(|group| group == name))
    };
    let live_group = |name: &str| {
        let mut entries = live.iter();
        entries.any(|live| {
            live.entry
                .kubernetes_groups
                .iter()
                .any(|group| group == name)
        })
    };
    let earlier = |is_it: &dyn Fn(&Choices) -> bool| ours.choices.iter().any(is_it);
    for (old, new) in &choices.rename_groups {
        if earlier(&|run| run.rename_groups.get(old) == Some(new)) {
            continue;
        }
        if !mapped_group(old) && !live_group(new) {
            nothing(format!("the new name for the group `{old}`"));
        }
    }
    for (old, new) in &choices.rename_users {
        let is_mapped = reading
            .mappings
            .iter()
            .any(|mapping| mapping.username == *old);
        let is_live = live
            .iter()
            .any(|live| live.entry.username.as_ref() == Some(new));
        let is_done = earlier(&|run| run.rename_users.get(old) == Some(new));
        if !is_mapped && !is_live && !is_done {
            nothing(format!("the new name for the username `{old}`"));
        }
    }
    for (group, policy) in &choices.policies {
        let is_live = live.iter().any(|live| {
            let mut policies = live.entry.access_policies.iter();
            policies.any(|has| has.name() == *policy)
        });
        let is_done = earlier(&|run| run.policies.get(group) == Some(policy));
        if !mapped_group(group) && !is_live && !is_done {
            nothing(format!("the policy for the group `{group}`"));
        }
    }
    for (index, answer) in choices.answers.iter().enumerate() {
        let about = |written: &str, real: Option<&Arn>| answer.is_about(written, real);
        let is_matched = match answer.selector() {
            Some(Selector::Code(_)) => used.contains(&index) || !live.is_empty(),
            _ => {
                used.contains(&index)
                    || reading.mappings.iter().any(|mapping| about(&mapping.arn, None))
                    || live.iter().any(|live| {
                        let arn = &live.entry.principal_arn;
                        about(&arn.to_string(), Some(arn))
                    })
                    || observed.principals.values().any(|lookup| {
                        matches!(lookup, Lookup::Found { arn, .. } if about(&arn.to_string(), None))
                    })
            }
        };
        if !is_matched && !earlier(&|run| run.answers.contains(answer)) {
            nothing(format!(
                "{}the decision `{}` for `{}`",
                answer.line,
                answer.what.as_str(),
                answer.subject()
            ));
        }
    }
    misfits
}
