//! The plan as a document, versioned `aws-auth-migrate/plan/v1`; fields may be added, never renamed or removed.

mod actions;
mod mappings;
mod misfits;
mod renames;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choices::Choices;
use crate::finding::Finding;
use crate::invocation::CommandOption;
use crate::model::{AccessEntry, Arn, Cluster, Section};

pub use crate::model::{AccessChange, BindingChange, BindingEffect, Identity, Verdict};
pub use actions::{Action, ActionKind, Stage};
pub use mappings::{Blocker, Decided, DecidedBy, Outcome, PlannedAccount, PlannedMapping, Summary};
pub use misfits::{Misfit, Misfits};
pub use renames::UsedRenames;

/// The name and version of the document.
pub const SCHEMA: &str = "aws-auth-migrate/plan/v1";

/// What would be done to a cluster, and why; leaves nothing to choose when it is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of the tool that made it.
    pub tool_version: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The cluster it is for.
    pub cluster: Cluster,
    /// The ARN of whoever ran the tool, as STS gives it; none in an offline plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Where `aws-auth` was read from.
    pub source: Source,
    /// The choices that shaped it.
    #[serde(default)]
    pub choices: Choices,
    /// Every mapping of `mapRoles` and `mapUsers`, in the order of the text.
    pub mappings: Vec<PlannedMapping>,
    /// What is done, in this order.
    pub actions: Vec<Action>,
    /// Every element of `mapAccounts`.
    pub accounts: Vec<PlannedAccount>,
    /// What there is to say about `aws-auth` as a text and about the cluster as a whole.
    pub findings: Vec<PlacedFinding>,
    /// How many mappings of `mapRoles` and `mapUsers` have each outcome.
    pub summary: Summary,
    /// What the live access entries looked like, by principal, so that a saved plan can tell what has changed since.
    #[serde(default)]
    pub observed: BTreeMap<String, AccessEntry>,
    /// Decisions that do not fit the cluster; no plan that has any is shown or applied.
    #[serde(skip)]
    pub misfits: Vec<Misfit>,
}

impl Plan {
    /// Whether something in it waits for a decision by a person.
    #[must_use]
    pub fn needs_decision(&self) -> bool {
        let blocked = |account: &PlannedAccount| account.outcome == Outcome::Blocked;
        self.mappings.iter().any(PlannedMapping::needs_decision)
            || self.accounts.iter().any(blocked)
            || self
                .obstacles()
                .any(|(obstacle, _)| obstacle.needs_decision())
    }

    /// Whether a principal gets its entry for a mapping that grants nothing, because that was asked for.
    #[must_use]
    pub fn includes_inert(&self, principal: &Arn) -> bool {
        self.mappings.iter().any(|mapping| {
            let entry = mapping.entry.as_ref();
            mapping.inert_included && entry.is_some_and(|entry| entry.principal_arn == *principal)
        })
    }
}

/// Where `aws-auth` was read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Cluster or file.
    pub kind: SourceKind,
    /// SHA-256 over the three values, in hexadecimal.
    pub sha256: String,
    /// The ConfigMap's resourceVersion, where it came from a cluster.
    pub resource_version: Option<String>,
    /// The options that led there, beside the cluster and its region, each as `--name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<CommandOption>,
}

/// The two kinds of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SourceKind {
    /// The live cluster.
    Cluster,
    /// A file or standard input.
    File,
}

/// A finding that belongs to no mapping, with its place where it has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlacedFinding {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// The section whose text it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
    /// The line in that text, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}
