//! How a run ends in the journal.

use crate::error::{Failure, FailureKind};
use crate::journal::{RunEnd, RunLog};

/// Something was written already, so that the same command goes on after a failure.
pub(super) fn unfinished(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::Failed => Failure {
            kind: FailureKind::Incomplete,
            ..failure.hint("something was written already; run the same command again to go on")
        },
        _ => failure,
    }
}

/// Writes down how a run ended, and which nodes it cost; what failed first is what is told.
pub(super) fn ended<T>(
    log: &RunLog,
    outcome: Result<T, Failure>,
    end: impl FnOnce(&T) -> (RunEnd, Vec<String>),
) -> Result<T, Failure> {
    match outcome {
        Ok(done) => {
            let (end, lost_nodes) = end(&done);
            log.end_without(end, lost_nodes)?;
            Ok(done)
        }
        Err(failure) => {
            // Where the journal can't be written any more, that is the failure already.
            let _ = log.end(failure.kind.into());
            Err(failure)
        }
    }
}
