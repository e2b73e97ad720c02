//! Why a move waits for a decision, in words.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Gate, Move, Update};
use crate::access::template::Template;
use crate::decisions::{Accept, Do};
use crate::finding::{Code, Finding, Severity};
use crate::invocation::Advice;
use crate::model::rbac::Subject;
use crate::model::{AccessChange, BindingChange, BindingEffect, Identity, Sessions, Verdict};
use crate::plan::document::Misfit;
use crate::yaml;

/// How many groups and policies a sentence names; a mapping can have as many as a ConfigMap has room for.
const MOST_NAMED: usize = 20;

impl Gate<'_> {
    /// The question, by what moves.
    pub(super) fn finding(&self, asked: &Move<'_>) -> Finding {
        let change = asked.change;
        let fix = fix(asked);
        if change.verdict.is_none() {
            return Finding::new(
                Code::NamesUnproven,
                format!(
                    "{}, and the bindings could not be read",
                    names_in_words(change)
                ),
                Advice::PassRbac,
            );
        }
        if let (Some(before), Some(after)) = (&change.before, &change.after)
            && (before.sessions, after.sessions) == (Sessions::Instances, Sessions::All)
        {
            return Finding::new(
                Code::SessionsGained,
                "today only sessions named like an EC2 instance id get in; the access entry would let every session in",
                fix,
            );
        }
        self.unbound_rename(asked)
            .or_else(|| by_binding(asked, &fix))
            .unwrap_or_else(|| Finding::new(Code::AccessMoves, moves_in_words(change), fix))
    }

    /// A renamed group whose old name is bound to what the new one is not.
    fn unbound_rename(&self, asked: &Move<'_>) -> Option<Finding> {
        if asked.change.verdict != Some(Verdict::Lost) {
            return None;
        }
        let mapping = asked.question.mapping;
        let stops = |binding: &&BindingChange| binding.effect == BindingEffect::Stops;
        let mut stopping = asked.change.bindings.iter().flatten().filter(stops);
        let (old, new, binding) = stopping.find_map(|binding| {
            let old = binding.subject.strip_prefix("Group/")?;
            let new = self.choices.rename_groups.get(old)?;
            let is_mapped = mapping.groups.iter().any(|group| group == old);
            is_mapped.then_some((old, new, binding))
        })?;
        Some(Finding::new(
            Code::RenamedGroupUnbound,
            format!(
                "the {} `{}` gives `{}` to the group `{old}`, and no binding gives it to `{new}`",
                binding.kind, binding.name, binding.role
            ),
            Advice::ApplyRbac,
        ))
    }

    /// Says that a new name is somebody else's already.
    pub(super) fn uses_taken_name(&self, asked: &Move<'_>) -> Option<Finding> {
        let name = |subject: &&Subject| match subject {
            Subject::Group(group) => asked.entry.kubernetes_groups.contains(group),
            Subject::User(user) => asked
                .entry
                .username
                .as_ref()
                .is_some_and(|username| Template::new(username).can_render(user)),
        };
        let (Subject::Group(taken) | Subject::User(taken)) = self.taken.iter().find(name)?;
        Some(Finding::new(
            Code::NewNameTaken,
            format!(
                "somebody else already has the new name `{taken}`, and its bindings would give them more access"
            ),
            "choose a name that nobody has",
        ))
    }
}

pub(super) fn other_move(asked: &Move<'_>, accept: &Accept) -> Misfit {
    let written = |accept: Option<&Accept>| {
        accept
            .and_then(|accept| serde_json::to_string(accept).ok())
            .unwrap_or_else(|| "an unknown change".to_owned())
    };
    let mapping = asked.question.mapping;
    Misfit {
        message: format!(
            "{}the decision for `{}` accepts {}, and {} would be {}",
            asked
                .question
                .answer
                .map(|answer| answer.line)
                .unwrap_or_default(),
            mapping.arn,
            written(Some(accept)),
            mapping.id,
            written(Accept::exactly(asked.change).as_ref()),
        ),
        matches_nothing: false,
    }
}

pub(super) fn unknown(asked: &Move<'_>) -> Finding {
    Finding::new(
        Code::InForceUnknown,
        format!(
            "mappings name `{}` with several paths, and the real one could not be looked up",
            asked.question.mapping.arn
        ),
        Advice::ReadUserOrPrincipals,
    )
}

/// A binding that stops or starts: more than today first, since nobody has asked for that.
fn by_binding(asked: &Move<'_>, fix: &str) -> Option<Finding> {
    let mut bindings: Vec<&BindingChange> = asked.change.bindings.iter().flatten().collect();
    bindings.sort_by_key(|binding| binding.effect == BindingEffect::Stops);
    let binding = bindings.first()?;
    let (BindingChange {
        kind,
        name,
        role,
        subject,
        ..
    },) = (binding,);
    let user = subject.strip_prefix("User/");
    Some(match (binding.effect, user) {
        (BindingEffect::Starts, _) => error(
            Code::BindingGained,
            format!("the {kind} `{name}` would give `{role}` to it, as `{subject}`"),
            fix,
        ),
        (BindingEffect::Stops, Some(user)) => error(
            Code::UsernameInUse,
            format!(
                "the username can't be kept, and the {kind} `{name}` gives `{role}` to the user `{user}`"
            ),
            fix,
        ),
        (BindingEffect::Stops, None) => error(
            Code::BindingLost,
            format!("the {kind} `{name}` would no longer give `{role}` to it, as `{subject}`"),
            fix,
        ),
    })
}

fn error(code: Code, message: String, fix: &str) -> Finding {
    Finding {
        severity: Severity::Error,
        ..Finding::new(code, message, fix)
    }
}

/// The line of the decisions file that accepts exactly this move.
fn fix(asked: &Move<'_>) -> String {
    let Some(accept) = Accept::exactly(asked.change) else {
        return String::new();
    };
    if accept.groups.as_ref().map_or(0, BTreeSet::len) > MOST_NAMED {
        return Advice::WriteAnswer.into();
    }
    let what = if asked.update == Update::No {
        Do::Migrate
    } else {
        Do::UpdateLive
    };
    let line = json!({
        "principal": asked.question.mapping.arn,
        "do": what.as_str(),
        "accept": accept,
    });
    // Hidden characters as escapes, so that the line can be pasted as it is printed.
    let line = yaml::json_line(&line);
    format!("to accept exactly this move, in the decisions file: `{line}`")
}

/// What somebody would gain and lose, in words.
pub(in crate::plan) fn moves_in_words(change: &AccessChange) -> String {
    let side = |one: Option<&Identity>, other: Option<&Identity>| -> Vec<String> {
        let Some(identity) = one else {
            return Vec::new();
        };
        let others = other.map(|other| other.counted_groups(one));
        let others = others.unwrap_or_default();
        let groups = identity.counted_groups(other).into_iter();
        let groups = groups
            .filter(|group| !others.contains(group))
            .map(|group| format!("the group `{group}`"));
        let policies = identity.policies.iter().filter(|policy| {
            other.is_none_or(|other| !other.policies.contains(policy))
                && !identity.is_cluster_admin()
        });
        groups
            .chain(policies.map(|policy| format!("the policy `{policy}`")))
            .collect()
    };
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let (lost, gained) = (side(before, after), side(after, before));
    let mut parts = Vec::new();
    for (verb, what) in [("lose", lost), ("gain", gained)] {
        if !what.is_empty() {
            let more = what.len().saturating_sub(MOST_NAMED);
            let named = what[..what.len() - more].join(", ");
            parts.push(match more {
                0 => format!("{verb} {named}"),
                _ => format!("{verb} {named} and {more} more"),
            });
        }
    }
    match (parts.is_empty(), before, after) {
        (false, ..) => format!("it would {}", parts.join(" and ")),
        (true, None, Some(_)) => "it would gain access that it does not have today".to_owned(),
        (true, Some(_), None) => "it would lose its access".to_owned(),
        _ => "it would log in as another user or node".to_owned(),
    }
}

fn names_in_words(change: &AccessChange) -> String {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) if before.username != after.username => {
            format!(
                "the username `{}` would become `{}`",
                before.username, after.username
            )
        }
        _ => "names would change".to_owned(),
    }
}
