//! What a run knew when it began and when it ended, kept for the record of a change.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Code;
use crate::model::{AuthenticationMode, MappingId, Verdict};
use crate::plan::Plan;
use crate::plan::document::{Decided, Outcome};

/// A plan in short: what becomes of every mapping, why, and what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// SHA-256 of the `aws-auth` that it was made from.
    pub source_sha256: String,
    /// The authentication mode of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_mode: Option<AuthenticationMode>,
    /// Every mapping and every mapped account, in the order of the text.
    pub mappings: Vec<Intended>,
}

/// What becomes of one mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Intended {
    /// Such as `mapRoles[0]`.
    pub id: MappingId,
    /// The ARN as in `aws-auth`; the account id of an account.
    pub arn: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// How access changes; none where that is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why, as codes that `explain` knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decided>,
}

impl Planned {
    /// The plan in short.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mappings = plan.mappings.iter().map(|mapping| Intended {
            id: mapping.id,
            arn: mapping.arn.clone(),
            outcome: mapping.outcome,
            verdict: mapping.shown_change().verdict,
            codes: mapping
                .findings
                .iter()
                .map(|finding| finding.code)
                .collect(),
            decision: mapping.decision.clone(),
        });
        let accounts = plan.accounts.iter().map(|account| Intended {
            id: account.id,
            arn: account.account_id.clone(),
            outcome: account.outcome,
            verdict: None,
            codes: account
                .findings
                .iter()
                .map(|finding| finding.code)
                .collect(),
            decision: account.decision.clone(),
        });
        Self {
            source_sha256: plan.source.sha256.clone(),
            authentication_mode: plan.cluster.authentication_mode,
            mappings: mappings.chain(accounts).collect(),
        }
    }
}

/// What `verify` said before a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// The verdict in words.
    pub sentence: String,
    /// Mappings whose removal changes nobody's access, or only what somebody decided.
    pub proven: Vec<MappingId>,
    /// Mappings that stay, as decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<MappingId>,
    /// What `verify` objected to among the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objections: Vec<String>,
}

/// The nodes that were watched after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WatchedNodes {
    /// How many were Ready before.
    pub ready_before: usize,
    /// How many were Ready at the last look; none where no look came about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_after: Option<usize>,
    /// For how many seconds they were watched.
    pub watched_seconds: u64,
    /// Nodes that were Ready and are no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// Nodes that were Ready and no longer exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// What is recorded of a run's end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ending {
    /// The nodes that were no longer Ready.
    pub lost_nodes: Vec<String>,
    /// The nodes that were watched.
    pub nodes: Option<WatchedNodes>,
    /// How many entries were compared with what was asked for.
    pub verified: Option<usize>,
    /// The entries that differed.
    pub unverified: BTreeMap<String, String>,
}
