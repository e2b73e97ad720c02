//! What EKS refused while a plan was applied: a decision for people, written back into the plan.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{AccessChange, Blocker, Outcome, Plan, Summary};
use crate::finding::{Code, Finding};
use crate::invocation::Advice;
use crate::model::Arn;

/// Turns the mappings of principals that EKS doesn't know into blocked ones, with the way out.
///
/// A principal that can't be looked up is tried as written; EKS takes it only if it exists exactly so, so that a
/// refusal says: it has a path, or it is gone.
pub fn block_refused(plan: &mut Plan, refused: &BTreeSet<Arn>) {
    for mapping in &mut plan.mappings {
        let Some(arn) = mapping
            .entry
            .as_ref()
            .map(|entry| &entry.principal_arn)
            .filter(|arn| refused.contains(arn))
        else {
            continue;
        };
        let message = format!(
            "EKS rejected `{arn}`: the role or user was deleted, or its real ARN has a path"
        );
        let fix = Advice::FindRealArn {
            account: arn.account.to_string(),
        }
        .to_string();
        mapping
            .findings
            .push(Finding::new(Code::PrincipalRefused, message, fix));
        mapping.outcome = Outcome::Blocked;
        mapping.blocker = Some(Blocker::Refused);
        mapping.access = AccessChange {
            before: mapping.access.before.take(),
            ..AccessChange::default()
        };
    }
    plan.summary = Summary::count(plan.mappings.iter().map(|mapping| mapping.outcome));
}

/// Turns the mappings of principals whose entry somebody else has made meanwhile into conflicts, with how it differs.
pub fn tell_conflicts(plan: &mut Plan, conflicts: &BTreeMap<Arn, String>) {
    for mapping in &mut plan.mappings {
        let entry = mapping.entry.as_ref();
        let Some(message) = entry.and_then(|entry| conflicts.get(&entry.principal_arn)) else {
            continue;
        };
        mapping.findings.push(Finding::new(
            Code::EntryDiffers,
            message.clone(),
            Advice::UpdateOrKeepLive,
        ));
        mapping.outcome = Outcome::Conflict;
        mapping.blocker = Some(Blocker::LiveDiffers);
        mapping.access = AccessChange {
            before: mapping.access.before.take(),
            ..AccessChange::default()
        };
    }
    plan.summary = Summary::count(plan.mappings.iter().map(|mapping| mapping.outcome));
}
