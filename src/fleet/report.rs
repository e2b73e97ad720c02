//! The report of a fleet: a row for each cluster, and once what repeats across them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::member::MemberId;
use super::questions::{FleetQuestion, questions};
use super::reason::Reason;
use super::shard::ShardMark;
use crate::choices::Choices;
use crate::finding::Code;
use crate::journal::RunEnd;
use crate::migration::Readiness;
use crate::model::AuthenticationMode;
use crate::plan::document::{Identity, Summary, Verdict};
use crate::plan::questions::Untried;

/// The name and version of the document.
pub const SCHEMA: &str = "aws-auth-migrate/fleet-report/v1";

/// What was done with each cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FleetCommand {
    /// Planned.
    Plan,
    /// Applied.
    Apply,
    /// Verified.
    Verify,
    /// Looked at.
    Status,
}

impl FleetCommand {
    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Verify => "verify",
            Self::Status => "status",
        }
    }
}

/// The report of a fleet.
///
/// It holds nothing that differs between two machines that see the same clusters: shards put together are the report
/// that one machine would have written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of the tool.
    pub tool_version: String,
    /// What was done.
    pub command: FleetCommand,
    /// The fleet.
    pub fleet: FleetId,
    /// Which part of it this is, where it is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardMark>,
    /// The choices that shaped the plans.
    pub choices: Choices,
    /// The decisions files, each with the digest of its content.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decisions: BTreeMap<String, String>,
    /// Decisions and patterns that match nothing in any cluster of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<String>,
    /// How many clusters are in which state, and what is to be done in all.
    pub summary: Totals,
    /// What needs a decision, said once with all clusters that ask it; what most of them ask comes first.
    pub questions: Vec<FleetQuestion>,
    /// The clusters, in the order of account, region and name.
    pub rows: Vec<Row>,
}

/// Which fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetId {
    /// The digest of its clusters and of how they are reached.
    pub sha256: String,
    /// How many rows the whole of it has.
    pub clusters: usize,
}

/// Counts over all rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Nothing is left to do.
    pub done: usize,
    /// Only what `apply` does is missing.
    pub pending: usize,
    /// Something needs a decision.
    pub needs_decision: usize,
    /// Some actions failed or were not reached.
    pub incomplete: usize,
    /// Not begun.
    pub not_reached: usize,
    /// Could not be read or written.
    pub failed: usize,
    /// The mappings of all clusters.
    pub mappings: Summary,
    /// The actions of all clusters.
    pub actions: usize,
}

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
    pub before: Option<Identity>,
    /// The access with what the plan proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Identity>,
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

/// What a report is about, beside its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What was done.
    pub command: FleetCommand,
    /// Which fleet.
    pub fleet: FleetId,
    /// Which part of it.
    pub shard: Option<ShardMark>,
    /// The choices.
    pub choices: Choices,
    /// The decisions files, each with the digest of its content.
    pub decisions: BTreeMap<String, String>,
    /// The version of the tool that made the rows.
    pub tool_version: String,
}

impl Report {
    /// The report of some rows, in whatever order they came.
    #[must_use]
    pub fn of(about: About, mut rows: Vec<Row>) -> Self {
        rows.sort_by(|one, other| one.cluster.cmp(&other.cluster));
        refuse_twins(&mut rows);
        Self {
            schema: SCHEMA.to_owned(),
            tool_version: about.tool_version,
            command: about.command,
            fleet: about.fleet,
            shard: about.shard,
            choices: about.choices,
            decisions: about.decisions,
            unmatched: unmatched(&rows),
            summary: totals(&rows),
            questions: questions(&rows),
            rows,
        }
    }
}

/// What matches nothing in any cluster that was read.
fn unmatched(rows: &[Row]) -> Vec<String> {
    let mut read = rows.iter().filter(|row| row.mappings.is_some());
    let Some(first) = read.next() else {
        return Vec::new();
    };
    let mut unmatched = first.unmatched.clone();
    for row in read {
        unmatched.retain(|message| row.unmatched.contains(message));
    }
    unmatched
}

/// A cluster that was reached in two ways is one cluster: the second row says so instead of counting it again.
fn refuse_twins(rows: &mut [Row]) {
    let mut seen = std::collections::BTreeMap::new();
    for row in rows {
        let Some(arn) = row.arn.clone() else {
            continue;
        };
        let own = row.cluster.clone();
        match seen.entry(arn.clone()) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(own);
            }
            std::collections::btree_map::Entry::Occupied(first) => {
                let message = format!("it is the cluster {arn}, the same as {}", first.get());
                let reason = Reason::new(message, "remove one of the two from the fleet file");
                *row = Row::failed(own, State::Failed, reason);
            }
        }
    }
}

fn totals(rows: &[Row]) -> Totals {
    let mut totals = Totals::default();
    for row in rows {
        *match row.state {
            State::Done => &mut totals.done,
            State::Pending => &mut totals.pending,
            State::NeedsDecision => &mut totals.needs_decision,
            State::Incomplete => &mut totals.incomplete,
            State::NotReached => &mut totals.not_reached,
            State::Failed => &mut totals.failed,
        } += 1;
        totals.actions += row.actions;
        let of = row.mappings.unwrap_or_default();
        let all = &mut totals.mappings;
        all.create += of.create;
        all.update += of.update;
        all.unchanged += of.unchanged;
        all.conflict += of.conflict;
        all.inert += of.inert;
        all.blocked += of.blocked;
        all.skipped += of.skipped;
    }
    totals
}
