//! How a run ends in the journal.

use crate::error::Failure;
use crate::journal::{RunEnd, RunLog};

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
