//! The engine: what a principal's calls need of each other, and when no more are begun.

use crate::model::{ActionError, ActionStatus};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::time::Instant;

use super::summary::ActionResult;
use super::{ActionChain, Run, WriterError};
use crate::aws::EksApi;
use crate::invocation::Flag;
use crate::plan::{Action, ActionKind, ENTRY_QUOTA, RUN_TAG};
use crate::writer::progress::{Event, EventKind, Progress};

/// Why a run ends when AWS takes the credentials no more.
pub(super) const CREDENTIALS: &str =
    "the AWS credentials are expired or unknown to AWS; log in again, then run the same command";
/// A run under way.
pub(in crate::writer) struct Engine<'a, A, P> {
    pub(in crate::writer) run: &'a Run<'a, A, P>,
    /// Principals whose entry an earlier run, or an earlier part of this one, made.
    pub(super) made: BTreeSet<String>,
    /// The tokens of calls whose answer an earlier part of the run did not live to see.
    pub(super) unanswered: BTreeSet<String>,
    pub(super) total: AtomicUsize,
    pub(super) done: AtomicUsize,
    /// Principals whose entry somebody else has made meanwhile, and that needs nothing more.
    pub(super) complete: Mutex<BTreeSet<String>>,
    /// Principals whose entry an answer did not show as it was asked for.
    pub(super) doubted: Mutex<BTreeSet<String>>,
    /// Whether the cluster has as many entries as EKS allows.
    pub(super) full: AtomicBool,
    /// Why no new call is begun any more.
    pub(super) halted: Mutex<Option<String>>,
}

impl<'a, A: EksApi, P: Progress> Engine<'a, A, P> {
    pub(super) fn new(run: &'a Run<'a, A, P>, total: usize) -> Self {
        let history = run.log.history();
        Self {
            run,
            made: history.made_entries().into_keys().collect(),
            unanswered: history.unanswered(),
            total: AtomicUsize::new(total),
            done: AtomicUsize::new(0),
            complete: Mutex::new(BTreeSet::new()),
            doubted: Mutex::new(BTreeSet::new()),
            full: AtomicBool::new(false),
            halted: Mutex::new(None),
        }
    }
}

impl<A: EksApi, P: Progress> Engine<'_, A, P> {
    /// Performs the actions of one principal in order; after a failure the rest is left out.
    ///
    /// What has begun for a principal is finished even when a stop is asked for: an entry that waits for its policy, or
    /// was deleted to be re-created, would leave the principal with less than it has today.
    pub(in crate::writer) async fn chain(
        &self,
        chain: ActionChain<'_>,
    ) -> Result<Vec<(usize, ActionResult)>, WriterError> {
        let mut results: Vec<(usize, ActionResult)> = Vec::with_capacity(chain.len());
        let mut entry_is_new = false;
        let mut begun = false;
        let mut broken = false;
        let actions: Vec<&Action> = chain.iter().map(|(_, action)| *action).collect();
        for (place, (index, action)) in chain.into_iter().enumerate() {
            let result = if self.is_complete(action) {
                self.leave(action, ActionStatus::Exists)
            } else if broken || (!begun && !self.may_begin(action).await) {
                self.leave(action, ActionStatus::Skipped)
            } else {
                if begun {
                    self.run.pace.turn().await;
                }
                // The calls that follow are written down with the first one.
                let then = if begun { &[] } else { &actions[place + 1..] };
                let result = self.action(action, then, entry_is_new, begun).await?;
                entry_is_new |= result.status == ActionStatus::Created;
                begun |= !matches!(result.status, ActionStatus::Failed | ActionStatus::Exists);
                result
            };
            broken |= matches!(result.status, ActionStatus::Failed | ActionStatus::Skipped)
                || result.is_conflict();
            results.push((index, result));
        }
        if let Some(given_back) = self.give_back(&results, entry_is_new).await? {
            results.push(given_back);
        }
        Ok(results)
    }

    /// Deletes an entry of this run again where a policy could not be associated with it, so that the mapping counts.
    ///
    /// Without its policy the entry hides the mapping and gives less. Where the credentials are used up nothing more can
    /// be done, and the next run finishes the entry first.
    async fn give_back(
        &self,
        results: &[(usize, ActionResult)],
        entry_is_new: bool,
    ) -> Result<Option<(usize, ActionResult)>, WriterError> {
        let failed = results.iter().find(|(_, result)| {
            result.status == ActionStatus::Failed
                && matches!(result.action.kind, ActionKind::AssociateAccessPolicy { .. })
        });
        let Some((index, failed)) = failed else {
            return Ok(None);
        };
        let ActionKind::AssociateAccessPolicy {
            principal_arn,
            policy_arn,
            ..
        } = &failed.action.kind
        else {
            return Ok(None);
        };
        let principal = principal_arn.to_string();
        // What an earlier run of this tool began and could not finish gives less as well.
        let is_begun = match self.run.before.get(&principal) {
            None => entry_is_new,
            Some(live) => {
                live.entry.tags.contains_key(RUN_TAG) && live.entry.access_policies.is_empty()
            }
        };
        if !is_begun || self.halted().as_deref() == Some(CREDENTIALS) {
            return Ok(None);
        }
        // Only the answer may have been lost.
        if let Ok(Some(live)) = self.run.api.describe(self.run.cluster, &principal).await
            && live
                .entry
                .access_policies
                .iter()
                .any(|policy| policy.policy_arn == *policy_arn)
        {
            return Ok(None);
        }
        let action = Action {
            id: format!("{}-back", failed.action.id),
            kind: ActionKind::DeleteAccessEntry {
                principal_arn: principal_arn.clone(),
            },
            why: "without its policy, the entry would override the mapping and grant less".into(),
            ..failed.action.clone()
        };
        self.total.fetch_add(1, Ordering::Relaxed);
        self.run.pace.turn().await;
        let result = self.action(&action, &[], false, true).await?;
        Ok(Some((*index, result)))
    }

    /// Waits for the action's turn; returns whether it may begin then.
    async fn may_begin(&self, action: &Action) -> bool {
        if self.must_not_begin(action) {
            return false;
        }
        tokio::select! {
            () = self.run.pace.turn() => {}
            () = self.run.stop.requested() => {}
        }
        !self.must_not_begin(action)
    }

    /// Says how many entries are left when the cluster takes no more.
    pub(in crate::writer) fn tell_what_is_left(&self, results: &[ActionResult]) {
        if !self.full.load(Ordering::Relaxed) {
            return;
        }
        let left = results
            .iter()
            .filter(|result| matches!(result.action.kind, ActionKind::CreateAccessEntry { .. }))
            .filter(|result| matches!(result.status, ActionStatus::Failed | ActionStatus::Skipped))
            .count();
        self.halt(&format!(
            "EKS accepts no more access entries for this cluster (the quota is {ENTRY_QUOTA}); {left} remain to be created"
        ));
    }

    fn must_not_begin(&self, action: &Action) -> bool {
        if self.run.stop.is_requested() {
            self.halt("it was interrupted");
        } else if self.is_late() {
            self.halt_late();
        }
        let creates = matches!(action.kind, ActionKind::CreateAccessEntry { .. });
        self.halted().is_some() || (creates && self.full.load(Ordering::Relaxed))
    }

    pub(in crate::writer) fn is_late(&self) -> bool {
        let deadline = self.run.limits.deadline;
        deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Begins nothing more, since the time is over.
    pub(in crate::writer) fn halt_late(&self) {
        self.halt(&format!("{} was reached", Flag::Timeout));
    }

    pub(in crate::writer) fn halt(&self, reason: &str) {
        self.halted
            .lock()
            .expect("no task panics while it holds the reason")
            .get_or_insert_with(|| reason.to_owned());
    }

    pub(in crate::writer) fn halted(&self) -> Option<String> {
        self.halted
            .lock()
            .expect("no task panics while it holds the reason")
            .clone()
    }

    /// Makes no call for an action, and says why.
    fn leave(&self, action: &Action, status: ActionStatus) -> ActionResult {
        self.tell(EventKind::Action, Some(action), Some(status), None);
        ActionResult {
            action: action.clone(),
            status,
            error: None,
        }
    }

    /// Notes that an answer did not show what was asked for: the entry is looked at in the end.
    pub(super) fn doubt(&self, action: &Action) {
        let principal = action.kind.principal_arn().map(ToString::to_string);
        let doubted = self.doubted.lock();
        let mut doubted = doubted.expect("no task panics while it holds them");
        doubted.extend(principal);
    }

    /// Whether somebody else has made the entry as it should be.
    fn is_complete(&self, action: &Action) -> bool {
        let complete = self.complete.lock();
        let complete = complete.expect("no task panics while it holds them");
        let principal = action.kind.principal_arn().map(ToString::to_string);
        principal.is_some_and(|principal| complete.contains(&principal))
    }

    /// Says how an action that is done continues.
    pub(in crate::writer) fn note(&self, action: &Action, message: String) {
        self.run.progress.tell(&Event {
            message: Some(message),
            ..self.event(EventKind::Action, Some(action))
        });
    }

    pub(super) fn tell(
        &self,
        event: EventKind,
        action: Option<&Action>,
        status: Option<ActionStatus>,
        error: Option<ActionError>,
    ) {
        self.run.progress.tell(&Event {
            status,
            error,
            ..self.event(event, action)
        });
    }

    fn event(&self, event: EventKind, action: Option<&Action>) -> Event {
        Event {
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
            action: action.cloned(),
            ..Event::new(event, (self.run.clock)())
        }
    }
}
