//! The nodes, by name: whether those that were Ready before stay Ready.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use k8s_openapi::api::core::v1::Node;

use super::{Kubernetes, KubernetesError, Request};

/// The names of the nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeNames {
    /// Those whose `Ready` condition is true.
    pub ready: BTreeSet<String>,
    /// All others.
    pub not_ready: BTreeSet<String>,
}

/// Whatever can say which nodes are Ready.
pub trait ReadyNodes: Sync {
    /// The names of the nodes that are Ready, or why they can't be read.
    fn ready(&self) -> BoxFuture<'_, Result<BTreeSet<String>, String>>;
}

impl Kubernetes {
    /// Reads the names of the nodes, by whether their `Ready` condition is true.
    pub async fn nodes(&self) -> Result<NodeNames, KubernetesError> {
        let mut names = NodeNames::default();
        let nodes = self.all(Request::List("Nodes"), |node: Node| {
            (is_ready(&node), node.metadata.name)
        });
        for (is_ready, name) in nodes.await? {
            let side = if is_ready {
                &mut names.ready
            } else {
                &mut names.not_ready
            };
            side.extend(name);
        }
        Ok(names)
    }
}

impl ReadyNodes for Kubernetes {
    fn ready(&self) -> BoxFuture<'_, Result<BTreeSet<String>, String>> {
        Box::pin(async {
            let nodes = self.nodes().await;
            nodes
                .map(|nodes| nodes.ready)
                .map_err(|error| error.to_string())
        })
    }
}

/// Whether a node's `Ready` condition is true.
fn is_ready(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|status| &status.conditions);
    conditions
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
