//! What a plan may do one way or the other, as its maker chooses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to do with a live access entry that differs from its mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnExisting {
    /// Report it and leave it.
    #[default]
    Keep,
    /// Change it to what the mapping gives.
    Update,
    /// Refuse to continue.
    Fail,
}

/// What to do with custom usernames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Usernames {
    /// Keep them where EKS allows it.
    #[default]
    Preserve,
    /// Leave them to EKS.
    Default,
}

/// What to do with the roles of managed node groups and Fargate profiles, whose entries EKS makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ManagedNodes {
    /// Create the entry where EKS has not.
    #[default]
    Create,
    /// Leave them alone.
    Skip,
}
