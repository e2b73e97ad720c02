//! One cluster in the report of a fleet: how far it is, and what is in its way.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::member::MemberId;
use super::reason::Reason;
use crate::finding::Code;
use crate::journal::RunEnd;
use crate::migration::Readiness;
use crate::model::AuthenticationMode;
use crate::plan::document::{Identity, Summary, Verdict};
use crate::plan::questions::Untried;

/// How far a cluster is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Nothing is left to do for this command.
    Done,
    /// Only what `apply` does is missing.
    Pending,
    /// Something needs a decision.
    NeedsDecision,
    /// Some actions failed or were not reached; the same command resumes.
    Incomplete,
    /// Not begun, since others failed or the run was stopped.
    NotReached,
    /// Could not be read or written.
    Failed,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Which one.
    pub cluster: MemberId,
    /// Its ARN, once it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// How far it is.
    pub state: State,
    /// How it decides who may log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_mode: Option<AuthenticationMode>,
    /// Its platform version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    /// Whether it has an `aws-auth`; `None` where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_aws_auth: Option<bool>,
    /// Its mappings by what becomes of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mappings: Option<Summary>,
    /// Its mappings by how access changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<Verdicts>,
    /// How many actions the plan has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub actions: usize,
    /// Whether aws-auth may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Readiness>,
    /// What is in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// What `apply` did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<AppliedRow>,
    /// The next command for this cluster alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Entries of this tool that somebody has changed since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<String>,
    /// Decisions and patterns that match nothing here; they may match in another cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<String>,
    /// Why there is nothing more to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What a yes to its plan is a yes to; no part of the document.
    #[serde(skip)]
    pub digest: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Mappings by how the access of their principals changes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub struct Verdicts {
    /// Exactly the same access.
    pub same: usize,
    /// Only the username changes, and no binding depends on it.
    pub renamed: usize,
    /// Something is lost.
    pub lost: usize,
    /// Something is gained.
    pub gained: usize,
    /// Something is lost and something gained.
    pub changed: usize,
    /// Nobody can tell.
    pub unknown: usize,
}

impl Verdicts {
    /// Counts one more.
    pub(super) fn count(&mut self, verdict: Option<Verdict>) {
        *match verdict {
            Some(Verdict::Same) => &mut self.same,
            Some(Verdict::Renamed) => &mut self.renamed,
            Some(Verdict::Lost) => &mut self.lost,
            Some(Verdict::Gained) => &mut self.gained,
            Some(Verdict::Changed) => &mut self.changed,
            None => &mut self.unknown,
        } += 1;
    }
}

/// What is in the way of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// The mapping or account in aws-auth, such as `mapRoles[3]`; none where it is the cluster as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// Its ARN or account id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The finding behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// How access would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The access today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Arc<Identity>>,
    /// The access with what the plan proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Arc<Identity>>,
    /// The answers that it takes; no part of the document.
    #[serde(skip)]
    pub answers: Vec<Untried>,
}

/// What `apply` did to one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppliedRow {
    /// How the run ended.
    pub end: RunEnd,
    /// The run; none where there was nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The journal.
    pub journal: String,
    /// The mode that it was switched to, which can't be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switched_to: Option<AuthenticationMode>,
    /// Calls that did what they were made for, or found it done.
    pub made: usize,
    /// Calls that failed.
    pub failed: usize,
    /// Calls that were not tried.
    pub skipped: usize,
}

impl Row {
    /// A row that only says why it has nothing to tell.
    #[must_use]
    pub fn failed(cluster: MemberId, state: State, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..Self::new(cluster, state)
        }
    }

    /// A row that says nothing yet.
    #[must_use]
    pub fn new(cluster: MemberId, state: State) -> Self {
        Self {
            cluster,
            arn: None,
            state,
            authentication_mode: None,
            platform_version: None,
            has_aws_auth: None,
            mappings: None,
            verdicts: None,
            actions: 0,
            verdict: None,
            blocks: Vec::new(),
            applied: None,
            next: None,
            drift: Vec::new(),
            unmatched: Vec::new(),
            reason: None,
            digest: None,
        }
    }
}
