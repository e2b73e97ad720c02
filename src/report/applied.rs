//! What `apply` did.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use super::about::run_by;
use super::format::Format;
use super::next::next;
use super::page::{Line, Mark, Page, Shown, rendered, resume};
use super::results::{Result, Unverified, failure, principal, unverified};
use super::summary::sentence;
use super::words::{mappings_and_accounts, plural};
use crate::finding::Code;
use crate::journal::RunEnd;
use crate::kubernetes::Made;
use crate::migration::{Applied, MadeBinding};
use crate::model::{ActionStatus, AuthenticationMode};
use crate::plan::document::{Outcome, Plan};
use crate::writer::{ActionResult, RunSummary};

/// The name and version of the document.
const SCHEMA: &str = "aws-auth-migrate/apply/v1";

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppliedDocument<'a> {
    schema: &'static str,
    tool_version: &'static str,
    run: Option<&'a str>,
    journal: String,
    end: RunEnd,
    /// The mode that the cluster was switched to, which can't be undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    switched_to: Option<AuthenticationMode>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bindings: &'a [MadeBinding],
    results: Vec<Result<'a>>,
    /// How long it took, in milliseconds.
    took_millis: u64,
    calls: usize,
    retries: usize,
    verified: usize,
    unverified: Vec<Unverified>,
    stopped: Option<&'a str>,
    plan: &'a Plan,
}

pub(super) fn document(applied: &Applied) -> AppliedDocument<'_> {
    let summary = &applied.summary;
    AppliedDocument {
        schema: SCHEMA,
        tool_version: env!("CARGO_PKG_VERSION"),
        run: applied.run.as_deref(),
        journal: applied.journal.display().to_string(),
        end: applied.end,
        switched_to: applied.switched_to,
        bindings: &applied.bindings,
        results: summary.results.iter().map(Result::of).collect(),
        took_millis: u64::try_from(applied.took.as_millis()).unwrap_or(u64::MAX),
        calls: applied.calls,
        retries: applied.retries,
        verified: summary.verified,
        unverified: unverified(summary),
        stopped: summary.stopped.as_deref(),
        plan: &applied.plan,
    }
}

/// What `apply` did, in a format.
#[must_use]
pub fn applied(applied: &Applied, format: Format, shown: Shown) -> String {
    rendered(&document(applied), || page(applied, format), format, shown)
}

pub(super) fn page(applied: &Applied, format: Format) -> Page {
    let Applied { plan, summary, .. } = applied;
    let mut page = Page::new("What `apply` did");
    page.verdict(match (applied.run.as_ref(), applied.end) {
        (None, _) => "Nothing to do".to_owned(),
        (_, RunEnd::Complete) => format!("Complete: {}", counted(summary)),
        (_, RunEnd::Incomplete) => format!("Incomplete: {}", counted(summary)),
        (_, RunEnd::Interrupted) => format!("Interrupted: {}", counted(summary)),
    });
    run_by(&mut page, plan);
    match applied.run.as_deref() {
        None => page.fact("Result", format!("Nothing to do. {}", sentence(plan))),
        Some(run) => {
            page.fact("Run", run);
            page.fact("Result", counted(summary));
            if let Some(mode) = applied.switched_to {
                page.fact(
                    "Mode",
                    format!(
                        "switched to {mode}, which can't be undone; aws-auth stays in force for everyone without an access \
                         entry"
                    ),
                );
            }
            page.fact("Verified", verified(summary));
            page.fact(
                "Took",
                format!(
                    "{}, {} to AWS, {}",
                    seconds(applied.took),
                    plural(applied.calls, "call", "calls"),
                    plural(applied.retries, "retry", "retries"),
                ),
            );
        }
    }
    page.fact("Journal", applied.journal.display().to_string());
    for binding in &applied.bindings {
        let (mark, status) = match binding.status {
            Made::Created => (Mark::Add, "created"),
            Made::Exists => (Mark::Change, "existed already"),
        };
        page.line(Line::marked(mark, format!("{}: {status}", binding.id)));
    }
    troubles(&mut page, summary);
    let mappings = plan.mappings.iter();
    for finding in mappings.flat_map(|mapping| &mapping.findings) {
        if finding.code == Code::PrincipalRefused {
            let text = format!("{} ({})", finding.message, finding.code);
            page.line(Line::marked(Mark::Fault, text).fix(&finding.fix));
        }
    }
    closing(&mut page, applied, format);
    page
}

/// What is open, and the next command.
fn closing(page: &mut Page, applied: &Applied, format: Format) {
    let plan = &applied.plan;
    if let Some(open) = open(plan) {
        page.text(format!(
            "{open} a decision; `plan` shows the questions, `explain CODE` what a code means."
        ));
    }
    if applied.end != RunEnd::Complete {
        resume(page, format);
    } else if applied.run.is_some() {
        let done = Plan {
            actions: Vec::new(),
            ..plan.clone()
        };
        for step in next(&done).steps {
            page.command(format!("Next, {}", step.purpose), step.command);
        }
    }
}

/// How many calls ended how.
fn counted(summary: &RunSummary) -> String {
    let counts: Vec<String> = [
        (ActionStatus::Created, "created", "created"),
        (ActionStatus::Updated, "updated", "updated"),
        (
            ActionStatus::Associated,
            "policy associated",
            "policies associated",
        ),
        (
            ActionStatus::Disassociated,
            "policy detached",
            "policies detached",
        ),
        (ActionStatus::Deleted, "deleted", "deleted"),
        (ActionStatus::Exists, "existed already", "existed already"),
        (ActionStatus::Failed, "failed", "failed"),
        (ActionStatus::Skipped, "not reached", "not reached"),
    ]
    .into_iter()
    .filter_map(|(status, one, many)| match summary.count(status) {
        0 => None,
        count => Some(plural(count, one, many)),
    })
    .collect();
    match counts.as_slice() {
        [] => "no entry had to be created or changed".to_owned(),
        counts => counts.join(", "),
    }
}

/// How many entries were compared with what was asked for.
fn verified(summary: &RunSummary) -> String {
    let verified = plural(summary.verified, "entry", "entries");
    match summary.unverified.len() {
        0 => format!("{verified}, no difference"),
        differ => format!("{verified} without a difference, {differ} with one"),
    }
}

/// How many mappings and whole accounts need something, with the verb; `None` where none does.
fn open(plan: &Plan) -> Option<String> {
    let mappings = plan.mappings.iter();
    let mappings = mappings.filter(|mapping| mapping.needs_decision()).count();
    let accounts = plan.accounts.iter();
    let accounts = accounts
        .filter(|account| account.outcome == Outcome::Blocked)
        .count();
    let counts = mappings_and_accounts(mappings, accounts);
    match mappings + accounts {
        0 => None,
        1 => Some(format!("{counts} needs")),
        _ => Some(format!("{counts} need")),
    }
}

/// What went wrong, and what that means.
fn troubles(page: &mut Page, summary: &RunSummary) {
    for result in summary
        .results
        .iter()
        // What EKS refuses has a finding of its own below.
        .filter(|result| {
            (result.status == ActionStatus::Failed && !result.is_refused()) || result.is_conflict()
        })
    {
        page.line(failure(result));
    }
    for (arn, why) in left_open(summary) {
        let line = Line::marked(Mark::Fault, format!("{arn} was left as it is: {why}"));
        page.line(line.fix("run `apply` again, and review what it shows"));
    }
    for arn in hidden(summary) {
        page.line(Line::marked(
            Mark::Fault,
            format!(
                "{arn} has less than its mapping gives until that is done: its access entry hides the mapping; `rollback` \
                 deletes the entry"
            ),
        ));
    }
    for entry in unverified(summary) {
        page.line(entry.line());
    }
    if let Some(reason) = &summary.stopped {
        page.line(Line::marked(
            Mark::Fault,
            format!("stopped early: {reason}"),
        ));
    }
}

/// Principals that were not touched since nobody had seen what is planned for them, with the reason.
fn left_open(summary: &RunSummary) -> BTreeMap<String, &str> {
    let results = summary.results.iter();
    let left = results.filter(|result| result.status == ActionStatus::Skipped);
    left.filter_map(|result| {
        let why = result.error.as_ref()?;
        Some((principal(&result.action), why.message.as_str()))
    })
    .collect()
}

/// Principals whose new entry got no policy and could not be deleted again.
fn hidden(summary: &RunSummary) -> BTreeSet<String> {
    let of = |result: &ActionResult| result.action.kind.principal_arn().map(ToString::to_string);
    let is = |result: &ActionResult, operation: &str, status: ActionStatus| {
        result.action.kind.operation() == operation && result.status == status
    };
    let results = summary.results.iter();
    let refused = results.clone();
    let refused =
        refused.filter(|result| is(result, "AssociateAccessPolicy", ActionStatus::Failed));
    let mut hidden: BTreeSet<String> = refused.filter_map(of).collect();
    for result in results.filter(|result| is(result, "DeleteAccessEntry", ActionStatus::Deleted)) {
        hidden.retain(|arn| of(result).as_ref() != Some(arn));
    }
    hidden
}

/// A time as people say it.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::plans::{large, small};

    #[test]
    fn whole_accounts_are_no_mappings() {
        assert_eq!(open(&small()), None);
        let mut plan = large();
        assert_eq!(open(&plan).unwrap(), "3 mappings and 1 whole account need");
        plan.mappings.clear();
        assert_eq!(open(&plan).unwrap(), "1 whole account needs");
    }
}
