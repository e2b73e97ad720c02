//! What is undone, given what was seen: never what somebody would lose access by.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::config_map::{Restoring, changes, restore};
use super::entries::{Left, Undoing, undo, undo_by_tags};
use super::{RollbackOptions, RolledBack};
use crate::access::before::{Answer, Authenticator};
use crate::choices::Choices;
use crate::error::Failure;
use crate::finding::Code;
use crate::journal::History;
use crate::kubernetes::Stored;
use crate::migration::apply::{self, Clock};
use crate::migration::survey::Survey;
use crate::migration::verify::canonical;
use crate::model::{AuthenticationMode, LiveEntry, Principal};
use crate::plan::document::Outcome;
use crate::plan::{Action, ActionKind, is_stale};
use crate::reader;

/// Decides what is undone, given what was seen.
pub(super) fn decide(
    seen: &Survey,
    stored: Option<&Stored>,
    history: &History,
    options: &RollbackOptions,
    clock: Clock,
) -> Result<RolledBack, Failure> {
    let only_run = options.run.as_deref();
    let mode = seen.observed.cluster.authentication_mode;
    let config_map = restore(history, only_run, stored);
    if only_run.is_some() && changes(history, None).len() > changes(history, only_run).len() {
        return Err(Failure::new(
            "nothing was undone: aws-auth was cut over by another run, and without it the entries are all the access there is",
        )
        .hint("roll back everything (without --run), or the cut-over first"));
    }
    let live = entries_to_undo(seen)?;
    let mut entries = if history.runs.is_empty() {
        undo_by_tags(&live, &standing(seen, clock))
    } else {
        undo(history, only_run, &live, &|live| is_dead(seen, live))
    };
    let mut stays: Vec<String> = entries.dead.iter().map(|principal| format!(
        "the access entry that `{principal}` had before is not put back: it was older than its principal and let nobody in, \
         and re-created it would let somebody in"
    )).collect();
    if mode == Some(AuthenticationMode::Api) {
        stays.push(
            "the mode API can't be undone: the cluster reads aws-auth never again, so the access entries stay, \
             and a ConfigMap that is put back has no effect"
                .to_owned(),
        );
        entries = Undoing::default();
    } else if mode == Some(AuthenticationMode::ApiAndConfigMap) {
        stays.push("the mode API_AND_CONFIG_MAP can't be undone; aws-auth counts in it for everybody without an access entry".to_owned());
        if !options.force {
            keep_what_nobody_else_gives(&mut entries, seen, &config_map);
        }
    }
    Ok(RolledBack {
        cluster: seen.observed.cluster.name.clone().unwrap_or_default(),
        mode,
        config_map,
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
            || ("the live access entries can't be read".to_owned(), None),
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

/// Whether an entry is older than the principal of its ARN, as far as IAM tells.
fn is_dead(seen: &Survey, live: &LiveEntry) -> bool {
    Principal::from_arn(&live.entry.principal_arn)
        .is_some_and(|principal| is_stale(seen.observed.lookup(&principal.key()), live))
}

/// The principals whose entry says what a mapping that stands says, too.
fn standing(seen: &Survey, clock: Clock) -> BTreeSet<String> {
    let plan = apply::plan(
        seen,
        &Choices::default(),
        &History::default(),
        (clock.now)(),
    );
    let unchanged = plan.mappings.into_iter();
    unchanged
        .filter(|mapping| mapping.outcome == Outcome::Unchanged)
        .filter_map(|mapping| Some(mapping.entry?.principal_arn.to_string()))
        .collect()
}

/// Leaves entries whose principals would get in by nothing else once they are gone.
fn keep_what_nobody_else_gives(entries: &mut Undoing, seen: &Survey, config_map: &Restoring) {
    let restored = match config_map {
        Restoring::Back { to, .. } => Some(to.aws_auth()),
        Restoring::Nothing => seen.aws_auth.clone(),
    };
    let reading = reader::read(&restored.unwrap_or_default().text());
    let authenticator = Authenticator::new(&reading);
    let mut kept = BTreeSet::new();
    for action in &entries.actions {
        if let ActionKind::DeleteAccessEntry { principal_arn } = &action.kind
            && let Some(principal) = Principal::from_arn(principal_arn)
            && authenticator.answer(&canonical(&principal)) == Answer::Refused
        {
            kept.insert(principal_arn.to_string());
        }
    }
    entries.actions.retain(|action| {
        let of = action.kind.principal_arn().map(ToString::to_string);
        of.is_none_or(|of| !kept.contains(&of))
    });
    entries.left.extend(kept.into_iter().map(|principal_arn| Left {
        principal_arn,
        reason: "no mapping in aws-auth lets it in, so it would lose its access (--force deletes it)".to_owned(),
    }));
}
