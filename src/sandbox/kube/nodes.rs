//! Nodes lose their contact when nothing admits their role any more.
//!
//! Source: EKS User Guide, "Delete a managed node group from your cluster" and "Troubleshoot problems with Amazon EKS
//! clusters and nodes". The real control plane needs some 40 seconds for it; here it is at once.

use serde_json::Value;

use crate::model::Principal;
use crate::sandbox::state::World;

use super::objects::NODES;

/// The annotation with a seeded node's role.
pub(in crate::sandbox) const ROLE: &str = "sandbox/role-arn";
/// The annotation that says whether a seeded node is ready while it is admitted.
pub(in crate::sandbox) const READY: &str = "sandbox/ready";

/// Brings the `Ready` condition of all nodes that have a role up to date.
pub(super) fn settle(world: &mut World, cluster: &str) {
    let Some(state) = world.clusters.get(cluster) else {
        return;
    };
    let mut changed = Vec::new();
    for (key, node) in state.objects.of(&NODES) {
        let note = |name: &str| node["metadata"]["annotations"][name].as_str();
        let role = note(ROLE).and_then(|arn| Principal::from_arn(&arn.parse().ok()?));
        let Some(role) = role else {
            continue;
        };
        let admitted = world
            .admits(cluster, &role, "i-0123456789abcdef0")
            .is_some();
        let (status, reason) = match (admitted, note(READY) == Some("true")) {
            (false, _) => ("Unknown", "NodeStatusUnknown"),
            (true, true) => ("True", "KubeletReady"),
            (true, false) => ("False", "KubeletNotReady"),
        };
        let mut next: Value = node.clone();
        let condition = next.pointer_mut("/status/conditions/0");
        if let Some(condition) = condition.and_then(Value::as_object_mut) {
            condition.insert("status".to_owned(), status.into());
            condition.insert("reason".to_owned(), reason.into());
        }
        if next != *node {
            changed.push((key.clone(), next));
        }
    }
    let time = world.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    if let Some(state) = world.clusters.get_mut(cluster) {
        for (key, node) in changed {
            state.objects.put(&NODES, key, node, &time);
        }
    }
}
