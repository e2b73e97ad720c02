//! Makes a plan real: one call after the other for each principal, several principals at a time, each call
//! written to the journal before and after.

mod canary;
mod guard;
#[cfg(test)]
mod pace_tests;
mod progress;
mod retry;
mod run;
mod switch;

pub use canary::Canary;
pub use guard::Guarded;
pub use progress::{Event, EventKind, Progress, Silent};
pub use run::{ActionResult, Limits, Run, RunSummary, WriterError, run};
pub(crate) use run::{describe_shown, done_status};
pub use switch::{Switch, SwitchError};

use crate::model::ClusterId;
use crate::text::{shell_word, visible};

/// The command that deletes an access entry, so that its mapping counts again; for a shell.
pub(crate) fn delete_entry_command(cluster: &ClusterId, principal: &str) -> String {
    let word = |text: &str| shell_word(&visible(text));
    format!(
        "aws eks delete-access-entry --region {} --cluster-name {} --principal-arn {}",
        word(&cluster.region),
        word(&cluster.name),
        word(principal),
    )
}
