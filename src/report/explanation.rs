//! What a finding code means, as text for people.

use super::page::{Page, Shown, Table};
use super::words;
use crate::finding::Code;
use crate::finding::explain::explain;

/// The widest text; explanations are read like a page, not like a table.
const WIDTH: usize = 80;

/// All codes, a line each.
#[must_use]
pub fn codes(shown: Shown) -> String {
    let mut page = Page::new("Finding codes");
    let row = |code: &Code| {
        [
            code.to_string(),
            words::severity(code.severity()).to_owned(),
            code.title().to_owned(),
        ]
    };
    page.table(Table {
        columns: vec!["", "", ""],
        rows: Code::ALL.iter().map(|code| row(code).into()).collect(),
        ..Table::default()
    });
    page.terminal(shown)
}

/// One code: what it means, why, what to do, and an example.
#[must_use]
pub fn explanation(code: Code, shown: Shown) -> String {
    let explanation = explain(code);
    let mut page = Page::new("Explanation");
    page.heading(format!(
        "{code} ({}): {}",
        words::severity(explanation.severity),
        explanation.title
    ));
    let parts = [
        ("What it means", explanation.meaning),
        ("Why", explanation.why),
        ("What to do", explanation.fix),
    ];
    for (heading, part) in parts {
        page.heading(heading);
        page.text(part);
    }
    if let Some(example) = explanation.example {
        page.block("Before", example.before);
        page.block("After", example.after);
    }
    let width = shown.width.map_or(WIDTH, |width| width.min(WIDTH));
    page.terminal(Shown {
        width: Some(width),
        ..shown
    })
}
