//! One node role first: the nodes are watched before the others follow.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::delete_entry_command;
use super::progress::Progress;
use super::run::{ActionChain, ActionResult, Engine, WriterError};
use crate::aws::EksApi;
use crate::journal::WatchedNodes;
use crate::kubernetes::ReadyNodes;
use crate::model::ActionStatus;
use crate::stop::Stop;

/// How often the nodes are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How many looks in a row may fail before the nodes count as out of sight.
const BLIND: u32 = 5;

/// What is watched, and for how long.
pub struct Canary<'a> {
    /// The nodes.
    pub nodes: &'a dyn ReadyNodes,
    /// How long no node may be lost.
    pub soak: Duration,
}

impl Canary<'_> {
    /// Watches the nodes that were Ready; an error names those that no longer are, and says so in words.
    ///
    /// A node that can't log in any more stops to renew its lease; the control plane notices after some 40 seconds.
    /// Source: Kubernetes documentation, "Nodes", node-monitor-grace-period.
    pub(super) async fn watch(
        &self,
        before: &BTreeSet<String>,
        stop: &Stop,
    ) -> Result<(), (Vec<String>, String)> {
        let until = Instant::now() + self.soak;
        let mut blind = 0;
        loop {
            match self.nodes.ready().await {
                Ok(ready) => {
                    blind = 0;
                    let lost: Vec<String> = before.difference(&ready).cloned().collect();
                    if !lost.is_empty() {
                        let shown = lost[..lost.len().min(5)].join(", ");
                        let (count, all) = (lost.len(), before.len());
                        let words = format!("{count} of {all} nodes are no longer Ready ({shown})");
                        return Err((lost, words));
                    }
                }
                Err(reason) if blind + 1 >= BLIND => {
                    let words = format!("the nodes can no longer be watched: {reason}");
                    return Err((Vec::new(), words));
                }
                Err(_) => blind += 1,
            }
            let now = Instant::now();
            if now >= until || stop.is_requested() {
                return Ok(());
            }
            stop.sleep(LOOK.min(until - now)).await;
        }
    }
}

impl<A: EksApi, P: Progress> Engine<'_, A, P> {
    /// One node role goes first; the others follow when no node was lost by it.
    pub(super) async fn canary(
        &self,
        canary: &Canary<'_>,
        first: ActionChain<'_>,
    ) -> Result<(Vec<(usize, ActionResult)>, Option<WatchedNodes>), WriterError> {
        let action = first.first().map(|(_, action)| *action);
        let arn = action
            .and_then(|action| action.kind.principal_arn())
            .map(ToString::to_string)
            .unwrap_or_default();
        let ready = match canary.nodes.ready().await {
            Ok(ready) => ready,
            Err(reason) => {
                self.halt(&format!("the nodes can't be watched: {reason}"));
                BTreeSet::new()
            }
        };
        let mut watched = None;
        let results = self.chain(first).await?;
        let is_done = results.iter().all(|(_, result)| {
            !matches!(result.status, ActionStatus::Failed | ActionStatus::Skipped)
        });
        if self.halted().is_none() && is_done {
            if let Some(action) = action {
                self.note(
                    action,
                    format!("watching {} nodes after {arn} got its entry", ready.len()),
                );
            }
            let began = Instant::now();
            let ended = canary.watch(&ready, self.run.stop).await;
            let lost = ended.as_ref().err().map(|(lost, _)| lost.clone());
            watched = Some(WatchedNodes {
                ready_before: ready.len(),
                ready_after: None,
                watched_seconds: began.elapsed().as_secs(),
                lost: lost.unwrap_or_default(),
                gone: Vec::new(),
            });
            if let Err((_, lost)) = ended {
                self.halt(&format!(
                    "{lost} after `{arn}` got its access entry; to undo it: {}",
                    delete_entry_command(self.run.log.cluster(), &arn)
                ));
            }
        } else if !is_done {
            self.halt("the first node role did not get its access entry");
        }
        Ok((results, watched))
    }
}
