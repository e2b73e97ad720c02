//! What the writer tells while it works; one event a line in `--progress json`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{AwsError, AwsErrorKind};
use crate::plan::Action;

/// Takes events as they happen; called from several tasks.
pub trait Progress: Sync {
    /// Takes one event.
    fn tell(&self, event: &Event);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn tell(&self, _event: &Event) {}
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What kind of thing.
    pub event: EventKind,
    /// When.
    pub time: Timestamp,
    /// Actions that are done, in whatever way.
    pub done: usize,
    /// All actions.
    pub total: usize,
    /// The action it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub action: Option<Action>,
    /// How the action ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<Status>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<EventError>,
    /// What else there is to say, such as the state of the mode switch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
}

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// The writer begins.
    Started,
    /// The mode switch goes on.
    Mode,
    /// An action has ended.
    Action,
    /// A call is tried again.
    Retry,
    /// The writer has ended.
    Finished,
}

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Status {
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
pub struct EventError {
    /// The exception's class, or the kind of failure where no service answered.
    pub code: String,
    /// The service's own words.
    pub message: String,
    /// The id to quote to AWS support.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
}

impl EventError {
    /// Whether EKS doesn't know the principal.
    ///
    /// Source: EKS answers `InvalidParameterException: The specified principalArn is invalid: invalid principal.`
    #[must_use]
    pub fn is_unknown_principal(&self) -> bool {
        self.code == "InvalidParameterException" && self.message.contains("invalid principal")
    }
}

impl From<&AwsError> for EventError {
    fn from(error: &AwsError) -> Self {
        let (code, message) = match &error.kind {
            AwsErrorKind::Service { code, message, .. } => (code.clone(), message.clone()),
            AwsErrorKind::Credentials(message) => ("Credentials".to_owned(), message.clone()),
            AwsErrorKind::Connection(message) => ("Connection".to_owned(), message.clone()),
            AwsErrorKind::TimedOut => ("Timeout".to_owned(), "no answer in time".to_owned()),
            AwsErrorKind::Setting(message) => ("Setting".to_owned(), message.clone()),
        };
        Self {
            code,
            message,
            request_id: error.request_id().map(ToOwned::to_owned),
        }
    }
}
