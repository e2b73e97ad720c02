//! Whether a saved plan still fits the cluster.

use std::collections::BTreeMap;

use super::compare::{differences, in_words, is_beginning_of};
use super::document::Plan;
use crate::model::{AccessEntry, LiveEntry, Principal, PrincipalKey};

/// Why a saved plan no longer fits; everything that changed in a way that matters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan no longer fits the cluster: {}", in_short(changes))]
pub struct Stale {
    /// What changed, in words.
    pub changes: Vec<String>,
}

/// How many changes an error names.
const NAMED: usize = 5;

/// The first changes, and how many more there are.
fn in_short(changes: &[String]) -> String {
    let named = changes.iter().take(NAMED).cloned();
    let more = changes.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("and {more} more"));
    named.chain(more).collect::<Vec<_>>().join("; ")
}

/// Compares a saved plan with one made just now, whatever its choices, and with the live entries.
///
/// Only what matters counts: another resourceVersion with the same content is no change, and neither is what the saved
/// plan itself has done already.
///
/// # Errors
/// [`Stale`] names every change.
pub fn check_fresh(saved: &Plan, now: &Plan, live: &[LiveEntry]) -> Result<(), Stale> {
    let mut changes = Vec::new();
    if saved.cluster.arn != now.cluster.arn {
        changes.push(format!(
            "it was made for the cluster `{}`; this is `{}`",
            saved.cluster.arn.as_deref().unwrap_or("unknown"),
            now.cluster.arn.as_deref().unwrap_or("unknown")
        ));
        // Everything else differs for that reason alone.
        return Err(Stale { changes });
    }
    let (before, after) = (
        saved.cluster.authentication_mode,
        now.cluster.authentication_mode,
    );
    let switched_by_plan = saved.actions.iter().any(|action| {
        matches!(action.kind, super::ActionKind::UpdateAuthenticationMode { to, .. } if Some(to) == after)
    });
    if before != after && !switched_by_plan {
        let text = |mode: Option<crate::model::AuthenticationMode>| {
            mode.map_or("unknown", |mode| mode.as_str())
        };
        changes.push(format!(
            "the authentication mode was {} and is now {}",
            text(before),
            text(after)
        ));
    }
    mapping_changes(saved, now, &mut changes);
    entry_changes(saved, live, switched_by_plan, &mut changes);
    if changes.is_empty() {
        Ok(())
    } else {
        Err(Stale { changes })
    }
}

fn mapping_changes(saved: &Plan, now: &Plan, changes: &mut Vec<String>) {
    let find = |plan: &Plan, id| {
        plan.mappings
            .iter()
            .find(|mapping| mapping.id == id)
            .cloned()
    };
    for old in &saved.mappings {
        match find(now, old.id) {
            None => changes.push(format!(
                "{} (`{}`) was removed from aws-auth",
                old.id, old.arn
            )),
            Some(new)
                if (&new.arn, &new.username, &new.groups)
                    != (&old.arn, &old.username, &old.groups) =>
            {
                changes.push(format!(
                    "{} (`{}`) has changed in aws-auth",
                    old.id, old.arn
                ));
            }
            Some(_) => {}
        }
    }
    for new in now
        .mappings
        .iter()
        .filter(|new| find(saved, new.id).is_none())
    {
        changes.push(format!("{} (`{}`) was added to aws-auth", new.id, new.arn));
    }
    let accounts = |plan: &Plan| {
        plan.accounts
            .iter()
            .map(|account| account.account_id.clone())
            .collect::<Vec<_>>()
    };
    if accounts(saved) != accounts(now) {
        changes.push("mapAccounts has changed in aws-auth".to_owned());
    }
}

fn entry_changes(
    saved: &Plan,
    live: &[LiveEntry],
    switched_by_plan: bool,
    changes: &mut Vec<String>,
) {
    let entries = saved
        .mappings
        .iter()
        .filter_map(|mapping| mapping.entry.as_ref());
    let in_play: BTreeMap<PrincipalKey, &AccessEntry> = entries
        .filter_map(|entry| Some((Principal::from_arn(&entry.principal_arn)?.key(), entry)))
        .collect();
    let now: BTreeMap<String, &AccessEntry> = live
        .iter()
        .filter(|live| {
            Principal::from_arn(&live.entry.principal_arn)
                .is_some_and(|principal| in_play.contains_key(&principal.key()))
        })
        .map(|live| (live.entry.principal_arn.to_string(), &live.entry))
        .collect();
    // Entries that the saved plan makes show up one policy after the other, and those that EKS makes at the switch, too.
    let is_expected = |live: &AccessEntry| {
        let wanted = Principal::from_arn(&live.principal_arn)
            .and_then(|principal| in_play.get(&principal.key()));
        wanted.is_some_and(|entry| is_beginning_of(live, entry)) || switched_by_plan
    };
    for (arn, live) in &now {
        match saved.observed.get(arn) {
            None if !is_expected(live) => {
                changes.push(format!("`{arn}` now has an access entry"));
            }
            Some(old) if !differences(old, live).is_empty() && !is_expected(live) => {
                let differences = in_words(&differences(old, live));
                changes.push(format!(
                    "the access entry of `{arn}` has changed: {differences}"
                ));
            }
            _ => {}
        }
    }
    for arn in saved.observed.keys().filter(|arn| !now.contains_key(*arn)) {
        let deleted_by_plan = saved.actions.iter().any(|action| {
            matches!(&action.kind, super::ActionKind::DeleteAccessEntry { principal_arn } if principal_arn.to_string() == *arn)
        });
        if !deleted_by_plan {
            changes.push(format!("the access entry of `{arn}` was deleted"));
        }
    }
}
