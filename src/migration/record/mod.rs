//! The record of a change: what the journal and, where it was read, the cluster say of a migration.
//!
//! It only reads. What a journal of an earlier version lacks is left out, and the report says "not recorded".

mod find;
mod left;
mod live;
mod run;
mod undo;

use std::path::Path;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub use find::{Found, found, journals_of};
pub use live::{RecordRequest, cluster_of};
pub use run::{BackupRecord, BackupState, BindingRecord, CallRecord, ConfigMapRecord, RunRecord};
pub use undo::{Undo, UndoStep};

use super::verify::Verification;
use crate::journal::{RunHistory, Whole};
use crate::model::ClusterId;

/// The name and version of the document.
pub const SCHEMA: &str = "aws-auth-migrate/report/v1";

/// All that a reviewer of the change has to know.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeRecord {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of the tool that wrote it.
    pub tool_version: &'static str,
    /// When it was written.
    pub created_at: Timestamp,
    /// Which cluster.
    pub cluster: ClusterId,
    /// The journal that it was made from; none where there is no journal.
    pub journal: Option<JournalRecord>,
    /// The runs, in the order in which they began.
    pub runs: Vec<RunRecord>,
    /// What `verify` says of the live cluster.
    pub proof: LiveProof,
    /// What is left to do.
    pub left: Vec<String>,
    /// How to undo what was done.
    pub undo: Undo,
}

/// The journal, and what it can be recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JournalRecord {
    /// Where it is.
    pub path: String,
    /// SHA-256 of its lines at that time.
    pub sha256: String,
    /// How many lines it had.
    pub records: usize,
}

/// What `verify` says of the live cluster, or why nothing is said.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveProof {
    /// The comparison of everybody's access; none where the cluster was not read.
    pub verification: Option<Verification>,
    /// Why the cluster was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_taken: Option<String>,
}

impl LiveProof {
    /// The proof.
    #[must_use]
    pub fn taken(verification: Verification) -> Self {
        Self {
            verification: Some(verification),
            not_taken: None,
        }
    }

    /// No proof, and why.
    #[must_use]
    pub fn not_taken(why: impl Into<String>) -> Self {
        Self {
            verification: None,
            not_taken: Some(why.into()),
        }
    }
}

/// What a record is made from.
#[derive(Debug)]
pub struct Sources<'a> {
    /// Which cluster.
    pub cluster: ClusterId,
    /// Where the journal is.
    pub path: &'a Path,
    /// Whether its place has to be named to find it again.
    pub is_named: bool,
    /// What it holds; `None` where there is none.
    pub journal: Option<Whole>,
    /// The only run that is asked for.
    pub run: Option<&'a str>,
    /// What `verify` says.
    pub proof: LiveProof,
    /// The time.
    pub now: Timestamp,
}

impl ChangeRecord {
    /// Makes the record; looks for the backups that the journal names.
    #[must_use]
    pub fn of(sources: Sources<'_>) -> Self {
        let Sources {
            cluster,
            path,
            is_named,
            journal,
            run,
            proof,
            now,
        } = sources;
        let seen = journal.as_ref().map(|journal| JournalRecord {
            path: path.display().to_string(),
            sha256: journal.sha256.clone(),
            records: journal.records,
        });
        let history = journal.map(|journal| journal.history).unwrap_or_default();
        let history = history.of(&cluster);
        let left = left::left(&history, &proof);
        let named = is_named.then_some(path);
        let undo = undo::undo(&history, &cluster, named, &proof);
        let is_wanted = |known: &&RunHistory| run.is_none_or(|run| known.run == run);
        let runs = history.runs.iter().filter(is_wanted);
        Self {
            schema: SCHEMA,
            tool_version: env!("CARGO_PKG_VERSION"),
            created_at: now,
            runs: runs.map(RunRecord::of).collect(),
            cluster,
            journal: seen,
            proof,
            left,
            undo,
        }
    }
}
