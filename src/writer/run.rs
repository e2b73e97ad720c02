//! The engine: stage by stage, several principals at a time, each principal's calls in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::time::Instant;

use super::canary::Canary;
use super::pace::Pace;
use super::progress::{Event, EventError, EventKind, Progress, Status};
use super::retry::{Circumstances, Next, PROPAGATION, THROTTLED, decide};
use super::{Answer, EksApi};
use crate::aws::AwsError;
use crate::journal::{History, Journal, JournalError, Record};
use crate::model::{AccessEntry, Arn, LiveEntry};
use crate::plan::ENTRY_QUOTA;
use crate::plan::{Action, ActionKind, Stage};
use crate::stop::Stop;

/// Bounds of a run.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many principals are worked on at a time.
    pub concurrency: usize,
    /// Calls per second at most; as fast as EKS lets where there is none.
    pub max_rate: Option<f64>,
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
    /// The run's id.
    pub id: &'a str,
    /// Where every call is written down.
    pub journal: &'a Journal,
    /// What the journal held when it was opened.
    pub history: &'a History,
    /// What the live entries were when the plan was made, by principal ARN.
    pub before: &'a BTreeMap<String, LiveEntry>,
    /// Principals that IAM made a moment ago, which EKS may not know yet.
    pub new_principals: &'a BTreeSet<Arn>,
    /// Who is told.
    pub progress: &'a P,
    /// Whether to stop.
    pub stop: &'a Stop,
    /// Bounds.
    pub limits: Limits,
    /// Whether one node role goes first and is watched before the others follow.
    pub canary: Option<Canary<'a>>,
    /// The clock.
    pub clock: fn() -> Timestamp,
}

/// Why a run could not go on at all.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    /// What was done can't be written down, so nothing more is done.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// How one action ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionResult {
    /// The action.
    pub action: Action,
    /// How it ended.
    pub status: Status,
    /// What went wrong.
    pub error: Option<EventError>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// Every action, in the plan's order.
    pub results: Vec<ActionResult>,
    /// How many calls were made, repeated ones included.
    pub calls: usize,
    /// How many of them were repetitions.
    pub retries: usize,
    /// Entries that were read back and do not say what they should, with what is wrong.
    pub unverified: Vec<(Arn, String)>,
    /// How many entries were read back.
    pub verified: usize,
    /// Why the run stopped before its end, where it did.
    pub stopped: Option<String>,
}

impl Summary {
    /// How many actions ended in a way.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.results
            .iter()
            .filter(|result| result.status == status)
            .count()
    }

    /// Principals that EKS doesn't know: a decision for people, not a failure.
    #[must_use]
    pub fn refused_principals(&self) -> BTreeSet<Arn> {
        let refused = self.results.iter().filter(|result| result.is_refused());
        refused
            .filter_map(|result| result.action.kind.principal_arn().cloned())
            .collect()
    }

    /// Whether all was done that could be done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let refused = self.refused_principals();
        self.unverified.is_empty()
            && self.results.iter().all(|result| {
                !matches!(result.status, Status::Failed | Status::Skipped)
                    || result
                        .action
                        .kind
                        .principal_arn()
                        .is_some_and(|arn| refused.contains(arn))
            })
    }
}

impl ActionResult {
    /// Whether EKS doesn't know the principal.
    ///
    /// Source: EKS answers `InvalidParameterException: The specified principalArn is invalid: invalid principal.`
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.status == Status::Failed
            && self.error.as_ref().is_some_and(|error| {
                error.code == "InvalidParameterException"
                    && error.message.contains("invalid principal")
            })
    }
}

/// Performs the actions; returns how each of them ended.
///
/// # Errors
/// Only where the journal can't be written: then nothing more is begun.
pub async fn run<A: EksApi, P: Progress>(
    run: &Run<'_, A, P>,
    actions: &[Action],
) -> Result<Summary, WriterError> {
    let engine = Engine {
        run,
        pace: Pace::new(run.limits.max_rate),
        total: actions.len(),
        done: AtomicUsize::new(0),
        calls: AtomicUsize::new(0),
        retries: AtomicUsize::new(0),
        full: AtomicBool::new(false),
        halted: Mutex::new(None),
    };
    engine.tell(EventKind::Started, None, None, None);
    let mut results: BTreeMap<usize, ActionResult> = BTreeMap::new();
    for mut stage in stages(actions) {
        if let Some(canary) = &run.canary
            && stage.len() > 1
            && stage[0][0].1.stage == Stage::Nodes
        {
            let first = stage.remove(0);
            results.extend(engine.canary(canary, first).await?);
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
    let results: Vec<ActionResult> = results.into_values().collect();
    engine.tell_what_is_left(&results);
    let (verified, unverified) = engine.read_back(&results).await;
    let summary = Summary {
        results,
        calls: engine.calls.into_inner(),
        retries: engine.retries.into_inner(),
        unverified,
        verified,
        stopped: engine
            .halted
            .into_inner()
            .expect("no task panics while it holds the reason"),
    };
    run.progress.tell(&Event {
        event: EventKind::Finished,
        time: (run.clock)(),
        done: summary
            .results
            .iter()
            .filter(|result| result.status != Status::Skipped)
            .count(),
        total: actions.len(),
        action: None,
        status: None,
        error: None,
        message: summary.stopped.clone(),
    });
    Ok(summary)
}

/// An action with its place in the plan.
type Chain<'a> = Vec<(usize, &'a Action)>;

/// Groups the actions by stage and, within a stage, by principal; the order within each is the plan's.
fn stages(actions: &[Action]) -> Vec<Vec<Chain<'_>>> {
    let mut stages: BTreeMap<_, Vec<(String, Chain<'_>)>> = BTreeMap::new();
    for (index, action) in actions.iter().enumerate() {
        let key = action
            .kind
            .principal_arn()
            .map(ToString::to_string)
            .unwrap_or_default();
        let chains = stages.entry(action.stage).or_default();
        match chains.iter_mut().find(|(known, _)| *known == key) {
            Some((_, chain)) => chain.push((index, action)),
            None => chains.push((key, vec![(index, action)])),
        }
    }
    stages
        .into_values()
        .map(|chains| chains.into_iter().map(|(_, chain)| chain).collect())
        .collect()
}

/// Why a run ends when AWS takes the credentials no more.
const CREDENTIALS: &str =
    "the AWS credentials are expired or unknown to AWS; log in again, then run the same command";
/// How many calls reading an entry takes: `DescribeAccessEntry` and `ListAssociatedAccessPolicies`.
const CALLS_OF_A_LOOK: u32 = 2;
/// How often an entry is looked at before it counts as not shown.
const LOOKS: u32 = 8;

/// How long to wait before looking again.
fn look_again(attempt: u32) -> Duration {
    Duration::from_millis(250 << attempt.min(4))
}

struct Engine<'a, A, P> {
    run: &'a Run<'a, A, P>,
    pace: Pace,
    total: usize,
    done: AtomicUsize,
    calls: AtomicUsize,
    retries: AtomicUsize,
    /// Whether the cluster has as many entries as EKS allows.
    full: AtomicBool,
    /// Why no new call is begun any more.
    halted: Mutex<Option<String>>,
}

/// How the calls for one action ended.
struct Ended {
    status: Status,
    request_id: Option<String>,
    error: Option<EventError>,
}

impl<A: EksApi, P: Progress> Engine<'_, A, P> {
    /// Performs the actions of one principal in order; after a failure the rest is left out.
    ///
    /// What has begun for a principal is finished even when a stop is asked for: an entry that waits for its policy, or
    /// was deleted to be made anew, would leave the principal with less than it has today.
    async fn chain(&self, chain: Chain<'_>) -> Result<Vec<(usize, ActionResult)>, WriterError> {
        let mut results: Vec<(usize, ActionResult)> = Vec::with_capacity(chain.len());
        let mut entry_is_new = false;
        let mut begun = false;
        let mut broken = false;
        for (index, action) in chain {
            let result = if broken || (!begun && !self.may_begin(action).await) {
                self.skip(action)
            } else {
                if begun {
                    self.pace.turn().await;
                }
                let result = self.action(action, entry_is_new, begun).await?;
                entry_is_new |= result.status == Status::Created;
                begun |= !matches!(result.status, Status::Failed | Status::Exists);
                result
            };
            broken |= matches!(result.status, Status::Failed | Status::Skipped);
            results.push((index, result));
        }
        Ok(results)
    }

    /// Waits for the action's turn; tells whether it may begin then.
    async fn may_begin(&self, action: &Action) -> bool {
        if self.must_not_begin(action) {
            return false;
        }
        tokio::select! {
            () = self.pace.turn() => {}
            () = self.run.stop.requested() => {}
        }
        !self.must_not_begin(action)
    }

    /// One node role goes first; the others follow when no node was lost by it.
    async fn canary(
        &self,
        canary: &Canary<'_>,
        first: Chain<'_>,
    ) -> Result<Vec<(usize, ActionResult)>, WriterError> {
        let arn = first
            .first()
            .and_then(|(_, action)| action.kind.principal_arn())
            .map(ToString::to_string)
            .unwrap_or_default();
        let ready = match canary.nodes.ready().await {
            Ok(ready) => ready,
            Err(reason) => {
                self.halt(&format!("the nodes can't be watched: {reason}"));
                BTreeSet::new()
            }
        };
        let results = self.chain(first).await?;
        let is_done = results
            .iter()
            .all(|(_, result)| !matches!(result.status, Status::Failed | Status::Skipped));
        if self.halted().is_none() && is_done {
            self.note(format!(
                "watching {} nodes after {arn} got its entry",
                ready.len()
            ));
            if let Err(lost) = canary.watch(&ready, self.run.stop).await {
                self.halt(&format!(
                    "{lost} after `{arn}` got its access entry; the way back: \
                     aws eks delete-access-entry --cluster-name {} --principal-arn {arn}",
                    self.run.cluster
                ));
            }
        } else if !is_done {
            self.halt("the first node role did not get its access entry");
        }
        Ok(results)
    }

    /// Says how many entries are left when the cluster takes no more.
    fn tell_what_is_left(&self, results: &[ActionResult]) {
        if !self.full.load(Ordering::Relaxed) {
            return;
        }
        let left = results
            .iter()
            .filter(|result| matches!(result.action.kind, ActionKind::CreateAccessEntry { .. }))
            .filter(|result| matches!(result.status, Status::Failed | Status::Skipped))
            .count();
        self.halt(&format!(
            "EKS takes no more access entries for this cluster (the quota is {ENTRY_QUOTA}); {left} are left to be made"
        ));
    }

    fn must_not_begin(&self, action: &Action) -> bool {
        if self.run.stop.is_requested() {
            self.halt("it was interrupted");
        } else if self.is_late() {
            self.halt("the time given by --timeout is over");
        }
        let creates = matches!(action.kind, ActionKind::CreateAccessEntry { .. });
        self.halted().is_some() || (creates && self.full.load(Ordering::Relaxed))
    }

    fn is_late(&self) -> bool {
        let deadline = self.run.limits.deadline;
        deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn halt(&self, reason: &str) {
        self.halted
            .lock()
            .expect("no task panics while it holds the reason")
            .get_or_insert_with(|| reason.to_owned());
    }

    fn halted(&self) -> Option<String> {
        self.halted
            .lock()
            .expect("no task panics while it holds the reason")
            .clone()
    }

    fn skip(&self, action: &Action) -> ActionResult {
        self.tell(EventKind::Action, Some(action), Some(Status::Skipped), None);
        ActionResult {
            action: action.clone(),
            status: Status::Skipped,
            error: None,
        }
    }

    /// One action, from its intent to its outcome.
    async fn action(
        &self,
        action: &Action,
        entry_is_new: bool,
        must_end: bool,
    ) -> Result<ActionResult, WriterError> {
        let token = self.run.history.token(self.run.id, action);
        let before = action
            .kind
            .principal_arn()
            .and_then(|arn| self.run.before.get(&arn.to_string()))
            .cloned();
        self.run.journal.append(&Record::Intent {
            run: self.run.id.to_owned(),
            time: (self.run.clock)(),
            token: token.clone(),
            action: action.clone(),
            before: before.map(Box::new),
        })?;
        let ended = self
            .call_until_answered(action, &token, entry_is_new, must_end)
            .await;
        self.run.journal.append(&Record::Outcome {
            run: self.run.id.to_owned(),
            time: (self.run.clock)(),
            token,
            action: action.id.clone(),
            status: ended.status,
            request_id: ended.request_id,
            error: ended.error.clone(),
            update: None,
        })?;
        if ended.status == Status::Failed && self.run.limits.fail_fast {
            self.halt("an action failed and --fail-fast was given");
        }
        self.done.fetch_add(1, Ordering::Relaxed);
        self.tell(
            EventKind::Action,
            Some(action),
            Some(ended.status),
            ended.error.clone(),
        );
        Ok(ActionResult {
            action: action.clone(),
            status: ended.status,
            error: ended.error,
        })
    }

    /// Calls until there is an answer that counts; the turn of the first call has come already.
    ///
    /// `must_end` is for a call that has to follow what was done for the principal before: a stop does not end its tries.
    async fn call_until_answered(
        &self,
        action: &Action,
        token: &str,
        entry_is_new: bool,
        must_end: bool,
    ) -> Ended {
        let began = Instant::now();
        let mut circumstances = Circumstances {
            entry_is_new: entry_is_new || self.made_before(action),
            principal_is_new: action
                .kind
                .principal_arn()
                .is_some_and(|arn| self.run.new_principals.contains(arn)),
            ..Circumstances::default()
        };
        // An intent without an outcome, or a try whose answer was lost, may have been carried out all the same.
        let mut may_be_ours = self.is_unanswered(token);
        loop {
            circumstances.attempts += 1;
            self.calls.fetch_add(1, Ordering::Relaxed);
            let error = match self.run.api.perform(self.run.cluster, action, token).await {
                Ok(Answer { request_id, .. }) => {
                    self.pace.went_through();
                    return Ended {
                        status: done_status(&action.kind),
                        request_id,
                        error: None,
                    };
                }
                Err(error) => error,
            };
            let wait = match decide(&action.kind, &error, circumstances) {
                Next::Again(wait) => {
                    may_be_ours = true;
                    wait
                }
                Next::Slower(wait) if began.elapsed() + wait < THROTTLED => {
                    circumstances.attempts -= 1;
                    circumstances.throttled += 1;
                    self.pace.slow_down(wait);
                    Duration::ZERO
                }
                Next::Propagating(wait) if began.elapsed() + wait < PROPAGATION => wait,
                Next::Compare => return self.compare(action, &error, may_be_ours).await,
                Next::Gone => {
                    return Ended {
                        status: if may_be_ours {
                            done_status(&action.kind)
                        } else {
                            Status::Exists
                        },
                        request_id: error.request_id().map(Into::into),
                        error: None,
                    };
                }
                Next::Stop => {
                    self.halt(CREDENTIALS);
                    return failed(&error);
                }
                Next::Full => {
                    self.full.store(true, Ordering::Relaxed);
                    return failed(&error);
                }
                Next::Slower(_) | Next::Propagating(_) | Next::Fail => return failed(&error),
            };
            self.retries.fetch_add(1, Ordering::Relaxed);
            self.tell(
                EventKind::Retry,
                Some(action),
                None,
                Some(EventError::from(&error)),
            );
            if must_end {
                tokio::time::sleep(wait).await;
                self.pace.turn().await;
            } else {
                self.run.stop.sleep(wait).await;
                tokio::select! {
                    () = self.pace.turn() => {}
                    () = self.run.stop.requested() => {}
                }
                if self.run.stop.is_requested() {
                    // What EKS has not taken yet is left for the next run.
                    self.halt("it was interrupted");
                    return failed(&error);
                }
            }
            if self.is_late() {
                self.halt("the time given by --timeout is over");
                return failed(&error);
            }
        }
    }

    /// There is an entry already: it is ours, or says the same, or is somebody else's.
    async fn compare(&self, action: &Action, conflict: &AwsError, may_be_ours: bool) -> Ended {
        let ActionKind::CreateAccessEntry {
            principal_arn,
            entry_type,
            username,
            kubernetes_groups,
            ..
        } = &action.kind
        else {
            return failed(conflict);
        };
        let wanted = AccessEntry {
            principal_arn: principal_arn.clone(),
            entry_type: entry_type.clone(),
            username: username.clone(),
            kubernetes_groups: kubernetes_groups.clone(),
            tags: BTreeMap::new(),
            access_policies: Vec::new(),
        };
        match self.describe_shown(&principal_arn.to_string()).await {
            Ok(Some(live)) => {
                let differences = crate::plan::compare::identity_differences(&wanted, &live.entry);
                let request_id = conflict.request_id().map(ToOwned::to_owned);
                if differences.is_empty() {
                    let status = if may_be_ours {
                        Status::Created
                    } else {
                        Status::Exists
                    };
                    Ended {
                        status,
                        request_id,
                        error: None,
                    }
                } else {
                    let message = format!(
                        "there is an access entry already, and it differs: {}",
                        differences.join(", ")
                    );
                    let error = EventError {
                        code: "ResourceInUseException".to_owned(),
                        message,
                        request_id,
                    };
                    Ended {
                        status: Status::Failed,
                        request_id: error.request_id.clone(),
                        error: Some(error),
                    }
                }
            }
            Ok(None) => failed(conflict),
            Err(error) => failed(&error),
        }
    }

    /// Reads an entry at the common pace; `None` where there is none.
    async fn describe(&self, arn: &str) -> Result<Option<LiveEntry>, AwsError> {
        self.pace.turns(CALLS_OF_A_LOOK).await;
        self.calls
            .fetch_add(CALLS_OF_A_LOOK as usize, Ordering::Relaxed);
        self.run.api.describe(self.run.cluster, arn).await
    }

    /// Reads an entry that is known to be there, for as long as EKS may need to show it.
    async fn describe_shown(&self, arn: &str) -> Result<Option<LiveEntry>, AwsError> {
        for attempt in 1..LOOKS {
            match self.describe(arn).await {
                Ok(None) => self.run.stop.sleep(look_again(attempt)).await,
                answer => return answer,
            }
        }
        self.describe(arn).await
    }

    /// Whether an earlier part of this run made the entry.
    fn made_before(&self, action: &Action) -> bool {
        action.kind.principal_arn().is_some_and(|arn| {
            self.run
                .history
                .made_entries()
                .contains_key(&arn.to_string())
        })
    }

    fn is_unanswered(&self, token: &str) -> bool {
        self.run
            .history
            .runs
            .iter()
            .flat_map(|run| &run.calls)
            .any(|call| call.token == token && call.status.is_none())
    }

    /// Reads every entry that was touched back, for as long as EKS may need to show it.
    async fn read_back(&self, results: &[ActionResult]) -> (usize, Vec<(Arn, String)>) {
        let mut wanted: BTreeMap<String, AccessEntry> = BTreeMap::new();
        let mut broken: BTreeSet<String> = BTreeSet::new();
        for result in results {
            let Some(arn) = result.action.kind.principal_arn() else {
                continue;
            };
            if matches!(result.status, Status::Failed | Status::Skipped) {
                broken.insert(arn.to_string());
            }
            let before = self
                .run
                .before
                .get(&arn.to_string())
                .map(|live| &live.entry);
            let entry = wanted.remove(&arn.to_string());
            if let Some(entry) = result
                .action
                .kind
                .applied_to(entry.or_else(|| before.cloned()))
            {
                wanted.insert(arn.to_string(), entry);
            }
        }
        wanted.retain(|arn, _| !broken.contains(arn));
        // After a stop the next run compares every entry anyhow, and used-up credentials read nothing.
        if self.run.stop.is_requested() || self.halted().as_deref() == Some(CREDENTIALS) {
            return (0, Vec::new());
        }
        let checked: Vec<Option<(Arn, String)>> = stream::iter(wanted.values())
            .map(|entry| self.read_back_one(entry))
            .buffer_unordered(self.run.limits.concurrency.max(1))
            .collect()
            .await;
        let mut wrong: Vec<_> = checked.iter().flatten().cloned().collect();
        wrong.sort();
        (checked.len() - wrong.len(), wrong)
    }

    async fn read_back_one(&self, wanted: &AccessEntry) -> Option<(Arn, String)> {
        let arn = wanted.principal_arn.to_string();
        let mut wrong = String::new();
        for attempt in 0..LOOKS {
            if attempt > 0 {
                self.run.stop.sleep(look_again(attempt)).await;
            }
            if self.run.stop.is_requested() {
                "it was not read back, since the run was interrupted".clone_into(&mut wrong);
                break;
            }
            wrong = match self.describe(&arn).await {
                Ok(Some(live)) => {
                    let differences = crate::plan::compare::differences(wanted, &live.entry);
                    if differences.is_empty() {
                        return None;
                    }
                    differences.join(", ")
                }
                Ok(None) => "there is no such entry".to_owned(),
                Err(error) => {
                    if error.is_expired() || error.is_denied() {
                        if error.is_expired() {
                            self.halt(CREDENTIALS);
                        }
                        return Some((wanted.principal_arn.clone(), error.to_string()));
                    }
                    self.pace.slow_down(Duration::ZERO);
                    error.to_string()
                }
            };
        }
        Some((wanted.principal_arn.clone(), wrong))
    }

    fn note(&self, message: String) {
        self.run.progress.tell(&Event {
            event: EventKind::Mode,
            time: (self.run.clock)(),
            done: self.done.load(Ordering::Relaxed),
            total: self.total,
            action: None,
            status: None,
            error: None,
            message: Some(message),
        });
    }

    fn tell(
        &self,
        event: EventKind,
        action: Option<&Action>,
        status: Option<Status>,
        error: Option<EventError>,
    ) {
        self.run.progress.tell(&Event {
            event,
            time: (self.run.clock)(),
            done: self.done.load(Ordering::Relaxed),
            total: self.total,
            action: action.cloned(),
            status,
            error,
            message: None,
        });
    }
}

fn failed(error: &AwsError) -> Ended {
    Ended {
        status: Status::Failed,
        request_id: error.request_id().map(ToOwned::to_owned),
        error: Some(EventError::from(error)),
    }
}

/// How a call ends that did what it was to do.
pub(crate) fn done_status(kind: &ActionKind) -> Status {
    match kind {
        ActionKind::CreateAccessEntry { .. } => Status::Created,
        ActionKind::UpdateAuthenticationMode { .. } | ActionKind::UpdateAccessEntry { .. } => {
            Status::Updated
        }
        ActionKind::DeleteAccessEntry { .. } => Status::Deleted,
        ActionKind::AssociateAccessPolicy { .. } => Status::Associated,
        ActionKind::DisassociateAccessPolicy { .. } => Status::Disassociated,
    }
}
