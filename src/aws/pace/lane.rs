//! One lane of the pace: when its next call may be made, and what its service has answered.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

/// Which operation a service throttles, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttled {
    /// Such as `eks:DescribeAccessEntry`.
    pub operation: String,
    /// For how long by now.
    pub lasting: Duration,
}

impl fmt::Display for Throttled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.lasting.as_secs();
        write!(
            f,
            "AWS has been throttling {} for {seconds} s",
            self.operation
        )
    }
}

/// How long calls are counted before the first throttled one; what a service takes at once is over by then.
const MEASURED: Duration = Duration::from_secs(1);
/// The longest time between two calls, whatever the rate.
pub(super) const LONGEST_GAP: Duration = Duration::from_hours(24);

/// One service's place in the pace, or all services together.
#[derive(Debug)]
pub(super) struct LaneState {
    /// The operation that was throttled last, with when the first and the last one of this time was.
    pub(super) throttled: Option<(String, Instant, Instant)>,
    /// Calls per second; `None` for as fast as it goes.
    pub(super) rate: Option<f64>,
    /// When the next call may be made.
    pub(super) next: Instant,
    /// Before when no call may be made, since the service said so.
    pub(super) paused: Instant,
    /// When the pace was last slowed down, so that calls under way at that time don't slow it again.
    pub(super) slowed: Option<Instant>,
    /// How many calls went through since then.
    pub(super) since: u32,
    /// When calls went through during the last [`MEASURED`], as long as the pace is not known.
    pub(super) recent: VecDeque<Instant>,
    /// Counts the times that turns were taken back: who waits for one then waits for another.
    pub(super) era: u64,
}

/// The time between two calls at a rate.
pub(super) fn gap(rate: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / rate)
        .unwrap_or(LONGEST_GAP)
        .min(LONGEST_GAP)
}

impl LaneState {
    pub(super) fn new(rate: Option<f64>) -> Self {
        let now = Instant::now();
        Self {
            throttled: None,
            rate,
            next: now,
            paused: now,
            slowed: None,
            since: 0,
            recent: VecDeque::new(),
            era: 0,
        }
    }

    /// A call went through while the pace is not known.
    pub(super) fn count(&mut self, now: Instant) {
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|at| *at + MEASURED < now) {
            self.recent.pop_front();
        }
    }

    /// Calls per second that went through lately.
    pub(super) fn measured(&mut self, now: Instant) -> f64 {
        self.count(now);
        let recent = std::mem::take(&mut self.recent);
        let count = u32::try_from(recent.len() - 1).unwrap_or(u32::MAX);
        f64::from(count) / MEASURED.as_secs_f64()
    }

    /// When a call may be made, and the era in which that holds.
    pub(super) fn take_turn(&mut self) -> (Instant, u64) {
        let at = self.next.max(Instant::now());
        if let Some(rate) = self.rate {
            self.next = at + gap(rate);
        }
        (at, self.era)
    }
}
