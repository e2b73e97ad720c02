//! The engine: stage by stage, several principals at a time, each principal's calls in order.

mod answered;
mod call;
mod engine;
mod read_back;
mod summary;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::time::Instant;

use super::canary::Canary;
use super::progress::Progress;
use crate::aws::{EksApi, Pace};
use crate::choices::OnExisting;
use crate::journal::{JournalError, RunLog};
use crate::model::{Arn, LiveEntry};
use crate::plan::{Action, Stage};
use crate::stop::Stop;

pub(crate) use call::done_status;
pub(super) use engine::Engine;
pub(crate) use read_back::describe_shown;
pub use summary::{ActionResult, RunSummary};

/// Bounds of a run.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many principals to work on at a time.
    pub concurrency: usize,
    /// Whether the first failure stops the run.
    pub fail_fast: bool,
    /// When no new call is begun any more.
    pub deadline: Option<Instant>,
}

/// All that a run needs beside its actions.
pub struct Run<'a, A, P> {
    /// EKS.
    pub api: &'a A,
    /// The cluster's name.
    pub cluster: &'a str,
    /// How fast calls are made.
    pub pace: &'a Pace,
    /// Where every call is written down.
    pub log: &'a RunLog,
    /// What the live entries were when the plan was made, by principal ARN.
    pub before: &'a BTreeMap<String, LiveEntry>,
    /// Principals that IAM made a moment ago, which EKS may not know yet.
    pub new_principals: &'a BTreeSet<Arn>,
    /// Who is notified.
    pub progress: &'a P,
    /// Whether to stop.
    pub stop: &'a Stop,
    /// Bounds.
    pub limits: Limits,
    /// Whether one node role goes first and is watched before the others follow.
    pub canary: Option<Canary<'a>>,
    /// What to do with an entry that somebody else has made meanwhile and that differs.
    pub on_existing: OnExisting,
    /// The clock.
    pub clock: fn() -> Timestamp,
}

/// Why a run could not continue at all.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    /// What was done can't be written down, so nothing more is done.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Performs the actions; returns how each of them ended.
///
/// # Errors
/// Only where the journal can't be written: then nothing more is begun.
pub async fn run<A: EksApi, P: Progress>(
    run: &Run<'_, A, P>,
    actions: &[Action],
) -> Result<RunSummary, WriterError> {
    let engine = Engine::new(run, actions.len());
    let mut results: Vec<(usize, ActionResult)> = Vec::with_capacity(actions.len());
    let mut watched = None;
    for mut stage in stages(actions) {
        if let Some(canary) = &run.canary
            && stage.len() > 1
            && stage[0][0].1.stage == Stage::Nodes
        {
            let first = stage.remove(0);
            let (ended, nodes) = engine.canary(canary, first).await?;
            results.extend(ended);
            watched = nodes;
        }
        let ended: Vec<Result<Vec<(usize, ActionResult)>, WriterError>> = stream::iter(stage)
            .map(|chain| engine.chain(chain))
            .buffer_unordered(run.limits.concurrency.max(1))
            .collect()
            .await;
        for chain in ended {
            results.extend(chain?);
        }
    }
    results.sort_by_key(|(index, _)| *index);
    let results: Vec<ActionResult> = results.into_iter().map(|(_, result)| result).collect();
    engine.tell_what_is_left(&results);
    let (verified, unverified) = engine.read_back(&results).await;
    Ok(RunSummary {
        results,
        unverified,
        verified,
        stopped: engine.halted(),
        watched,
    })
}

/// An action with its place in the plan.
pub(super) type ActionChain<'a> = Vec<(usize, &'a Action)>;

/// Groups the actions by stage and, within a stage, by principal; the order within each is the plan's.
fn stages(actions: &[Action]) -> Vec<Vec<ActionChain<'_>>> {
    let mut stages: BTreeMap<_, Vec<ActionChain<'_>>> = BTreeMap::new();
    let mut places: BTreeMap<(Stage, String), usize> = BTreeMap::new();
    for (index, action) in actions.iter().enumerate() {
        let key = action
            .kind
            .principal_arn()
            .map(ToString::to_string)
            .unwrap_or_default();
        let chains = stages.entry(action.stage).or_default();
        let place = *places.entry((action.stage, key)).or_insert(chains.len());
        match chains.get_mut(place) {
            Some(chain) => chain.push((index, action)),
            None => chains.push(vec![(index, action)]),
        }
    }
    stages.into_values().collect()
}
