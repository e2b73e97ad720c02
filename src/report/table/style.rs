//! Colours, which only ever repeat what a word says.
//!
//! Only the terminal's own sixteen, never black or white, so that light and dark terminals show them as they are set up.

use anstyle::{AnsiColor, Style};

use crate::finding::Severity;
use crate::plan::document::Outcome;

/// Puts colours on text, or leaves it as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    /// Whether there are colours at all.
    pub(super) on: bool,
}

impl Paint {
    pub(super) fn with(self, style: Style, text: &str) -> String {
        let mut painted = String::with_capacity(text.len());
        self.put(&mut painted, style, text);
        painted
    }

    /// Puts a text in its colours behind another.
    pub(super) fn put(self, page: &mut String, style: Style, text: &str) {
        if self.on && style != Style::new() && !text.trim().is_empty() {
            page.push_str(&format!("{style}{text}{style:#}"));
        } else {
            page.push_str(text);
        }
    }
}

/// Titles and names.
pub(super) const STRONG: Style = Style::new().bold();
/// What can be passed over.
pub(super) const FAINT: Style = Style::new().dimmed();
/// What everything else looks like.
pub(super) const PLAIN: Style = Style::new();
const GOOD: Style = AnsiColor::Green.on_default();
const CHANGE: Style = AnsiColor::Cyan.on_default();
const CARE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

pub(super) fn of_outcome(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Create => GOOD,
        Outcome::Update => CHANGE,
        Outcome::Unchanged => PLAIN,
        Outcome::Conflict | Outcome::Blocked => BAD,
        Outcome::Inert | Outcome::Skipped => FAINT,
    }
}

pub(super) fn of_verdict(word: &str) -> Style {
    match word {
        "lost" | "gained" | "changed" => BAD,
        "renamed" | "unknown" => CARE,
        _ => PLAIN,
    }
}

pub(super) fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Info => FAINT,
        Severity::Warning => CARE,
        Severity::Error => BAD,
    }
}
