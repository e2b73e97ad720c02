//! What somebody types, line by line, and the signals that end the asking.

use std::io::BufRead;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::error::Failure;

/// What came from the terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A line, without blanks at its ends.
    Line(String),
    /// Nobody types any more.
    End,
    /// A signal.
    Signal(i32),
}

#[derive(Debug)]
pub(super) struct Keyboard {
    lines: Option<UnboundedReceiver<String>>,
    interrupt: Signal,
    terminate: Signal,
}

impl Keyboard {
    pub(super) fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::new("failed to listen for signals").because(error))
        };
        Ok(Self {
            lines: None,
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// The next signal.
    pub(super) async fn signal(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
        }
    }

    /// The next line or signal. A signal goes first: what is typed after it is no answer.
    pub(super) async fn read(&mut self) -> Typed {
        let lines = self.lines.get_or_insert_with(typed);
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => Typed::Signal(2),
            _ = self.terminate.recv() => Typed::Signal(15),
            line = lines.recv() => line.map_or(Typed::End, Typed::Line),
        }
    }
}

/// Reads lines on a thread of its own, which nothing waits for: a read can't be given up.
fn typed() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line.trim().to_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}
