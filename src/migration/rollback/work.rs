//! The writes to Kubernetes, each written down before and after.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::bindings::by_hand;
use super::entries::done_without_answer;
use super::{BindingFate, RollbackOptions, RolledBack, UndoneBinding};
use crate::error::{Failure, FailureKind};
use crate::invocation::Advice;
use crate::journal::{CallOutcome, ConfigMapChange, ConfigMapIntent, RunLog};
use crate::kubernetes::{Attempt, Kubernetes, KubernetesError, Stored, StoredBinding};
use crate::migration::cutover::{ATTEMPTS, BREATH, interrupted, may_try_again};
use crate::migration::deletion::{Deletion, NOTHING_YET, Over, TAKE_OFF, held_by};
use crate::migration::session::{Session, unfinished};
use crate::model::{ActionStatus, LiveEntry};
use crate::writer::{self, Event, EventKind, Progress};

/// What putting things back needs.
pub(super) struct RollingBack<'a, P> {
    pub(super) session: &'a Session<'a, P>,
    pub(super) kubernetes: &'a Kubernetes,
    pub(super) log: &'a RunLog,
}

impl<P: Progress> RollingBack<'_, P> {
    /// Writes the answers down that an earlier part of this run did not live to see: what shows in the cluster was done.
    ///
    /// A call whose entry says something else stays unanswered: it may have been done and undone, or never done.
    pub(super) fn answer_what_was_asked(
        &self,
        left_to_do: &RolledBack,
        stored: Option<&Stored>,
        live: &BTreeMap<String, LiveEntry>,
    ) -> Result<(), Failure> {
        let Some(known) = self.log.earlier() else {
            return Ok(());
        };
        let now = stored.map(|stored| stored.aws_auth().data);
        let is_made = |change: &ConfigMapChange| change.status.is_none() && change.after == now;
        if known.config_map.last().is_some_and(is_made) {
            self.outcome(ActionStatus::Updated, None)?;
        }
        for call in done_without_answer(known, live) {
            let status = writer::done_status(&call.action.kind);
            self.log
                .outcome(&call.token, &call.action, status, CallOutcome::default())?;
        }
        for change in known
            .bindings
            .iter()
            .filter(|change| change.status.is_none())
        {
            let is_there = |binding: &UndoneBinding| binding.id == change.id;
            if !left_to_do.bindings.iter().any(is_there) {
                self.log
                    .binding_outcome(&change.id, ActionStatus::Deleted, None, None, None)?;
            }
        }
        Ok(())
    }

    /// Deletes the bindings that are to go, one after the other; each is reported once it is gone.
    pub(super) async fn delete_bindings(
        &self,
        bindings: &mut [UndoneBinding],
    ) -> Result<(), Failure> {
        for binding in bindings {
            let (BindingFate::Planned, Some(stored)) = (binding.fate, &binding.stored) else {
                continue;
            };
            if self.session.stop.is_requested() {
                return Ok(());
            }
            self.log.binding_intent(stored.json())?;
            let deleted = self.delete_binding(stored).await;
            let error = deleted.as_ref().err().map(ToString::to_string);
            let (fate, status) = match &deleted {
                Ok(()) => (BindingFate::Deleted, ActionStatus::Deleted),
                Err(_) => (BindingFate::Failed, ActionStatus::Failed),
            };
            self.log
                .binding_outcome(&binding.id, status, None, None, error)?;
            binding.fate = fate;
            binding.reason = deleted.err().map(|error| by_hand(&binding.id, &error));
            self.session.progress.tell(&Event {
                status: Some(status),
                binding: Some(binding.id.clone()),
                ..Event::new(EventKind::Action, (self.session.clock.now)())
            });
        }
        Ok(())
    }

    /// Deletes a binding; one that is gone was deleted by a call whose answer was lost, or by somebody else.
    async fn delete_binding(&self, stored: &StoredBinding) -> Result<(), KubernetesError> {
        let mut tries = 1;
        loop {
            match self.kubernetes.delete_binding(stored).await {
                Err(error) if error.is_not_found() => return Ok(()),
                // Somebody has written it since it was seen.
                Err(error) if error.is_conflict() => return Err(error),
                Err(error) if may_try_again(&error) && tries < ATTEMPTS => tries += 1,
                ended => return ended,
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Puts the ConfigMap back; looks again when the answer is lost, and gives up when somebody else writes it.
    pub(super) async fn put_back(
        &self,
        to: &Stored,
        mut now: Option<Stored>,
        options: &RollbackOptions,
    ) -> Result<(), Failure> {
        let force = options.force;
        let mut seen = now.as_ref().map(|stored| stored.aws_auth().data);
        let wanted: BTreeMap<String, String> = to.aws_auth().data;
        for _ in 0..ATTEMPTS {
            if self.session.stop.is_requested() {
                return Err(interrupted());
            }
            if let Some(held) = now.take_if(|stored| stored.terminating().is_some()) {
                now = self.wait_for_deletion(&held, options.settle).await?;
                if now.is_none() {
                    seen = None;
                }
            }
            let before = now.as_ref().map(Stored::json);
            self.log.config_map_intent(ConfigMapIntent {
                before,
                after: Some(wanted.clone()),
                ..ConfigMapIntent::default()
            })?;
            let written = match &now {
                Some(stored) => {
                    let data = wanted.clone();
                    self.kubernetes
                        .replace_data(stored, data, Attempt::Real)
                        .await
                }
                None => self.kubernetes.create(to, Attempt::Real).await,
            };
            match written {
                Ok(()) => return self.outcome(ActionStatus::Updated, None),
                Err(error) if may_try_again(&error) => {}
                Err(error) => {
                    self.outcome(ActionStatus::Failed, Some(error.to_string()))?;
                    return Err(refused(error));
                }
            }
            tokio::time::sleep(BREATH).await;
            now = self
                .kubernetes
                .stored()
                .await
                .map_err(|error| unfinished(error.into()))?;
            if now.as_ref().is_some_and(|now| now.terminating().is_some()) {
                continue;
            }
            let found = now.as_ref().map(|stored| stored.aws_auth().data);
            if found.as_ref() == Some(&wanted) {
                return self.outcome(ActionStatus::Updated, None);
            }
            if found != seen && !force {
                let edited = "aws-auth was changed in the meantime";
                self.outcome(ActionStatus::Failed, Some(edited.to_owned()))?;
                return Err(Failure::new(format!("nothing was undone: {edited}")).hint(
                    Advice::CompareWithBackup {
                        backup: String::new(),
                    },
                ));
            }
        }
        Err(Failure {
            kind: FailureKind::Incomplete,
            ..Failure::new(format!("aws-auth was not restored in {ATTEMPTS} attempts")).resumes()
        })
    }

    /// Waits until a ConfigMap that is being deleted is gone, since none can be created before; returns what is there then.
    async fn wait_for_deletion(
        &self,
        held: &Stored,
        settle: Duration,
    ) -> Result<Option<Stored>, Failure> {
        let deletion = Deletion {
            kubernetes: self.kubernetes,
            stop: self.session.stop,
            until: Instant::now() + settle,
            now: self.session.clock.now,
        };
        match deletion.of(held, self.session.progress).await? {
            Over::Gone { instead } => Ok(instead.map(|there| *there)),
            Over::Held(_) if self.session.stop.is_requested() => Err(interrupted()),
            Over::Held(held) => Err(Failure {
                kind: FailureKind::Incomplete,
                ..Failure::new(format!(
                    "no access entry was changed: aws-auth has been marked for deletion since {}, {}, and it can't be restored before it is gone",
                    held.since,
                    held_by(&held)
                ))
                .hint(TAKE_OFF)
                .then_resumes()
            }),
        }
    }

    fn outcome(&self, status: ActionStatus, error: Option<String>) -> Result<(), Failure> {
        Ok(self.log.config_map_outcome(status, error)?)
    }
}

/// Lets the API server say what would come of putting the ConfigMap back, before anything is changed.
pub(super) async fn try_out(
    kubernetes: &Kubernetes,
    to: &Stored,
    now: Option<&Stored>,
) -> Result<(), Failure> {
    let tried = match now {
        Some(now) => {
            let data = to.aws_auth().data;
            kubernetes.replace_data(now, data, Attempt::Dry).await
        }
        None => kubernetes.create(to, Attempt::Dry).await,
    };
    match tried {
        // Whoever is faster, and a connection that breaks, is dealt with when it is written.
        Err(error) if !may_try_again(&error) => Err(refused(error).hint(NOTHING_YET)),
        _ => Ok(()),
    }
}

/// What to do about a write that was refused.
fn refused(error: KubernetesError) -> Failure {
    let is_immutable = matches!(error, KubernetesError::Immutable { .. });
    let failure = Failure::from(error);
    if is_immutable {
        failure.hint(
            "delete it and run the same command again at once to re-create it: kubectl delete configmap --namespace kube-system aws-auth; until then, anybody without an access entry is locked out",
        )
    } else {
        failure
    }
}
