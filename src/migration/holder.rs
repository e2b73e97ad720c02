//! Waits for the run that holds a journal in a store, which may have died with its machine.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::Pace;
use crate::error::{Failure, FailureKind};
use crate::journal::Journal;
use crate::stop::Stop;

/// How often the journal is asked for: its holder may give it back at any time.
const LOOK: Duration = Duration::from_secs(1);

/// Waits until nobody holds the journal, or until the run has no time left; whether it had to wait.
///
/// The run's watcher is notified once for whom it waits. A file is not waited for: its lock goes with its process.
pub(super) async fn wait(
    journal: &Path,
    pace: &Pace,
    stop: &Stop,
    deadline: Option<Instant>,
) -> Result<bool, Failure> {
    let mut has_waited = false;
    while let Some(held) = Journal::held(journal)? {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            // Taking the journal says who holds it.
            break;
        }
        if !has_waited {
            pace.tell(&format!(
                "waiting for the journal `{}`, held by {}: it is free when that run ends or, if its machine is gone, in {} s",
                journal.display(),
                held.holder,
                held.left.as_secs() + 1
            ));
        }
        has_waited = true;
        stop.sleep(LOOK.min(held.left)).await;
        if stop.is_requested() {
            return Err(Failure {
                kind: FailureKind::Interrupted,
                ..Failure::new("interrupted before anything was written")
            });
        }
    }
    Ok(has_waited)
}
