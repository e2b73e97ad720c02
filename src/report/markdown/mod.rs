//! The report for a pull request or a job summary.

mod inert;
mod notes;

use std::fmt::Write;

pub(super) use inert::{block, code, prose};

use super::about::{calls, facts};
use super::next::{Next, next};
use super::open::open;
use super::principal::ShortNames;
use super::summary::{counts, sentence, verdict};
use super::words::{self, Fact, identity_facts, plural};
use crate::finding::Finding;
use crate::invocation::Flag;
use crate::model::EntryType;
use crate::plan::Plan;
use crate::plan::document::{Identity, Outcome, PlannedMapping};

/// The report in GitHub Flavored Markdown.
///
/// Text from the cluster is in code spans, where no mention, link, image, formula or HTML comes alive. With `details`
/// there are also the notes that are mere information and every call; without them, a sentence says so.
/// Source: GitHub Flavored Markdown Spec, "Code spans" and "Tables (extension)".
#[must_use]
pub fn markdown(plan: &Plan, details: bool) -> String {
    markdown_then(plan, &next(plan), details)
}

/// The same with another next step.
pub(super) fn markdown_then(plan: &Plan, next: &Next, details: bool) -> String {
    let mut page = String::from("## `aws-auth` to access entries\n\n");
    let _ = writeln!(page, "**{}**", prose(&verdict(plan)));
    let names = ShortNames::new(plan, 120);
    if let Some(open) = open(plan, &names, details) {
        let _ = write!(page, "\n{}", open.markdown());
    }
    let _ = write!(page, "\n{}\n\n{}\n\n", sentence(plan), counts(plan));
    for (label, value) in facts(plan) {
        let _ = writeln!(page, "- {label}: {}", prose(&value));
    }
    mappings(&mut page, plan, &names);
    let left_out = notes::notes(&mut page, plan, &names, details);
    cluster_findings(&mut page, plan);
    actions(&mut page, plan, &names, details);
    if left_out > 0 {
        let notes = plural(
            left_out,
            "note of mere information is",
            "notes of mere information are",
        );
        let _ = writeln!(
            page,
            "\n{notes} left out here; `{}` shows them.",
            Flag::Details
        );
    }
    for step in &next.steps {
        let _ = write!(
            page,
            "\nNext, {}: {}\n",
            step.purpose,
            code(&step.command.to_string())
        );
    }
    if page.len() > LONGEST {
        let _ = writeln!(
            page,
            "\nThis is longer than the {LONGEST} characters that GitHub takes; attach it as a file."
        );
    }
    page
}

/// The longest comment that GitHub takes.
///
/// Source: GitHub's own refusal, "Body is too long (maximum is 65536 characters)".
const LONGEST: usize = 65_536;

fn mappings(page: &mut String, plan: &Plan, names: &ShortNames) {
    if plan.mappings.is_empty() {
        return;
    }
    page.push_str("\n| outcome | mapping | line | principal | today | after | access |\n");
    page.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for mapping in &plan.mappings {
        let access = mapping.shown_change();
        let verdict = match words::verdict(mapping) {
            bad @ ("lost" | "gained" | "changed") => format!("**{bad}**"),
            word => word.to_owned(),
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {verdict} |",
            outcome(mapping.outcome),
            code(&mapping.id.to_string()),
            mapping.line,
            code(&names.get(&mapping.arn)),
            identity(access.before.as_deref(), "no access"),
            after(mapping),
        );
    }
}

fn outcome(outcome: Outcome) -> String {
    format!("`{}` {}", words::mark(outcome), words::outcome(outcome))
}

fn identity(identity: Option<&Identity>, nothing: &str) -> String {
    let Some(identity) = identity else {
        return nothing.to_owned();
    };
    let facts = identity_facts(identity);
    let facts: Vec<String> = facts.iter().map(fact).collect();
    facts.join(", ")
}

/// Access after: the entry's type where it is another than STANDARD, and the identity, unless it is that of today.
fn after(mapping: &PlannedMapping) -> String {
    let access = mapping.shown_change();
    let is_carried = access.after.is_some() && mapping.outcome != Outcome::Conflict;
    let entry_type = mapping.entry.as_ref().map(|entry| &entry.entry_type);
    let entry_type = entry_type.filter(|kind| is_carried && **kind != EntryType::Standard);
    let identity = if access.after.is_some() && access.after == access.before {
        "as today".to_owned()
    } else {
        identity(access.after.as_deref(), words::nothing_after(mapping))
    };
    match entry_type {
        Some(kind) => format!("{} {identity}", code(kind.as_str())),
        None => identity,
    }
}

fn fact(fact: &Fact) -> String {
    let values: Vec<String> = fact.values.iter().map(|value| code(value)).collect();
    let text = format!("{} {}", fact.label, values.join(", "));
    text.trim().to_owned()
}

fn finding(finding: &Finding) -> String {
    let severity = words::severity(finding.severity);
    let mut text = format!(
        "**{severity}** {}: {}",
        finding.code,
        prose(&finding.message)
    );
    if !finding.fix.is_empty() {
        let _ = write!(text, " (fix: {})", prose(&finding.fix));
    }
    text
}

fn cluster_findings(page: &mut String, plan: &Plan) {
    if plan.findings.is_empty() {
        return;
    }
    page.push_str("\n### The cluster and `aws-auth` as a whole\n\n");
    for placed in &plan.findings {
        let _ = writeln!(page, "- {}", finding(&words::with_place(placed)));
    }
}

fn actions(page: &mut String, plan: &Plan, names: &ShortNames, details: bool) {
    let calls = calls(plan);
    if !details {
        let _ = writeln!(page, "\nActions: {calls}");
        return;
    }
    let _ = write!(
        page,
        "\n<details>\n<summary>Actions ({calls})</summary>\n\n"
    );
    for (index, action) in plan.actions.iter().enumerate() {
        let principal = action
            .kind
            .principal_arn()
            .map(|arn| format!(" {}", code(&names.get(&arn.to_string()))))
            .unwrap_or_default();
        let operation = action.kind.operation();
        let _ = writeln!(
            page,
            "{}. {operation}{principal}: {}",
            index + 1,
            prose(&action.why)
        );
    }
    page.push_str("\n</details>\n");
}
