//! Progress on stderr: a bar on a terminal, lines elsewhere, JSON for machines.

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle as BarStyle};

use super::args::ProgressStyle;
use super::output::{Console, to_stderr};
use super::reading::ReadingDisplay;
use crate::migration::Target;
use crate::model::ActionStatus;
use crate::plan::{Action, ActionKind};
use crate::report::wrap_indented;
use crate::text::{visible, visible_json};
use crate::writer::{Event, EventKind, Progress};

/// Shows what the writer reports.
pub(super) struct Display {
    style: Style,
    bar: Arc<Mutex<Option<ProgressBar>>>,
    retries: AtomicUsize,
    /// The width of the terminal.
    width: usize,
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
            bar: Arc::default(),
            retries: AtomicUsize::new(0),
            width: console.width(),
        }
    }

    /// Says that calls wait, and why: above the bar, where there is one.
    fn watcher(&self) -> impl Fn(&str) + Send + 'static {
        let (style, bar) = (self.style, Arc::clone(&self.bar));
        move |notice| {
            let notice = visible(notice);
            match (style, &*bar.lock().expect("no task panics while it draws")) {
                // A machine reads events only.
                (Style::Json | Style::None, _) => {}
                (_, Some(bar)) => bar.println(&*notice),
                (_, None) => to_stderr(&notice),
            }
        }
    }

    /// Whether somebody watches a bar.
    #[cfg(feature = "sandbox")]
    pub(super) fn is_watched(&self) -> bool {
        self.style == Style::Bars
    }

    /// Whether a machine reads along.
    pub(super) fn is_json(&self) -> bool {
        self.style == Style::Json
    }

    /// Shows what is read of a target, and that calls wait.
    pub(super) fn watch(&self, target: &mut Target) {
        let reading = match self.style {
            Style::Bars => ReadingDisplay::Spinner,
            Style::Json => ReadingDisplay::Events,
            Style::Plain | Style::None => ReadingDisplay::Hidden,
        };
        let bar = Arc::clone(&self.bar);
        let is_taken = move || bar.lock().is_ok_and(|bar| bar.is_some());
        reading.watch(target, self.watcher(), is_taken);
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
            EventKind::Started => to_stderr(&actions(event.total)),
            EventKind::Mode => to_stderr(&format!("mode: {}", message(event))),
            EventKind::Action => match line(event) {
                Some(line) if event.action.is_none() => to_stderr(&line),
                Some(line) => to_stderr(&format!("{count} {line}")),
                None => {}
            },
            EventKind::Retry => {
                if let Some(action) = &event.action {
                    let action = describe(action);
                    to_stderr(&format!("{count} retrying {action}{}", reason(event)));
                }
            }
            EventKind::Reading | EventKind::Finished => {}
        }
    }

    fn draw(&self, event: &Event) {
        let mut slot = self.bar.lock().expect("no task panics while it draws");
        let bar = slot.get_or_insert_with(|| {
            let bar = ProgressBar::new(0);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if matches!(event.event, EventKind::Action | EventKind::Retry) && event.action.is_some() {
            show_count(bar, event);
        }
        match event.event {
            EventKind::Started => {
                self.retries.store(0, Ordering::Relaxed);
                show_count(bar, event);
                bar.reset();
            }
            EventKind::Mode => {
                bar.set_style(style("{spinner} {elapsed} {wide_msg}"));
                // The count, its rate and the time left are shown again after it.
                bar.unset_length();
                bar.set_message(message(event));
            }
            EventKind::Action => {
                if let Some(line) = line(event) {
                    if event.status == Some(ActionStatus::Failed) {
                        for line in wrap_indented(&line, self.width) {
                            bar.println(line);
                        }
                    }
                    bar.set_message(line);
                }
            }
            EventKind::Retry => {
                let retries = self.retries.fetch_add(1, Ordering::Relaxed) + 1;
                bar.set_prefix(format!("  {retries} retried"));
                if let Some(action) = &event.action {
                    bar.set_message(format!("retrying {}{}", describe(action), reason(event)));
                }
            }
            EventKind::Reading => {}
            EventKind::Finished => bar.set_position(event.done as u64),
        }
    }
}

/// Shows how far it is. Two lines, so that 80 columns are enough for the longest name that matters.
fn show_count(bar: &ProgressBar, event: &Event) {
    if bar.length() != Some(event.total as u64) || event.event == EventKind::Started {
        if bar.length().is_none() {
            bar.reset();
        }
        bar.set_length(event.total as u64);
        bar.set_style(style(
            "{spinner} [{bar:24}] {pos}/{len} actions  {rate}{left}{prefix}\n  {wide_msg}",
        ));
    }
    bar.set_position(event.done as u64);
}

impl Progress for Display {
    fn tell(&self, event: &Event) {
        match self.style {
            Style::None => {}
            Style::Json => {
                let line = serde_json::to_string(event).expect("an event is plain data");
                to_stderr(&visible_json(&line));
            }
            Style::Plain => Self::plain(event),
            Style::Bars => self.draw(event),
        }
    }
}

fn style(template: &str) -> BarStyle {
    BarStyle::with_template(template)
        .expect("the template is well formed")
        .with_key("left", |state: &ProgressState, to: &mut dyn fmt::Write| {
            let _ = to.write_str(&left(state.pos(), state.eta()));
        })
        .with_key("rate", |state: &ProgressState, to: &mut dyn fmt::Write| {
            let _ = write!(to, "{:.1}/s", state.per_sec());
        })
        .progress_chars("=> ")
}

/// What an `action` event says.
fn line(event: &Event) -> Option<String> {
    let about = match (&event.binding, &event.action) {
        (Some(binding), _) => visible(&binding.to_string()).into_owned(),
        (None, Some(action)) => describe(action),
        // What a command waits for belongs to no action.
        (None, None) => return event.message.is_some().then(|| message(event)),
    };
    match event.status {
        Some(status) => Some(format!("{} {about}{}", word(status), reason(event))),
        None => Some(message(event)),
    }
}

/// How long the rest takes; nobody knows before something is done.
fn left(done: u64, eta: Duration) -> String {
    match done {
        0 => String::new(),
        _ => format!("  {:#} left", HumanDuration(eta)),
    }
}

fn message(event: &Event) -> String {
    visible(event.message.as_deref().unwrap_or_default()).into_owned()
}

fn actions(count: usize) -> String {
    match count {
        1 => "1 action".to_owned(),
        _ => format!("{count} actions"),
    }
}

fn word(status: ActionStatus) -> &'static str {
    match status {
        ActionStatus::Created => "created",
        ActionStatus::Updated => "updated",
        ActionStatus::Associated => "associated",
        ActionStatus::Disassociated => "disassociated",
        ActionStatus::Deleted => "deleted",
        ActionStatus::Exists => "exists",
        ActionStatus::Failed => "FAILED",
        ActionStatus::Skipped => "skipped",
    }
}

/// An action in a few words, the name that distinguishes it first.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The first frame of the bar once said "0s left".
    #[test]
    fn no_estimate_is_shown_before_anything_is_done() {
        assert_eq!(left(0, Duration::ZERO), "");
        assert_eq!(left(3, Duration::from_secs(12)), "  12s left");
    }
}
