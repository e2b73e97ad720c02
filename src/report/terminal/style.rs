//! Colours, which only ever repeat what a word says.
//!
//! Only the terminal's own sixteen, never black or white, so that light and dark terminals show them as they are set up.

use anstyle::{AnsiColor, Style};

use crate::finding::Severity;
use crate::plan::document::Outcome;
use crate::report::page::Mark;

/// Puts colours on text, or leaves it as it is.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Paint {
    /// Whether there are colours at all.
    pub(in crate::report) on: bool,
}

impl Paint {
    pub(in crate::report) fn with(self, style: Style, text: &str) -> String {
        let mut painted = String::with_capacity(text.len());
        self.put(&mut painted, style, text);
        painted
    }

    /// Puts a text in its colours behind another.
    pub(in crate::report) fn put(self, page: &mut String, style: Style, text: &str) {
        if self.on && style != Style::new() && !text.trim().is_empty() {
            page.push_str(&format!("{style}{text}{style:#}"));
        } else {
            page.push_str(text);
        }
    }
}

/// Titles and names.
pub(in crate::report) const STRONG: Style = Style::new().bold();
/// What can be passed over.
pub(in crate::report) const FAINT: Style = Style::new().dimmed();
/// What everything else looks like.
pub(in crate::report) const PLAIN: Style = Style::new();
const GOOD: Style = AnsiColor::Green.on_default();
const CHANGE: Style = AnsiColor::Cyan.on_default();
const CARE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

pub(in crate::report) fn of_outcome(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Create => GOOD,
        Outcome::Update => CHANGE,
        Outcome::Unchanged => PLAIN,
        Outcome::Conflict | Outcome::Blocked => BAD,
        Outcome::Inert | Outcome::Skipped => FAINT,
    }
}

pub(in crate::report) fn of_verdict(word: &str) -> Style {
    match word {
        "lost" | "gained" | "changed" => BAD,
        "renamed" | "unknown" => CARE,
        _ => PLAIN,
    }
}

pub(in crate::report) fn of_severity(severity: Severity) -> Style {
    match severity {
        Severity::Info => FAINT,
        Severity::Warning => CARE,
        Severity::Error => BAD,
    }
}

pub(in crate::report) fn of_mark(mark: Mark) -> Style {
    match mark {
        Mark::Fault => BAD,
        Mark::Doubt => CARE,
        Mark::Change => CHANGE,
        Mark::Add => GOOD,
        Mark::Remove => PLAIN,
    }
}
