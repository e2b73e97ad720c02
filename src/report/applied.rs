//! What `apply` did: as text for people, as a document for scripts.

use std::fmt::Write;

use serde::Serialize;

use crate::finding::Code;
use crate::journal::RunEnd;
use crate::kubernetes::Made;
use crate::migration::{Applied, MadeBinding};
use crate::plan::document::{Outcome, Plan};
use crate::text::visible;
use crate::writer::{ActionResult, Status};

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
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    bindings: &'a [MadeBinding],
    results: Vec<Result<'a>>,
    calls: usize,
    retries: usize,
    verified: usize,
    unverified: Vec<Unverified>,
    stopped: Option<&'a str>,
    plan: &'a Plan,
}

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Result<'a> {
    action: &'a crate::plan::Action,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a crate::writer::EventError>,
    /// Whether EKS doesn't know the principal, so that a person has to decide.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    blocked: bool,
}

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Unverified {
    principal_arn: String,
    differences: String,
}

fn document(applied: &Applied) -> Document<'_> {
    let summary = &applied.summary;
    Document {
        schema: SCHEMA,
        tool_version: env!("CARGO_PKG_VERSION"),
        run: applied.run.as_deref(),
        journal: applied.journal.display().to_string(),
        end: applied.end,
        bindings: &applied.bindings,
        results: summary
            .results
            .iter()
            .map(|result| Result {
                action: &result.action,
                status: result.status,
                error: result.error.as_ref(),
                blocked: result.is_refused(),
            })
            .collect(),
        calls: summary.calls,
        retries: summary.retries,
        verified: summary.verified,
        unverified: summary
            .unverified
            .iter()
            .map(|(arn, differences)| Unverified {
                principal_arn: arn.to_string(),
                differences: differences.clone(),
            })
            .collect(),
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
    let summary = &applied.summary;
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    for binding in &applied.bindings {
        let place = binding
            .namespace
            .iter()
            .map(|namespace| format!("{namespace}/"));
        let name = visible(&format!("{}{}", place.collect::<String>(), binding.name)).into_owned();
        let status = match binding.status {
            Made::Created => "created",
            Made::Exists => "was there already",
        };
        line(format!("{} {name}: {status}", binding.kind));
    }
    if summary.results.is_empty() && applied.run.is_none() {
        line(
            "Nothing to do: every mapping that can be carried over has its access entry."
                .to_owned(),
        );
    } else {
        let counts: Vec<String> = [
            (Status::Created, "created"),
            (Status::Updated, "updated"),
            (Status::Associated, "policies associated"),
            (Status::Disassociated, "policies taken off"),
            (Status::Deleted, "deleted"),
            (Status::Exists, "there already"),
            (Status::Failed, "failed"),
            (Status::Skipped, "not reached"),
        ]
        .into_iter()
        .filter_map(|(status, word)| match summary.count(status) {
            0 => None,
            count => Some(format!("{count} {word}")),
        })
        .collect();
        let counts = if counts.is_empty() {
            "nothing was left to do".to_owned()
        } else {
            counts.join(", ")
        };
        line(format!(
            "Run {}: {counts}.",
            applied.run.as_deref().unwrap_or("none")
        ));
        line(format!(
            "{} calls, {} of them repeated; {} entries read back and as they should be.",
            summary.calls, summary.retries, summary.verified
        ));
    }
    for result in summary
        .results
        .iter()
        .filter(|result| result.status == Status::Failed)
    {
        line(failure(result));
    }
    for (arn, differences) in &summary.unverified {
        line(format!(
            "! {} is not as it should be: {}",
            visible(&arn.to_string()),
            visible(differences)
        ));
    }
    if let Some(reason) = &summary.stopped {
        line(format!("It stopped before its end: {}.", visible(reason)));
    }
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
    let accounts = applied
        .plan
        .accounts
        .iter()
        .filter(|account| account.outcome == Outcome::Blocked)
        .count();
    let open = applied.plan.summary.blocked + applied.plan.summary.conflict + accounts;
    if open > 0 {
        line(format!(
            "{open} mappings need a decision; `plan` shows them, `explain CODE` tells what to do."
        ));
    }
    if applied.end != RunEnd::Complete {
        line("Run the same command again to go on.".to_owned());
    }
    let _ = writeln!(
        text,
        "Journal: {}",
        visible(&applied.journal.display().to_string())
    );
    text
}

fn failure(result: &ActionResult) -> String {
    let principal = result
        .action
        .kind
        .principal_arn()
        .map(ToString::to_string)
        .unwrap_or_default();
    let error = result.error.as_ref().map_or_else(String::new, |error| {
        let request = error
            .request_id
            .as_ref()
            .map_or_else(String::new, |id| format!(" (request {id})"));
        format!("{}: {}{request}", error.code, error.message)
    });
    format!(
        "! {} for {}: {}",
        result.action.kind.operation(),
        visible(&principal),
        visible(&error)
    )
}
