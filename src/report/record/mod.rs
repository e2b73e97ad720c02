//! The record of a change, for its ticket: who ran what, what was planned and decided, each call, the proof, and how to undo it.

mod run;
mod seal;

use serde::Serialize;
use serde_json::Value;

use super::format::Format;
use super::page::{Line, Mark, Page, Shown, Table, Text, rendered};
use super::verified::{judge_in_short, sentence};
use super::words::plural;
use super::{applied, cut_over, rolled_back, who};
use crate::invocation::Advice;
use crate::migration::record::{ChangeRecord, JournalRecord};
use crate::migration::{Applied, CutOver, RolledBack, Verification};
use crate::plan::document::Verdict;

pub use seal::{Broken, check};
use seal::{UNSEALED, sealed};

/// What the command itself did that the record is written for.
#[derive(Debug, Clone, Copy)]
pub enum CommandResult<'a> {
    /// What `apply` did.
    Applied(&'a Applied),
    /// What `cutover` did.
    CutOver(&'a CutOver),
    /// What `rollback` did, or would do.
    RolledBack(&'a RolledBack),
}

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordDocument<'a> {
    #[serde(flatten)]
    record: &'a ChangeRecord,
    /// What the command printed that wrote this: the document of `apply`, `cutover` or `rollback`; none for `report`.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    /// `sha256:` and the SHA-256 of this file without these 64 digits; `report --check FILE` verifies it.
    #[schemars(extend("pattern" = "^sha256:[0-9a-f]{64}$"))]
    digest: &'static str,
}

/// The record in a format, with the digest over all of it.
#[must_use]
pub fn record(
    record: &ChangeRecord,
    outcome: Option<CommandResult<'_>>,
    format: Format,
    shown: Shown,
) -> String {
    let document = RecordDocument {
        record,
        result: outcome.map(|outcome| outcome.document()),
        digest: UNSEALED,
    };
    sealed(rendered(&document, || page(record, outcome), format, shown))
}

impl CommandResult<'_> {
    fn document(self) -> Value {
        let document = match self {
            Self::Applied(applied) => serde_json::to_value(applied::document(applied)),
            Self::CutOver(done) => serde_json::to_value(cut_over::document(done)),
            Self::RolledBack(done) => serde_json::to_value(rolled_back::document(done)),
        };
        document.expect("the keys of a document are texts")
    }

    fn page(self) -> Page {
        match self {
            Self::Applied(applied) => applied::page(applied, Format::Markdown),
            Self::CutOver(done) => cut_over::page(done, Format::Markdown),
            Self::RolledBack(done) => rolled_back::page(done, Format::Markdown),
        }
    }
}

fn page(record: &ChangeRecord, outcome: Option<CommandResult<'_>>) -> Page {
    let cluster = &record.cluster;
    let mut page = Page::new(format!("Record of the migration of {}", cluster.name));
    page.verdict(proof_in_short(record));
    page.fact(
        "Cluster",
        format!(
            "{} in {}, account {}",
            cluster.name, cluster.region, cluster.account_id
        ),
    );
    let made = record.created_at.strftime("%Y-%m-%dT%H:%M:%SZ");
    page.fact(
        "Written",
        format!("{made} by aws-auth-migrate {}", record.tool_version),
    );
    match &record.journal {
        Some(journal) => of_journal(&mut page, journal),
        None => page.fact("Journal", "none: no run is recorded"),
    }
    page.fact("Runs", runs(record));
    page.fact("Proof", proof_in_short(record));
    if let Some(outcome) = outcome {
        page.append(outcome.page());
    }
    proof(&mut page, record);
    for (index, run) in record.runs.iter().enumerate() {
        run::add(&mut page, run, (index + 1, record.runs.len()));
    }
    left(&mut page, record);
    undo(&mut page, record);
    page.heading("How to check this record");
    page.text(format!(
        "The digest covers every byte of this file but its own 64 digits. {}.",
        Advice::CheckRecord
    ));
    page.fact("Digest", Text::Command(UNSEALED.to_owned()));
    page
}

fn of_journal(page: &mut Page, journal: &JournalRecord) {
    page.fact("Journal", &journal.path);
    page.fact(
        "Its content",
        format!(
            "{}, sha256 {}",
            plural(journal.records, "record", "records"),
            journal.sha256
        ),
    );
}

fn runs(record: &ChangeRecord) -> String {
    let runs = record.runs.iter();
    let runs: Vec<String> = runs
        .map(|run| format!("{} {}", run::command(run.command), run::end(run.end)))
        .collect();
    match runs.as_slice() {
        [] => "none".to_owned(),
        runs => runs.join(", "),
    }
}

fn proof_in_short(record: &ChangeRecord) -> String {
    let proof = &record.proof;
    match (&proof.verification, &proof.not_taken) {
        (Some(verification), _) => sentence(verification),
        (None, Some(why)) => format!("not taken: {why}"),
        (None, None) => "not taken".to_owned(),
    }
}

/// What `verify` says of the live cluster, with everybody's access before and after.
fn proof(page: &mut Page, record: &ChangeRecord) {
    page.heading("The proof of `verify`");
    let Some(verification) = &record.proof.verification else {
        let why = record.proof.not_taken.as_deref().unwrap_or("not asked for");
        page.line(Line::marked(
            Mark::Doubt,
            format!("The live cluster was not read, so nothing is proven here: {why}."),
        ));
        return;
    };
    let made = verification.plan.created_at.strftime("%Y-%m-%dT%H:%M:%SZ");
    page.fact("Verdict", sentence(verification));
    page.fact("Read at", made.to_string());
    if let Some(caller) = &verification.plan.caller {
        page.fact("Read by", caller);
    }
    judge_in_short(page, verification);
    let rows = comparison(verification);
    if !rows.is_empty() {
        page.table(Table {
            title: "The access of every principal".to_owned(),
            columns: vec![
                "mapping",
                "principal",
                "access now",
                "without aws-auth",
                "change",
            ],
            rows,
        });
    }
}

fn comparison(verification: &Verification) -> Vec<Vec<String>> {
    let mappings = verification.plan.mappings.iter();
    mappings
        .map(|mapping| {
            let change = mapping.shown_change();
            vec![
                mapping.id.to_string(),
                mapping.arn.clone(),
                who::identity(change.before.as_deref()),
                who::identity(change.after.as_deref()),
                verdict(change.verdict).to_owned(),
            ]
        })
        .collect()
}

fn verdict(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Same) => "the same",
        Some(Verdict::Renamed) => "renamed",
        Some(Verdict::Lost) => "less",
        Some(Verdict::Gained) => "more",
        Some(Verdict::Changed) => "other",
        None => "unknown",
    }
}

fn left(page: &mut Page, record: &ChangeRecord) {
    page.heading("What is left");
    for left in &record.left {
        page.line(Line::marked(Mark::Fault, left));
    }
    if record.left.is_empty() {
        page.text(match record.proof.verification {
            Some(_) => "Nothing.",
            None => "Nothing that the journal shows; the live cluster was not read.",
        });
    }
}

fn undo(page: &mut Page, record: &ChangeRecord) {
    page.heading("How to undo it");
    for step in &record.undo.steps {
        page.command(format!("To {}", step.purpose), &step.command);
    }
    if record.undo.steps.is_empty() && record.undo.permanent.is_empty() {
        page.text("There is nothing to undo.");
    }
    for what in &record.undo.permanent {
        page.line(Line::marked(
            Mark::Fault,
            format!("Can't be undone: {what}."),
        ));
    }
}
