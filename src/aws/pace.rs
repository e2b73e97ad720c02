//! How fast calls are made: one pace for all of them, slowed down when AWS asks for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

/// The pace shared by all calls of a command; a clone is the same pace.
///
/// Calls are spaced evenly, so that a limit of the service is not hit by bursts. Every throttled call halves the pace,
/// every call that goes through raises it a little, up to the limit that was asked for.
#[derive(Debug, Clone)]
pub struct Pace {
    shared: Arc<Shared>,
    fastest: Option<f64>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    calls: AtomicUsize,
    retries: AtomicUsize,
}

#[derive(Debug)]
struct State {
    /// Calls per second; `None` for as fast as it goes.
    rate: Option<f64>,
    /// When the next call may be made.
    next: Instant,
    /// When the pace was last slowed down, so that calls under way at that time don't slow it again.
    slowed: Option<Instant>,
}

/// Where the pace starts when the service throttles before any limit is known, in calls per second.
const FIRST_SLOW_RATE: f64 = 10.0;
/// How far throttling slows the pace down, unless the limit that was asked for is slower still.
const SLOWEST_RATE: f64 = 0.5;
/// The longest time between two calls, whatever the rate.
const LONGEST_GAP: Duration = Duration::from_hours(24);

impl Default for Pace {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Pace {
    /// A pace of at most so many calls per second; as fast as it goes where no limit is given.
    #[must_use]
    pub fn new(fastest: Option<f64>) -> Self {
        let state = State {
            rate: fastest,
            next: Instant::now(),
            slowed: None,
        };
        let shared = Shared {
            state: Mutex::new(state),
            calls: AtomicUsize::new(0),
            retries: AtomicUsize::new(0),
        };
        Self {
            shared: Arc::new(shared),
            fastest,
        }
    }

    /// Waits for this call's turn.
    pub async fn turn(&self) {
        let at = {
            let mut state = self.state();
            let at = state.next.max(Instant::now());
            if let Some(rate) = state.rate {
                state.next = at + gap(rate);
            }
            at
        };
        tokio::time::sleep_until(at).await;
    }

    /// The service asked for fewer calls: halves the pace and lets nobody call before the time it named.
    pub fn slow_down(&self, wait: Duration) {
        let now = Instant::now();
        let mut state = self.state();
        state.next = state.next.max(now + wait);
        if state
            .slowed
            .is_some_and(|at| now < at + wait.max(Duration::from_millis(200)))
        {
            return;
        }
        let rate = state.rate.map_or(FIRST_SLOW_RATE, |rate| rate / 2.0);
        let slowest = self.fastest.unwrap_or(f64::INFINITY).min(SLOWEST_RATE);
        state.rate = Some(rate.max(slowest));
        state.slowed = Some(now);
    }

    /// A call went through: raises a lowered pace a little.
    pub fn went_through(&self) {
        let mut state = self.state();
        if state.slowed.is_some()
            && let Some(rate) = state.rate
        {
            let raised = rate + 0.25;
            state.rate = Some(self.fastest.map_or(raised, |fastest| raised.min(fastest)));
        }
    }

    /// One more request goes out.
    pub(super) fn count_call(&self) {
        self.shared.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// One of the requests repeats another one.
    pub fn count_retry(&self) {
        self.shared.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests went out, repeated ones included.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// How many of the requests repeated another one.
    #[must_use]
    pub fn retries(&self) -> usize {
        self.shared.retries.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .expect("no task panics while it holds the pace")
    }
}

/// The time between two calls at a rate.
fn gap(rate: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / rate)
        .unwrap_or(LONGEST_GAP)
        .min(LONGEST_GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_are_spaced_evenly() {
        let pace = Pace::new(Some(10.0));
        let start = Instant::now();
        for _ in 0..11 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed().as_millis() / 100, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_call_slows_all_others_down_once() {
        let pace = Pace::new(Some(8.0));
        pace.slow_down(Duration::from_secs(1));
        pace.slow_down(Duration::from_secs(1));
        let start = Instant::now();
        pace.turn().await;
        assert!(start.elapsed() >= Duration::from_secs(1));
        pace.turn().await;
        assert_eq!(
            start.elapsed().as_millis(),
            1250,
            "half of 8 calls a second is one every 250 ms"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_never_makes_a_slow_pace_faster() {
        let pace = Pace::new(Some(0.1));
        pace.slow_down(Duration::ZERO);
        pace.went_through();
        let start = Instant::now();
        pace.turn().await;
        pace.turn().await;
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_pace_of_all_still_comes_to_its_next_call() {
        for rate in [1e-30, f64::MIN_POSITIVE] {
            let pace = Pace::new(Some(rate));
            let start = Instant::now();
            pace.turn().await;
            pace.turn().await;
            assert_eq!(start.elapsed(), LONGEST_GAP, "{rate}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits() {
        let pace = Pace::new(None);
        let start = Instant::now();
        for _ in 0..100 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
