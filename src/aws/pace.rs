//! How fast calls are made: a pace for each service, slowed down when that service asks for it.

mod lane;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

pub use lane::Throttled;
use lane::{LaneState, gap};

use crate::invocation::Flag;

/// The pace shared by all calls of a command; a clone is the same pace.
///
/// Each service has its own lane, since each has its own limits: calls to IAM don't wait because EKS throttles. A limit
/// that was asked for holds for all of them together. Calls are spaced evenly, so that a limit of the service is not hit
/// by bursts. Without a limit the first throttled call sets the pace to what the service took during the second before.
/// From then on a throttled call lowers it, and halves it where hardly any has gone through since the last time; every call
/// that goes through raises it, at first by little, since the limit is near, then by more, up to the limit that was asked
/// for.
#[derive(Debug, Clone)]
pub struct Pace {
    shared: Arc<Shared>,
    /// The lane in which this one waits.
    service: Service,
    fastest: Option<f64>,
}

/// A service with limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// EKS.
    Eks,
    /// IAM.
    Iam,
    /// STS.
    Sts,
}

impl Service {
    /// The prefix of its operations, as in `eks:DescribeCluster`.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Eks => "eks",
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }
}

#[derive(Debug)]
struct Shared {
    /// One for each service.
    lanes: [Mutex<LaneState>; 3],
    /// All services together, where there is a limit that was asked for.
    together: Mutex<LaneState>,
    calls: AtomicUsize,
    retries: AtomicUsize,
    watcher: Mutex<Watcher>,
}

/// Shows a line to whoever waits.
type Tell = Box<dyn Fn(&str) + Send>;

/// Who is notified that calls wait, and when that was last done.
#[derive(Default)]
struct Watcher {
    tell: Option<Tell>,
    last: Option<Instant>,
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Watcher");
        shown.field("last", &self.last).finish_non_exhaustive()
    }
}

/// The slowest pace to start with when the service throttles before any limit is known, in calls per second.
const FIRST_SLOW_RATE: f64 = 10.0;
/// How far throttling slows the pace down, unless the limit that was asked for is slower still.
const SLOWEST_RATE: f64 = 0.5;
/// How long after a throttled call the next one is the beginning of another time.
const SAME_TIME: Duration = Duration::from_mins(1);
/// How long nothing is said between two notices that calls wait.
const BETWEEN_NOTICES: Duration = Duration::from_secs(10);
/// What is left of the pace after a throttled call.
const SLOWER: f64 = 0.93;
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
        let state = || Mutex::new(LaneState::new(fastest));
        let shared = Shared {
            lanes: [state(), state(), state()],
            together: state(),
            calls: AtomicUsize::new(0),
            retries: AtomicUsize::new(0),
            watcher: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            service: Service::Eks,
            fastest,
        }
    }

    /// The same with another limit; whoever watched it watches this one.
    #[must_use]
    pub fn limited(&self, fastest: Option<f64>) -> Self {
        let pace = Self::new(fastest);
        std::mem::swap(&mut *self.watcher(), &mut *pace.watcher());
        pace
    }

    /// The lane of another service.
    #[must_use]
    pub fn of(&self, service: Service) -> Self {
        Self {
            service,
            ..self.clone()
        }
    }

    /// Notifies somebody whenever calls wait because AWS throttles, every ten seconds at most.
    pub fn watch(&self, tell: impl Fn(&str) + Send + 'static) {
        self.watcher().tell = Some(Box::new(tell));
    }

    /// Reports that something waits.
    pub fn tell(&self, notice: &str) {
        if let Some(tell) = &self.watcher().tell {
            tell(notice);
        }
    }

    /// Waits for this call's turn.
    pub async fn turn(&self) {
        loop {
            let (at, era) = self.state().take_turn();
            tokio::time::sleep_until(at).await;
            if self.state().era == era {
                break;
            }
        }
        if self.fastest.is_some() {
            let (at, _) = Self::locked(&self.shared.together).take_turn();
            tokio::time::sleep_until(at).await;
        }
    }

    /// The same, and reports a wait that takes long.
    pub(super) async fn turn_of(&self, operation: &str) {
        let turn = self.turn();
        tokio::pin!(turn);
        loop {
            tokio::select! {
                () = &mut turn => return,
                () = tokio::time::sleep(BETWEEN_NOTICES) => self.tell_of(operation),
            }
        }
    }

    /// Notes that a call of an operation was throttled; answers since when.
    pub(super) fn throttled(&self, operation: &str) -> Throttled {
        let now = Instant::now();
        let mut state = self.state();
        let first = match &state.throttled {
            Some((_, first, last)) if now < *last + SAME_TIME => *first,
            _ => now,
        };
        state.throttled = Some((operation.to_owned(), first, now));
        Throttled {
            operation: operation.to_owned(),
            lasting: now - first,
        }
    }

    /// Reports that an operation waits, and why.
    pub(super) fn tell_of(&self, operation: &str) {
        let now = Instant::now();
        let (why, next) = {
            let state = self.state();
            let why = state
                .throttled
                .as_ref()
                .map(|(operation, first, _)| Throttled {
                    operation: operation.clone(),
                    lasting: now - *first,
                });
            (why, state.next)
        };
        let mut watcher = self.watcher();
        if watcher
            .last
            .is_some_and(|last| now < last + BETWEEN_NOTICES)
        {
            return;
        }
        let Some(tell) = &watcher.tell else {
            return;
        };
        let seconds = (next - now).as_secs_f64().round().max(1.0);
        tell(&match why {
            Some(why) => format!("waiting {seconds} s to call {operation}: {why}"),
            None => format!(
                "waiting {seconds} s to call {operation}, to keep to {}",
                Flag::MaxRate
            ),
        });
        watcher.last = Some(now);
    }

    /// The service asked for fewer calls: lowers the pace and holds all calls until the time it named.
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
                (None, _) => state.measured(now).max(FIRST_SLOW_RATE),
                (Some(rate), Some(_)) if state.since < FEW => rate * MUCH_SLOWER,
                (Some(rate), _) => rate * SLOWER,
            };
            let slowest = self.fastest.unwrap_or(f64::INFINITY).min(SLOWEST_RATE);
            let rate = rate.max(slowest);
            tracing::debug!(rate, ?wait, "AWS is throttling, so calls are slowed down");
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
        if state.rate.is_none() {
            state.count(Instant::now());
        }
        if state.slowed.is_some()
            && let Some(rate) = state.rate
        {
            state.since = state.since.saturating_add(1);
            let raised = rate + 0.01 + 0.0007 * f64::from(state.since);
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

    fn state(&self) -> MutexGuard<'_, LaneState> {
        Self::locked(&self.shared.lanes[self.service as usize])
    }

    fn watcher(&self) -> MutexGuard<'_, Watcher> {
        Self::locked(&self.shared.watcher)
    }

    fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex
            .lock()
            .expect("no task panics while it holds the pace")
    }
}

#[cfg(test)]
mod tests;
