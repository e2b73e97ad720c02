//! What becomes of a mapping: answers, proposals, and what holds them back.

use std::sync::Arc;

use super::Builder;
use super::fate::{Fate, OpenMapping, before, decided, decision_finding, unchanged, with};
use crate::access::identity::identity_of_mapping;
use crate::access::{InForce, Through, compare};
use crate::decisions::{Answer, Do};
use crate::finding::{Code, Finding, Severity};
use crate::invocation::{Advice, Flag};
use crate::model::{Arn, Mapping, Principal};
use crate::observed::Lookup;
use crate::plan::document::{Blocker, Outcome, PlannedMapping};
use crate::translator::{Proposal, Translation};

impl<'a> Builder<'a> {
    /// The answer about the principal counts; only where that leaves a question does an answer to a finding.
    pub(super) fn mapping(
        &mut self,
        mapping: &'a Mapping,
        translation: Translation,
    ) -> PlannedMapping {
        let principal = Principal::as_matched(&mapping.arn);
        if self.choices.answers.is_empty() {
            return self.attempt(mapping, principal.as_ref(), translation, None);
        }
        let real = principal
            .as_ref()
            .and_then(|principal| self.real_arn(principal));
        let answer = self.choices.answer(&mapping.arn, real.as_ref());
        let planned = self.attempt(mapping, principal.as_ref(), translation.clone(), answer);
        let codes: Vec<Code> = planned
            .findings
            .iter()
            .map(|finding| finding.code)
            .collect();
        let by_code = self.choices.answer_to(&codes);
        match by_code.filter(|_| answer.is_none() && planned.needs_decision()) {
            Some(answer) => {
                self.forget(mapping);
                self.attempt(mapping, principal.as_ref(), translation, Some(answer))
            }
            None => planned,
        }
    }

    pub(super) fn real_arn(&self, principal: &Principal) -> Option<Arn> {
        let key = principal.key();
        match self.observed.lookup(&key) {
            Lookup::Found { arn, .. } => Some(arn.clone()),
            _ => Some(self.cluster.entry(&key)?.entry.principal_arn.clone()),
        }
    }

    pub(super) fn attempt(
        &mut self,
        mapping: &'a Mapping,
        principal: Option<&Principal>,
        translation: Translation,
        answer: Option<&'a Answer>,
    ) -> PlannedMapping {
        if let Some(answer) = answer {
            self.uses(answer);
        }
        let in_force = match principal {
            Some(principal) => self.cluster.access(principal),
            None => InForce {
                through: Through::Mapping(mapping.id),
                identity: identity_of_mapping(mapping)
                    .filter(|_| translation.grants_today)
                    .map(Arc::new),
            },
        };
        let question = OpenMapping {
            mapping,
            grants_today: translation.grants_today,
            drops_groups: translation.drops_groups,
            in_force,
            answer,
        };
        let grants_today = translation.grants_today;
        let findings = translation.findings;
        let what = answer.map(|answer| answer.what);
        let mut fate = match (translation.proposal, what, answer) {
            (Proposal::FilteredOut, ..) => Fate {
                access: before(&question),
                ..Fate::new(Outcome::Skipped, findings)
            },
            // Neither answer keeps EKS from creating the entry.
            (Proposal::Entry(entry), Some(Do::Leave | Do::Drop), _)
                if self.moves_in_switch(&question, &entry) =>
            {
                self.misfit_of(
                    &question,
                    "EKS creates its access entry when the mode is switched; accept that change with `migrate`",
                );
                self.entry(&question, entry, findings)
            }
            (_, Some(Do::Leave), Some(answer)) => Fate {
                access: before(&question),
                decision: Some(decided(answer)),
                ..Fate::new(Outcome::Skipped, with(findings, decision_finding(answer)))
            },
            (Proposal::Inert, ..) => Self::inert(&question, findings),
            (_, Some(Do::Drop), Some(answer)) => self.dropped(&question, answer, findings),
            (Proposal::Impossible, ..) => self.impossible(&question, principal, findings),
            (Proposal::Entry(entry), ..) => self.entry(&question, entry, findings),
        };
        self.hold_warnings(mapping, &mut fate);
        if fate.blocker.is_some() {
            self.forget(mapping);
        } else {
            // What a rule could not carry over moves nothing, or somebody accepted it.
            let errors = fate.findings.iter_mut();
            for finding in errors.filter(|finding| finding.severity == Severity::Error) {
                finding.severity = Severity::Warning;
            }
        }
        PlannedMapping {
            id: mapping.id,
            line: mapping.place.line,
            arn: mapping.arn.clone(),
            username: mapping.username.clone(),
            groups: mapping.groups.clone(),
            outcome: fate.outcome,
            findings: fate.findings,
            entry: fate.entry,
            access: fate.access,
            drift: fate.drift,
            blocker: fate.blocker,
            decision: fate.decision,
            inert_included: !grants_today
                && matches!(
                    fate.outcome,
                    Outcome::Create | Outcome::Update | Outcome::Unchanged
                ),
        }
    }

    /// Grants nothing today. A way to create it anyway is not offered where its principal gets in otherwise:
    /// the entry would take that access's place.
    pub(super) fn inert(question: &OpenMapping<'_>, mut findings: Vec<Finding>) -> Fate {
        if question.in_force.through != Through::Nothing {
            for finding in &mut findings {
                finding.fix.clear();
            }
        }
        Fate::new(Outcome::Inert, findings)
    }

    /// The access is given up, as decided; a live entry that is in force stays.
    pub(super) fn dropped(
        &self,
        question: &OpenMapping<'_>,
        answer: &Answer,
        findings: Vec<Finding>,
    ) -> Fate {
        let now = question.in_force.identity.as_ref();
        let stays = matches!(question.in_force.through, Through::Entry(_));
        let after = now.filter(|_| stays);
        Fate {
            access: compare(now, after, self.gate.as_read()),
            decision: Some(decided(answer)),
            ..Fate::new(Outcome::Skipped, with(findings, decision_finding(answer)))
        }
    }

    /// No entry can be created. One that an AWS service created is in force anyway, and is compared.
    pub(super) fn impossible(
        &mut self,
        question: &OpenMapping<'_>,
        principal: Option<&Principal>,
        findings: Vec<Finding>,
    ) -> Fate {
        let live = principal.and_then(|principal| self.cluster.entry_in_force(&principal.key()));
        let Some((principal, live)) = principal.zip(live) else {
            if question.is(Do::KeepLive) || question.is(Do::UpdateLive) {
                self.misfit_of(question, "it has no live access entry");
            } else if question.is(Do::Migrate) {
                self.misfit_of(
                    question,
                    "it can't have an access entry; answer `leave` or `drop`",
                );
            }
            return Fate {
                access: before(question),
                ..Fate::blocked(Blocker::NoEntryPossible, findings)
            };
        };
        let drift = self.drift(question, principal, Some(&live.entry));
        let fate = Fate {
            access: unchanged(question.in_force.identity.as_ref()),
            entry: Some(live.entry.clone()),
            ..Fate::new(Outcome::Conflict, findings)
        };
        if drift.keeps_access() {
            return Fate {
                outcome: Outcome::Unchanged,
                drift: Some(Box::new(drift)),
                ..fate
            };
        }
        let decision = question.decided_as(Do::KeepLive);
        Fate {
            drift: Some(Box::new(drift)),
            blocker: decision.is_none().then_some(Blocker::LiveDiffers),
            decision,
            ..fate
        }
    }

    /// Under `--strict` a warning about a change holds it back.
    pub(super) fn hold_warnings(&mut self, mapping: &Mapping, fate: &mut Fate) {
        if !self.choices.strict
            || fate.decision.is_some()
            || !matches!(fate.outcome, Outcome::Create | Outcome::Update)
        {
            return;
        }
        let mut findings = fate.findings.iter();
        let Some(warning) = findings
            .find(|finding| finding.severity >= Severity::Warning)
            .map(|finding| finding.code)
        else {
            return;
        };
        fate.findings.push(Finding::new(
            Code::StrictWarning,
            format!("the warning {warning} blocks because of {}", Flag::Strict),
            Advice::ResolveWarning { warning },
        ));
        fate.outcome = Outcome::Blocked;
        fate.blocker = Some(Blocker::Warning);
        self.forget(mapping);
    }

    /// Takes back whatever was planned for a mapping.
    pub(super) fn forget(&mut self, mapping: &Mapping) {
        self.take_back(mapping);
        let principal = Principal::as_matched(&mapping.arn).map(|principal| principal.key());
        if let Some(key) = principal.filter(|key| self.planned.get(key) == Some(&mapping.id)) {
            self.planned.remove(&key);
        }
    }
}
