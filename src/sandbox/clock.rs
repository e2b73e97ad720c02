//! The sandbox's own clock, which tests can put forward.

#![expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands in for the outside world, which has its own clock"
)]

use jiff::{SignedDuration, Timestamp};

/// A clock and an offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct SandboxClock {
    source: fn() -> Timestamp,
    ahead: SignedDuration,
}

impl Default for SandboxClock {
    fn default() -> Self {
        Self::of(Timestamp::now)
    }
}

impl SandboxClock {
    /// A clock that is as far as another one.
    pub(super) fn of(source: fn() -> Timestamp) -> Self {
        Self {
            source,
            ahead: SignedDuration::ZERO,
        }
    }

    /// What time it is in the sandbox.
    pub(super) fn now(self) -> Timestamp {
        (self.source)()
            .checked_add(self.ahead)
            .unwrap_or(Timestamp::MAX)
    }

    /// Puts the clock forward.
    pub(super) fn advance(&mut self, by: SignedDuration) {
        self.ahead = self.ahead.saturating_add(by);
    }
}

/// Seconds since the epoch as AWS writes them in JSON, with a fraction.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds are all that is shown"
)]
pub(super) fn epoch(time: Timestamp) -> serde_json::Value {
    serde_json::json!(time.as_millisecond() as f64 / 1000.0)
}
