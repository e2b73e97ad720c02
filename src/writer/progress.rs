//! What the writer reports while it works; one event a line in `--progress json`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::RunSummary;
use crate::model::{ActionError, ActionStatus, BindingId, ClusterId};
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
#[allow(
    clippy::struct_field_names,
    reason = "the field is called so in the progress that others read"
)]
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
    pub status: Option<ActionStatus>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<ActionError>,
    /// What else there is to say, such as the state of the mode switch. An `action` event that has it and no status
    /// shows the progress of an action that was counted before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// Which cluster is about to be written to, in `started`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<ClusterId>,
    /// The binding it is about, where it is about none of the plan's actions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub binding: Option<BindingId>,
}

impl Event {
    /// An event that says nothing yet but what it is and when it was.
    #[must_use]
    pub fn new(event: EventKind, time: Timestamp) -> Self {
        Self {
            event,
            time,
            done: 0,
            total: 0,
            action: None,
            status: None,
            error: None,
            message: None,
            cluster: None,
            binding: None,
        }
    }

    /// The first event: which cluster is written to, and how much there is to do.
    #[must_use]
    pub fn started(cluster: ClusterId, total: usize, time: Timestamp) -> Self {
        Self {
            total,
            cluster: Some(cluster),
            ..Self::new(EventKind::Started, time)
        }
    }
}

impl Event {
    /// The last event: how much of it was done, and what stopped it.
    #[must_use]
    pub fn finished(summary: &RunSummary, time: Timestamp) -> Self {
        Self {
            done: summary.results.len() - summary.count(ActionStatus::Skipped),
            total: summary.results.len(),
            message: summary.stopped.clone(),
            ..Self::new(EventKind::Finished, time)
        }
    }
}

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// The first write is about to be made.
    Started,
    /// The cluster is being read, which takes longer than a second; `message` says what. May come before `started`.
    Reading,
    /// The mode switch is in progress.
    Mode,
    /// An action has ended, or continues after it was done.
    Action,
    /// A call is tried again.
    Retry,
    /// The writer has ended.
    Finished,
}
