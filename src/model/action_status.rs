//! How the calls of a plan ended: what the writer reports, the journal keeps and a report shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ActionStatus {
    /// The entry was made.
    Created,
    /// The entry or the mode was changed.
    Updated,
    /// The policy was associated.
    Associated,
    /// The policy was taken off.
    Disassociated,
    /// The entry was deleted.
    Deleted,
    /// It was so already.
    Exists,
    /// It failed.
    Failed,
    /// It was not tried, since something before it failed or the run was stopped.
    Skipped,
}

/// What went wrong, as the service said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActionError {
    /// The exception's class, or the kind of failure where no service answered.
    pub code: String,
    /// The service's own words.
    pub message: String,
    /// The id to quote to AWS support.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
}

impl ActionError {
    /// Whether EKS doesn't know the principal.
    ///
    /// Source: EKS answers `InvalidParameterException: The specified principalArn is invalid: invalid principal.`
    #[must_use]
    pub fn is_unknown_principal(&self) -> bool {
        self.code == "InvalidParameterException" && self.message.contains("invalid principal")
    }
}
