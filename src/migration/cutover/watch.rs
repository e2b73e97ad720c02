//! The nodes as they were before the removal, and the look at them after it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::checks::Look;
use super::nodes::{self, Nodes};
use super::write::CuttingOver;
use super::{CutOver, live};
use crate::journal::RunEnd;
use crate::writer::{Event, EventKind, Progress};

/// The nodes as they were before the removal, and how long they are watched after it.
pub(super) struct Watch {
    /// The names of those that were Ready; `None` where they can't be listed.
    pub(super) ready: Option<BTreeSet<String>>,
    pub(super) soak: Duration,
}

impl Watch {
    /// Looks at the nodes; those of a run that is taken up again were looked at before its removal.
    pub(super) async fn of(
        work: &CuttingOver<'_, impl Progress>,
        look: &Look,
        done: &mut CutOver,
    ) -> Self {
        let earlier = work.earlier().and_then(|change| change.ready.clone());
        let is_default = look.takes_node_roles() || (look.removal.is_none() && earlier.is_some());
        let default = if is_default {
            nodes::SOAK
        } else {
            Duration::ZERO
        };
        let soak = work.options.soak.unwrap_or(default);
        // A watch that came to its end has reported nodes that are gone; they are not waited for again.
        let is_told = work.log.earlier().and_then(|run| run.end) == Some(RunEnd::Incomplete);
        let ready = match earlier {
            Some(ready) if is_told => match work.kubernetes.nodes().await {
                Ok(now) => Some(
                    ready
                        .into_iter()
                        .filter(|name| now.ready.contains(name) || now.not_ready.contains(name))
                        .collect(),
                ),
                Err(_) => Some(ready),
            },
            Some(ready) => Some(ready),
            None => match work.kubernetes.nodes().await {
                Ok(nodes) => Some(nodes.ready),
                Err(error) => {
                    done.nodes_unseen = Some(error.to_string());
                    None
                }
            },
        };
        Self { ready, soak }
    }

    pub(super) async fn after(&self, work: &CuttingOver<'_, impl Progress>) -> Option<Nodes> {
        let ready = self.ready.as_ref()?;
        // Without nodes there is nothing to see.
        let soak = if ready.is_empty() {
            Duration::ZERO
        } else {
            self.soak
        };
        if !soak.is_zero() {
            let now = (work.session.clock.now)();
            work.session.progress.tell(&Event {
                message: Some(format!(
                    "watching {} Ready nodes for {} seconds",
                    ready.len(),
                    soak.as_secs()
                )),
                ..Event::new(EventKind::Action, now)
            });
        }
        let renew = || async { live(&work.look_again().await.ok()?).ok() };
        nodes::watch(
            work.kubernetes.clone(),
            renew,
            ready,
            soak,
            work.session.stop,
        )
        .await
    }
}
