//! What there is to say about the cluster as a whole: its mode, its platform, its quota.

use super::document::{Action, ActionKind};
use crate::finding::{Code, Finding};
use crate::model::AuthenticationMode;
use crate::observed::Observed;

/// How many access entries a cluster can have.
///
/// Source: AWS General Reference, "Amazon EKS endpoints and quotas".
pub const ENTRY_QUOTA: usize = 3000;

/// What there is to say about the cluster as a whole.
pub(super) fn findings(observed: &Observed, actions: &[Action]) -> Vec<Finding> {
    let cluster = &observed.cluster;
    let mut findings = Vec::new();
    if cluster.authentication_mode == Some(AuthenticationMode::ConfigMap) {
        findings.push(Finding::new(
            Code::ModeSwitchNeeded,
            "the cluster is in the mode CONFIG_MAP and has no access entries; the switch to API_AND_CONFIG_MAP can't be \
             undone",
            "`apply --enable-access-entries` switches it",
        ));
        if let Some(finding) = super::platform::too_old(cluster) {
            findings.push(finding);
        }
    }
    if cluster.outpost {
        findings.push(Finding::new(
            Code::OutpostCluster,
            "this is a local cluster on AWS Outposts, which knows no access entries",
            "",
        ));
    }
    if let Some(status) = cluster
        .status
        .as_deref()
        .filter(|status| *status != "ACTIVE")
    {
        findings.push(Finding::new(
            Code::ClusterNotActive,
            format!("the cluster is {status}; EKS takes no update before it is ACTIVE"),
            "wait until `aws eks describe-cluster` shows ACTIVE",
        ));
    }
    let creates = actions
        .iter()
        .filter(|action| matches!(action.kind, ActionKind::CreateAccessEntry { .. }))
        .count();
    let live = observed.entries.as_ref().map_or(0, Vec::len);
    if live + creates > ENTRY_QUOTA {
        findings.push(Finding::new(
            Code::QuotaExceeded,
            format!("{live} access entries and {creates} new ones are more than the {ENTRY_QUOTA} that EKS allows"),
            "take the ones away that nobody needs, or leave some out with --only and --exclude",
        ));
    }
    findings
}
