//! What is undone of the ConfigMap; pure.

use crate::journal::{ConfigMapChange, History, RunCommand};
use crate::kubernetes::Stored;
use crate::writer::Status;

/// How the ConfigMap comes back.
#[derive(Debug, Clone, PartialEq)]
pub enum Restoring {
    /// No run has changed it, or it is back already.
    Nothing,
    /// It is put back to what it was before the first cut-over.
    Back {
        /// The object as it was.
        to: Box<Stored>,
        /// Whether somebody else has changed it since.
        edited: bool,
    },
}

/// Decides how the ConfigMap comes back: to what it was before the first cut-over since the last rollback.
#[must_use]
pub fn restore(history: &History, only_run: Option<&str>, now: Option<&Stored>) -> Restoring {
    let changes = changes(history, only_run);
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else {
        return Restoring::Nothing;
    };
    let Some(to) = first.before.as_deref().and_then(Stored::from_json) else {
        return Restoring::Nothing;
    };
    let data = |stored: &Stored| stored.aws_auth().data;
    let now = now.map(data);
    if now.as_ref() == Some(&data(&to)) {
        return Restoring::Nothing;
    }
    let as_left = now == last.after || is_emptied(now.as_ref(), last);
    // Where the answer was lost the write may not have been done.
    let before_last = last.before.as_deref().and_then(Stored::from_json);
    let as_before = last.status.is_none() && now == before_last.as_ref().map(data);
    Restoring::Back {
        to: Box::new(to),
        edited: !as_left && !as_before,
    }
}

/// The changes that are not undone yet, oldest first.
#[must_use]
pub fn changes<'a>(history: &'a History, only_run: Option<&str>) -> Vec<&'a ConfigMapChange> {
    let mut open = Vec::new();
    for run in &history.runs {
        for change in &run.config_map {
            match (run.command, change.status) {
                (_, Some(Status::Failed)) | (RunCommand::Rollback, None) => {}
                (RunCommand::Rollback, Some(_)) => open.clear(),
                _ if only_run.is_some_and(|only| only != run.run) => {}
                _ => open.push(change),
            }
        }
    }
    open
}

fn is_emptied(
    now: Option<&std::collections::BTreeMap<String, String>>,
    last: &ConfigMapChange,
) -> bool {
    let is_empty = |data: &std::collections::BTreeMap<String, String>| data.is_empty();
    now.is_some_and(is_empty) && last.after.as_ref().is_some_and(is_empty)
}
