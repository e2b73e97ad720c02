//! The request to stop, asked for by a signal and heeded between calls.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// A flag that any task can look at, and wait for.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    signal: Arc<OnceLock<i32>>,
    requested: CancellationToken,
    /// Whether something is under way that has to be finished before the process may end.
    writing: Arc<AtomicBool>,
}

impl Stop {
    /// Asks for a stop; the first signal is the one that counts.
    pub fn request(&self, signal: i32) {
        let _ = self.signal.set(signal);
        self.requested.cancel();
    }

    /// From now on a stop has to wait for what is under way; before, nothing is lost by ending at once.
    pub fn begin_writing(&self) {
        self.writing.store(true, Ordering::SeqCst);
    }

    /// Whether something has to be finished before the process may end.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.writing.load(Ordering::SeqCst)
    }

    /// Sleeps, but no longer than until a stop is asked for.
    pub async fn sleep(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.requested() => {}
        }
    }

    /// Waits until a stop is asked for.
    pub async fn requested(&self) {
        self.requested.cancelled().await;
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested.is_cancelled()
    }

    /// The signal that asked for it.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.signal.get().copied()
    }
}
