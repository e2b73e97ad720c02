//! The report of a fleet: a row for each cluster, and once what repeats across them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::questions::{FleetQuestion, questions};
use super::reason::Reason;
use super::row::{Row, State};
use super::shard::ShardMark;
use crate::choices::Choices;
use crate::plan::document::Summary;

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
