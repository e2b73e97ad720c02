//! What a finding code means, as text for people.

use std::fmt::Write;

use super::table::layout::wrap;
use crate::finding::Code;
use crate::finding::Severity;
use crate::finding::explain::explain;

/// The width of the text; explanations are read like a page, not like a table.
const WIDTH: usize = 80;

/// All codes, a line each.
#[must_use]
pub fn codes() -> String {
    Code::ALL.iter().fold(String::new(), |mut text, code| {
        let _ = writeln!(
            text,
            "{code}  {:<7}  {}",
            word(code.severity()),
            code.title()
        );
        text
    })
}

/// One code: what it means, why, what to do, and an example.
#[must_use]
pub fn explanation(code: Code) -> String {
    let explanation = explain(code);
    let mut text = format!(
        "{code} ({}): {}\n",
        word(explanation.severity),
        explanation.title
    );
    let parts = [
        ("What it means", explanation.meaning),
        ("Why", explanation.why),
        ("What to do", explanation.fix),
    ];
    for (heading, part) in parts {
        let _ = write!(text, "\n{heading}\n");
        for line in wrap(part, WIDTH - 2) {
            let _ = writeln!(text, "  {line}");
        }
    }
    if let Some(example) = explanation.example {
        for (heading, part) in [("Before", example.before), ("After", example.after)] {
            let _ = write!(text, "\n{heading}\n");
            for line in part.lines() {
                let _ = writeln!(text, "  {line}");
            }
        }
    }
    text
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
