//! The verdict on the cutover: an opening line, the objections, and the report of the plan beneath.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::TableOptions;
use super::format::Format;
use super::next::{Next, next};
use super::open::ranges;
use super::page::{Line, Mark, Page, Shown};
use super::words::plural;
use crate::invocation::{CommandOption, Verb};
use crate::migration::{Doubt, Objection, Readiness, Verification};
use crate::model::{AuthenticationMode, MappingId};
use crate::plan::questions::open_ids;

/// The verification in one of the forms.
#[must_use]
pub fn verified(verification: &Verification, format: Format, options: TableOptions) -> String {
    let plan = &verification.plan;
    let next = after(verification);
    let mut verdict = Page::default();
    if format == Format::Html {
        verdict.verdict(sentence(verification));
    } else {
        verdict.heading(sentence(verification));
    }
    if matches!(format, Format::Table | Format::Html) && !options.details {
        folded(&mut verdict, verification, &open_ids(plan));
    } else {
        judge(&mut verdict, verification);
    }
    match format {
        Format::Json => super::json::document(verification),
        Format::Yaml => super::yaml::document(verification),
        Format::Csv => super::csv::judged(verification),
        Format::Table => {
            let verdict = verdict.terminal(Shown {
                width: Some(options.width),
                color: options.color,
            });
            let report = super::table::table_then(plan, &next, options);
            format!("{verdict}\n{report}")
        }
        Format::Markdown => {
            let verdict = verdict.markdown();
            let report = super::markdown::markdown_then(plan, &next, options.details);
            format!("{verdict}\n{report}")
        }
        Format::Html => super::html::html_then(plan, next, super::page::rows(&verdict)),
    }
}

/// The step after the proof: where it holds, what it was for.
fn after(verification: &Verification) -> Next {
    let plan = &verification.plan;
    let gone = plan.mappings.is_empty() && plan.accounts.is_empty();
    let mode = plan.cluster.authentication_mode;
    if verification.verdict != Readiness::Safe || mode == Some(AuthenticationMode::Api) {
        return next(plan);
    }
    let purpose = if gone {
        "turn aws-auth off for good, which can't be undone"
    } else {
        "back up aws-auth and remove it"
    };
    let switch = gone.then_some(CommandOption::ToApiMode);
    Next::one(purpose, plan.command(Verb::Cutover, switch))
}

/// Why `aws-auth` may not go, and what the verdict rests on without having seen it.
pub(super) fn judge(page: &mut Page, verification: &Verification) {
    for objection in &verification.objections {
        page.line(Line::marked(Mark::Fault, line(objection)).fix(&objection.fix));
    }
    doubts(page, verification);
}

/// The same with what `apply` settles in one line.
pub(super) fn judge_in_short(page: &mut Page, verification: &Verification) {
    folded(page, verification, &BTreeSet::new());
}

/// The same without what is said of mappings elsewhere.
fn folded(page: &mut Page, verification: &Verification, elsewhere: &BTreeSet<MappingId>) {
    let mut waiting = Vec::new();
    for objection in &verification.objections {
        match objection.mapping {
            Some(id) if elsewhere.contains(&id) => {}
            Some(id) if objection.settled_by_apply => waiting.push(id),
            _ => page.line(Line::marked(Mark::Fault, line(objection)).fix(&objection.fix)),
        }
    }
    if !waiting.is_empty() {
        let count = plural(waiting.len(), "mapping waits", "mappings wait");
        page.line(Line::marked(
            Mark::Fault,
            format!("{count} for `apply`: {}", ranges(waiting)),
        ));
    }
    doubts(page, verification);
}

/// What the verdict rests on without having seen it; nothing where there is nothing.
pub(super) fn doubts(page: &mut Page, verification: &Verification) {
    for doubt in &verification.doubts {
        page.line(Line::marked(Mark::Doubt, doubtful(doubt)).fix(&doubt.fix));
    }
}

fn doubtful(doubt: &Doubt) -> String {
    let of = doubt
        .mapping
        .map_or(String::new(), |mapping| format!("{mapping}: "));
    format!("not seen: {of}{} ({})", doubt.message, doubt.code)
}

/// The verdict in one sentence.
pub(super) fn sentence(verification: &Verification) -> String {
    let mut sentence = verification.sentence.clone();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence.push('.');
    sentence
}

fn line(objection: &Objection) -> String {
    let mut parts = Vec::new();
    parts.extend(objection.mapping.map(|id| id.to_string()));
    parts.extend(objection.arn.clone());
    let mut line = parts.join(" ");
    if !line.is_empty() {
        line.push_str(": ");
    }
    line.push_str(&objection.message);
    if let Some(code) = objection.code {
        let _ = write!(line, " ({code})");
    }
    line
}
