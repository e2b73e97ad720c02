//! The backup and the guarded write, tried again whenever somebody else was faster or an answer got lost.

use std::path::PathBuf;

use tokio::time::Instant;

use super::checks::Look;
use super::remove::Removal;
use super::{
    ATTEMPTS, AddedMapping, BREATH, CutOver, CutoverOptions, Watch, backup, interrupted,
    may_try_again,
};
use crate::digest::sha256;
use crate::error::{Failure, FailureKind};
use crate::invocation::{Advice, Flag};
use crate::journal::{ConfigMapChange, ConfigMapIntent, RunLog};
use crate::kubernetes::{Attempt, Kubernetes, KubernetesError, Stored};
use crate::migration::deletion::{Deletion, NOTHING_YET, Over};
use crate::migration::session::{Session, unfinished};
use crate::migration::survey::Survey;
use crate::model::ActionStatus;
use crate::observed::Observed;
use crate::plan::compare::same;
use crate::reader::Reading;
use crate::writer::Progress;

/// What the removal needs.
pub(super) struct CuttingOver<'a, P> {
    pub(super) session: &'a Session<'a, P>,
    pub(super) options: &'a CutoverOptions,
    pub(super) kubernetes: &'a Kubernetes,
    pub(super) log: &'a RunLog,
}

impl<P: Progress> CuttingOver<'_, P> {
    /// Backs up and removes; looks again whenever somebody else has written the ConfigMap meanwhile.
    pub(super) async fn remove(
        &self,
        mut look: Look,
        watch: &Watch,
        done: &mut CutOver,
    ) -> Result<Look, Failure> {
        let mut asked = None;
        for _ in 0..ATTEMPTS {
            done.verification = look.verification.clone();
            done.refused = look.refused;
            if look.refused {
                return Ok(look);
            }
            let (Some(removal), Some(stored)) = (&look.removal, &look.stored) else {
                self.is_gone(asked.as_ref(), done)?;
                return Ok(look);
            };
            self.may_begin()?;
            let is_new = !backup::is_there(&self.backup_path(), stored)?;
            let place = if self.is_begun(stored, asked.is_some()) {
                done.backup = self.earlier().and_then(|change| change.backup.clone());
                done.backup.clone()
            } else {
                let watched = watch.ready.clone().filter(|_| !watch.soak.is_zero());
                let place = backup::write(&self.backup_path(), stored)?;
                done.backup.clone_from(&place);
                self.log.config_map_intent(ConfigMapIntent {
                    before: Some(stored.json()),
                    after: removal.after.clone(),
                    backup: place.clone(),
                    backup_sha256: Some(sha256(stored.manifest().as_bytes())),
                    ready: watched,
                    proof: Some(look.verification.proof()),
                })?;
                place
            };
            match self.take(removal, stored).await {
                Ok(()) => {
                    if removal.after.is_none() && !self.is_gone_by_now(stored, done).await? {
                        return Ok(look);
                    }
                    self.outcome(status_of(removal), None)?;
                    done.took(removal);
                    return Ok(look);
                }
                Err(error) if may_try_again(&error) => {
                    if error.is_answer_lost() {
                        asked = Some(removal.clone());
                    } else {
                        self.outcome(ActionStatus::Failed, Some(error.to_string()))?;
                        // Nothing was taken away, so the state that this try backed up is of no use.
                        if let Some(place) = place.as_ref().filter(|_| is_new) {
                            backup::discard(place);
                            done.backup = None;
                        }
                    }
                }
                Err(error) => {
                    self.outcome(ActionStatus::Failed, Some(error.to_string()))?;
                    return Err(refused(error));
                }
            }
            self.session.stop.sleep(BREATH).await;
            let seen = self.look_again().await?;
            look = Look::of(seen, self.options, self.log.history(), self.session.clock)?;
        }
        Err(Failure {
            kind: FailureKind::Incomplete,
            ..Failure::new(format!(
                "the ConfigMap was not written: in {ATTEMPTS} attempts it was changed by somebody else or the connection failed"
            ))
            .hint(Advice::FindWriter)
        })
    }

    /// One more look before the one-way switch, since the removal and the soak took their time; what was seen where all is
    /// well.
    ///
    /// A mapping that somebody has put back counts now, and would be lost by the switch.
    pub(super) async fn may_switch(&self, last: &Look, done: &mut CutOver) -> Option<Survey> {
        match self.look_before_switch(last, done).await {
            Ok(seen) => Some(seen),
            Err(failure) => {
                let failure = unfinished(failure);
                done.end = failure.kind.into();
                done.failure = Some(failure);
                None
            }
        }
    }

    async fn look_before_switch(&self, last: &Look, done: &mut CutOver) -> Result<Survey, Failure> {
        let seen = self.look_again().await?;
        let look = Look::of(seen, self.options, self.log.history(), self.session.clock)?;
        let reason = if look.refused {
            Some("the access of a principal listed above would change".to_owned())
        } else if look.removal.is_some() {
            Some("mappings were added to aws-auth since the removal".to_owned())
        } else {
            // Without its mapping nobody would notice but who is meant.
            let changed = changed_entry(&last.seen.observed, &look.seen.observed);
            changed.map(|arn| format!("the access entry of `{arn}` changed since it was verified"))
        };
        if let Some(reason) = reason {
            done.verification = look.verification;
            return Err(
                Failure::new(format!("the cluster was not switched to API: {reason}"))
                    .hint("check with `verify`"),
            );
        }
        look.may_switch(self.options, self.log.history(), (self.session.clock.now)())
            .map_err(|failure| failure.too_late("the cluster was not switched to API"))?;
        Ok(look.seen)
    }

    /// The mappings in aws-auth once the cluster is in the mode API that were not there in the last look before the switch.
    ///
    /// EKS takes minutes to switch and no condition with it, so that somebody may be faster.
    pub(super) async fn added_since(&self, before: &Reading) -> Vec<AddedMapping> {
        let stored = self.kubernetes.stored().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "aws-auth could not be read after the switch");
            None
        });
        let reading = stored.map(|stored| stored.aws_auth().read());
        let mappings = reading.map(|reading| reading.mappings).unwrap_or_default();
        let mappings = mappings.into_iter();
        mappings
            .filter(|mapping| mapping.dropped.is_none())
            .filter(|mapping| {
                let mut known = before.mappings.iter();
                !known.any(|known| {
                    (&known.arn, &known.username, &known.groups)
                        == (&mapping.arn, &mapping.username, &mapping.groups)
                })
            })
            .map(|mapping| AddedMapping {
                mapping: mapping.id,
                arn: mapping.arn,
            })
            .collect()
    }

    /// Nothing is left to take away: the answer to the last write was lost, in this process or in one that was stopped.
    fn is_gone(&self, asked: Option<&Removal>, done: &mut CutOver) -> Result<(), Failure> {
        if let Some(removal) = asked {
            self.outcome(status_of(removal), None)?;
            done.took(removal);
        } else if let Some(change) = self.earlier() {
            done.backup.clone_from(&change.backup);
            done.deleted = change.after.is_none();
            if change.status.is_none() {
                self.outcome(status(done.deleted), None)?;
            }
        }
        Ok(())
    }

    /// The last change of an earlier part of this run that was not refused.
    pub(super) fn earlier(&self) -> Option<&ConfigMapChange> {
        self.log
            .earlier()?
            .config_map
            .iter()
            .rfind(|change| change.status != Some(ActionStatus::Failed))
    }

    async fn take(&self, removal: &Removal, stored: &Stored) -> Result<(), KubernetesError> {
        // Its deletion was asked for already, by an earlier part of this run or by somebody else.
        if stored.terminating().is_some() {
            return Ok(());
        }
        take(self.kubernetes, removal, stored, Attempt::Real).await
    }

    /// Whether the deletion of this very object was asked for, and written down, and it is still being deleted.
    fn is_begun(&self, stored: &Stored, asked_now: bool) -> bool {
        let earlier = self.earlier().filter(|change| change.after.is_none());
        let before = earlier.and_then(|change| Stored::from_json(change.before.as_deref()?));
        let is_its = before.is_some_and(|before| before.uid() == stored.uid());
        stored.terminating().is_some() && (asked_now || is_its)
    }

    /// Waits until a ConfigMap whose deletion was asked for is gone; returns whether it is.
    ///
    /// Until the last finalizer is gone it is there, and the cluster reads it.
    async fn is_gone_by_now(&self, stored: &Stored, done: &mut CutOver) -> Result<bool, Failure> {
        let latest = Instant::now() + self.options.settle;
        let deletion = Deletion {
            kubernetes: self.kubernetes,
            stop: self.session.stop,
            until: self
                .session
                .deadline
                .map_or(latest, |deadline| deadline.min(latest)),
            now: self.session.clock.now,
        };
        match deletion.of(stored, self.session.progress).await? {
            Over::Gone { instead } => done.came_back = instead.is_some(),
            Over::Held(held) => done.held = Some(held),
        }
        Ok(done.held.is_none())
    }

    pub(super) async fn look_again(&self) -> Result<Survey, Failure> {
        self.session.look().await
    }

    /// Whether there still is time, and nobody has asked to stop.
    fn may_begin(&self) -> Result<(), Failure> {
        if self.session.stop.is_requested() {
            return Err(interrupted());
        }
        if self.session.is_over() {
            return Err(Failure {
                kind: FailureKind::Incomplete,
                ..Failure::new(format!(
                    "the ConfigMap was not changed: {} was reached",
                    Flag::Timeout
                ))
                .resumes()
            });
        }
        Ok(())
    }

    /// Where the backup goes. Of a run that is taken up again each state has its own, so that none is written over.
    fn backup_path(&self) -> PathBuf {
        if let Some(path) = &self.options.backup {
            return path.clone();
        }
        backup::usual_place(self.log.path(), self.log.cluster(), self.log.id())
    }

    fn outcome(&self, status: ActionStatus, error: Option<String>) -> Result<(), Failure> {
        Ok(self.log.config_map_outcome(status, error)?)
    }
}

/// Lets the API server say what would come of the write, before anything is changed.
pub(super) async fn try_out(
    kubernetes: &Kubernetes,
    removal: &Removal,
    stored: &Stored,
) -> Result<(), Failure> {
    if stored.terminating().is_some() {
        return Ok(());
    }
    match take(kubernetes, removal, stored, Attempt::Dry).await {
        // Whoever is faster, and a connection that breaks, is dealt with when it is written.
        Err(error) if !may_try_again(&error) => Err(refused(error).hint(NOTHING_YET)),
        _ => Ok(()),
    }
}

async fn take(
    kubernetes: &Kubernetes,
    removal: &Removal,
    stored: &Stored,
    attempt: Attempt,
) -> Result<(), KubernetesError> {
    match &removal.after {
        Some(data) => kubernetes.replace_data(stored, data.clone(), attempt).await,
        // What came of it shows afterwards.
        None => kubernetes.delete(stored, attempt).await.map(drop),
    }
}

/// What to do about a write that was refused.
fn refused(error: KubernetesError) -> Failure {
    let is_immutable = matches!(error, KubernetesError::Immutable { .. });
    let failure = Failure::from(error);
    if is_immutable {
        failure.hint(Advice::CutOverAtOnce)
    } else {
        failure
    }
}

/// An entry that gave access before and is gone, or gives something else, now.
fn changed_entry(before: &Observed, now: &Observed) -> Option<String> {
    let now = now.entries_by_principal();
    let before = before.entries_by_principal().into_iter();
    let mut changed = before.filter(|(principal, live)| {
        let now = now.get(principal).map(|live| &live.entry);
        !same(Some(&live.entry), now)
    });
    changed
        .next()
        .map(|(_, live)| live.entry.principal_arn.to_string())
}

fn status_of(removal: &Removal) -> ActionStatus {
    status(removal.after.is_none())
}

fn status(deleted: bool) -> ActionStatus {
    if deleted {
        ActionStatus::Deleted
    } else {
        ActionStatus::Updated
    }
}
