//! What is undone, given what was seen: never what somebody would lose access by.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::config_map::{Restoring, changes};
use super::entries::{Left, Undoing, undo, undo_by_tags};
use super::{Moves, RollbackOptions, RolledBack};
use crate::access::before::{Authenticator, AuthenticatorAnswer};
use crate::choices::Choices;
use crate::error::Failure;
use crate::finding::Code;
use crate::invocation::Advice;
use crate::journal::{ConfigMapChange, History};
use crate::kubernetes::Stored;
use crate::migration::Clock;
use crate::migration::survey::Survey;
use crate::migration::verify::canonical;
use crate::model::{Arn, AuthenticationMode, LiveEntry, MappingId, Principal, Section};
use crate::plan::compare::{is_beginning_of, same};
use crate::plan::document::{Outcome, Plan, PlannedMapping};
use crate::plan::{Action, ActionKind, Ours, RUN_TAG, build, is_as_tagged};
use crate::reader::Reading;

/// Decides what is undone, given what was seen.
pub(super) fn decide(
    seen: &Survey,
    standing: Option<&Stored>,
    config_map: Restoring,
    history: &History,
    options: &RollbackOptions,
    clock: Clock,
) -> Result<RolledBack, Failure> {
    let only_run = options.run.as_deref();
    let mode = seen.observed.cluster.authentication_mode;
    if let (Some(only), Some(last)) = (only_run, last_cut_over(history))
        && only != last
    {
        return Err(Failure::new(format!(
            "nothing was undone: run {last} cut aws-auth over, so the entries are the only source of access"
        ))
        .hint(Advice::RollThatBackFirst {
            run: last.to_owned(),
        }));
    }
    let live = entries_to_undo(seen)?;
    let mut entries = undo(history, only_run, &live, &|live| is_dead(seen, live));
    let reading = reading_after(standing, &config_map);
    let after = plan_after(seen, &reading, history, clock);
    if only_run.is_none() {
        let elsewhere = made_elsewhere(&live, history);
        entries.join(undo_by_tags(&elsewhere, &proven_by_mapping(&after)));
    }
    let mut stays = Vec::new();
    if mode == Some(AuthenticationMode::Api) {
        stays.push(
            "the mode API can't be undone: the cluster never reads aws-auth again, so the access entries stay, and a restored ConfigMap has no effect"
                .to_owned(),
        );
        entries = Undoing::default();
    } else if mode == Some(AuthenticationMode::ApiAndConfigMap) {
        stays.push("the mode API_AND_CONFIG_MAP can't be undone; in it, aws-auth applies to everybody without an access entry".to_owned());
        if !options.force {
            keep_what_nothing_else_gives(&mut entries, seen, &after, &reading);
        }
    }
    if let Some(caller) = &seen.observed.caller {
        entries.put_last(caller);
    }
    let moves = match &config_map {
        Restoring::Back { to, .. } => Moves::between(
            &standing.map(Stored::aws_auth).unwrap_or_default(),
            &to.aws_auth(),
        ),
        Restoring::Nothing => Moves::default(),
    };
    let is_undone = |principal: &&String| {
        let mut actions = entries.actions.iter();
        actions.any(|action| {
            action
                .kind
                .principal_arn()
                .map(ToString::to_string)
                .as_ref()
                == Some(principal)
        })
    };
    let dead = entries.dead.iter().filter(is_undone).map(|principal| {
        format!(
            "the earlier access entry of `{principal}` is not restored: it was stale, and recreating it would grant access it did not give"
        )
    });
    stays.splice(..0, dead.collect::<Vec<_>>());
    Ok(RolledBack {
        cluster: seen.observed.cluster.name.clone().unwrap_or_default(),
        caller: seen.caller.as_ref().map(|caller| caller.arn.to_string()),
        account_id: seen.observed.cluster.account_id.clone().unwrap_or_default(),
        mode,
        config_map,
        moves,
        entries,
        bindings: Vec::new(),
        writers: Vec::new(),
        stays,
        summary: None,
        run: None,
        journal: PathBuf::new(),
        end: None,
    })
}

/// The run that made the last change of aws-auth that is not undone.
fn last_cut_over(history: &History) -> Option<&str> {
    let last = changes(history, None).pop()?;
    let is_its = |change: &ConfigMapChange| std::ptr::eq(change, last);
    let mut runs = history.runs.iter();
    let run = runs.find(|run| run.config_map.iter().any(is_its))?;
    Some(&run.run)
}

/// The live entries; without them nobody could tell what there is to undo.
fn entries_to_undo(seen: &Survey) -> Result<Vec<LiveEntry>, Failure> {
    seen.observed.entries.clone().ok_or_else(|| {
        let unknown = seen
            .reading
            .diagnostics
            .iter()
            .map(|diagnostic| &diagnostic.finding)
            .find(|finding| finding.code == Code::EntriesUnknown);
        let (reason, fix) = unknown.map_or_else(
            || ("the live access entries could not be read".to_owned(), None),
            |finding| (finding.message.clone(), Some(finding.fix.clone())),
        );
        let failure = Failure::new(format!("nothing was undone: {reason}"));
        match fix {
            Some(fix) => failure.hint(fix),
            None => failure,
        }
    })
}

/// The calls to EKS that a rollback of all runs in the journal would make now.
#[must_use]
pub fn calls(seen: &Survey, history: &History) -> Vec<Action> {
    let live = seen.observed.entries.as_deref().unwrap_or_default();
    undo(history, None, live, &|live| is_dead(seen, live)).actions
}

/// Whether an entry is older than the principal of its ARN, as far as IAM says.
fn is_dead(seen: &Survey, live: &LiveEntry) -> bool {
    seen.observed.is_stale(live)
}

/// The entries of this tool that runs made of which the journal knows nothing: it is lost, or on another machine.
fn made_elsewhere(live: &[LiveEntry], history: &History) -> Vec<LiveEntry> {
    let is_known = |run: &str| history.runs.iter().any(|known| known.run == run);
    let tagged = live.iter().filter(|live| {
        let run = live.entry.tags.get(RUN_TAG);
        run.is_some_and(|run| !is_known(run))
    });
    tagged.cloned().collect()
}

/// The plan of the cluster once the ConfigMap is back: which entry each mapping becomes then.
fn plan_after(seen: &Survey, reading: &Reading, history: &History, clock: Clock) -> Plan {
    build(
        reading,
        seen.source.clone(),
        &seen.observed,
        &Choices::default().or_as_before(history.last_choices().as_ref()),
        &Ours::default(),
        (clock.now)(),
    )
}

/// Whether a live entry gives what its mapping gives, or what was decided for it: without it nobody loses anything.
fn is_proven(mapping: &PlannedMapping) -> bool {
    matches!(mapping.outcome, Outcome::Unchanged | Outcome::Conflict) && !mapping.needs_decision()
}

/// The principals whose mapping gives what their entry gives.
fn proven_by_mapping(plan: &Plan) -> BTreeSet<String> {
    let mappings = plan.mappings.iter();
    mappings
        .filter(|mapping| is_proven(mapping))
        .filter_map(|mapping| Some(mapping.entry.as_ref()?.principal_arn.to_string()))
        .collect()
}

/// What the cluster reads once the ConfigMap is back.
fn reading_after(standing: Option<&Stored>, config_map: &Restoring) -> Reading {
    let restored = match config_map {
        Restoring::Back { to, .. } => Some(to.aws_auth()),
        Restoring::Nothing => standing.map(Stored::aws_auth),
    };
    restored.unwrap_or_default().read()
}

/// Leaves entries whose principals would have other access by aws-auth than by the entry, or none at all.
///
/// A mapping may have been edited while its entry hid it.
fn keep_what_nothing_else_gives(
    entries: &mut Undoing,
    seen: &Survey,
    after: &Plan,
    reading: &Reading,
) {
    let authenticator = Authenticator::new(reading);
    let live = seen.observed.entries_by_principal();
    let wanted = |by: MappingId| {
        let mut mappings = after.mappings.iter();
        mappings.find(|mapping| mapping.id == by)
    };
    let reason = |principal: &Principal| {
        let by = match authenticator.answer(&canonical(principal)) {
            AuthenticatorAnswer::Refused => {
                return Some(
                    "no mapping in aws-auth grants it access, so it would lose its access",
                );
            }
            AuthenticatorAnswer::Undefined { .. } => {
                return Some(
                    "several mappings in aws-auth match it, and it is random which of them applies",
                );
            }
            // An account gives its principals no groups, and no mapping of a role or user is there to compare with.
            AuthenticatorAnswer::Mapped { by, .. } if by.section == Section::MapAccounts => {
                return Some("aws-auth maps only its account, which grants different access");
            }
            AuthenticatorAnswer::Mapped { by, .. } => by,
        };
        let (live, mapping) = (live.get(&principal.key())?, wanted(by)?);
        // The best entry for a mapping may give other access than the mapping, and then somebody has to have accepted it.
        let is_settled = !mapping.needs_decision()
            || mapping
                .drift
                .as_ref()
                .is_some_and(|drift| drift.keeps_access() || is_as_tagged(&live.entry, drift));
        let gives_as_much = is_proven(mapping)
            || match &mapping.entry {
                Some(wanted) if same(Some(wanted), Some(&live.entry)) => is_settled,
                Some(wanted) => is_beginning_of(&live.entry, wanted),
                None => is_settled,
            };
        (!gives_as_much).then_some("its mapping changed since and grants different access")
    };
    let is_put_back = |arn: &Arn| {
        let mut actions = entries.actions.iter();
        actions.any(|action| matches!(&action.kind, ActionKind::CreateAccessEntry { principal_arn, .. } if principal_arn == arn))
    };
    let mut kept = BTreeMap::new();
    for action in &entries.actions {
        if let ActionKind::DeleteAccessEntry { principal_arn } = &action.kind
            && !is_put_back(principal_arn)
            // What was made for nothing that counts has nothing to lose but what this tool gave.
            && !after.includes_inert(principal_arn)
            && let Some(reason) = Principal::from_arn(principal_arn).and_then(|of| reason(&of))
        {
            kept.insert(principal_arn.to_string(), reason);
        }
    }
    entries.actions.retain(|action| {
        let of = action.kind.principal_arn().map(ToString::to_string);
        of.is_none_or(|of| !kept.contains_key(&of))
    });
    entries
        .left
        .extend(kept.into_iter().map(|(principal_arn, reason)| Left {
            principal_arn,
            reason: format!("{reason} ({})", Advice::ForceDelete),
        }));
}

#[cfg(test)]
mod tests;
