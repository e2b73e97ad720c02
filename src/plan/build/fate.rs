//! What becomes of one mapping, and what is known of it before.

use std::sync::Arc;

use crate::access::{Bindings, InForce, compare};
use crate::decisions::{Answer, Do};
use crate::finding::{Code, Finding};
use crate::model::{AccessChange, AccessEntry, Identity, Mapping, Verdict};
use crate::plan::document::{Blocker, Decided, DecidedBy, Outcome};

/// What becomes of one mapping.
#[derive(Debug)]
pub(in crate::plan) struct Fate {
    pub(in crate::plan) outcome: Outcome,
    pub(in crate::plan) findings: Vec<Finding>,
    pub(in crate::plan) entry: Option<AccessEntry>,
    pub(in crate::plan) access: AccessChange,
    pub(in crate::plan) drift: Option<Box<AccessChange>>,
    pub(in crate::plan) blocker: Option<Blocker>,
    pub(in crate::plan) decision: Option<Decided>,
}

impl Fate {
    /// An outcome that changes nothing.
    pub(in crate::plan) fn new(outcome: Outcome, findings: Vec<Finding>) -> Self {
        Self {
            outcome,
            findings,
            entry: None,
            access: AccessChange::default(),
            drift: None,
            blocker: None,
            decision: None,
        }
    }

    /// Waits for a decision, for a reason that a finding gives.
    pub(in crate::plan) fn blocked(blocker: Blocker, findings: Vec<Finding>) -> Self {
        Self {
            blocker: Some(blocker),
            ..Self::new(Outcome::Blocked, findings)
        }
    }
}

/// A mapping with what is known of it before its fate is decided.
#[derive(Debug)]
pub(in crate::plan) struct OpenMapping<'a> {
    pub(in crate::plan) mapping: &'a Mapping,
    pub(in crate::plan) grants_today: bool,
    /// Whether the proposal leaves out groups that EKS refuses.
    pub(in crate::plan) drops_groups: bool,
    /// What its principal has now.
    pub(in crate::plan) in_force: InForce,
    pub(in crate::plan) answer: Option<&'a Answer>,
}

/// What an answer decided.
pub(in crate::plan) fn decided(answer: &Answer) -> Decided {
    Decided {
        what: answer.what,
        reason: answer.reason.clone(),
        by: DecidedBy::Answer,
    }
}

pub(super) fn decision_finding(answer: &Answer) -> Finding {
    let reason = answer.reason.as_deref().map(|reason| format!(": {reason}"));
    Finding::new(
        Code::Decided,
        format!(
            "decided: `{}`{}",
            answer.what.as_str(),
            reason.unwrap_or_default()
        ),
        "",
    )
}

impl OpenMapping<'_> {
    /// The change, in which a group that EKS refuses and the entry lacks is lost, bound or not: only a person knows
    /// what else looks for its name.
    pub(in crate::plan) fn with_dropped_groups(&self, change: AccessChange) -> AccessChange {
        let has_new_name = || {
            change.moved_groups().iter().any(|moved| {
                let after = change.after.as_deref();
                after.is_some_and(|after| after.groups.iter().any(|group| group == moved))
            })
        };
        let is_lost = self.drops_groups && change.keeps_access() && !has_new_name();
        AccessChange {
            verdict: if is_lost {
                Some(Verdict::Lost)
            } else {
                change.verdict
            },
            ..change
        }
    }

    pub(in crate::plan) fn is(&self, what: Do) -> bool {
        self.answer.is_some_and(|answer| answer.what == what)
    }

    pub(in crate::plan) fn decided_as(&self, what: Do) -> Option<Decided> {
        let answer = self.answer.filter(|answer| answer.what == what);
        answer.map(decided)
    }
}

/// Only what is in force now.
pub(super) fn before(question: &OpenMapping<'_>) -> AccessChange {
    AccessChange {
        before: question.in_force.identity.clone(),
        ..AccessChange::default()
    }
}

/// Access that stays as it is.
pub(in crate::plan) fn unchanged(identity: Option<&Arc<Identity>>) -> AccessChange {
    compare(identity, identity, Bindings::default())
}

pub(super) fn with(mut findings: Vec<Finding>, finding: Finding) -> Vec<Finding> {
    findings.push(finding);
    findings
}
