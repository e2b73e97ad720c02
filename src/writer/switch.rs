//! The one-way switch of the authentication mode, waited for until EKS is done.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::progress::{Event, EventKind, Progress};
use super::retry::{AfterFailure, Circumstances, decide};
use crate::aws::{AwsError, EksApi, UpdateState};
use crate::invocation::Flag;
use crate::journal::{CallOutcome, JournalError, RunLog};
use crate::model::{ActionError, ActionStatus, AuthenticationMode};
use crate::plan::Action;
use crate::stop::Stop;

/// How long a switch may take; EKS says "a few minutes" and promises nothing.
const PATIENCE: Duration = Duration::from_mins(40);
const SHORTEST_POLL: Duration = Duration::from_millis(250);
const LONGEST_POLL: Duration = Duration::from_secs(10);
/// How long to wait before asking again when the update in the way can't be looked at.
const UNSEEN: Duration = Duration::from_secs(3);

/// How long to wait before the next look, given how long was waited for the same thing.
///
/// A quarter of it: what takes milliseconds is seen at once, what takes minutes costs few calls.
fn poll(waited: Duration) -> Duration {
    (waited / 4).clamp(SHORTEST_POLL, LONGEST_POLL)
}

/// Why the cluster has not switched.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// EKS refused the switch or a look at it.
    #[error("failed to switch the authentication mode")]
    Aws(#[from] AwsError),
    /// EKS began an update of the cluster and gave it up.
    #[error("the cluster update {update} {verb}: {reasons}")]
    GivenUp {
        /// `failed` or `was cancelled`.
        verb: &'static str,
        /// The update's id.
        update: String,
        /// EKS's own words.
        reasons: String,
    },
    /// It takes longer than the tool waits.
    #[error("the switch of the authentication mode is still in progress after {} s", waited.as_secs())]
    TooSlow {
        /// How long was waited.
        waited: Duration,
    },
    /// The time was over before EKS could be asked for the switch.
    #[error(
        "the switch of the authentication mode was not started: {} was reached",
        Flag::Timeout
    )]
    NotBegun,
    /// It was interrupted; EKS completes the switch on its own.
    #[error(
        "interrupted while EKS switches the authentication mode; EKS completes the switch on its own"
    )]
    Interrupted,
    /// What was done can't be written down.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A switch of the authentication mode and all that it needs.
pub struct Switch<'a, A, P> {
    /// EKS.
    pub api: &'a A,
    /// The cluster's name.
    pub cluster: &'a str,
    /// The plan's action.
    pub action: &'a Action,
    /// The mode to reach.
    pub to: AuthenticationMode,
    /// Where every call is written down.
    pub log: &'a RunLog,
    /// How many actions there are in all, for whoever is notified.
    pub total: usize,
    /// Who is notified.
    pub progress: &'a P,
    /// Whether to stop.
    pub stop: &'a Stop,
    /// When no longer to wait.
    pub deadline: Option<Instant>,
    /// The clock.
    pub clock: fn() -> Timestamp,
}

/// How far the switch is, as far as it is known.
enum SwitchStep {
    /// Look at the cluster.
    Look,
    /// EKS works on the update of this id.
    Wait(String),
    /// EKS works on an update of somebody else's, and takes no other meanwhile.
    Behind(String),
    /// EKS is done, the cluster is yet to show it.
    Settle,
    /// The cluster is in the new mode.
    Done,
}

/// What was asked for, and how EKS answered.
#[derive(Debug, Default)]
struct SwitchRequest {
    times: u32,
    request_id: Option<String>,
    update: Option<String>,
}

impl<A: EksApi, P: Progress> Switch<'_, A, P> {
    /// Switches, or waits for a switch that is under way; returns when the cluster is ACTIVE in the new mode.
    ///
    /// A cluster that is in the mode already is left alone: EKS refuses to switch to the same mode. An update of the
    /// cluster by somebody else is waited for first, since EKS makes only one at a time.
    pub async fn make(&self) -> Result<(), SwitchError> {
        let began = Instant::now();
        let patience = self.deadline.map_or(PATIENCE, |at| {
            at.saturating_duration_since(began).min(PATIENCE)
        });
        let token = self.log.token(self.action);
        let mut asked = SwitchRequest::default();
        let mut step = SwitchStep::Look;
        let mut since = began;
        loop {
            if self.stop.is_requested() {
                return Err(SwitchError::Interrupted);
            }
            if began.elapsed() > patience {
                return Err(if asked.times > 0 {
                    SwitchError::TooSlow {
                        waited: began.elapsed(),
                    }
                } else {
                    SwitchError::NotBegun
                });
            }
            let next = match step {
                SwitchStep::Look => self.look(&token, &mut asked).await?,
                SwitchStep::Wait(ref update) => self.wait(&token, update).await?,
                SwitchStep::Behind(ref update) => self.behind(update.clone()).await,
                SwitchStep::Settle => match self.api.mode(self.cluster).await? {
                    (mode, status) if mode >= self.to && is_active(&status) => SwitchStep::Done,
                    _ => SwitchStep::Settle,
                },
                SwitchStep::Done => {
                    if asked.times > 0 {
                        let answered = CallOutcome {
                            request_id: asked.request_id,
                            error: None,
                            update: asked.update,
                        };
                        self.outcome(&token, ActionStatus::Updated, answered)?;
                    }
                    self.tell(
                        format!("the cluster is in {}", self.to),
                        Some(ActionStatus::Updated),
                        None,
                    );
                    return Ok(());
                }
            };
            if std::mem::discriminant(&next) == std::mem::discriminant(&step) {
                self.stop.sleep(poll(since.elapsed())).await;
            } else {
                // What has come to its end needs no pause before the next thing is looked at.
                since = Instant::now();
            }
            step = next;
        }
    }

    /// Looks at the cluster, and asks for the switch when nothing is in the way.
    async fn look(
        &self,
        token: &str,
        asked: &mut SwitchRequest,
    ) -> Result<SwitchStep, SwitchError> {
        let (mode, status) = self.api.mode(self.cluster).await?;
        if !is_active(&status) {
            self.tell(
                format!("the cluster is {status}, waiting until it is ACTIVE"),
                None,
                None,
            );
            return Ok(SwitchStep::Look);
        }
        if mode >= self.to {
            return Ok(SwitchStep::Done);
        }
        self.log.intent(token, self.action, None, Vec::new())?;
        asked.times += 1;
        match self.api.perform(self.cluster, self.action, token).await {
            Ok(answer) => {
                asked.request_id = answer.request_id;
                asked.update.clone_from(&answer.update);
                self.tell(
                    format!("EKS is switching the mode {mode} to {}", self.to),
                    None,
                    None,
                );
                Ok(answer.update.map_or(SwitchStep::Look, SwitchStep::Wait))
            }
            Err(error) if self.is_no_change(&error) => Ok(SwitchStep::Settle),
            Err(error) if update_in_progress(&error).is_some() => {
                // Nothing was begun, and the tries are for the time after it.
                asked.times -= 1;
                let update = update_in_progress(&error).unwrap_or_default().to_owned();
                let text = format!("waiting for the update {update} of the cluster to finish");
                self.tell(text, None, Some(ActionError::from(&error)));
                Ok(SwitchStep::Behind(update))
            }
            Err(error) => {
                let event = ActionError::from(&error);
                let circumstances = Circumstances {
                    attempts: asked.times,
                    ..Circumstances::default()
                };
                if let AfterFailure::Again(wait) | AfterFailure::Slower(wait) =
                    decide(&self.action.kind, &error, circumstances)
                {
                    self.tell("trying again".to_owned(), None, Some(event));
                    self.stop.sleep(wait).await;
                    return Ok(SwitchStep::Look);
                }
                let answered = CallOutcome {
                    error: Some(event),
                    ..CallOutcome::default()
                };
                self.outcome(token, ActionStatus::Failed, answered)?;
                Err(error.into())
            }
        }
    }

    /// Looks at an update that is not this tool's; one that can't be looked at is waited for by asking for the switch.
    async fn behind(&self, update: String) -> SwitchStep {
        match self.api.update_state(self.cluster, &update).await {
            Ok(UpdateState::InProgress) => SwitchStep::Behind(update),
            Ok(_) => SwitchStep::Look,
            Err(_) => {
                self.stop.sleep(UNSEEN).await;
                SwitchStep::Look
            }
        }
    }

    /// Looks at the update that makes the switch.
    async fn wait(&self, token: &str, update: &str) -> Result<SwitchStep, SwitchError> {
        let update = update.to_owned();
        let (verb, reasons) = match self.api.update_state(self.cluster, &update).await? {
            UpdateState::InProgress => return Ok(SwitchStep::Wait(update)),
            UpdateState::Successful => return Ok(SwitchStep::Settle),
            UpdateState::Failed { reasons } => ("failed", reasons),
            UpdateState::Cancelled { reasons } => ("was cancelled", reasons),
        };
        let reasons = if reasons.is_empty() {
            "no reason given".to_owned()
        } else {
            reasons.join("; ")
        };
        let error = ActionError {
            code: "UpdateGivenUp".to_owned(),
            message: reasons.clone(),
            request_id: None,
        };
        let answered = CallOutcome {
            request_id: None,
            error: Some(error),
            update: Some(update.clone()),
        };
        self.outcome(token, ActionStatus::Failed, answered)?;
        Err(SwitchError::GivenUp {
            verb,
            update,
            reasons,
        })
    }

    /// EKS answers a switch to the mode that the cluster has already with an error.
    fn is_no_change(&self, error: &AwsError) -> bool {
        let to = self.to;
        error.message().is_some_and(|message| {
            message.starts_with("Unsupported authentication mode update")
                && message.ends_with(&format!("from {to} to {to}"))
        })
    }

    fn tell(&self, message: String, status: Option<ActionStatus>, error: Option<ActionError>) {
        tracing::debug!("mode: {}", crate::text::visible(&message));
        self.progress.tell(&Event {
            action: Some(self.action.clone()),
            status,
            error,
            message: Some(message),
            total: self.total,
            ..Event::new(EventKind::Mode, (self.clock)())
        });
    }

    fn outcome(
        &self,
        token: &str,
        status: ActionStatus,
        answered: CallOutcome,
    ) -> Result<(), JournalError> {
        self.log.outcome(token, self.action, status, answered)
    }
}

/// The id of the update that keeps EKS from beginning another one.
///
/// The class of the error differs between clients' reports, so that its text decides:
/// `Cannot AccessConfigUpdate because cluster NAME currently has update ID in progress`.
fn update_in_progress(error: &AwsError) -> Option<&str> {
    let (_, rest) = error.message()?.split_once("currently has update ")?;
    let (update, _) = rest.split_once(" in progress")?;
    Some(update)
}

fn is_active(status: &str) -> bool {
    status.is_empty() || status == "ACTIVE"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_in_the_way_is_known_by_the_text_whatever_the_class() {
        let error = |code: &str, message: &str| AwsError {
            operation: "eks:UpdateClusterConfig".to_owned(),
            kind: crate::aws::AwsErrorKind::Service {
                code: code.to_owned(),
                message: message.to_owned(),
                request_id: None,
                status: 400,
                retry_after: None,
                clues: crate::aws::Clues::default(),
            },
        };
        let text =
            "Cannot AccessConfigUpdate because cluster shop currently has update 12-ab in progress";
        for code in ["ResourceInUseException", "InvalidRequestException"] {
            assert_eq!(update_in_progress(&error(code, text)), Some("12-ab"));
        }
        assert_eq!(
            update_in_progress(&error("ResourceInUseException", "in use")),
            None
        );
    }

    #[test]
    fn looks_are_as_far_apart_as_what_is_waited_for_is_slow() {
        let after = |seconds| poll(Duration::from_secs(seconds));
        assert_eq!(after(0), SHORTEST_POLL);
        assert_eq!(after(8), Duration::from_secs(2));
        assert_eq!(after(600), LONGEST_POLL);
    }
}
