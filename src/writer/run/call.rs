//! One action: its intent, the call until there is an answer that counts, its outcome.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::WriterError;
use super::answered::says_what_was_asked;
use super::engine::{CREDENTIALS, Engine};
use super::summary::ActionResult;
use crate::aws::{AwsError, EksApi};
use crate::choices::OnExisting;
use crate::invocation::Flag;
use crate::journal::CallOutcome;
use crate::model::{AccessEntry, ActionError, ActionStatus};
use crate::plan::compare::{differences, identity_differences, in_words};
use crate::plan::{Action, ActionKind, RUN_TAG};
use crate::text::visible;
use crate::writer::progress::{EventKind, Progress};
use crate::writer::retry::{AfterFailure, Circumstances, PROPAGATION, THROTTLED, decide};

/// How the calls for one action ended.
struct Ended {
    status: ActionStatus,
    request_id: Option<String>,
    error: Option<ActionError>,
}

impl<A: EksApi, P: Progress> Engine<'_, A, P> {
    /// One action, from its intent to its outcome; `then` is what has to follow for the principal.
    pub(super) async fn action(
        &self,
        action: &Action,
        then: &[&Action],
        entry_is_new: bool,
        must_end: bool,
    ) -> Result<ActionResult, WriterError> {
        let log = self.run.log;
        let token = log.token(action);
        let before = action
            .kind
            .principal_arn()
            .and_then(|arn| self.run.before.get(&arn.to_string()))
            .cloned();
        let owed = then.iter().copied().cloned().collect();
        log.intent(&token, action, before, owed)?;
        let ended = self
            .call_until_answered(action, then, &token, entry_is_new, must_end)
            .await;
        let answered = CallOutcome {
            request_id: ended.request_id,
            error: ended.error.clone(),
            update: None,
        };
        log.outcome(&token, action, ended.status, answered)?;
        if ended.status == ActionStatus::Failed && self.run.limits.fail_fast {
            self.halt(&format!(
                "an action failed and {} was given",
                Flag::FailFast
            ));
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
    /// `must_end` is for a call that has to follow what was done for the principal before: neither a stop nor the end of
    /// the time that was given ends its tries.
    async fn call_until_answered(
        &self,
        action: &Action,
        then: &[&Action],
        token: &str,
        entry_is_new: bool,
        must_end: bool,
    ) -> Ended {
        let began = Instant::now();
        let principal = action.kind.principal_arn();
        let mut circumstances = Circumstances {
            entry_is_new: entry_is_new
                || principal.is_some_and(|arn| self.made.contains(&arn.to_string())),
            principal_is_new: principal.is_some_and(|arn| self.run.new_principals.contains(arn)),
            ..Circumstances::default()
        };
        // An intent without an outcome, or a try whose answer was lost, may have been carried out anyway.
        let mut may_be_ours = self.unanswered.contains(token);
        loop {
            circumstances.attempts += 1;
            let error = match self.run.api.perform(self.run.cluster, action, token).await {
                Ok(answer) => {
                    let before = principal.and_then(|arn| self.run.before.get(&arn.to_string()));
                    let before = before.map(|live| &live.entry);
                    if !says_what_was_asked(&action.kind, before, &answer) {
                        self.doubt(action);
                    }
                    return Ended {
                        status: done_status(&action.kind),
                        request_id: answer.request_id,
                        error: None,
                    };
                }
                Err(error) => error,
            };
            let wait = match decide(&action.kind, &error, circumstances) {
                AfterFailure::Again(wait) => {
                    may_be_ours = true;
                    wait
                }
                AfterFailure::Slower(wait) if began.elapsed() + wait < THROTTLED => {
                    circumstances.attempts -= 1;
                    circumstances.throttled += 1;
                    self.run.pace.slow_down(wait);
                    Duration::ZERO
                }
                AfterFailure::Propagating(wait) if began.elapsed() + wait < PROPAGATION => wait,
                AfterFailure::Compare => {
                    return self.compare(action, then, &error, may_be_ours).await;
                }
                AfterFailure::Gone => {
                    return Ended {
                        status: if may_be_ours {
                            done_status(&action.kind)
                        } else {
                            ActionStatus::Exists
                        },
                        request_id: error.request_id().map(Into::into),
                        error: None,
                    };
                }
                AfterFailure::Stop => {
                    self.halt(CREDENTIALS);
                    return failed(&error);
                }
                AfterFailure::Full => {
                    self.full.store(true, Ordering::Relaxed);
                    return failed(&error);
                }
                AfterFailure::Slower(_) | AfterFailure::Propagating(_) | AfterFailure::Fail => {
                    return failed(&error);
                }
            };
            self.run.pace.count_retry();
            tracing::debug!(
                action = action.id,
                error = %visible(&error.to_string()),
                attempt = circumstances.attempts,
                throttled = circumstances.throttled,
                ?wait,
                "again"
            );
            self.tell(
                EventKind::Retry,
                Some(action),
                None,
                Some(ActionError::from(&error)),
            );
            if must_end {
                tokio::time::sleep(wait).await;
                self.run.pace.turn().await;
            } else {
                self.run.stop.sleep(wait).await;
                tokio::select! {
                    () = self.run.pace.turn() => {}
                    () = self.run.stop.requested() => {}
                }
                if self.run.stop.is_requested() {
                    // What EKS has not taken yet is left for the next run.
                    self.halt("it was interrupted");
                    return failed(&error);
                }
            }
            if !must_end && self.is_late() {
                self.halt_late();
                return failed(&error);
            }
        }
    }

    /// There is an entry already: it is ours, or says the same, or is somebody else's.
    ///
    /// One that this tool has made may still wait for its policies; one of somebody else's has to have them.
    async fn compare(
        &self,
        action: &Action,
        then: &[&Action],
        conflict: &AwsError,
        may_be_ours: bool,
    ) -> Ended {
        let Some(wanted) = wanted(action, then) else {
            return failed(conflict);
        };
        let live = match self.describe_shown(&wanted.principal_arn.to_string()).await {
            Ok(Some(live)) => live.entry,
            Ok(None) => return failed(conflict),
            Err(error) => return failed(&error),
        };
        let is_ours = may_be_ours || live.tags.contains_key(RUN_TAG);
        let differences = if is_ours {
            identity_differences(&wanted, &live)
        } else {
            differences(&wanted, &live)
        };
        let request_id = conflict.request_id().map(ToOwned::to_owned);
        if differences.is_empty() {
            if !is_ours {
                let mut complete = self
                    .complete
                    .lock()
                    .expect("no task panics while it holds them");
                complete.insert(wanted.principal_arn.to_string());
            }
            return Ended {
                status: if may_be_ours {
                    ActionStatus::Created
                } else {
                    ActionStatus::Exists
                },
                request_id,
                error: None,
            };
        }
        Ended {
            status: match self.run.on_existing {
                OnExisting::Keep => ActionStatus::Exists,
                OnExisting::Update | OnExisting::Fail => ActionStatus::Failed,
            },
            error: Some(ActionError {
                code: "ResourceInUseException".to_owned(),
                message: format!(
                    "an access entry exists by now, and it differs: {}",
                    in_words(&differences)
                ),
                request_id: request_id.clone(),
            }),
            request_id,
        }
    }
}

/// The entry that an action makes, with the policies that follow; `None` where it makes none.
fn wanted(action: &Action, then: &[&Action]) -> Option<AccessEntry> {
    let kinds = std::iter::once(action).chain(then.iter().copied());
    kinds.fold(None, |entry, action| action.kind.applied_to(entry))
}

fn failed(error: &AwsError) -> Ended {
    Ended {
        status: ActionStatus::Failed,
        request_id: error.request_id().map(ToOwned::to_owned),
        error: Some(ActionError::from(error)),
    }
}

/// How a call ends that did what it was to do.
pub(crate) fn done_status(kind: &ActionKind) -> ActionStatus {
    match kind {
        ActionKind::CreateAccessEntry { .. } => ActionStatus::Created,
        ActionKind::UpdateAuthenticationMode { .. } | ActionKind::UpdateAccessEntry { .. } => {
            ActionStatus::Updated
        }
        ActionKind::DeleteAccessEntry { .. } => ActionStatus::Deleted,
        ActionKind::AssociateAccessPolicy { .. } => ActionStatus::Associated,
        ActionKind::DisassociateAccessPolicy { .. } => ActionStatus::Disassociated,
    }
}
