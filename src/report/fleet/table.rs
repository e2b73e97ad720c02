//! A fleet on a terminal.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{AskedOfFleet, FleetLine, FleetPage};
use crate::invocation::Flag;
use crate::report::terminal::layout::wrap;

/// How a fleet is drawn.
#[derive(Debug, Clone, Copy)]
pub struct FleetTable {
    /// The columns of the terminal.
    pub width: usize,
    /// Whether every cluster of a question is named, however many there are.
    pub details: bool,
}

/// How many clusters of a question are named without `details`.
const NAMED: usize = 5;

const HEADER: [&str; 8] = [
    "ACCOUNT", "REGION", "CLUSTER", "STATE", "MODE", "PLATFORM", "MAPPINGS", "ACCESS",
];

pub(super) fn table(page: &FleetPage, options: FleetTable) -> String {
    let mut text = format!("{}\n", page.sentence);
    if !page.lines.is_empty() {
        text.push('\n');
        rows(&mut text, &page.lines, options.width);
    }
    if !page.questions.is_empty() {
        text.push_str("\nQuestions\n");
        for question in &page.questions {
            asked(&mut text, question, options);
        }
    }
    text
}

fn rows(text: &mut String, lines: &[FleetLine], width: usize) {
    let cells = |line: &FleetLine| {
        [
            line.account.clone(),
            line.region.clone(),
            line.name.clone(),
            line.state.to_owned(),
            line.mode.clone(),
            line.platform.clone(),
            line.mappings.clone(),
            line.verdicts.clone(),
        ]
    };
    let mut widths = HEADER.map(UnicodeWidthStr::width);
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(cells(line)) {
            *width = (*width).max(cell.width());
        }
    }
    let drawn = |mark: &str, cells: &[String; 8]| {
        let mut line = format!("{mark:<2}");
        for (cell, width) in cells.iter().zip(widths) {
            let gap = width - cell.width() + 2;
            line.push_str(cell);
            line.push_str(&" ".repeat(gap));
        }
        format!("{}\n", line.trim_end())
    };
    text.push_str(&drawn("", &HEADER.map(str::to_owned)));
    for line in lines {
        text.push_str(&drawn(line.mark, &cells(line)));
        for note in &line.notes {
            indented(text, &note.text, 4, width);
            for more in &note.more {
                indented(text, more, 6, width);
            }
        }
    }
}

fn asked(text: &mut String, question: &AskedOfFleet, options: FleetTable) {
    let AskedOfFleet {
        head,
        message,
        fix,
        clusters,
    } = question;
    let _ = writeln!(text, "! {head}");
    indented(text, message, 4, options.width);
    if !fix.is_empty() {
        indented(text, &format!("fix: {fix}"), 4, options.width);
    }
    let named = if options.details {
        clusters.len()
    } else {
        NAMED
    };
    let mut list = clusters
        .iter()
        .take(named)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if clusters.len() > named {
        let _ = write!(
            list,
            " and {} more ({})",
            clusters.len() - named,
            Flag::Details
        );
    }
    indented(text, &format!("clusters: {list}"), 4, options.width);
}

/// A sentence in lines that fit, each indented.
fn indented(text: &mut String, sentence: &str, indent: usize, width: usize) {
    for line in wrap(sentence, width.saturating_sub(indent)) {
        let _ = writeln!(text, "{}{line}", " ".repeat(indent));
    }
}
