//! The mode switch, and the look at the cluster that follows it.

use std::time::Duration;

use tokio::time::Instant;

use super::Clock;
use crate::error::{Failure, FailureKind};
use crate::migration::survey::{Survey, Target, survey};
use crate::model::Principal;
use crate::stop::Stop;

/// How long EKS is given to make the entries of managed nodes after the switch, before the tool makes them.
const EKS_ENTRIES_WAIT: Duration = Duration::from_secs(30);
/// How long nothing may change meanwhile before EKS counts as done.
const EKS_ENTRIES_QUIET: Duration = Duration::from_secs(5);

/// Something was written already, so that the same command goes on after a failure.
pub(super) fn unfinished(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::Failed => Failure {
            kind: FailureKind::Incomplete,
            ..failure
                .hint("the authentication mode is switched; run the same command again to go on")
        },
        _ => failure,
    }
}

/// Looks again after the switch, until EKS has made the entries that it makes itself, or has had time enough.
pub(super) async fn survey_after_switch(
    target: &Target,
    clock: Clock,
    stop: &Stop,
) -> Result<Survey, Failure> {
    let until = Instant::now() + EKS_ENTRIES_WAIT;
    let (mut known, mut changed) = (0, Instant::now());
    loop {
        let seen = survey(target, clock.system).await?;
        let missing = seen.observed.node_roles.iter().flatten().any(|role| {
            Principal::from_arn(&role.role_arn)
                .is_some_and(|principal| seen.observed.entry(&principal.key()).is_none())
        });
        let count = seen.observed.entries.as_ref().map_or(0, Vec::len);
        if count != known {
            (known, changed) = (count, Instant::now());
        }
        if !missing || Instant::now() >= until || changed.elapsed() >= EKS_ENTRIES_QUIET {
            return Ok(seen);
        }
        if stop.is_requested() {
            return Err(Failure {
                kind: FailureKind::Interrupted,
                ..Failure::new("interrupted after the mode switch")
                    .hint("run the same command again to go on")
            });
        }
        stop.sleep(Duration::from_secs(1)).await;
    }
}
