//! The clocks of a simulated world: they move with tokio's paused time, and jump when a step says so.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use aws_auth_migrate::migration::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// When every sequence begins: 2026-01-01.
const BEGIN: Timestamp = Timestamp::constant(1_767_225_600, 0);

thread_local! {
    static START: Cell<Option<Instant>> = const { Cell::new(None) };
    /// How far the clock of the tool's machine is ahead of everybody else's.
    static AHEAD: Cell<SignedDuration> = const { Cell::new(SignedDuration::ZERO) };
}

/// The tool's clocks.
pub(crate) const CLOCK: Clock = Clock {
    now: here,
    system: || SystemTime::from(here()),
};

/// Starts the clocks of a sequence.
pub(crate) fn start() {
    START.set(Some(Instant::now()));
    AHEAD.set(SignedDuration::ZERO);
}

/// What time it is for AWS.
pub(crate) fn there() -> Timestamp {
    let start = START.get().unwrap();
    let passed: Duration = start.elapsed();
    BEGIN + passed
}

/// What time the tool's machine believes it is.
fn here() -> Timestamp {
    there() + AHEAD.get()
}

/// Sets the tool's machine so far ahead of everybody else.
pub(crate) fn set_ahead(by: SignedDuration) {
    AHEAD.set(by);
}
