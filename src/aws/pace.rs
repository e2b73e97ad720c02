//! How fast calls are made: one pace for all of them, slowed down when AWS asks for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

/// The pace shared by all calls of a command; a clone is the same pace.
///
/// Calls are spaced evenly, so that a limit of the service is not hit by bursts. A throttled call lowers the pace, and
/// halves it where hardly any has gone through since the last time; every call that goes through raises it, at first by
/// little, since the limit is near, then by more, up to the limit that was asked for.
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
    /// Before when no call may be made, since the service said so.
    paused: Instant,
    /// When the pace was last slowed down, so that calls under way at that time don't slow it again.
    slowed: Option<Instant>,
    /// How many calls went through since then.
    since: u32,
    /// Counts the times that turns were taken back: who waits for one then waits for another.
    era: u64,
}

/// Where the pace starts when the service throttles before any limit is known, in calls per second.
const FIRST_SLOW_RATE: f64 = 10.0;
/// How far throttling slows the pace down, unless the limit that was asked for is slower still.
const SLOWEST_RATE: f64 = 0.5;
/// The longest time between two calls, whatever the rate.
const LONGEST_GAP: Duration = Duration::from_hours(24);
/// What is left of the pace after a throttled call.
const SLOWER: f64 = 0.8;
/// What is left of it where fewer than [`FEW`] calls went through since the last one: the limit is far below.
const MUCH_SLOWER: f64 = 0.5;
const FEW: u32 = 5;
/// How long calls under way don't slow the pace again.
const ONCE: Duration = Duration::from_millis(200);

impl Default for Pace {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Pace {
    /// A pace of at most so many calls per second; as fast as it goes where no limit is given.
    #[must_use]
    pub fn new(fastest: Option<f64>) -> Self {
        let now = Instant::now();
        let state = State {
            rate: fastest,
            next: now,
            paused: now,
            slowed: None,
            since: 0,
            era: 0,
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
        loop {
            let (at, era) = self.state().take_turn();
            tokio::time::sleep_until(at).await;
            if self.state().era == era {
                return;
            }
        }
    }

    /// The service asked for fewer calls: lowers the pace and lets nobody call before the time it named.
    ///
    /// Turns that were given at the old pace are taken back, so that it holds from now on for all.
    pub fn slow_down(&self, wait: Duration) {
        let now = Instant::now();
        let mut state = self.state();
        let is_known = state.slowed.is_some_and(|at| now < at + ONCE.max(wait));
        if is_known && wait.is_zero() {
            return;
        }
        state.paused = state.paused.max(now + wait);
        state.era += 1;
        if !is_known {
            let rate = match (state.rate, state.slowed) {
                (None, _) => FIRST_SLOW_RATE,
                (Some(rate), Some(_)) if state.since < FEW => rate * MUCH_SLOWER,
                (Some(rate), _) => rate * SLOWER,
            };
            let slowest = self.fastest.unwrap_or(f64::INFINITY).min(SLOWEST_RATE);
            let rate = rate.max(slowest);
            tracing::debug!(rate, ?wait, "AWS throttles, so calls are made more slowly");
            state.rate = Some(rate);
            state.slowed = Some(now);
            state.since = 0;
            state.next = now + gap(rate);
        }
        state.next = state.next.max(state.paused);
    }

    /// A call went through: raises a lowered pace.
    pub fn went_through(&self) {
        let mut state = self.state();
        if state.slowed.is_some()
            && let Some(rate) = state.rate
        {
            state.since = state.since.saturating_add(1);
            let raised = rate + 0.02 + 0.001 * f64::from(state.since);
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

impl State {
    /// When a call may be made, and the era in which that holds.
    fn take_turn(&mut self) -> (Instant, u64) {
        let at = self.next.max(Instant::now());
        if let Some(rate) = self.rate {
            self.next = at + gap(rate);
        }
        (at, self.era)
    }
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
            1157,
            "four fifths of 8 calls a second is one every 156 ms"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn throttling_never_makes_a_slow_pace_faster() {
        let pace = Pace::new(Some(0.1));
        pace.slow_down(Duration::ZERO);
        pace.went_through();
        pace.turn().await;
        let start = Instant::now();
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
    async fn calls_that_are_throttled_again_at_once_halve_the_pace() {
        let pace = Pace::new(Some(8.0));
        pace.slow_down(Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(1)).await;
        pace.slow_down(Duration::ZERO);
        let start = Instant::now();
        for _ in 0..3 {
            pace.turn().await;
        }
        assert_eq!(
            start.elapsed().as_millis() / 10,
            93,
            "8 * 0.8 * 0.5 a second"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_already_heeds_the_time_that_the_service_names() {
        let pace = Pace::new(Some(10.0));
        pace.turn().await;
        let start = Instant::now();
        let waiting = tokio::spawn({
            let pace = pace.clone();
            async move { pace.turn().await }
        });
        tokio::task::yield_now().await;
        pace.slow_down(Duration::from_secs(30));
        waiting.await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn the_pace_comes_back_to_the_limit_that_was_asked_for_and_no_further() {
        let pace = Pace::new(Some(10.0));
        pace.slow_down(Duration::ZERO);
        for _ in 0..200 {
            pace.turn().await;
            pace.went_through();
        }
        let start = Instant::now();
        for _ in 0..10 {
            pace.turn().await;
        }
        assert_eq!(start.elapsed().as_millis() / 100, 10);
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
