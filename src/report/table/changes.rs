//! What changes, alike mappings in one row; and what does not, as counts.

use super::rows::becomes;
use crate::invocation::Flag;
use crate::model::{AccessEntry, MappingId, PolicyAssociation};
use crate::plan::Plan;
use crate::plan::document::{Outcome, PlannedMapping};
use crate::report::open::ranges;
use crate::report::principal::ShortNames;
use crate::report::terminal::layout::{NO_BREAK, width};
use crate::report::terminal::{Canvas, FAINT, PLAIN, of_outcome, of_verdict};
use crate::report::words::{self, plural};
use crate::text::{literal, visible};

/// So many alike are one row.
const ALIKE: usize = 4;
/// How many of those in one row are named.
const NAMED: usize = 3;
/// How many rows there are at most.
const ROWS: usize = 30;
/// The mark and the gap after it.
const MARK: usize = 1;

/// A row: one mapping, or several that become the same.
struct ChangeRow<'a> {
    mappings: Vec<&'a PlannedMapping>,
    becomes: String,
}

/// The entries to create and to update.
pub(super) fn changes(page: &mut Canvas, plan: &Plan, names: &ShortNames) {
    let rows = rows(plan);
    let count: usize = rows.iter().map(|row| row.mappings.len()).sum();
    if count == 0 {
        return;
    }
    page.title(&format!(
        "Changes: {}",
        plural(count, "mapping", "mappings")
    ));
    let shown = &rows[..rows.len().min(ROWS)];
    let ids: Vec<String> = shown.iter().map(ChangeRow::ids).collect();
    let id_width = ids.iter().map(|id| width(id)).max().unwrap_or(0);
    let free = page.width.saturating_sub(MARK + 2 + id_width + 2);
    let singles = shown.iter().filter(|row| row.mappings.len() == 1);
    let longest = singles.map(|row| width(&row.principals(names))).max();
    let principal = longest.unwrap_or(0).clamp(9, free / 2);
    for (row, id) in shown.iter().zip(&ids) {
        let first = row.mappings[0];
        let style = of_verdict(words::verdict(first));
        let mark = (words::mark(first.outcome), MARK, of_outcome(first.outcome));
        let principals = row.principals(names);
        if row.mappings.len() == 1 {
            let becomes = (row.becomes.as_str(), free - principal - 2, style);
            page.row(&[
                mark,
                (id, id_width, PLAIN),
                (&principals, principal, PLAIN),
                becomes,
            ]);
        } else {
            let text = format!("{}: {principals}", row.becomes);
            page.row(&[mark, (id, id_width, PLAIN), (&text, free, style)]);
        }
    }
    let left_out = rows[shown.len()..].iter().map(|row| row.mappings.len());
    match left_out.sum::<usize>() {
        0 => {}
        count => page.paragraph(
            MARK + 2,
            FAINT,
            &format!("and {count} more; {} lists all", Flag::Details),
        ),
    }
}

/// The rows in the order of the text, those that need an eye first: where access does not stay the same, as decided.
fn rows(plan: &Plan) -> Vec<ChangeRow<'_>> {
    let mut alike: Vec<ChangeRow> = Vec::new();
    let mut places = std::collections::HashMap::new();
    let is_change = |mapping: &&PlannedMapping| {
        matches!(mapping.outcome, Outcome::Create | Outcome::Update) && !mapping.needs_decision()
    };
    for mapping in plan.mappings.iter().filter(is_change) {
        let becomes = brief(mapping);
        let place = *places
            .entry((mapping.outcome, becomes.clone()))
            .or_insert(alike.len());
        match alike.get_mut(place) {
            Some(row) => row.mappings.push(mapping),
            None => alike.push(ChangeRow {
                mappings: vec![mapping],
                becomes,
            }),
        }
    }
    let mut rows: Vec<ChangeRow> = Vec::new();
    for row in alike {
        if row.mappings.len() >= ALIKE {
            rows.push(row);
        } else {
            rows.extend(row.mappings.iter().map(|mapping| ChangeRow {
                mappings: vec![*mapping],
                becomes: row.becomes.clone(),
            }));
        }
    }
    let keeps = |row: &ChangeRow| words::verdict(row.mappings[0]) == "same";
    rows.sort_by_key(|row| (keeps(row), row.mappings[0].id));
    rows
}

impl ChangeRow<'_> {
    fn ids(&self) -> String {
        match self.mappings.as_slice() {
            [one] => one.id.to_string(),
            many => format!("{} mappings", many.len()),
        }
    }

    fn principals(&self, names: &ShortNames) -> String {
        let named = self.mappings.iter().take(NAMED);
        let named: Vec<_> = named.map(|mapping| names.get(&mapping.arn)).collect();
        let more = match self.mappings.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}", named.join(", "))
    }
}

/// What a mapping becomes in short: what it need not say twice is left out.
fn brief(mapping: &PlannedMapping) -> String {
    let mut parts = Vec::new();
    if let Some(entry) = &mapping.entry {
        parts.extend(of_entry(entry, mapping));
    }
    match words::verdict(mapping) {
        "same" | "-" => {}
        word if mapping.decision.is_some() => parts.push(format!("{word}, as decided")),
        word => parts.push(word.to_owned()),
    }
    if mapping.inert_included {
        parts.push("granted nothing until now".to_owned());
    }
    parts.join("; ")
}

fn of_entry(entry: &AccessEntry, mapping: &PlannedMapping) -> Vec<String> {
    let mut parts = Vec::new();
    let policies: Vec<String> = entry
        .access_policies
        .iter()
        .map(PolicyAssociation::with_scope)
        .map(|policy| visible(&policy).into_owned())
        .collect();
    if entry.entry_type.is_node() || (policies.is_empty() && entry.kubernetes_groups.is_empty()) {
        parts.push(entry.entry_type.to_string());
    }
    parts.extend(policies);
    if !entry.kubernetes_groups.is_empty() {
        let groups: Vec<_> = entry
            .kubernetes_groups
            .iter()
            .map(|one| literal(one))
            .collect();
        let label = if groups.len() == 1 { "group" } else { "groups" };
        parts.push(format!("{label}{NO_BREAK}{}", groups.join(", ")));
    }
    match entry.username.as_deref().filter(|name| !name.is_empty()) {
        Some(username) if username != mapping.username => {
            parts.push(format!("user{NO_BREAK}{}", literal(username)));
        }
        None if !entry.entry_type.is_node() => parts.push("user set by EKS".to_owned()),
        _ => {}
    }
    parts
}

/// What stays as it is: a line for each outcome.
pub(super) fn stays(page: &mut Canvas, plan: &Plan, names: &ShortNames) {
    let mut groups: Vec<(Outcome, String, Vec<MappingId>)> = Vec::new();
    for mapping in &plan.mappings {
        let is_quiet = matches!(
            mapping.outcome,
            Outcome::Unchanged | Outcome::Inert | Outcome::Skipped
        );
        if !is_quiet || mapping.needs_decision() {
            continue;
        }
        let why = match mapping.outcome {
            Outcome::Unchanged => match words::verdict(mapping) {
                "same" => "the live entry already gives this access".to_owned(),
                word => format!("the live entry is kept; access: {word}"),
            },
            _ => becomes(mapping, names),
        };
        let known = groups
            .iter_mut()
            .find(|(outcome, known, _)| *outcome == mapping.outcome && *known == why);
        match known {
            Some((_, _, ids)) => ids.push(mapping.id),
            None => groups.push((mapping.outcome, why, vec![mapping.id])),
        }
    }
    if groups.is_empty() {
        return;
    }
    page.title("Stays as it is");
    groups.sort_by_key(|(outcome, ..)| words::OUTCOMES.iter().position(|one| one == outcome));
    for (outcome, why, ids) in groups {
        let label = format!(
            "{} {} {}",
            words::mark(outcome),
            ids.len(),
            words::outcome(outcome)
        );
        let text = format!("{why}: {}", ranges(ids));
        page.labelled(0, (&label, of_outcome(outcome)), 15, &text);
    }
}
