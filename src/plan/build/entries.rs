//! A proposed entry, held against the live one or against what is in force.

use std::sync::Arc;

use super::Builder;
use super::fate::{Fate, OpenMapping, decision_finding, with};
use crate::access::identity::identity_of_mapping;
use crate::access::{InForce, Through, compare, identity_of_entry};
use crate::decisions::Do;
use crate::finding::{Code, Finding};
use crate::invocation::Advice;
use crate::model::{
    AccessChange, AccessEntry, AuthenticationMode, MappingId, Principal, PrincipalKey,
};
use crate::plan::document::{Blocker, Outcome};
use crate::plan::gate::{self, GateRuling, Move, Update};

impl<'a> Builder<'a> {
    /// An entry is proposed: held against the live one where there is one, else against what is in force.
    pub(super) fn entry(
        &mut self,
        question: &OpenMapping<'a>,
        mut entry: AccessEntry,
        mut findings: Vec<Finding>,
    ) -> Fate {
        let Some(principal) = Principal::from_arn(&entry.principal_arn) else {
            return Fate::blocked(Blocker::NoEntryPossible, findings);
        };
        let key = principal.key();
        if let Some(other) = self.planned.get(&key) {
            findings.push(Finding::new(
                Code::Shadowed,
                format!(
                    "overridden by {other}: both mappings name the principal `{}`",
                    entry.principal_arn
                ),
                "",
            ));
            return Fate::new(Outcome::Inert, findings);
        }
        if let Some(other) = self.mapped_by_another(question, &principal)
            && self.would_go_unasked(question, &key, &entry)
        {
            findings.push(Finding::new(
                Code::Shadowed,
                format!(
                    "{other} decides what `{}` gets, and the access entry for this mapping would take its place",
                    entry.principal_arn
                ),
                "",
            ));
            return Fate::new(Outcome::Inert, findings);
        }
        self.planned.insert(key.clone(), question.mapping.id);
        if let Some(live) = self.cluster.entry(&key) {
            // EKS compares ARNs as text, so an entry is always addressed by the ARN that it shows.
            entry.principal_arn = live.entry.principal_arn.clone();
            return self.against_live(question, &principal, entry, live, findings);
        }
        if question.is(Do::KeepLive) || question.is(Do::UpdateLive) {
            self.misfit_of(question, "it has no live access entry");
        }
        if self.is_left_to_eks(&key, &entry, &mut findings) {
            return self.made_by_eks(question, &entry, findings);
        }
        if self.observed.cluster.authentication_mode == Some(AuthenticationMode::Api) {
            findings.push(Finding::new(
                Code::ModeApi,
                "the cluster is in the mode API and no longer reads aws-auth, so this mapping grants nothing",
                Advice::IncludeInert,
            ));
            if !self.choices.include_inert {
                return Fate::new(Outcome::Inert, findings);
            }
        }
        let access = self
            .gate
            .compare(question.in_force.identity.as_ref(), &entry);
        let access = question.with_dropped_groups(access);
        let asked = Move {
            question,
            entry: &entry,
            change: &access,
            update: Update::No,
        };
        match self.gate.rule(&asked) {
            GateRuling::Open(decision) => {
                if decision.is_some() {
                    findings.extend(question.answer.map(decision_finding));
                }
                gate::tag(&mut entry, &access);
                let why = "this principal has no access entry yet";
                self.create(question.mapping, &entry, why);
                Fate {
                    access,
                    entry: Some(entry),
                    decision,
                    ..Fate::new(Outcome::Create, findings)
                }
            }
            GateRuling::Blocked(blocker, finding, misfit) => {
                self.misfits.extend(misfit);
                Fate {
                    access,
                    entry: Some(entry),
                    ..Fate::blocked(blocker, with(findings, finding))
                }
            }
        }
    }

    /// The mapping that counts for the principal of one that grants nothing.
    ///
    /// What grants nothing is created where that was asked for, but never in the place of what another mapping grants or
    /// asks about.
    fn mapped_by_another(
        &self,
        question: &OpenMapping<'_>,
        principal: &Principal,
    ) -> Option<MappingId> {
        if question.grants_today {
            return None;
        }
        match self.cluster.by_aws_auth(principal).through {
            Through::Mapping(other) => Some(other).filter(|other| *other != question.mapping.id),
            _ => None,
        }
    }

    /// Whether an entry would be planned although nobody has answered: it moves nothing that bindings show, or an option
    /// brings a live entry up to date.
    fn would_go_unasked(
        &self,
        question: &OpenMapping<'_>,
        key: &PrincipalKey,
        entry: &AccessEntry,
    ) -> bool {
        let now = question.in_force.identity.as_ref();
        question.answer.is_none()
            && (self.cluster.entry(key).is_some() || self.gate.compare(now, entry).keeps_access())
    }

    /// How the live entry differs from what `aws-auth` says of its principal.
    pub(in crate::plan) fn drift(
        &self,
        question: &OpenMapping<'_>,
        principal: &Principal,
        live: Option<&AccessEntry>,
    ) -> AccessChange {
        let mapped = if self.observed.cluster.authentication_mode == Some(AuthenticationMode::Api) {
            // Nothing is read there, so the mapping is taken at its word.
            InForce {
                through: Through::Mapping(question.mapping.id),
                identity: identity_of_mapping(question.mapping).map(Arc::new),
            }
        } else {
            self.cluster.by_aws_auth(principal)
        };
        let live = live.and_then(identity_of_entry).map(Arc::new);
        let change = compare(mapped.identity.as_ref(), live.as_ref(), self.gate.as_read());
        let change = question.with_dropped_groups(change);
        if mapped.is_known() {
            change
        } else {
            AccessChange {
                verdict: None,
                ..change
            }
        }
    }
}
