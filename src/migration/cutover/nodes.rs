//! The nodes before and after the removal: those that lose their access stop being Ready.
//!
//! Source: EKS User Guide, "Delete a managed node group from your cluster".

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::journal::WatchedNodes;
use crate::kubernetes::{Kubernetes, KubernetesError};
use crate::stop::Stop;

/// How long the nodes are watched where nobody says and a node role's mapping goes.
///
/// A kubelet that is refused is noticed when its lease runs out, 50 seconds after the last renewal.
/// Source: Kubernetes, kube-controller-manager, `--node-monitor-grace-period`.
pub(super) const SOAK: Duration = Duration::from_secs(90);
/// How often the nodes are looked at during a soak, and how rarely at most.
const LOOKS: u32 = 20;
const LONGEST_POLL: Duration = Duration::from_secs(5);

/// How many nodes were Ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Nodes {
    /// Before the removal.
    pub ready_before: usize,
    /// At the last look.
    pub ready_after: usize,
    /// All nodes at the last look.
    pub total: usize,
    /// Nodes that were Ready, are still there, and are no longer Ready.
    pub lost: Vec<String>,
    /// Nodes that were Ready and are there no more, such as those that an autoscaler has taken away.
    pub gone: Vec<String>,
    /// For how many seconds they were to be watched.
    pub soak_seconds: u64,
    /// For how many seconds they were watched: a loss or a stop ends it.
    pub watched_seconds: u64,
}

impl Nodes {
    /// The same for the journal.
    pub(super) fn watched(&self) -> WatchedNodes {
        WatchedNodes {
            ready_before: self.ready_before,
            ready_after: Some(self.ready_after),
            watched_seconds: self.watched_seconds,
            lost: self.lost.clone(),
            gone: self.gone.clone(),
        }
    }

    /// Whether fewer nodes are Ready than before, or others.
    #[must_use]
    pub fn dropped(&self) -> bool {
        self.ready_after < self.ready_before || !self.lost.is_empty()
    }
}

/// Watches the nodes for a while; ends early at a drop or a request to stop. `None` where they can't be listed.
///
/// `renew` gives another client when the token of the one at hand has expired.
pub(super) async fn watch<R: Future<Output = Option<Kubernetes>>>(
    mut kubernetes: Kubernetes,
    renew: impl Fn() -> R,
    before: &BTreeSet<String>,
    soak: Duration,
    stop: &Stop,
) -> Option<Nodes> {
    let began = Instant::now();
    let until = began + soak;
    let mut nodes = None;
    loop {
        match kubernetes.nodes().await {
            Ok(now) => {
                let is_gone =
                    |name: &&String| !now.ready.contains(*name) && !now.not_ready.contains(*name);
                let seen = Nodes {
                    gone: before.iter().filter(is_gone).cloned().collect(),
                    ready_before: before.len(),
                    ready_after: now.ready.len(),
                    total: now.ready.len() + now.not_ready.len(),
                    lost: before.intersection(&now.not_ready).cloned().collect(),
                    soak_seconds: soak.as_secs(),
                    watched_seconds: began.elapsed().as_secs(),
                };
                let has_dropped = seen.dropped();
                nodes = Some(seen);
                if has_dropped {
                    return nodes;
                }
            }
            Err(KubernetesError::Unauthorized { .. }) => {
                kubernetes = renew().await.unwrap_or(kubernetes);
            }
            Err(_) => {}
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stop.is_requested() {
            return nodes;
        }
        stop.sleep(left.min(LONGEST_POLL).min(soak / LOOKS)).await;
    }
}
