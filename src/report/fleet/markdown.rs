//! A fleet in a pull request.

use std::fmt::Write;

use super::{FleetLine, FleetPage};
use crate::report::markdown::{code, prose};

pub(super) fn markdown(page: &FleetPage) -> String {
    let mut text = format!("## {}\n\n{}\n", prose(&page.title), prose(&page.sentence));
    if !page.lines.is_empty() {
        text.push_str(
            "\n| | Account | Region | Cluster | State | Mode | Platform | Mappings | Access |\n|---|---|---|---|---|---|---|---|---|\n",
        );
    }
    for line in &page.lines {
        let cells = [&line.account, &line.region, &line.name];
        let cells: Vec<String> = cells.into_iter().map(|cell| code(cell)).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            code(line.mark),
            cells.join(" | "),
            line.state,
            code(&line.mode),
            code(&line.platform),
            code(&line.mappings),
            prose(&line.verdicts),
        );
    }
    let noted: Vec<&FleetLine> = page
        .lines
        .iter()
        .filter(|line| !line.notes.is_empty())
        .collect();
    if !noted.is_empty() {
        text.push_str("\n### Notes\n\n");
    }
    for line in noted {
        let FleetLine {
            account,
            region,
            name,
            notes,
            ..
        } = line;
        let _ = writeln!(text, "- {}", code(&format!("{account}/{region}/{name}")));
        for note in notes {
            let _ = writeln!(text, "  - {}", prose(&note.text));
            for more in &note.more {
                let _ = writeln!(text, "    - {}", prose(more));
            }
        }
    }
    if !page.questions.is_empty() {
        text.push_str("\n### Questions\n\n");
    }
    for question in &page.questions {
        let _ = writeln!(text, "- {}", prose(&question.head));
        let _ = writeln!(text, "  - {}", prose(&question.message));
        if !question.fix.is_empty() {
            let _ = writeln!(text, "  - fix: {}", prose(&question.fix));
        }
        let clusters: Vec<String> = question.clusters.iter().map(|one| code(one)).collect();
        let _ = writeln!(text, "  - clusters: {}", clusters.join(", "));
    }
    text
}
