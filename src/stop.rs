//! The request to stop, asked for by a signal and heeded between calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

/// A flag that any task can look at.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    signal: Arc<AtomicI32>,
    /// Whether something is under way that has to be finished before the process may end.
    writing: Arc<AtomicBool>,
}

/// How soon a wait notices that a stop was asked for.
const NOTICE: Duration = Duration::from_millis(50);

impl Stop {
    /// Asks for a stop; the first signal is the one that counts.
    pub fn request(&self, signal: i32) {
        let _ = self
            .signal
            .compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed);
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
        while !self.is_requested() {
            tokio::time::sleep(NOTICE).await;
        }
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.signal().is_some()
    }

    /// The signal that asked for it.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(signal),
        }
    }
}
