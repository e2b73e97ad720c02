//! The report for a terminal.
//!
//! Made for 80 columns, where what becomes of a mapping stands on a second line; wider terminals get a column for it.

pub(super) mod layout;
mod rows;
mod style;

use layout::{is_wider, kept_together, spans, width, wrap};
use style::{FAINT, Paint, STRONG};

use super::about::{calls, facts};
use super::next::{Next, next};
use super::principal::ShortNames;
use super::summary::{counts, sentence};
use crate::plan::Plan;

/// How the table is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOptions {
    /// The terminal's width in columns; less than 60 is taken as 60.
    pub width: usize,
    /// Whether to colour the marks and words.
    pub color: bool,
    /// Whether to show access before and after, and findings that are mere information.
    pub details: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            width: 80,
            color: false,
            details: false,
        }
    }
}

/// Renders the plan for a terminal.
#[must_use]
pub fn table(plan: &Plan, options: TableOptions) -> String {
    table_then(plan, &next(plan), options)
}

/// The same with another next step.
pub(super) fn table_then(plan: &Plan, next: &Next, options: TableOptions) -> String {
    let mut page = Page {
        width: options.width.max(60),
        paint: Paint { on: options.color },
        details: options.details,
        text: String::new(),
    };
    header(&mut page, plan);
    page.blank();
    page.paragraph(0, STRONG, &sentence(plan));
    page.paragraph(0, FAINT, &counts(plan));
    let names = ShortNames::new(plan, 120);
    rows::mappings(&mut page, plan, &names);
    rows::accounts(&mut page, plan);
    rows::cluster_findings(&mut page, plan);
    closing(&mut page, plan, next);
    page.text
}

/// The text so far, with what every part of it needs to know.
struct Page {
    width: usize,
    paint: Paint,
    details: bool,
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.end_line();
    }

    /// Ends the line that was begun, without the blanks at its end.
    fn end_line(&mut self) {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        self.text.push('\n');
    }

    fn gap(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Text in lines, all at the same indent.
    fn paragraph(&mut self, indent: usize, style: anstyle::Style, text: &str) {
        for line in wrap(text, self.width - indent) {
            self.gap(indent);
            self.paint.put(&mut self.text, style, &line);
            self.end_line();
        }
    }

    /// A label with text beside it that keeps to its own column.
    fn labelled(
        &mut self,
        indent: usize,
        label: (&str, anstyle::Style),
        column: usize,
        text: &str,
    ) {
        let (word, style) = label;
        for (index, line) in wrap(text, self.width - indent - column).iter().enumerate() {
            let word = if index == 0 { word } else { "" };
            self.gap(indent);
            self.paint.put(&mut self.text, style, word);
            self.gap(column.saturating_sub(width(word)));
            self.line(line);
        }
    }

    /// The same for a fix: what is code in it is never broken between its words, and a command that is wider than the
    /// column gets a line of its own, so that it can be copied.
    fn fix(&mut self, indent: usize, label: (&str, anstyle::Style), column: usize, text: &str) {
        let room = self.width.saturating_sub(indent + column);
        let mut label = label;
        let mut running = String::new();
        for (is_code, part) in spans(text) {
            if is_code && is_wider(part, room) {
                let before = std::mem::take(&mut running);
                if !before.trim().is_empty() {
                    self.labelled(indent, label, column, before.trim());
                    label = ("", label.1);
                }
                let word = self.paint.with(label.1, label.0);
                let gap = " ".repeat(column.saturating_sub(width(label.0)));
                self.line(&format!("{}{word}{gap}{part}", " ".repeat(indent)));
                label = ("", label.1);
            } else if is_code {
                running.push_str(&kept_together(part));
            } else {
                running.push_str(part);
            }
        }
        // What ends the sentence after a command on its own line has nothing left to end.
        if !label.0.is_empty() {
            self.labelled(indent, label, column, &running);
        } else if running.chars().any(char::is_alphanumeric) {
            let rest = running.trim_start_matches([',', ';', '.', ' ']);
            self.labelled(indent, label, column, rest);
        }
    }

    fn title(&mut self, text: &str) {
        self.blank();
        self.paragraph(0, STRONG, text);
    }
}

fn header(page: &mut Page, plan: &Plan) {
    for (label, value) in facts(plan) {
        page.labelled(0, (label, FAINT), 9, &value);
    }
}

fn closing(page: &mut Page, plan: &Plan, next: &Next) {
    page.blank();
    page.labelled(0, ("actions", FAINT), 9, &calls(plan));
    page.labelled(0, ("next", FAINT), 9, &format!("{}:", next.purpose));
    // One line whatever the width, so that it can be copied.
    let command = page.paint.with(STRONG, &next.command);
    page.line(&format!("{}{command}", " ".repeat(9)));
}
