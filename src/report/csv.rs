//! The plan as a spreadsheet.

use super::words::{self, policy};
use crate::finding::Finding;
use crate::plan::Plan;
use crate::plan::document::{Outcome, PlannedMapping};
use crate::text::visible;

/// The columns; more may follow, at the end.
const COLUMNS: [&str; 17] = [
    "id",
    "line",
    "arn",
    "username",
    "groups",
    "outcome",
    "verdict",
    "principalArn",
    "type",
    "entryUsername",
    "entryGroups",
    "policies",
    "afterUsername",
    "afterGroups",
    "afterPolicies",
    "bindings",
    "findings",
];
/// Stands between the items of a list within a cell.
const BETWEEN: &str = "; ";

/// A row for every mapping, every whole account and every finding that belongs to neither.
///
/// Lines end with CR LF. A cell that a spreadsheet would take for a formula, and one that begins with an apostrophe,
/// has an apostrophe before it; hidden characters stand as escapes.
/// Source: RFC 4180; OWASP, "CSV Injection".
///
/// # Panics
///
/// Never: rows have one length, and writing to memory does not fail.
#[must_use]
pub fn csv(plan: &Plan) -> String {
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let mut write = |cells: [String; 17]| {
        let cells = cells.map(|cell| inert(&cell));
        writer.write_record(cells).expect("rows have one length");
    };
    write(COLUMNS.map(str::to_owned));
    for mapping in &plan.mappings {
        write(mapping_cells(mapping));
    }
    for account in &plan.accounts {
        let mut cells = found(&account.findings);
        cells[0] = account.id.to_string();
        cells[1] = account.line.to_string();
        cells[2].clone_from(&account.account_id);
        cells[5] = outcome(account.outcome);
        write(cells);
    }
    for placed in &plan.findings {
        let mut cells = found([&placed.finding]);
        cells[0] = placed
            .section
            .map(|section| section.to_string())
            .unwrap_or_default();
        cells[1] = placed.line.map(|line| line.to_string()).unwrap_or_default();
        write(cells);
    }
    let bytes = writer
        .into_inner()
        .expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("all cells are text")
}

fn mapping_cells(mapping: &PlannedMapping) -> [String; 17] {
    let entry = mapping.entry.as_ref();
    let after = mapping.access.after.as_ref();
    let bindings: Vec<String> = mapping
        .access
        .bindings
        .iter()
        .flatten()
        .map(words::binding)
        .collect();
    let [.., findings] = found(&mapping.findings);
    [
        mapping.id.to_string(),
        mapping.line.to_string(),
        mapping.arn.clone(),
        mapping.username.clone(),
        mapping.groups.join(BETWEEN),
        outcome(mapping.outcome),
        words::verdict(mapping).trim_matches('-').to_owned(),
        entry
            .map(|entry| entry.principal_arn.to_string())
            .unwrap_or_default(),
        entry
            .map(|entry| entry.entry_type.to_string())
            .unwrap_or_default(),
        entry
            .and_then(|entry| entry.username.clone())
            .unwrap_or_default(),
        entry
            .map(|entry| entry.kubernetes_groups.join(BETWEEN))
            .unwrap_or_default(),
        entry
            .map(|entry| {
                entry
                    .access_policies
                    .iter()
                    .map(policy)
                    .collect::<Vec<_>>()
                    .join(BETWEEN)
            })
            .unwrap_or_default(),
        after.map_or_else(
            || match words::nothing_after(mapping) {
                "no access" => String::new(),
                open => open.to_owned(),
            },
            |after| after.username.clone(),
        ),
        after
            .map(|after| after.groups.join(BETWEEN))
            .unwrap_or_default(),
        after
            .map(|after| after.policies.join(BETWEEN))
            .unwrap_or_default(),
        bindings.join(BETWEEN),
        findings,
    ]
}

fn outcome(outcome: Outcome) -> String {
    words::outcome(outcome).to_owned()
}

/// A row with nothing but its findings.
fn found<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> [String; 17] {
    let findings: Vec<String> = findings
        .into_iter()
        .map(|finding| {
            let Finding {
                code,
                severity,
                message,
                fix,
            } = finding;
            let fix = if fix.is_empty() {
                String::new()
            } else {
                format!(" (fix: {fix})")
            };
            format!("{code} {}: {message}{fix}", words::severity(*severity))
        })
        .collect();
    let mut cells: [String; 17] = std::array::from_fn(|_| String::new());
    cells[16] = findings.join(BETWEEN);
    cells
}

/// The text as a cell that no spreadsheet takes for a formula; undone by taking one apostrophe away where one leads.
fn inert(text: &str) -> String {
    let text = visible(text);
    let first = text.trim_start().chars().next();
    // The last four are the wide forms of the first, which some spreadsheets take for the same.
    if first.is_some_and(|c| "'=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c)) {
        format!("'{text}")
    } else {
        text.into_owned()
    }
}
