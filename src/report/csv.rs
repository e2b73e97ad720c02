//! The plan as a spreadsheet.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::words;
use crate::finding::{Code, Finding};
use crate::migration::Verification;
use crate::model::{MappingId, PolicyAssociation};
use crate::plan::Plan;
use crate::plan::document::{Outcome, PlannedMapping, SourceKind};
use crate::text::visible;

/// The columns of a plan; more may follow, at the end.
const COLUMNS: [&str; 20] = [
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
    "cluster",
    "authenticationMode",
    "source",
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
    let mut text = Vec::new();
    write_csv(plan, &mut text).expect("writing to memory does not fail");
    String::from_utf8(text).expect("all cells are text")
}

/// Writes what [`csv()`] gives, without holding the whole text.
pub fn write_csv(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let rows = rows(plan).map(|(_, cells)| cells);
    write(std::iter::once(header()).chain(rows), out)
}

/// The same with what `verify` objects to and what could not be seen, in two columns at the end.
pub(super) fn judged(verification: &Verification) -> String {
    let (mut header, mut rows): (_, Vec<CsvRow>) = (header(), rows(&verification.plan).collect());
    header.extend(["objections", "doubts"].map(str::to_owned));
    let with_code = |message: &str, code: Option<Code>, fix: &str| {
        let code = code.map_or(String::new(), |code| format!(" ({code})"));
        let fix = match fix {
            "" => String::new(),
            fix => format!(" (fix: {fix})"),
        };
        format!("{message}{code}{fix}")
    };
    let objections = verification.objections.iter().map(|one| {
        let text = with_code(&one.message, one.code, &one.fix);
        (one.mapping, 0, text)
    });
    let doubts = verification.doubts.iter().map(|one| {
        let text = with_code(&one.message, Some(one.code), &one.fix);
        (one.mapping, 1, text)
    });
    let columns = COLUMNS.len();
    for (_, cells) in &mut rows {
        cells.extend([String::new(), String::new()]);
    }
    let mut places: BTreeMap<MappingId, usize> = BTreeMap::new();
    for (at, (id, _)) in rows.iter().enumerate() {
        if let Some(id) = id {
            places.entry(*id).or_insert(at);
        }
    }
    for (mapping, column, text) in objections.chain(doubts) {
        let place = mapping.and_then(|mapping| places.get(&mapping));
        match place.map(|at| &mut rows[*at]) {
            Some((_, cells)) if cells[columns + column].is_empty() => {
                cells[columns + column] = text;
            }
            Some((_, cells)) => cells[columns + column] += &format!("{BETWEEN}{text}"),
            None => {
                let mut cells = about(&verification.plan, found([]));
                cells.extend([String::new(), String::new()]);
                cells[columns + column] = text;
                if let Some(mapping) = mapping {
                    places.insert(mapping, rows.len());
                }
                rows.push((mapping, cells));
            }
        }
    }
    written(std::iter::once(header).chain(rows.into_iter().map(|(_, cells)| cells)))
}

/// Rows of one length, as RFC 4180 has them.
pub(super) fn written(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = Vec::new();
    write(rows, &mut text).expect("writing to memory does not fail");
    String::from_utf8(text).expect("all cells are text")
}

fn write(rows: impl IntoIterator<Item = Vec<String>>, out: &mut impl Write) -> io::Result<()> {
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(out);
    for cells in rows {
        let cells = cells.iter().map(|cell| inert(cell));
        writer
            .write_record(cells.map(Cell))
            .map_err(|error| match error.into_kind() {
                ::csv::ErrorKind::Io(error) => error,
                other => unreachable!("rows have one length: {other:?}"),
            })?;
    }
    writer.flush()
}

type CsvRow = (Option<MappingId>, Vec<String>);

/// A cell's text, as the writer takes it.
struct Cell<'a>(Cow<'a, str>);

impl AsRef<[u8]> for Cell<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn header() -> Vec<String> {
    COLUMNS.map(str::to_owned).to_vec()
}

/// The rows, each with the mapping or account that it is about.
fn rows(plan: &Plan) -> impl Iterator<Item = CsvRow> {
    let mappings = plan.mappings.iter();
    let mappings = mappings.map(|mapping| (Some(mapping.id), about(plan, mapping_cells(mapping))));
    let accounts = plan.accounts.iter().map(|account| {
        let mut cells = found(&account.findings);
        cells[0] = account.id.to_string();
        cells[1] = account.line.to_string();
        cells[2].clone_from(&account.account_id);
        cells[5] = outcome(account.outcome);
        (Some(account.id), about(plan, cells))
    });
    let findings = plan.findings.iter().map(|placed| {
        let mut cells = found([&placed.finding]);
        cells[0] = placed
            .section
            .map(|section| section.to_string())
            .unwrap_or_default();
        cells[1] = placed.line.map(|line| line.to_string()).unwrap_or_default();
        (None, about(plan, cells))
    });
    mappings.chain(accounts).chain(findings)
}

/// The cells with those that tell which cluster they are about.
fn about(plan: &Plan, cells: [String; 17]) -> Vec<String> {
    let mode = plan.cluster.authentication_mode;
    let kind = match plan.source.kind {
        SourceKind::Cluster => "cluster",
        SourceKind::File => "file",
    };
    let of = [
        plan.cluster.name.clone().unwrap_or_default(),
        mode.map_or(String::new(), |mode| mode.to_string()),
        format!("{kind}, sha256 {}", plan.source.sha256),
    ];
    cells.into_iter().chain(of).collect()
}

fn mapping_cells(mapping: &PlannedMapping) -> [String; 17] {
    let entry = mapping.entry.as_ref();
    let after = mapping.shown_change().after.as_deref();
    let bindings: Vec<String> = mapping
        .shown_change()
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
        verdict(mapping).to_owned(),
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
                    .map(PolicyAssociation::with_scope)
                    .collect::<Vec<_>>()
                    .join(BETWEEN)
            })
            .unwrap_or_default(),
        after
            .map(|after| after.username.clone())
            .unwrap_or_default(),
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

/// The verdict's word; where there is none since all is open, why.
fn verdict(mapping: &PlannedMapping) -> &'static str {
    match mapping.shown_change().verdict {
        None if mapping.shown_change().before.is_some()
            && mapping.shown_change().after.is_none() =>
        {
            words::nothing_after(mapping)
        }
        _ => words::verdict(mapping).trim_matches('-'),
    }
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
fn inert(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    let first = text.trim_start().chars().next();
    // The last four are the wide forms of the first, which some spreadsheets take for the same.
    if first.is_some_and(|c| "'=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c)) {
        format!("'{text}").into()
    } else {
        text
    }
}
