//! The gate: an action is in the plan only if it moves nobody's access, or a decision accepts exactly that move.
//!
//! This is the one place that turns a move into a question. It reads values, the access before and after, and neither
//! finding codes nor texts.

mod reasons;
mod tag;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::build::{OpenMapping, decided};
use super::document::{Blocker, Decided, DecidedBy, Misfit};
use crate::access::template::Template;
use crate::access::{
    Bindings, ClusterAccess, compare, equal_policy, identity_of_entry, planned_bindings,
};
use crate::choices::{Choices, OnExisting};
use crate::decisions::Do;
use crate::finding::{Code, Finding};
use crate::model::rbac::{BindingCopy, Subject};
use crate::model::{AccessChange, AccessEntry, Identity, Principal, Verdict};
use crate::observed::Observed;
use crate::reader::Reading;

use reasons::{other_move, unknown};

pub(super) use reasons::moves_in_words;
pub use tag::ACCEPTED_TAG;
pub(crate) use tag::is_as_tagged;
pub(super) use tag::{is_tagged, tag};

/// Decides about moves; made once for a plan.
#[derive(Debug)]
pub(super) struct Gate<'a> {
    observed: &'a Observed,
    choices: &'a Choices,
    /// Bindings for new names that will be there once the plan is applied.
    copies: Vec<BindingCopy>,
    /// Groups that are proven to equal the policy that was chosen for them.
    policies: BTreeMap<String, String>,
    /// New names that somebody already has who would gain by their bindings.
    taken: BTreeSet<Subject>,
}

/// A move that somebody's access would make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move<'a> {
    pub(super) question: &'a OpenMapping<'a>,
    /// The entry that would be there.
    pub(super) entry: &'a AccessEntry,
    pub(super) change: &'a AccessChange,
    /// Whether a live entry is changed, and to what.
    pub(super) update: Update,
}

/// Whether a move changes a live entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Update {
    /// There is no live entry to change.
    No,
    /// It is changed to exactly what the mapping gives, so that `update-live` says all there is to decide.
    ToMapping,
    /// It is changed to what can be made of the mapping, which gives other access.
    ToOther,
}

/// What the gate says.
#[derive(Debug)]
pub(super) enum GateRuling {
    /// The action may be planned; by a decision where it moves anything.
    Open(Option<Decided>),
    /// It waits for a decision, with the question, and the answer that did not fit.
    Blocked(Blocker, Finding, Option<Misfit>),
}

impl<'a> Gate<'a> {
    pub(super) fn new(
        reading: &Reading,
        observed: &'a Observed,
        choices: &'a Choices,
        cluster: &ClusterAccess<'_>,
    ) -> Self {
        let copies = match &observed.rbac {
            Some(rbac) if choices.bind_renamed => planned_bindings(choices.renames(), rbac),
            _ => Vec::new(),
        };
        let (policies, _) = equal_policy::proven(&choices.policies, observed.rbac.as_ref());
        Self {
            taken: taken(reading, observed, cluster, &copies),
            observed,
            choices,
            copies,
            policies,
        }
    }

    /// Bindings as they are now.
    pub(super) fn as_read(&self) -> Bindings<'_> {
        Bindings {
            read: self.observed.rbac.as_ref(),
            planned: &[],
            policies: Some(&self.policies),
        }
    }

    /// What changes once an entry is there and the bindings for new names are.
    pub(super) fn compare(
        &self,
        before: Option<&Arc<Identity>>,
        entry: &AccessEntry,
    ) -> AccessChange {
        let after = identity_of_entry(entry).map(Arc::new);
        let bindings = Bindings {
            planned: &self.copies,
            ..self.as_read()
        };
        compare(before, after.as_ref(), bindings)
    }

    /// Rules on a move.
    pub(super) fn rule(&self, asked: &Move<'_>) -> GateRuling {
        let question = asked.question;
        if !question.in_force.is_known() {
            return GateRuling::Blocked(Blocker::InForceUnknown, unknown(asked), None);
        }
        if let Some(taken) = self.uses_taken_name(asked) {
            return GateRuling::Blocked(Blocker::NewNameTaken, taken, None);
        }
        if asked.change.keeps_access() {
            return open_without_move(asked);
        }
        let from_nothing = asked.change.before.is_none();
        if self.choices.include_inert && !question.grants_today && from_nothing {
            return GateRuling::Open(Some(Decided {
                what: Do::Migrate,
                reason: None,
                by: DecidedBy::Option,
            }));
        }
        let blocker = match asked.change.verdict {
            Some(_) => Blocker::AccessMoves,
            None => Blocker::BindingsUnread,
        };
        let blocked = |misfit| GateRuling::Blocked(blocker, self.finding(asked), misfit);
        let Some(answer) = question.answer else {
            // The short form of `update-live` for everybody.
            return if asked.update == Update::ToMapping
                && self.choices.on_existing == OnExisting::Update
                && is_known(asked.change)
            {
                GateRuling::Open(Some(Decided {
                    what: Do::UpdateLive,
                    reason: None,
                    by: DecidedBy::Option,
                }))
            } else {
                blocked(None)
            };
        };
        let goes_with = match answer.what {
            Do::Migrate => true,
            Do::UpdateLive => asked.update != Update::No,
            _ => false,
        };
        match &answer.accept {
            Some(accept) if goes_with && accept.covers(asked.change, answer.is_exact()) => {
                GateRuling::Open(Some(decided(answer)))
            }
            Some(accept) if goes_with => blocked(Some(other_move(asked, accept))),
            None if answer.what == Do::UpdateLive && asked.update == Update::ToMapping => {
                GateRuling::Open(Some(decided(answer)))
            }
            _ => blocked(None),
        }
    }
}

/// Nothing moves; an answer that accepts a move is out of date.
fn open_without_move(asked: &Move<'_>) -> GateRuling {
    let answer = asked.question.answer;
    let accept = answer.and_then(|answer| answer.accept.as_ref());
    match accept {
        Some(accept) if Some(accept.verdict) != asked.change.verdict => GateRuling::Blocked(
            Blocker::AccessMoves,
            Finding::new(
                Code::AccessMoves,
                "the decision accepts a change that would not happen",
                "remove the answer from the decisions file",
            ),
            Some(other_move(asked, accept)),
        ),
        _ => GateRuling::Open(
            answer
                .filter(|answer| matches!(answer.what, Do::Migrate | Do::UpdateLive))
                .map(decided)
                .filter(|_| asked.change.verdict != Some(Verdict::Same)),
        ),
    }
}

/// Whether everything that moves is known: without bindings, nobody knows what another username means.
fn is_known(change: &AccessChange) -> bool {
    let username = |identity: &Option<Arc<Identity>>| {
        let identity = identity.as_ref();
        identity.map(|identity| identity.username.clone())
    };
    let is_other_user = || {
        let (before, after) = (username(&change.before), username(&change.after));
        before.is_some() && after.is_some() && before != after
    };
    change.verdict.is_some() && (change.bindings.is_some() || !is_other_user())
}

/// New names that somebody has who does not have the old one: the copies would give them more.
fn taken(
    reading: &Reading,
    observed: &Observed,
    cluster: &ClusterAccess<'_>,
    copies: &[BindingCopy],
) -> BTreeSet<Subject> {
    if copies.is_empty() {
        return BTreeSet::new();
    }
    let mapped = reading
        .mappings
        .iter()
        .filter_map(|mapping| Principal::as_matched(&mapping.arn));
    let live = observed
        .entries
        .iter()
        .flatten()
        .filter_map(|live| Principal::from_arn(&live.entry.principal_arn));
    let mut seen = BTreeSet::new();
    let identities: Vec<Arc<Identity>> = mapped
        .chain(live)
        .filter(|principal| seen.insert(principal.key()))
        .filter_map(|principal| cluster.access(&principal).identity)
        .collect();
    let has = |identity: &Identity, subject: &Subject| match subject {
        Subject::User(name) => Template::new(&identity.username).can_render(name),
        Subject::Group(name) => identity
            .groups
            .iter()
            .any(|group| Template::new(group).can_render(name)),
    };
    copies
        .iter()
        .filter_map(|copy| Some((copy.binding.subjects.first()?, &copy.of)))
        .filter(|(new, old)| {
            identities
                .iter()
                .any(|identity| has(identity, new) && !has(identity, old))
        })
        .map(|(new, _)| new.clone())
        .collect()
}
