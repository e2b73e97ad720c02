//! Progress on stderr: a bar on a terminal, lines elsewhere, JSON for machines.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle as BarStyle};

use super::args::ProgressStyle;
use super::output::Console;
use crate::plan::{Action, ActionKind};
use crate::text::{visible, visible_json};
use crate::writer::{Event, EventKind, Progress, Status};

/// Shows what the writer tells.
pub(super) struct Display {
    style: Style,
    bar: Mutex<Option<ProgressBar>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Bars,
    Plain,
    Json,
    None,
}

impl Display {
    pub(super) fn new(style: ProgressStyle, console: &Console) -> Self {
        let style = match style {
            ProgressStyle::Auto if console.is_quiet() => Style::None,
            ProgressStyle::Auto if io::stderr().is_terminal() => Style::Bars,
            ProgressStyle::Auto | ProgressStyle::Plain => Style::Plain,
            ProgressStyle::Bars => Style::Bars,
            ProgressStyle::Json => Style::Json,
            ProgressStyle::None => Style::None,
        };
        Self {
            style,
            bar: Mutex::new(None),
        }
    }

    /// Whether somebody watches a bar.
    pub(super) fn is_watched(&self) -> bool {
        self.style == Style::Bars
    }

    /// Takes the bar off the terminal.
    pub(super) fn finish(&self) {
        if let Some(bar) = self
            .bar
            .lock()
            .expect("no task panics while it draws")
            .take()
        {
            bar.finish_and_clear();
        }
    }

    fn plain(event: &Event) {
        let width = event.total.to_string().len();
        let count = format!("[{:>width$}/{}]", event.done, event.total);
        match event.event {
            EventKind::Started => eprintln!("{} actions", event.total),
            EventKind::Mode => eprintln!("mode: {}", event.message.as_deref().unwrap_or_default()),
            EventKind::Action => {
                if let (Some(action), Some(status)) = (&event.action, event.status) {
                    eprintln!(
                        "{count} {} {}{}",
                        word(status),
                        describe(action),
                        reason(event)
                    );
                }
            }
            EventKind::Retry => {
                if let Some(action) = &event.action {
                    eprintln!("{count} again {}{}", describe(action), reason(event));
                }
            }
            EventKind::Finished => {}
        }
    }

    fn draw(&self, event: &Event) {
        let mut slot = self.bar.lock().expect("no task panics while it draws");
        let bar = slot.get_or_insert_with(|| {
            let bar = ProgressBar::new(0);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        match event.event {
            EventKind::Started => {
                bar.set_length(event.total as u64);
                bar.set_position(0);
                bar.reset();
                // Two lines, so that 80 columns are enough for the longest name that matters.
                bar.set_style(style(
                    "{spinner} [{bar:30}] {pos}/{len} actions  {per_sec}  {eta} left\n  {wide_msg}",
                ));
            }
            EventKind::Mode => {
                bar.set_style(style("{spinner} {elapsed} {wide_msg}"));
                bar.set_message(visible(event.message.as_deref().unwrap_or_default()).into_owned());
            }
            EventKind::Action => {
                bar.set_position(event.done as u64);
                if let (Some(action), Some(status)) = (&event.action, event.status) {
                    let line = format!("{} {}{}", word(status), describe(action), reason(event));
                    if status == Status::Failed {
                        bar.println(&line);
                    }
                    bar.set_message(line);
                }
            }
            EventKind::Retry => {
                if let Some(action) = &event.action {
                    bar.set_message(format!("again {}{}", describe(action), reason(event)));
                }
            }
            EventKind::Finished => bar.set_position(event.done as u64),
        }
    }
}

impl Progress for Display {
    fn tell(&self, event: &Event) {
        match self.style {
            Style::None => {}
            Style::Json => {
                let line = serde_json::to_string(event).expect("an event is plain data");
                eprintln!("{}", visible_json(&line));
            }
            Style::Plain => Self::plain(event),
            Style::Bars => self.draw(event),
        }
    }
}

fn style(template: &str) -> BarStyle {
    BarStyle::with_template(template)
        .expect("the template is well formed")
        .progress_chars("=> ")
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Created => "created",
        Status::Updated => "updated",
        Status::Associated => "associated",
        Status::Disassociated => "disassociated",
        Status::Deleted => "deleted",
        Status::Exists => "exists",
        Status::Failed => "FAILED",
        Status::Skipped => "skipped",
    }
}

/// An action in a few words, the name first that tells it apart.
pub(super) fn describe(action: &Action) -> String {
    let principal = action.kind.principal_arn().map(|arn| {
        let short = arn.resource.clone();
        format!("{} ({})", visible(&short), arn.account)
    });
    let principal = principal.unwrap_or_default();
    match &action.kind {
        ActionKind::UpdateAuthenticationMode { to, .. } => format!("mode {to}"),
        ActionKind::CreateAccessEntry { entry_type, .. } => format!("{principal} {entry_type}"),
        ActionKind::AssociateAccessPolicy { policy_arn, .. }
        | ActionKind::DisassociateAccessPolicy { policy_arn, .. } => {
            let name = policy_arn.resource.rsplit('/').next().unwrap_or_default();
            format!("{principal} {}", visible(name))
        }
        ActionKind::UpdateAccessEntry { .. } | ActionKind::DeleteAccessEntry { .. } => principal,
    }
}

fn reason(event: &Event) -> String {
    event.error.as_ref().map_or_else(String::new, |error| {
        format!(": {}: {}", visible(&error.code), visible(&error.message))
    })
}
