//! The request to stop, asked for by a signal and heeded between calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

/// A flag that any task can look at.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    signal: Arc<AtomicI32>,
}

impl Stop {
    /// Asks for a stop; the first signal is the one that counts.
    pub fn request(&self, signal: i32) {
        let _ = self
            .signal
            .compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed);
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
