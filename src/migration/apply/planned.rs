//! The plan of what was seen, with what earlier runs did.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::choices::Choices;
use crate::journal::History;
use crate::migration::owners::tell_owners;
use crate::migration::survey::Survey;
use crate::model::{LiveEntry, Principal};
use crate::observed::Lookup;
use crate::plan::document::Plan;
use crate::plan::{Action, Ours, block_refused, build};

/// Builds the plan from what was seen and from what earlier runs did.
#[must_use]
pub fn plan(seen: &Survey, choices: &Choices, history: &History, now: Timestamp) -> Plan {
    let mut plan = build(
        &seen.reading,
        seen.source.clone(),
        &seen.observed,
        choices,
        &ours(history),
        now,
    );
    plan.caller = seen.caller.as_ref().map(|caller| caller.arn.to_string());
    tell_owners(&mut plan, &seen.observed);
    let of = &plan.summary;
    tracing::debug!(
        actions = plan.actions.len(),
        create = of.create,
        update = of.update,
        unchanged = of.unchanged,
        conflict = of.conflict,
        blocked = of.blocked,
        inert = of.inert,
        skipped = of.skipped,
        "planned"
    );
    plan
}

/// The plan for a verdict: what EKS has refused needs a decision, and is not planned once more.
///
/// A principal that IAM shows by now may be known to EKS by now.
#[must_use]
pub fn plan_to_judge(seen: &Survey, choices: &Choices, history: &History, now: Timestamp) -> Plan {
    let mut plan = plan(seen, choices, history, now);
    let mut refused = history.refused_principals();
    refused.retain(|arn| {
        let is_found = Principal::from_arn(arn).is_some_and(|principal| {
            matches!(seen.observed.lookup(&principal.key()), Lookup::Found { .. })
        });
        let is_planned = |action: &Action| action.kind.principal_arn() == Some(arn);
        !is_found && plan.actions.iter().any(is_planned)
    });
    block_refused(&mut plan, &refused);
    plan.actions.retain(|action| {
        let of = action.kind.principal_arn();
        of.is_none_or(|arn| !refused.contains(arn))
    });
    plan
}

/// What the journal says of this tool's earlier work.
#[must_use]
pub fn ours(history: &History) -> Ours {
    Ours {
        made: history.made_entries().into_keys().collect(),
        associated: history.associations(),
        choices: history.runs.iter().map(|run| run.choices.clone()).collect(),
    }
}

pub(in crate::migration) fn live_entries(seen: &Survey) -> BTreeMap<String, LiveEntry> {
    seen.observed
        .entries
        .iter()
        .flatten()
        .map(|live| (live.entry.principal_arn.to_string(), live.clone()))
        .collect()
}
