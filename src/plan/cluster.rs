//! What there is to say about the cluster as a whole: its mode, its platform, its quota.

use super::document::{Action, ActionKind, PlannedMapping};
use crate::finding::{Code, Finding};
use crate::model::{AccessEntry, AuthenticationMode, PolicyAssociation, Principal};
use crate::observed::Observed;

/// How many access entries a cluster can have.
///
/// Source: AWS General Reference, "Amazon EKS endpoints and quotas".
pub const ENTRY_QUOTA: usize = 3000;

/// Whether the plan takes the cluster-admin away that the caller has today.
///
/// A principal with an access entry is judged by the entry alone, whatever `aws-auth` says of it.
/// Source: EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries".
pub(super) fn caller_loses_admin(
    observed: &Observed,
    mappings: &[PlannedMapping],
    actions: &[Action],
) -> Option<Finding> {
    let caller = observed.caller.as_ref()?.key();
    let is_caller = |arn: &crate::model::Arn| {
        Principal::from_arn(arn).is_some_and(|principal| principal.key() == caller)
    };
    let is_admin = |entry: &AccessEntry| {
        entry
            .access_policies
            .iter()
            .any(PolicyAssociation::is_cluster_admin)
    };
    let live = observed.entry(&caller).map(|live| live.entry.clone());
    let mapped = mappings.iter().any(|mapping| {
        let before = mapping.access.before.iter();
        mapping.arn.parse().is_ok_and(|arn| is_caller(&arn))
            && before
                .flat_map(|identity| &identity.groups)
                .any(|group| group == "system:masters")
    });
    let today = live.as_ref().map_or(mapped, is_admin);
    let mut touched = false;
    let after = actions.iter().fold(live, |entry, action| {
        if action.kind.principal_arn().is_some_and(is_caller) {
            touched = true;
            action.kind.applied_to(entry)
        } else {
            entry
        }
    });
    let lost = today && touched && !after.as_ref().is_some_and(is_admin);
    lost.then(|| {
        Finding::new(
            Code::CallerLosesAdmin,
            "the caller is cluster administrator today, and the plan takes that away",
            "map the caller to system:masters, leave it out with --exclude, or go on all the same with \
             `apply --allow-self-lockout`",
        )
    })
}

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
            "this is a local cluster on AWS Outposts, which does not support access entries",
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
            format!("the cluster is {status}; EKS accepts no update until it is ACTIVE"),
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
            "delete those that nobody needs, or leave some out with --only and --exclude",
        ));
    }
    findings
}
