//! How fast calls are made: a pace for each service, slowed down when that service asks for it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

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
    lanes: [Mutex<State>; 3],
    /// All services together, where there is a limit that was asked for.
    together: Mutex<State>,
    calls: AtomicUsize,
    retries: AtomicUsize,
    watcher: Mutex<Watcher>,
}

/// Shows a line to whoever waits.
type Tell = Box<dyn Fn(&str) + Send>;

/// Who is told that calls wait, and when that was last done.
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

#[derive(Debug)]
struct State {
    /// The operation that was throttled last, with when the first and the last one of this time was.
    throttled: Option<(String, Instant, Instant)>,
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
    /// When calls went through during the last [`MEASURED`], as long as the pace is not known.
    recent: VecDeque<Instant>,
    /// Counts the times that turns were taken back: who waits for one then waits for another.
    era: u64,
}

/// The slowest pace to start with when the service throttles before any limit is known, in calls per second.
const FIRST_SLOW_RATE: f64 = 10.0;
/// How long calls are counted before the first throttled one; what a service takes at once is over by then.
const MEASURED: Duration = Duration::from_secs(1);
/// How far throttling slows the pace down, unless the limit that was asked for is slower still.
const SLOWEST_RATE: f64 = 0.5;
/// How long after a throttled call the next one is the beginning of another time.
const SAME_TIME: Duration = Duration::from_mins(1);
/// How long nothing is said between two notices that calls wait.
const BETWEEN_NOTICES: Duration = Duration::from_secs(10);
/// The longest time between two calls, whatever the rate.
const LONGEST_GAP: Duration = Duration::from_hours(24);
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
        let state = || Mutex::new(State::new(fastest));
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

    /// Has somebody told whenever calls wait because AWS throttles, every ten seconds at most.
    pub fn watch(&self, tell: impl Fn(&str) + Send + 'static) {
        self.watcher().tell = Some(Box::new(tell));
    }

    /// Tells whoever watches that something waits.
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

    /// The same, and tells where it takes long.
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

    /// Tells that an operation waits, and why.
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

    fn state(&self) -> MutexGuard<'_, State> {
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

/// The time between two calls at a rate.
fn gap(rate: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / rate)
        .unwrap_or(LONGEST_GAP)
        .min(LONGEST_GAP)
}

impl State {
    fn new(rate: Option<f64>) -> Self {
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
    fn count(&mut self, now: Instant) {
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|at| *at + MEASURED < now) {
            self.recent.pop_front();
        }
    }

    /// Calls per second that went through lately.
    fn measured(&mut self, now: Instant) -> f64 {
        self.count(now);
        let recent = std::mem::take(&mut self.recent);
        let count = u32::try_from(recent.len() - 1).unwrap_or(u32::MAX);
        f64::from(count) / MEASURED.as_secs_f64()
    }

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
            1135,
            "93 % of 8 calls a second is one every 134.4 ms"
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
            80,
            "8 * 0.93 * 0.5 a second"
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

    /// Calls to IAM once waited behind EKS, and were then blamed for it.
    #[tokio::test(start_paused = true)]
    async fn a_service_that_throttles_holds_up_its_own_calls_only() {
        let eks = Pace::default();
        eks.slow_down(Duration::from_mins(1));
        let start = Instant::now();
        eks.of(Service::Iam).turn().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        eks.turn().await;
        assert!(start.elapsed() >= Duration::from_mins(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_holds_for_all_services_together() {
        let eks = Pace::new(Some(10.0));
        let iam = eks.of(Service::Iam);
        let start = Instant::now();
        for _ in 0..10 {
            eks.turn().await;
            iam.turn().await;
        }
        assert_eq!(start.elapsed().as_millis() / 100, 19);
    }

    /// `plan` once was silent for minutes while EKS throttled it.
    #[tokio::test(start_paused = true)]
    async fn throttling_is_reported_with_operation_and_duration() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let pace = Pace::default();
        let told_too = Arc::clone(&told);
        pace.watch(move |notice| told_too.lock().unwrap().push(notice.to_owned()));
        pace.slow_down(Duration::from_secs(25));
        assert_eq!(
            pace.throttled("eks:DescribeAccessEntry").lasting,
            Duration::ZERO
        );
        pace.tell_of("eks:DescribeAccessEntry");
        pace.turn_of("eks:ListNodegroups").await;
        let told = told.lock().unwrap();
        assert_eq!(
            *told,
            [
                "waiting 25 s to call eks:DescribeAccessEntry: AWS has been throttling eks:DescribeAccessEntry for 0 s",
                "waiting 15 s to call eks:ListNodegroups: AWS has been throttling eks:DescribeAccessEntry for 10 s",
                "waiting 5 s to call eks:ListNodegroups: AWS has been throttling eks:DescribeAccessEntry for 20 s",
            ]
        );
        assert_eq!(
            pace.throttled("eks:ListNodegroups").lasting,
            Duration::from_secs(25)
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
