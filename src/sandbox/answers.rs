//! When a sandbox answers: at once, after a while, or round by round, so that round trips can be counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// When requests are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Answers {
    /// As soon as they come.
    #[default]
    AtOnce,
    /// After so long, as across a network.
    After(Duration),
    /// All together, once no more have come for a while: whoever waits for an answer before asking on needs another round.
    InRounds,
}

/// How long no request may come before a round is answered.
const QUIET: Duration = Duration::from_millis(150);

/// The rounds so far.
#[derive(Debug)]
pub(super) struct Rounds {
    open: Mutex<Open>,
    answered: watch::Sender<usize>,
}

#[derive(Debug)]
struct Open {
    answered: Vec<Vec<String>>,
    waiting: Vec<String>,
    last: Instant,
}

impl Default for Rounds {
    fn default() -> Self {
        Self {
            open: Mutex::new(Open {
                answered: Vec::new(),
                waiting: Vec::new(),
                last: Instant::now(),
            }),
            answered: watch::Sender::new(0),
        }
    }
}

impl Rounds {
    /// The operations of each round that was answered, in the order in which they came.
    pub(super) fn answered(&self) -> Vec<Vec<String>> {
        self.open().answered.clone()
    }

    /// Waits until the round of a request is over.
    async fn wait(self: Arc<Self>, operation: &str) {
        let mut answered = self.answered.subscribe();
        let is_first = {
            let mut open = self.open();
            open.waiting.push(operation.to_owned());
            open.last = Instant::now();
            open.waiting.len() == 1
        };
        if is_first {
            tokio::spawn(Arc::clone(&self).end());
        }
        // The sender lives as long as this does.
        let _ = answered.changed().await;
    }

    async fn end(self: Arc<Self>) {
        loop {
            let until = self.open().last + QUIET;
            tokio::time::sleep_until(until).await;
            let mut open = self.open();
            if open.last + QUIET <= Instant::now() {
                let round = std::mem::take(&mut open.waiting);
                open.answered.push(round);
                self.answered.send_replace(open.answered.len());
                return;
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers {
    /// Waits until a request may be answered.
    pub(super) async fn wait(self, rounds: &Arc<Rounds>, operation: &str) {
        match self {
            Self::AtOnce => {}
            Self::After(latency) => tokio::time::sleep(latency).await,
            Self::InRounds => Arc::clone(rounds).wait(operation).await,
        }
    }
}
