//! A deletion that finalizers hold up: the ConfigMap is there, and counts, until the last of them is gone.
//!
//! Source: Kubernetes, "Finalizers".

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::session::unfinished;
use crate::error::Failure;
use crate::kubernetes::{Kubernetes, Stored, Terminating};
use crate::stop::Stop;
use crate::writer::{Event, EventKind, Progress};

/// What a dry run that was refused has changed.
pub(super) const NOTHING_YET: &str =
    "this was found in a dry run on the API server: nothing was changed";

/// How often the ConfigMap is looked at.
const POLL: Duration = Duration::from_millis(500);

/// What waiting for a deletion needs.
pub(super) struct Deletion<'a> {
    pub(super) kubernetes: &'a Kubernetes,
    pub(super) stop: &'a Stop,
    /// How long it is waited for.
    pub(super) until: Instant,
    pub(super) now: fn() -> Timestamp,
}

/// How a deletion that was asked for has ended.
pub(super) enum Over {
    /// The object is gone; somebody may have put another one in its place.
    Gone {
        /// What is there now.
        instead: Option<Box<Stored>>,
    },
    /// It is still there, held by these.
    Held(Terminating),
}

impl Deletion<'_> {
    /// Looks at what is there until the object is gone, and says that it waits.
    pub(super) async fn of(
        &self,
        stored: &Stored,
        progress: &impl Progress,
    ) -> Result<Over, Failure> {
        let mut is_told = false;
        loop {
            let there = self.kubernetes.stored().await;
            let there = there.map_err(|error| unfinished(error.into()))?;
            let Some(held) = there
                .as_ref()
                .filter(|there| there.uid() == stored.uid())
                .map(|there| {
                    there.terminating().unwrap_or_else(|| Terminating {
                        since: (self.now)(),
                        finalizers: Vec::new(),
                    })
                })
            else {
                return Ok(Over::Gone {
                    instead: there.map(Box::new),
                });
            };
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.stop.is_requested() {
                return Ok(Over::Held(held));
            }
            if !is_told {
                is_told = true;
                progress.tell(&Event {
                    message: Some(format!(
                        "aws-auth is being deleted, {}; waiting up to {}s for it",
                        held_by(&held),
                        left.as_secs().max(1)
                    )),
                    ..Event::new(EventKind::Action, (self.now)())
                });
            }
            self.stop.sleep(left.min(POLL)).await;
        }
    }
}

/// What holds the ConfigMap up, in words.
pub(crate) fn held_by(held: &Terminating) -> String {
    let names: Vec<String> = held
        .finalizers
        .iter()
        .map(|finalizer| format!("`{finalizer}`"))
        .collect();
    match &names[..] {
        [] => "still there".to_owned(),
        [one] => format!("held by the finalizer {one}"),
        more => format!("held by the finalizers {}", more.join(", ")),
    }
}

/// How the finalizers of `aws-auth` are taken off.
pub(crate) const TAKE_OFF: &str = "wait for the controller that set the finalizer, or remove the finalizer: kubectl patch configmap --namespace kube-system \
     aws-auth --type merge --patch '{\"metadata\":{\"finalizers\":null}}'";
