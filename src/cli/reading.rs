//! Shows what is being read while a cluster is looked at: a spinner on a terminal, an event for machines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;

use super::output::to_stderr;
use super::settings::CLOCK;
use crate::migration::Target;
use crate::migration::survey::Reads;
use crate::writer::{Event, EventKind};

/// How reading is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadingDisplay {
    /// By a spinner on stderr.
    Spinner,
    /// By `reading` events on stderr.
    Events,
    /// Not at all.
    Hidden,
}

/// How long reading takes before somebody who waits is shown a spinner.
const SPINNER_AFTER: Duration = Duration::from_millis(300);
/// How long a read takes before it is an event: what is read at once is no news.
const EVENTS_AFTER: Duration = Duration::from_secs(1);

/// What is shown at the moment.
#[derive(Default)]
struct ShownReads {
    /// What is being read; `None` while nothing is.
    names: Option<String>,
    /// Whether it has taken long enough to be shown.
    is_due: bool,
    /// Counts the looks, so that one that is over shows nothing of the next.
    look: u64,
    spinner: Option<ProgressBar>,
}

/// Shows what is read, in whatever way.
struct Screen {
    reading: ReadingDisplay,
    shown: Mutex<ShownReads>,
    /// Whether a bar has the terminal.
    is_taken: Box<dyn Fn() -> bool + Send + Sync>,
}

impl ReadingDisplay {
    /// Shows what is read of a target unless the terminal is taken, and whatever `notice` says of calls that wait.
    pub(super) fn watch(
        self,
        target: &mut Target,
        notice: impl Fn(&str) + Send + 'static,
        is_taken: impl Fn() -> bool + Send + Sync + 'static,
    ) {
        let screen = Arc::new(Screen {
            reading: self,
            shown: Mutex::default(),
            is_taken: Box::new(is_taken),
        });
        let above = Arc::clone(&screen);
        target.aws.pace.watch(move |text| {
            let spinner = above.shown().spinner.clone();
            match spinner {
                Some(spinner) => spinner.suspend(|| notice(text)),
                None => notice(text),
            }
        });
        if self != Self::Hidden {
            target.reads = Reads::watched(move |names| screen.changed(names));
        }
    }

    /// How long reading takes before it is shown.
    fn after(self) -> Duration {
        match self {
            Self::Events => EVENTS_AFTER,
            Self::Spinner | Self::Hidden => SPINNER_AFTER,
        }
    }
}

impl Screen {
    /// What is being read has changed; called from within the runtime.
    fn changed(self: &Arc<Self>, names: Option<&[&'static str]>) {
        let mut shown = self.shown();
        let Some(names) = names else {
            shown.names = None;
            shown.is_due = false;
            shown.look += 1;
            if let Some(spinner) = shown.spinner.take() {
                spinner.finish_and_clear();
            }
            return;
        };
        let is_first = shown.names.is_none();
        shown.names = Some(names.join(", "));
        if shown.is_due {
            self.show(&mut shown);
        } else if is_first {
            let (screen, look) = (Arc::clone(self), shown.look);
            tokio::spawn(async move {
                tokio::time::sleep(screen.reading.after()).await;
                let mut shown = screen.shown();
                if shown.look == look && shown.names.is_some() {
                    shown.is_due = true;
                    screen.show(&mut shown);
                }
            });
        }
    }

    fn show(&self, shown: &mut ShownReads) {
        let Some(names) = shown.names.as_deref().filter(|names| !names.is_empty()) else {
            return;
        };
        match self.reading {
            ReadingDisplay::Spinner if !(self.is_taken)() => {
                let spinner = shown.spinner.get_or_insert_with(|| {
                    let spinner = ProgressBar::new_spinner();
                    spinner.enable_steady_tick(Duration::from_millis(120));
                    spinner
                });
                spinner.set_message(format!("reading {names}"));
            }
            ReadingDisplay::Events => {
                let event = Event {
                    message: Some(names.to_owned()),
                    ..Event::new(EventKind::Reading, (CLOCK.now)())
                };
                to_stderr(&serde_json::to_string(&event).expect("an event is plain data"));
            }
            ReadingDisplay::Spinner | ReadingDisplay::Hidden => {}
        }
    }

    fn shown(&self) -> MutexGuard<'_, ShownReads> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
