//! One node role first: the nodes are watched before the others follow.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::stop::Stop;

/// How often the nodes are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How many looks in a row may fail before the nodes count as out of sight.
const BLIND: u32 = 5;

/// Tells which nodes are Ready.
pub trait Nodes: Sync {
    /// The names of the nodes that are Ready, or why they can't be read.
    fn ready(&self) -> BoxFuture<'_, Result<BTreeSet<String>, String>>;
}

/// What is watched, and for how long.
pub struct Canary<'a> {
    /// The nodes.
    pub nodes: &'a dyn Nodes,
    /// How long no node may be lost.
    pub soak: Duration,
}

impl Canary<'_> {
    /// Watches the nodes that were Ready; an error names those that are so no more.
    ///
    /// A node that can't log in any more stops to renew its lease; the control plane notices after some 40 seconds.
    /// Source: Kubernetes documentation, "Nodes", node-monitor-grace-period.
    pub(super) async fn watch(&self, before: &BTreeSet<String>, stop: &Stop) -> Result<(), String> {
        let until = Instant::now() + self.soak;
        let mut blind = 0;
        loop {
            match self.nodes.ready().await {
                Ok(ready) => {
                    blind = 0;
                    let lost: Vec<&str> = before.difference(&ready).map(String::as_str).collect();
                    if !lost.is_empty() {
                        let shown = lost.iter().take(5).copied().collect::<Vec<_>>().join(", ");
                        return Err(format!(
                            "{} of {} nodes are no longer Ready ({shown})",
                            lost.len(),
                            before.len()
                        ));
                    }
                }
                Err(reason) if blind + 1 >= BLIND => {
                    return Err(format!("the nodes can't be watched any more: {reason}"));
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
