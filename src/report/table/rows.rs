//! The mappings and accounts, a row each, with what there is to say about them.

use crate::finding::{Finding, Severity};
use crate::plan::Plan;
use crate::plan::document::{Outcome, PlannedAccount, PlannedMapping};
use crate::report::principal::ShortNames;
use crate::report::terminal::layout::{NO_BREAK, width};
use crate::report::terminal::{Canvas, FAINT, PLAIN, of_outcome, of_severity, of_verdict};
use crate::report::words::{self, Fact, entry_facts, identity_facts};
use crate::text::{literal, visible};

/// From this width on, what becomes of a mapping has its own column.
const WIDE: usize = 110;
/// `= unchanged` and the gap after it.
const OUTCOME: usize = 13;
/// `renamed`, `unknown`.
const VERDICT: usize = 7;

/// The mappings under one heading.
pub(super) fn mappings(page: &mut Canvas, plan: &Plan, names: &ShortNames, is_detailed: bool) {
    if plan.mappings.is_empty() {
        return;
    }
    let ids: Vec<String> = plan.mappings.iter().map(|m| m.id.to_string()).collect();
    let id_width = ids.iter().map(|id| width(id)).max().unwrap_or(0).max(7);
    let free = page
        .width
        .saturating_sub(OUTCOME + id_width + 2 + VERDICT + 2);
    let (principal, becomes) = if page.width >= WIDE {
        let longest = plan
            .mappings
            .iter()
            .map(|m| width(&names.get(&m.arn)))
            .max();
        let principal = longest.unwrap_or(0).clamp(9, free * 9 / 20);
        (principal, free - principal - 2)
    } else {
        (free, 0)
    };
    let widths = Widths {
        id: id_width,
        principal,
        becomes,
    };

    page.blank();
    let heading = ("OUTCOME", "MAPPING", "PRINCIPAL", "BECOMES", "ACCESS");
    widths.row(page, heading, [FAINT; 3]);
    for (mapping, id) in plan.mappings.iter().zip(&ids) {
        row(page, mapping, id, (names, is_detailed), &widths);
    }
}

struct Widths {
    id: usize,
    principal: usize,
    /// 0 where it has a line of its own.
    becomes: usize,
}

impl Widths {
    /// A row: outcome, id, principal, what it becomes and verdict, with the styles of outcome, text and verdict.
    fn row(
        &self,
        page: &mut Canvas,
        (outcome, id, principal, becomes, verdict): (&str, &str, &str, &str, &str),
        [of_outcome, of_text, of_verdict]: [anstyle::Style; 3],
    ) {
        let mut cells = vec![
            (outcome, OUTCOME - 2, of_outcome),
            (id, self.id, of_text),
            (principal, self.principal, of_text),
        ];
        if self.becomes > 0 {
            cells.push((becomes, self.becomes, of_text));
        }
        cells.push((verdict, VERDICT, of_verdict));
        page.row(&cells);
    }
}

fn row(
    page: &mut Canvas,
    mapping: &PlannedMapping,
    id: &str,
    (names, is_detailed): (&ShortNames, bool),
    widths: &Widths,
) {
    let outcome = outcome(mapping.outcome);
    let becomes = becomes(mapping, names);
    let verdict = words::verdict(mapping);
    let text_style = match mapping.outcome {
        Outcome::Inert | Outcome::Skipped => FAINT,
        _ => PLAIN,
    };
    let styles = [of_outcome(mapping.outcome), text_style, of_verdict(verdict)];
    let principal = names.get(&mapping.arn);
    widths.row(page, (&outcome, id, &principal, &becomes, verdict), styles);
    if widths.becomes == 0 {
        page.paragraph(OUTCOME + widths.id + 2, text_style, &becomes);
    }
    if is_detailed {
        details(page, mapping, names);
    }
    findings(page, OUTCOME, &mapping.findings, is_detailed);
}

fn outcome(outcome: Outcome) -> String {
    format!("{} {}", words::mark(outcome), words::outcome(outcome))
}

/// What becomes of a mapping, in a few words.
pub(super) fn becomes(mapping: &PlannedMapping, names: &ShortNames) -> String {
    let entry = mapping.entry.as_ref();
    let entry = entry.map(|entry| sentence(&entry_facts(entry, &mapping.arn), names));
    match (mapping.outcome, entry) {
        (Outcome::Inert, _) => "grants nothing today".to_owned(),
        (Outcome::Skipped, _) if mapping.is_left() => "stays in aws-auth, as decided".to_owned(),
        (Outcome::Skipped, _) if mapping.is_dropped() => "given up, as decided".to_owned(),
        (Outcome::Skipped, _) => "left alone".to_owned(),
        (Outcome::Blocked, None) => "needs a decision".to_owned(),
        (Outcome::Blocked, Some(entry)) => format!("needs a decision; could be {entry}"),
        (Outcome::Conflict, None) => "live entry kept".to_owned(),
        (Outcome::Conflict, Some(entry)) => format!("live entry kept; wanted: {entry}"),
        (_, None) => "nothing".to_owned(),
        (_, Some(entry)) => entry,
    }
}

fn sentence(facts: &[Fact], names: &ShortNames) -> String {
    let facts: Vec<String> = facts
        .iter()
        .map(|fact| {
            let show = |value: &String| match fact.label {
                // Types and policies are EKS's own words.
                "" => visible(value).into_owned(),
                "for" => names.get(value).into_owned(),
                _ => literal(value).into_owned(),
            };
            let values: Vec<String> = fact.values.iter().map(show).collect();
            let parts = [fact.label, &values.join(", ")];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            parts.join(NO_BREAK.encode_utf8(&mut [0; 2]))
        })
        .collect();
    facts.join(", ")
}

/// Access before and after, and the bindings that stop or start to match.
fn details(page: &mut Canvas, mapping: &PlannedMapping, names: &ShortNames) {
    let access = mapping.shown_change();
    for (label, identity, nothing) in [
        ("before", &access.before, "no access"),
        ("after", &access.after, words::nothing_after(mapping)),
    ] {
        let text = identity.as_ref().map_or(nothing.to_owned(), |identity| {
            sentence(&identity_facts(identity), names)
        });
        page.labelled(OUTCOME, (label, FAINT), 9, &text);
    }
    for change in access.bindings.iter().flatten() {
        page.labelled(OUTCOME, ("binding", FAINT), 9, &words::binding(change));
    }
}

/// Code, message and fix; mere information only among details.
fn findings<'a>(
    page: &mut Canvas,
    indent: usize,
    findings: impl IntoIterator<Item = &'a Finding>,
    is_detailed: bool,
) {
    for finding in findings {
        if finding.severity == Severity::Info && !is_detailed {
            continue;
        }
        let label = format!("{} {}", words::severity(finding.severity), finding.code);
        let style = of_severity(finding.severity);
        page.labelled(indent, (&label, style), 15, &visible(&finding.message));
        if !finding.fix.is_empty() {
            page.words(indent, ("  fix", FAINT), 15, PLAIN, &visible(&finding.fix));
        }
    }
}

/// The elements of `mapAccounts`.
pub(super) fn accounts(page: &mut Canvas, plan: &Plan, is_detailed: bool) {
    if plan.accounts.is_empty() {
        return;
    }
    page.title("Whole accounts");
    for PlannedAccount {
        id,
        account_id,
        outcome: result,
        findings: found,
        ..
    } in &plan.accounts
    {
        let (outcome, id) = (outcome(*result), id.to_string());
        let account = literal(account_id);
        let rest = page.width.saturating_sub(OUTCOME + width(&id) + 2 + 2);
        page.row(&[
            (&outcome, OUTCOME - 2, of_outcome(*result)),
            (&id, width(&id), PLAIN),
            (&account, rest, PLAIN),
        ]);
        findings(page, OUTCOME, found, is_detailed);
    }
}

/// What is about the text of `aws-auth` or the cluster as a whole.
pub(super) fn cluster_findings(page: &mut Canvas, plan: &Plan, is_detailed: bool) {
    let shown = |severity| severity != Severity::Info || is_detailed;
    if !plan
        .findings
        .iter()
        .any(|placed| shown(placed.finding.severity))
    {
        return;
    }
    page.title("The cluster and aws-auth as a whole");
    for placed in &plan.findings {
        findings(page, 0, [&words::with_place(placed)], is_detailed);
    }
}
