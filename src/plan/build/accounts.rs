//! What becomes of an element of `mapAccounts`.

use super::Builder;
use super::fate::{decided, decision_finding};
use crate::decisions::Do;
use crate::finding::Code;
use crate::model::Mapping;
use crate::plan::document::{Outcome, PlannedAccount};
use crate::translator::{Proposal, Translation};

impl Builder<'_> {
    pub(super) fn account(
        &mut self,
        mapping: &Mapping,
        translation: Translation,
    ) -> PlannedAccount {
        let mut findings = translation.findings;
        let outcome = match translation.proposal {
            Proposal::FilteredOut => Outcome::Skipped,
            Proposal::Inert => Outcome::Inert,
            Proposal::Entry(_) | Proposal::Impossible => Outcome::Blocked,
        };
        let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
        let answer = self
            .choices
            .answer(&mapping.arn, None)
            .or_else(|| self.choices.answer_to(&codes))
            .filter(|_| outcome == Outcome::Blocked);
        let decision = answer.filter(|answer| matches!(answer.what, Do::Leave | Do::Drop));
        if let Some(answer) = answer {
            self.uses(answer);
            if decision.is_none() {
                self.misfit(
                    answer,
                    "an account can't have an access entry; answer `leave` or `drop`",
                );
            }
        }
        if let Some(answer) = decision {
            findings.push(decision_finding(answer));
        }
        PlannedAccount {
            id: mapping.id,
            line: mapping.place.line,
            account_id: mapping.arn.clone(),
            outcome: if decision.is_some() {
                Outcome::Skipped
            } else {
                outcome
            },
            findings,
            decision: decision.map(decided),
        }
    }
}
