//! A ConfigMap that was put back counts once the authenticator has read it; until then the entries are all there is.
//!
//! While the caller has an entry, the entry answers for it, so that who the caller is in the cluster says nothing about
//! aws-auth: that the API server answers, and the time that it was given, have to do.
//! Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, which watches the ConfigMap.

use std::time::Duration;

use jiff::Timestamp;

use super::work::RollingBack;
use crate::error::{Failure, FailureKind};
use crate::kubernetes::Stored;
use crate::migration::session::unfinished;
use crate::writer::{Event, EventKind, Progress};

/// How often, and for how long, the API server is asked whether it answers the caller.
const ASKED: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

impl<P: Progress> RollingBack<'_, P> {
    /// Waits until the ConfigMap has been there for as long as was asked for, unchanged, and the API server answers.
    pub(super) async fn until_in_force(
        &self,
        standing: &Stored,
        settle: Duration,
    ) -> Result<(), Failure> {
        let there = self.still_there(standing).await?;
        let left = left(there.changed_at(), (self.session.clock.now)(), settle);
        if !left.is_zero() {
            self.session.progress.tell(&Event {
                message: Some(format!(
                    "aws-auth is restored; waiting {}s for the cluster to read it before access entries are deleted",
                    left.as_secs().max(1)
                )),
                ..Event::new(EventKind::Action, (self.session.clock.now)())
            });
            self.session.stop.sleep(left).await;
            self.still_there(standing).await?;
        }
        self.is_answered().await
    }

    async fn still_there(&self, standing: &Stored) -> Result<Stored, Failure> {
        let there = self.kubernetes.stored().await;
        let there = there.map_err(|error| unfinished(error.into()))?;
        let stays = |there: &Stored| {
            there.terminating().is_none() && there.aws_auth().data == standing.aws_auth().data
        };
        there.filter(stays).ok_or_else(|| Failure {
            kind: FailureKind::Incomplete,
            ..Failure::new(
                "no access entry was deleted: aws-auth was changed or deleted since it was read",
            )
            .hint("run the same command again: it reads aws-auth again")
        })
    }

    /// Asks until the API server knows the caller again: after a restart it may need some seconds.
    async fn is_answered(&self) -> Result<(), Failure> {
        let mut tries = 1;
        loop {
            if self.session.stop.is_requested() {
                return Err(Failure {
                    kind: FailureKind::Interrupted,
                    ..Failure::new("interrupted before an access entry was deleted").resumes()
                });
            }
            match self.kubernetes.answers_the_caller().await {
                Ok(()) => return Ok(()),
                Err(_) if tries < ASKED => tries += 1,
                Err(error) => {
                    return Err(Failure {
                        kind: FailureKind::Incomplete,
                        ..Failure::new(format!(
                            "no access entry was deleted: it is unknown whether aws-auth applies: {error}"
                        ))
                        .hint("run the same command again once the Kubernetes API answers")
                    });
                }
            }
            self.session.stop.sleep(PAUSE).await;
        }
    }
}

/// How much of the time is left; all of it where the clocks disagree.
fn left(changed_at: Option<Timestamp>, now: Timestamp, settle: Duration) -> Duration {
    let Some(changed_at) = changed_at else {
        return settle;
    };
    let age = now.duration_since(changed_at);
    Duration::try_from(age).map_or(settle, |age| settle.saturating_sub(age))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn what_has_been_there_for_long_needs_no_time() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let settle = Duration::from_secs(20);
        let ago = |seconds: i64| left(Some(now - SignedDuration::from_secs(seconds)), now, settle);
        assert_eq!(ago(3600), Duration::ZERO);
        assert_eq!(ago(5), Duration::from_secs(15));
        assert_eq!(ago(-5), settle, "the cluster's clock is ahead");
        assert_eq!(left(None, now, settle), settle);
    }
}
