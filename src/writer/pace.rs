//! How fast calls are made: one pace for all tasks, slowed down when EKS asks for it.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// The pace shared by all calls of a run.
///
/// Calls are spaced evenly, so that a limit of the service is not hit by bursts. Every throttled call halves the pace,
/// every call that goes through raises it a little, up to the limit that was asked for.
#[derive(Debug)]
pub struct Pace {
    state: Mutex<State>,
    fastest: Option<f64>,
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
const SLOWEST_RATE: f64 = 0.5;

impl Pace {
    /// A pace of at most so many calls per second; as fast as it goes where no limit is given.
    #[must_use]
    pub fn new(fastest: Option<f64>) -> Self {
        let state = State {
            rate: fastest,
            next: Instant::now(),
            slowed: None,
        };
        Self {
            state: Mutex::new(state),
            fastest,
        }
    }

    /// Waits for this call's turn.
    pub async fn turn(&self) {
        self.turns(1).await;
    }

    /// Waits for the turn of something that makes several calls in a row.
    pub async fn turns(&self, calls: u32) {
        let at = {
            let mut state = self
                .state
                .lock()
                .expect("no task panics while it holds the pace");
            let at = state.next.max(Instant::now());
            if let Some(rate) = state.rate {
                state.next = at + Duration::from_secs_f64(f64::from(calls) / rate);
            }
            at
        };
        tokio::time::sleep_until(at).await;
    }

    /// The service asked for fewer calls: halves the pace and lets nobody call before the time it named.
    pub fn slow_down(&self, wait: Duration) {
        let now = Instant::now();
        let mut state = self
            .state
            .lock()
            .expect("no task panics while it holds the pace");
        state.next = state.next.max(now + wait);
        if state
            .slowed
            .is_some_and(|at| now < at + wait.max(Duration::from_millis(200)))
        {
            return;
        }
        let rate = state.rate.map_or(FIRST_SLOW_RATE, |rate| rate / 2.0);
        state.rate = Some(rate.max(SLOWEST_RATE));
        state.slowed = Some(now);
    }

    /// A call went through: raises a lowered pace a little.
    pub fn went_through(&self) {
        let mut state = self
            .state
            .lock()
            .expect("no task panics while it holds the pace");
        if state.slowed.is_some()
            && let Some(rate) = state.rate
        {
            let raised = rate + 0.25;
            state.rate = Some(self.fastest.map_or(raised, |fastest| raised.min(fastest)));
        }
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
            1250,
            "half of 8 calls a second is one every 250 ms"
        );
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
