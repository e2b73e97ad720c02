//! The writes to Kubernetes, each written down before and after.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::bindings::by_hand;
use super::entries::done_without_answer;
use super::{Fate, RolledBack, UndoneBinding};
use crate::error::{Failure, FailureKind};
use crate::journal::{Answered, ConfigMapChange, RunLog};
use crate::kubernetes::{Kubernetes, KubernetesError, Stored, StoredBinding};
use crate::migration::apply::Clock;
use crate::migration::cutover::{ATTEMPTS, BREATH, interrupted, may_try_again};
use crate::migration::ended::unfinished;
use crate::model::LiveEntry;
use crate::stop::Stop;
use crate::writer::{self, Event, EventKind, Progress, Status};

/// What putting things back needs.
pub(super) struct Work<'a> {
    pub(super) kubernetes: &'a Kubernetes,
    pub(super) log: &'a RunLog,
    pub(super) stop: &'a Stop,
    pub(super) clock: Clock,
}

impl Work<'_> {
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
            self.outcome(Status::Updated, None)?;
        }
        for call in done_without_answer(known, live) {
            let status = writer::done_status(&call.action.kind);
            self.log
                .outcome(&call.token, &call.action, status, Answered::default())?;
        }
        for change in known
            .bindings
            .iter()
            .filter(|change| change.status.is_none())
        {
            let is_there = |binding: &UndoneBinding| binding.id == change.id;
            if !left_to_do.bindings.iter().any(is_there) {
                self.log
                    .binding_outcome(&change.id, Status::Deleted, None, None, None)?;
            }
        }
        Ok(())
    }

    /// Deletes the bindings that are to go, one after the other; each is told of once it is gone.
    pub(super) async fn delete_bindings(
        &self,
        bindings: &mut [UndoneBinding],
        progress: &impl Progress,
        now: fn() -> Timestamp,
    ) -> Result<(), Failure> {
        for binding in bindings {
            let (Fate::Planned, Some(stored)) = (binding.fate, &binding.stored) else {
                continue;
            };
            if self.stop.is_requested() {
                return Ok(());
            }
            self.log.binding_intent(stored.json())?;
            let deleted = self.delete_binding(stored).await;
            let error = deleted.as_ref().err().map(ToString::to_string);
            let (fate, status) = match &deleted {
                Ok(()) => (Fate::Deleted, Status::Deleted),
                Err(_) => (Fate::Failed, Status::Failed),
            };
            self.log
                .binding_outcome(&binding.id, status, None, None, error)?;
            binding.fate = fate;
            binding.reason = deleted.err().map(|error| by_hand(&binding.id, &error));
            progress.tell(&Event {
                status: Some(status),
                binding: Some(binding.id.clone()),
                ..Event::new(EventKind::Action, now())
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
        force: bool,
    ) -> Result<(), Failure> {
        let seen = now.as_ref().map(|stored| stored.aws_auth().data);
        let wanted: BTreeMap<String, String> = to.aws_auth().data;
        for _ in 0..ATTEMPTS {
            if self.stop.is_requested() {
                return Err(interrupted());
            }
            let before = now.as_ref().map(Stored::json);
            self.log
                .config_map_intent(before, Some(wanted.clone()), None, None)?;
            let written = match &now {
                Some(stored) => self.kubernetes.replace_data(stored, wanted.clone()).await,
                None => self.kubernetes.create(to).await,
            };
            match written {
                Ok(()) => return self.outcome(Status::Updated, None),
                Err(error) if may_try_again(&error) => {}
                Err(error) => {
                    self.outcome(Status::Failed, Some(error.to_string()))?;
                    return Err(error.into());
                }
            }
            tokio::time::sleep(BREATH).await;
            now = self
                .kubernetes
                .stored()
                .await
                .map_err(|error| unfinished(error.into()))?;
            let found = now.as_ref().map(|stored| stored.aws_auth().data);
            if found.as_ref() == Some(&wanted) {
                return self.outcome(Status::Updated, None);
            }
            if found != seen && !force {
                let edited = "somebody has changed aws-auth meanwhile";
                self.outcome(Status::Failed, Some(edited.to_owned()))?;
                return Err(Failure::new(format!("nothing was undone: {edited}"))
                    .hint("compare it with the backup; --force puts the backup in its place"));
            }
        }
        Err(Failure {
            kind: FailureKind::Incomplete,
            ..Failure::new(format!("aws-auth was not put back in {ATTEMPTS} tries"))
                .hint("run the same command again to go on")
        })
    }

    fn outcome(&self, status: Status, error: Option<String>) -> Result<(), Failure> {
        Ok(self.log.config_map_outcome(status, error)?)
    }
}
