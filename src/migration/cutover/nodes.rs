//! The nodes before and after the removal: those that lose their access stop being Ready.
//!
//! Source: EKS User Guide, "Delete a managed node group from your cluster".

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::kubernetes::Kubernetes;
use crate::stop::Stop;

const POLL: Duration = Duration::from_secs(5);

/// How many nodes were Ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Nodes {
    /// Before the removal.
    pub ready_before: usize,
    /// The fewest that were Ready since.
    pub ready_after: usize,
    /// All nodes at the last look.
    pub total: usize,
}

impl Nodes {
    /// Whether fewer nodes are Ready than before.
    #[must_use]
    pub fn dropped(&self) -> bool {
        self.ready_after < self.ready_before
    }
}

/// Watches the nodes for a while; ends early at a drop or a request to stop. `None` where they can't be listed.
pub(super) async fn watch(
    kubernetes: &Kubernetes,
    before: (usize, usize),
    soak: Duration,
    stop: &Stop,
) -> Option<Nodes> {
    let until = Instant::now() + soak;
    let mut nodes = None;
    loop {
        if let Ok((ready, total)) = kubernetes.ready_nodes().await {
            let seen = Nodes {
                ready_before: before.0,
                ready_after: ready,
                total,
            };
            nodes = Some(seen);
            if seen.dropped() {
                return nodes;
            }
        }
        let next = until.min(Instant::now() + POLL);
        if Instant::now() >= until {
            return nodes;
        }
        while Instant::now() < next {
            if stop.is_requested() {
                return nodes;
            }
            tokio::time::sleep(Duration::from_millis(100).min(next - Instant::now())).await;
        }
    }
}
