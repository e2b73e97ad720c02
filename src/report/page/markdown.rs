//! A page in GitHub Flavored Markdown.

use std::fmt::Write;

use super::{LabelledText, Line, Mark, Page, Part, ShownQuestion, Table, Text};
use crate::report::markdown::{block, code, prose};

/// The page under its title.
pub(super) fn titled(page: &Page) -> String {
    format!("## {}\n\n{}", prose(&page.title), markdown(page))
}

/// The parts alone.
pub(super) fn markdown(page: &Page) -> String {
    let mut text = String::new();
    for (index, part) in page.parts.iter().enumerate() {
        // Two lists side by side would be one.
        if index > 0 {
            text.push('\n');
        }
        match part {
            Part::Heading(title) => {
                let _ = writeln!(text, "### {}", prose(title));
            }
            Part::Facts(facts) => facts.iter().for_each(|one| fact(&mut text, one)),
            Part::Lines(lines) => lines.iter().for_each(|one| line(&mut text, one)),
            Part::Table(rows) => table(&mut text, rows),
            Part::Question(one) => question(&mut text, one),
            Part::Command { purpose, line } => {
                let _ = write!(text, "{}:\n\n{}", prose(purpose), block(line));
            }
            Part::Block { title, text: lines } => {
                let _ = write!(text, "### {}\n\n{}", prose(title), block(lines));
            }
        }
    }
    text
}

fn marked(mark: Option<Mark>) -> String {
    mark.map_or(String::new(), |mark| format!("{} ", code(mark.sign())))
}

fn fact(text: &mut String, fact: &LabelledText) {
    let value = match &fact.value {
        Text::Words(words) => prose(words),
        Text::Command(line) => code(line),
    };
    let mark = marked(fact.mark);
    let _ = writeln!(text, "- {mark}**{}**: {value}", prose(&fact.label));
}

fn line(text: &mut String, line: &Line) {
    let _ = writeln!(text, "- {}{}", marked(line.mark), prose(&line.text));
    for (label, more) in &line.more {
        let label = match *label {
            "" => String::new(),
            label => format!("{label}: "),
        };
        let _ = writeln!(text, "  - {label}{}", prose(more));
    }
}

fn table(text: &mut String, table: &Table) {
    if !table.title.is_empty() {
        let _ = writeln!(text, "{}:\n", prose(&table.title));
    }
    let _ = writeln!(text, "| {} |", table.columns.join(" | "));
    let _ = writeln!(text, "|{}", " --- |".repeat(table.columns.len()));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| prose(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

fn question(text: &mut String, question: &ShownQuestion) {
    let _ = writeln!(text, "- **{}**", prose(&question.title));
    let names: Vec<String> = question.about.iter().map(|name| code(name)).collect();
    let rest = match question.rest.as_str() {
        "" => String::new(),
        rest => format!(" and {}", prose(rest)),
    };
    if !names.is_empty() {
        let _ = writeln!(text, "  - {}{rest}", names.join(", "));
    }
    for (label, why) in &question.why {
        let _ = writeln!(text, "  - {label}: {}", prose(why));
    }
    for answer in &question.answers {
        let lines: Vec<String> = answer.lines.iter().map(|line| code(line)).collect();
        let lines = match lines.as_slice() {
            [] => String::new(),
            lines => format!(": {}", lines.join(", ")),
        };
        let _ = writeln!(
            text,
            "  - {}: {}{lines}",
            code(&answer.word),
            prose(&answer.meaning)
        );
    }
}
