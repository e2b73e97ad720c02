//! Wanted against live: what an entry that is there already means for a mapping, and the actions that change it.

use std::sync::Arc;

use super::build::actions::{is_created_again, missing_policies};
use super::build::{Builder, Fate, OpenMapping, unchanged};
use super::compare::{Difference, differences, in_words, is_beginning_of};
use super::document::{Blocker, Decided, DecidedBy, Outcome};
use super::gate::{self, GateRuling, Move, Update, moves_in_words};
use crate::access::{Bindings, Through, compare, identity_of_entry};
use crate::choices::OnExisting;
use crate::decisions::Do;
use crate::finding::{Code, Finding, Severity};
use crate::invocation::Advice;
use crate::model::{AccessChange, AccessEntry, AuthenticationMode, LiveEntry, Principal};

impl<'a> Builder<'a> {
    pub(super) fn against_live(
        &mut self,
        question: &OpenMapping<'a>,
        principal: &Principal,
        entry: AccessEntry,
        live: &LiveEntry,
        findings: Vec<Finding>,
    ) -> Fate {
        let is_stale = self.observed.is_stale(live);
        let shown = (!is_stale).then_some(&live.entry);
        let drift = self.drift(question, principal, shown);
        let is_equal = !is_stale && differences(&entry, &live.entry).is_empty();
        let is_of_its_type = entry.entry_type == live.entry.entry_type;
        let kept = |outcome, drift: &AccessChange| Fate {
            access: self.access_if_kept(question, live, is_stale),
            drift: Some(Box::new(drift.clone())),
            entry: Some(entry.clone()),
            ..Fate::new(outcome, findings.clone())
        };
        if is_equal && drift.keeps_access() {
            return kept(Outcome::Unchanged, &drift);
        }
        // Finishing what a run began is the move that was decided when it began.
        if !is_stale && !is_equal && self.is_unfinished(&entry, live) {
            let change = self.gate.compare(drift.before.as_ref(), &entry);
            return self.finish(question, entry, live, change, findings);
        }
        if let Some(decision) = accepted(question, live, &drift, is_equal) {
            return Fate {
                decision: Some(decision),
                ..kept(Outcome::Unchanged, &drift)
            };
        }
        let drift = by_names(drift);
        let wants_update =
            question.is(Do::UpdateLive) || self.choices.on_existing == OnExisting::Update;
        if wants_update && !is_equal {
            return self.update_live(question, entry, live, is_stale, &drift, findings);
        }
        let mut fate = kept(Outcome::Conflict, &drift);
        // Only names differ, and nobody knows what the other ones are bound to.
        let is_unproven =
            drift.verdict.is_none() && drift.before.is_some() && is_of_its_type && !is_stale;
        fate.findings
            .push(if is_unproven && self.observed.rbac.is_none() {
                Finding::new(
                    Code::NamesUnproven,
                    "its access entry gives another name, and the bindings could not be read",
                    Advice::PassRbac,
                )
            } else {
                difference_finding(&entry, live, is_stale, &drift)
            });
        fate.decision = question.decided_as(Do::KeepLive).filter(|_| !is_stale);
        if is_stale && question.is(Do::KeepLive) {
            self.misfit_of(
                question,
                "its live access entry is older than its principal and grants no access",
            );
        }
        // A live entry that gives the same by other names hides nothing that anybody would miss.
        let differs = is_stale || !is_of_its_type || !drift.keeps_access();
        let blocker = if is_unproven {
            Blocker::BindingsUnread
        } else {
            Blocker::LiveDiffers
        };
        fate.blocker = (differs && fate.decision.is_none()).then_some(blocker);
        fate
    }

    /// What the principal has once `aws-auth` is gone and the entry is kept.
    fn access_if_kept(
        &self,
        question: &OpenMapping<'_>,
        live: &LiveEntry,
        is_stale: bool,
    ) -> AccessChange {
        let now = question.in_force.identity.as_ref();
        if is_stale {
            return compare(now, None, self.gate.as_read());
        }
        if matches!(question.in_force.through, Through::Entry(_)) {
            return unchanged(now);
        }
        let after = identity_of_entry(&live.entry).map(Arc::new);
        compare(now, after.as_ref(), self.gate.as_read())
    }

    fn finish(
        &mut self,
        question: &OpenMapping<'a>,
        mut entry: AccessEntry,
        live: &LiveEntry,
        change: AccessChange,
        mut findings: Vec<Finding>,
    ) -> Fate {
        let asked = Move {
            question,
            entry: &entry,
            change: &change,
            update: Update::No,
        };
        match self.gate.rule(&asked) {
            GateRuling::Open(decision) => {
                findings.push(Finding::new(
                    Code::EntryUnfinished,
                    "an earlier run of this tool created the access entry and was stopped before it was complete",
                    "",
                ));
                entry.tags.clone_from(&live.entry.tags);
                self.associate_missing(question.mapping, &entry, &live.entry);
                Fate {
                    access: change,
                    entry: Some(entry),
                    decision,
                    ..Fate::new(Outcome::Update, findings)
                }
            }
            GateRuling::Blocked(blocker, finding, misfit) => {
                self.misfits.extend(misfit);
                findings.push(finding);
                Fate {
                    access: change,
                    entry: Some(entry),
                    ..Fate::blocked(blocker, findings)
                }
            }
        }
    }

    /// Changes the live entry to the proposal, if that moves nobody's access or somebody accepted it.
    fn update_live(
        &mut self,
        question: &OpenMapping<'a>,
        mut entry: AccessEntry,
        live: &LiveEntry,
        is_stale: bool,
        drift: &AccessChange,
        mut findings: Vec<Finding>,
    ) -> Fate {
        let change = self
            .gate
            .compare(question.in_force.identity.as_ref(), &entry);
        let of_mapping = self.gate.compare(drift.before.as_ref(), &entry);
        let of_mapping = question.with_dropped_groups(of_mapping);
        // A stale entry hides nothing, so the mapping is in force, and loses what the entry can't have.
        let change = if is_stale {
            question.with_dropped_groups(change)
        } else {
            change
        };
        let is_mapping = of_mapping.keeps_access();
        if !is_stale && !is_mapping && self.has_other_access_between(question, &entry, live, drift)
        {
            findings.push(Finding::new(
                Code::EntryDiffers,
                format!(
                    "the live access entry can't be updated: its type {} can't be changed to {}, and between deleting it and \
                     creating it again the mapping would apply, which gives different access",
                    live.entry.entry_type, entry.entry_type
                ),
                "in aws-auth, change the mapping to what the access entry gives, and plan again; to keep the entry, answer \
                 `keep-live` in the decisions file",
            ));
            return Fate {
                access: self.access_if_kept(question, live, is_stale),
                drift: Some(Box::new(drift.clone())),
                entry: Some(entry),
                blocker: Some(Blocker::LiveDiffers),
                ..Fate::new(Outcome::Conflict, findings)
            };
        }
        let asked = Move {
            question,
            entry: &entry,
            change: &change,
            update: if is_mapping {
                Update::ToMapping
            } else {
                Update::ToOther
            },
        };
        match self.gate.rule(&asked) {
            GateRuling::Open(decision) => {
                let moves = if change.keeps_access() {
                    String::new()
                } else {
                    format!(", and {}", moves_in_words(&change).replace("would", "will"))
                };
                findings.push(Finding::new(
                    Code::EntryUpdated,
                    format!(
                        "the live access entry is updated: {}{moves}",
                        describe(is_stale, &differences(&entry, &live.entry))
                    ),
                    "",
                ));
                if is_created_again(&entry, live, is_stale) {
                    gate::tag(&mut entry, &of_mapping);
                }
                self.update(question.mapping, &entry, live, is_stale);
                Fate {
                    access: change,
                    drift: Some(Box::new(drift.clone())),
                    entry: Some(entry),
                    decision,
                    ..Fate::new(Outcome::Update, findings)
                }
            }
            GateRuling::Blocked(blocker, finding, misfit) => {
                self.misfits.extend(misfit);
                findings.push(finding);
                Fate {
                    access: change,
                    drift: Some(Box::new(drift.clone())),
                    entry: Some(entry),
                    ..Fate::blocked(blocker, findings)
                }
            }
        }
    }

    /// Whether the principal has other access while its entry is deleted and not created again yet: the mapping's.
    ///
    /// Source: EKS API Reference, `UpdateAccessEntry`, which changes no type.
    fn has_other_access_between(
        &self,
        question: &OpenMapping<'_>,
        entry: &AccessEntry,
        live: &LiveEntry,
        drift: &AccessChange,
    ) -> bool {
        let mode = self.observed.cluster.authentication_mode;
        let (now, mapped) = (question.in_force.identity.as_ref(), drift.before.as_ref());
        is_created_again(entry, live, false)
            && mode.is_none_or(AuthenticationMode::reads_config_map)
            && !compare(now, mapped, self.gate.as_read()).keeps_access()
    }

    /// Whether an entry is this tool's own, begun and not finished; one whose policy was there and is gone is not.
    pub(super) fn is_unfinished(&self, wanted: &AccessEntry, live: &LiveEntry) -> bool {
        let principal = live.entry.principal_arn.to_string();
        self.ours.made(live)
            && is_beginning_of(&live.entry, wanted)
            && missing_policies(wanted, &live.entry).all(|policy| {
                !self
                    .ours
                    .associated
                    .contains(&(principal.clone(), policy.policy_arn.to_string()))
            })
    }
}

/// How a live entry differs, with every group that only one side has counted by its name, bound or not: an entry that
/// has fewer or more groups than its mapping is a question.
fn by_names(drift: AccessChange) -> AccessChange {
    let named = compare(
        drift.before.as_ref(),
        drift.after.as_ref(),
        Bindings::default(),
    );
    match named.verdict {
        Some(verdict) if !verdict.keeps_access() => AccessChange {
            verdict: Some(verdict),
            ..drift
        },
        _ => drift,
    }
}

fn describe(stale: bool, differing: &[Difference]) -> String {
    if stale {
        "it is older than its principal".to_owned()
    } else {
        in_words(differing)
    }
}

/// Says how a live entry differs; a warning where it gives the same by other names.
fn difference_finding(
    entry: &AccessEntry,
    live: &LiveEntry,
    is_stale: bool,
    drift: &AccessChange,
) -> Finding {
    if is_stale {
        return Finding::new(
            Code::EntryStale,
            format!(
                "the live access entry is older than the re-created principal `{}`, so it grants no access",
                entry.principal_arn
            ),
            Advice::Recreate,
        );
    }
    let differing = differences(entry, &live.entry);
    let code = if entry.entry_type != live.entry.entry_type {
        if entry.entry_type.is_node() && live.entry.entry_type.is_node() {
            Code::ManagedEntryWrongType
        } else {
            Code::EntryWrongType
        }
    } else if !differing.is_empty() && differing.iter().all(Difference::is_more) {
        Code::EntryGivesMore
    } else {
        Code::EntryDiffers
    };
    let differs = if differing.is_empty() {
        "it gives different access, and no better entry can be proposed".to_owned()
    } else {
        in_words(&differing)
    };
    let finding = Finding::new(
        code,
        format!("the live access entry differs from the mapping: {differs}"),
        Advice::UpdateOrKeepLive,
    );
    if drift.keeps_access() && entry.entry_type == live.entry.entry_type {
        Finding {
            severity: Severity::Warning,
            ..finding
        }
    } else {
        finding
    }
}

/// Whether somebody accepted that the live entry gives other access than the mapping: in an answer whose entry this
/// is, or in the decision that the entry's tag keeps.
fn accepted(
    question: &OpenMapping<'_>,
    live: &LiveEntry,
    drift: &AccessChange,
    is_equal: bool,
) -> Option<Decided> {
    if gate::is_tagged(&live.entry, drift) {
        return Some(Decided {
            what: Do::Migrate,
            reason: None,
            by: DecidedBy::Tag,
        });
    }
    let answer = question.answer?;
    let is_accepted = match (answer.what, &answer.accept) {
        (Do::Migrate, Some(accept)) => accept.covers(drift, answer.is_exact()),
        (Do::UpdateLive, _) => true,
        _ => false,
    };
    (is_equal && is_accepted).then(|| super::build::decided(answer))
}
