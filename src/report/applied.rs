//! What `apply` did: as text for people, as a document for scripts.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::about::by_whom;
use super::next::next;
use super::results::{Result, Unverified, failure, unverified};
use super::summary::sentence;
use super::words::plural;
use crate::finding::Code;
use crate::journal::RunEnd;
use crate::kubernetes::Made;
use crate::migration::{Applied, MadeBinding};
use crate::model::{ActionStatus, AuthenticationMode};
use crate::plan::document::{Outcome, Plan};
use crate::text::visible;
use crate::writer::{ActionResult, Summary};

/// The name and version of the document.
const SCHEMA: &str = "aws-auth-migrate/apply/v1";

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document<'a> {
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

fn document(applied: &Applied) -> Document<'_> {
    let summary = &applied.summary;
    Document {
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

/// The document as JSON.
#[must_use]
pub fn applied_json(applied: &Applied) -> String {
    super::json::document(&document(applied))
}

/// The document as YAML.
#[must_use]
pub fn applied_yaml(applied: &Applied) -> String {
    super::yaml::document(&document(applied))
}

/// The result in words.
#[must_use]
pub fn applied_text(applied: &Applied) -> String {
    applied_lines(applied)
        .into_iter()
        .map(|line| line + "\n")
        .collect()
}

fn applied_lines(applied: &Applied) -> Vec<String> {
    let summary = &applied.summary;
    let mut lines = Vec::new();
    let mut line = |words: String| lines.extend(words.lines().map(str::to_owned));
    let (caller, cluster) = (applied.plan.caller.as_deref(), &applied.plan.cluster);
    if let Some(by) = by_whom(caller, cluster.account_id.as_deref()) {
        line(by);
    }
    for binding in &applied.bindings {
        let status = match binding.status {
            Made::Created => "created",
            Made::Exists => "was there already",
        };
        let binding = binding.id.to_string();
        line(format!("{}: {status}", visible(&binding)));
    }
    if applied.run.is_none() {
        line(format!("Nothing to do. {}", sentence(&applied.plan)));
    } else {
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
                "policy taken off",
                "policies taken off",
            ),
            (ActionStatus::Deleted, "deleted", "deleted"),
            (ActionStatus::Exists, "there already", "there already"),
            (ActionStatus::Failed, "failed", "failed"),
            (ActionStatus::Skipped, "not reached", "not reached"),
        ]
        .into_iter()
        .filter_map(|(status, one, many)| match summary.count(status) {
            0 => None,
            count => Some(plural(count, one, many)),
        })
        .collect();
        let counts = if counts.is_empty() {
            "no entry was to be made or changed".to_owned()
        } else {
            counts.join(", ")
        };
        line(format!(
            "Run {}: {counts}.",
            applied.run.as_deref().unwrap_or("none")
        ));
        if let Some(mode) = applied.switched_to {
            line(format!(
                "The cluster was switched to {mode}, which can't be undone; aws-auth counts as before for everybody without \
                 an access entry."
            ));
        }
        line(format!(
            "It took {}: {} to AWS, {} of them repeated; {} verified.",
            seconds(applied.took),
            plural(applied.calls, "call", "calls"),
            applied.retries,
            plural(summary.verified, "entry", "entries"),
        ));
    }
    troubles(summary).into_iter().for_each(&mut line);
    for finding in applied
        .plan
        .mappings
        .iter()
        .flat_map(|mapping| &mapping.findings)
    {
        if finding.code == Code::PrincipalRefused {
            line(format!(
                "! {} ({})\n  {}",
                visible(&finding.message),
                finding.code,
                visible(&finding.fix)
            ));
        }
    }
    if let Some(open) = open(&applied.plan) {
        line(format!(
            "{open} a decision; `plan` shows what is open, `explain CODE` tells what to do."
        ));
    }
    if applied.end != RunEnd::Complete {
        line("Run the same command again to go on.".to_owned());
    } else if applied.run.is_some() {
        let done = Plan {
            actions: Vec::new(),
            ..applied.plan.clone()
        };
        let next = next(&done);
        line(format!("Next, to {}:\n  {}", next.purpose, next.command));
    }
    line(format!(
        "Journal: {}",
        visible(&applied.journal.display().to_string())
    ));
    lines
}

/// How many mappings and whole accounts need something, with the verb; `None` where none does.
fn open(plan: &Plan) -> Option<String> {
    let mappings = plan.mappings.iter();
    let mappings = mappings.filter(|mapping| mapping.needs_decision()).count();
    let accounts = plan.accounts.iter();
    let accounts = accounts
        .filter(|account| account.outcome == Outcome::Blocked)
        .count();
    let counts = [
        (mappings, "mapping", "mappings"),
        (accounts, "whole account", "whole accounts"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| plural(count, one, many))
        .collect();
    match mappings + accounts {
        0 => None,
        1 => Some(format!("{} needs", counts.concat())),
        _ => Some(format!("{} need", counts.join(" and "))),
    }
}

/// What went wrong, and what that means.
fn troubles(summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    for result in summary
        .results
        .iter()
        // What EKS refuses has a finding of its own below.
        .filter(|result| {
            (result.status == ActionStatus::Failed && !result.is_refused()) || result.is_conflict()
        })
    {
        lines.push(failure(result));
    }
    for arn in hidden(summary) {
        lines.push(format!(
            "! {} has less than its mapping gives until that is done: its access entry hides the mapping; `rollback` deletes \
             the entry",
            visible(&arn)
        ));
    }
    for entry in unverified(summary) {
        lines.push(entry.line());
    }
    if let Some(reason) = &summary.stopped {
        lines.push(format!("It stopped before its end: {}.", visible(reason)));
    }
    lines
}

/// Principals whose new entry got no policy and could not be deleted again.
fn hidden(summary: &Summary) -> BTreeSet<String> {
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
