//! Signals: the first asks for a stop, the second stops at once; before anything is written the first does, too.

use tokio::signal::unix::{SignalKind, signal};

use super::output::to_stderr;
use crate::error::Failure;
use crate::stop::Stop;

const STOPPING: &str =
    "stopping: calls in progress are being finished; press Ctrl-C again to stop at once";

/// Listens for Ctrl-C and SIGTERM from now on.
///
/// Where a machine reads stderr, nothing is said there.
pub(super) fn listen(is_json: bool) -> Result<Stop, Failure> {
    let stop = Stop::default();
    for (kind, number) in [(SignalKind::interrupt(), 2), (SignalKind::terminate(), 15)] {
        let mut signals = signal(kind)
            .map_err(|error| Failure::new("failed to listen for signals").because(error))?;
        let stop = stop.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                let say = |line| {
                    if !is_json {
                        to_stderr(line);
                    }
                };
                if !stop.is_writing() {
                    say("interrupted: nothing was written");
                    at_once(number);
                }
                if stop.is_requested() {
                    at_once(number);
                }
                stop.request(number);
                say(STOPPING);
            }
        });
    }
    Ok(stop)
}

#[expect(
    clippy::exit,
    reason = "the second signal asks for exactly this; the journal is synced at every step"
)]
fn at_once(signal: i32) {
    std::process::exit(128 + signal);
}
