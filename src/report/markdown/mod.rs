//! The report for a pull request or a job summary.

mod inert;

use std::fmt::Write;

use inert::code;
pub(super) use inert::prose;

use super::about::{calls, facts};
use super::next::next;
use super::principal::ShortNames;
use super::summary::{counts, sentence};
use super::words::{self, Fact, identity_facts};
use crate::finding::Finding;
use crate::plan::Plan;
use crate::plan::document::{Identity, Outcome, PlannedMapping};

/// The report in GitHub Flavored Markdown.
///
/// Text from the cluster stands in code spans, where no mention, link, image, formula or HTML comes alive.
/// Source: GitHub Flavored Markdown Spec, "Code spans" and "Tables (extension)".
#[must_use]
pub fn markdown(plan: &Plan) -> String {
    let mut page = String::from("## `aws-auth` to access entries\n\n");
    for (label, value) in facts(plan) {
        let _ = writeln!(page, "- {label}: {}", prose(&value));
    }
    let _ = write!(page, "\n**{}**\n\n{}\n", sentence(plan), counts(plan));
    let names = ShortNames::new(plan, 120);
    mappings(&mut page, plan, &names);
    notes(&mut page, plan, &names);
    accounts(&mut page, plan);
    cluster_findings(&mut page, plan);
    actions(&mut page, plan, &names);
    let next = next(plan);
    let _ = write!(page, "\nNext, {}: {}\n", next.purpose, code(&next.command));
    page
}

fn mappings(page: &mut String, plan: &Plan, names: &ShortNames) {
    if plan.mappings.is_empty() {
        return;
    }
    page.push_str("\n| outcome | mapping | principal | today | after | access |\n");
    page.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for mapping in &plan.mappings {
        let access = &mapping.access;
        let verdict = match words::verdict(mapping) {
            bad @ ("lost" | "gained" | "changed") => format!("**{bad}**"),
            word => word.to_owned(),
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {verdict} |",
            outcome(mapping.outcome),
            code(&mapping.id.to_string()),
            code(&names.get(&mapping.arn)),
            identity(access.before.as_ref(), "no access"),
            identity(access.after.as_ref(), words::nothing_after(mapping)),
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

fn fact(fact: &Fact) -> String {
    let values: Vec<String> = fact.values.iter().map(|value| code(value)).collect();
    let text = format!("{} {}", fact.label, values.join(", "));
    text.trim().to_owned()
}

/// Findings and bindings, under the mapping that they belong to.
fn notes(page: &mut String, plan: &Plan, names: &ShortNames) {
    let has_notes = |mapping: &&PlannedMapping| {
        !mapping.findings.is_empty() || mapping.access.bindings.iter().flatten().next().is_some()
    };
    let mut noted = plan.mappings.iter().filter(has_notes).peekable();
    if noted.peek().is_none() {
        return;
    }
    page.push_str("\n### Why\n\n");
    for mapping in noted {
        let id = code(&mapping.id.to_string());
        let _ = writeln!(page, "- {id} {}", code(&names.get(&mapping.arn)));
        for found in &mapping.findings {
            let _ = writeln!(page, "  - {}", finding(found));
        }
        for binding in mapping.access.bindings.iter().flatten() {
            let _ = writeln!(page, "  - {}", prose(&words::binding(binding)));
        }
    }
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

fn accounts(page: &mut String, plan: &Plan) {
    if plan.accounts.is_empty() {
        return;
    }
    page.push_str("\n### Whole accounts\n\n");
    for account in &plan.accounts {
        let (id, account_id) = (code(&account.id.to_string()), code(&account.account_id));
        let _ = writeln!(page, "- {} {id} {account_id}", outcome(account.outcome));
        for found in &account.findings {
            let _ = writeln!(page, "  - {}", finding(found));
        }
    }
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

fn actions(page: &mut String, plan: &Plan, names: &ShortNames) {
    let _ = write!(
        page,
        "\n<details>\n<summary>Actions ({})</summary>\n\n",
        calls(plan)
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
