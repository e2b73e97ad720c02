//! The plan to be applied: a new one, or what is left of a saved one that still fits.

use std::collections::{BTreeMap, BTreeSet};

use super::{ApplyOptions, Clock, live_entries, plan};
use crate::error::Failure;
use crate::finding::Severity;
use crate::invocation::Advice;
use crate::journal::History;
use crate::migration::Survey;
use crate::model::{AccessEntry, AuthenticationMode, LiveEntry};
use crate::plan::document::{ActionKind, Outcome, PlacedFinding, Plan, PlannedMapping};
use crate::plan::{Action, Obstacle, check_fresh};

/// Builds the plan from what was seen, or takes the saved one when it still fits.
pub(super) fn plan_now(
    seen: &Survey,
    options: &ApplyOptions,
    history: &History,
    clock: Clock,
) -> Result<Plan, Failure> {
    let fresh = plan(seen, &options.choices, history, (clock.now)());
    let Some(saved) = &options.saved else {
        return Ok(fresh);
    };
    check_fresh(
        saved,
        &fresh,
        seen.observed.entries.as_deref().unwrap_or_default(),
    )
    .map_err(|stale| {
        Failure::new("the saved plan was not applied")
            .because(stale)
            .hint(Advice::SavePlanAgain)
    })?;
    refuse_blocked(saved, &fresh)?;
    let live = live_entries(seen);
    let mut plan = saved.clone();
    let to_delete = entries_to_delete(saved, &fresh, &live);
    let mode = fresh.cluster.authentication_mode;
    plan.cluster = fresh.cluster;
    plan.caller = fresh.caller;
    plan.source.options = fresh.source.options;
    plan.findings = findings_now(saved, fresh.findings.clone());
    plan.actions.retain(|action| {
        let arn = action.kind.principal_arn();
        arn.is_some_and(|arn| to_delete.contains(&arn.to_string())) || !is_done(action, &live, mode)
    });
    only_what_is_yielded(&mut plan, &fresh.actions, saved)?;
    Ok(plan)
}

/// A saved plan is only a promise: each of its actions has to be one that a plan made now yields.
///
/// Once the mode has been switched, EKS itself has made some of the entries, and what they made needless is left out.
fn only_what_is_yielded(plan: &mut Plan, fresh: &[Action], saved: &Plan) -> Result<(), Failure> {
    let is_yielded = |action: &Action| fresh.iter().any(|other| other.kind == action.kind);
    let switches =
        |action: &Action| matches!(action.kind, ActionKind::UpdateAuthenticationMode { .. });
    let is_switched = saved.actions.iter().any(switches) && !plan.actions.iter().any(switches);
    if is_switched {
        plan.actions.retain(is_yielded);
        return Ok(());
    }
    let Some(strange) = plan.actions.iter().find(|action| !is_yielded(action)) else {
        return Ok(());
    };
    let of = strange.kind.principal_arn();
    let of = of.map_or_else(String::new, |arn| format!(" for `{arn}`"));
    Err(Failure::new(format!(
        "the saved plan was not applied: its action {} ({}{of}) is not in a plan made now",
        strange.id,
        strange.kind.operation(),
    ))
    .hint(Advice::SavePlanAgain))
}

/// Refuses a plan that would make what needs a decision by now, such as an entry whose group lacks its bindings.
fn refuse_blocked(saved: &Plan, fresh: &Plan) -> Result<(), Failure> {
    let is_planned = |mapping: &&PlannedMapping| {
        let mut actions = saved.actions.iter();
        actions.any(|action| action.mapping == Some(mapping.id))
    };
    let blocked = fresh.mappings.iter().filter(is_planned);
    let mut blocked = blocked.filter(|mapping| mapping.outcome == Outcome::Blocked);
    let Some(mapping) = blocked.next() else {
        return Ok(());
    };
    let reason = mapping
        .findings
        .iter()
        .rfind(|finding| finding.severity == Severity::Error);
    let (message, fix) = reason.map_or(("it needs a decision", ""), |finding| {
        (&finding.message, &finding.fix)
    });
    let failure = Failure::new(format!(
        "the saved plan was not applied: {} (`{}`) is now blocked: {message}",
        mapping.id, mapping.arn
    ));
    Err(if fix.is_empty() {
        failure
    } else {
        failure.hint(fix)
    })
}

/// What there is to say about the cluster now; what the plan does to the caller is said by the plan.
fn findings_now(saved: &Plan, fresh: Vec<PlacedFinding>) -> Vec<PlacedFinding> {
    let is_of_plan =
        |placed: &PlacedFinding| Obstacle::of(&placed.finding) == Some(Obstacle::CallerLosesAdmin);
    let of_cluster = fresh.into_iter().filter(|placed| !is_of_plan(placed));
    let of_plan = saved.findings.iter().filter(|placed| is_of_plan(placed));
    of_cluster.chain(of_plan.cloned()).collect()
}

/// The entries that the saved plan re-creates and that are still the old ones; all that is planned for them is to be done.
fn entries_to_delete(
    saved: &Plan,
    fresh: &Plan,
    live: &BTreeMap<String, LiveEntry>,
) -> BTreeSet<String> {
    let deleted = |plan: &Plan| -> BTreeSet<String> {
        let actions = plan.actions.iter();
        actions
            .filter_map(|action| match &action.kind {
                ActionKind::DeleteAccessEntry { principal_arn } => Some(principal_arn.to_string()),
                _ => None,
            })
            .collect()
    };
    // The look taken now knows better than a comparison: an old entry may say the same and be dead. One that this tool has
    // re-created since is left alone or completed by a plan made now, and never deleted.
    let still_old = deleted(fresh);
    let is_new = |principal: &String| {
        fresh.mappings.iter().any(|mapping| {
            let is_kept = matches!(mapping.outcome, Outcome::Unchanged | Outcome::Update);
            let mut entry = mapping.entry.iter();
            is_kept
                && !still_old.contains(principal)
                && entry.any(|entry| entry.principal_arn.to_string() == *principal)
        })
    };
    deleted(saved)
        .into_iter()
        .filter(|principal| live.contains_key(principal) && !is_new(principal))
        .collect()
}

/// Whether the cluster already is as the action would make it.
fn is_done(
    action: &Action,
    live: &BTreeMap<String, LiveEntry>,
    mode: Option<AuthenticationMode>,
) -> bool {
    if let ActionKind::UpdateAuthenticationMode { to, .. } = action.kind {
        return mode.is_some_and(|mode| mode >= to);
    }
    let Some(arn) = action.kind.principal_arn() else {
        return false;
    };
    let entry = live.get(&arn.to_string()).map(|live| live.entry.clone());
    match &action.kind {
        // Those that are still to be deleted were sorted out before.
        ActionKind::DeleteAccessEntry { .. } => true,
        kind => match (kind.applied_to(entry.clone()), entry) {
            (Some(wanted), Some(entry)) => {
                let wanted = match kind {
                    ActionKind::CreateAccessEntry { .. } => AccessEntry {
                        access_policies: entry.access_policies.clone(),
                        ..wanted
                    },
                    _ => wanted,
                };
                crate::plan::compare::differences(&wanted, &entry).is_empty()
            }
            _ => false,
        },
    }
}
