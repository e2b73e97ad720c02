//! What there is to say about the cluster as a whole: its mode, its platform, its quota.

use std::collections::BTreeSet;

use super::document::{Action, ActionKind, PlannedMapping};
use crate::finding::{Code, Finding};
use crate::invocation::Advice;
use crate::model::{AccessEntry, Arn, AuthenticationMode, PolicyAssociation, Principal};
use crate::observed::Observed;
use crate::text::counted;

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
    let is_callers = |principal: Principal| principal.key() == caller;
    let is_caller = |arn: &Arn| Principal::from_arn(arn).is_some_and(is_callers);
    let is_admin = |entry: &AccessEntry| {
        entry
            .access_policies
            .iter()
            .any(PolicyAssociation::is_cluster_admin)
    };
    let live = observed.entry(&caller).map(|live| live.entry.clone());
    let mapped = mappings.iter().any(|mapping| {
        let before = mapping.access.before.iter();
        Principal::as_matched(&mapping.arn).is_some_and(is_callers)
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
            "the caller is a cluster administrator today and would not be one after the plan",
            Advice::KeepAdmin,
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
            "the cluster is in the mode CONFIG_MAP, which does not support access entries; the switch to API_AND_CONFIG_MAP can't be \
             undone",
            Advice::SwitchMode,
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
            format!("the cluster is {status}; EKS accepts no changes until it is ACTIVE"),
            "wait until `aws eks describe-cluster` shows ACTIVE",
        ));
    }
    // An entry that is re-created takes no more room than before.
    let remade: BTreeSet<&Arn> = actions
        .iter()
        .filter(|action| matches!(action.kind, ActionKind::DeleteAccessEntry { .. }))
        .filter_map(|action| action.kind.principal_arn())
        .collect();
    let creates = actions
        .iter()
        .filter(|action| matches!(action.kind, ActionKind::CreateAccessEntry { .. }))
        .filter_map(|action| action.kind.principal_arn())
        .filter(|principal| !remade.contains(principal))
        .count();
    let live = observed.entries.as_ref().map_or(0, Vec::len);
    if live + creates > ENTRY_QUOTA {
        findings.push(Finding::new(
            Code::QuotaExceeded,
            format!(
                "the cluster needs {} access entries; the limit is {}",
                counted(live + creates),
                counted(ENTRY_QUOTA)
            ),
            Advice::PlanFewer,
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{EntryType, LiveEntry};

    const ADMIN: &str = "arn:aws:iam::111122223333:role/Admin";

    fn observed(entries: Vec<LiveEntry>) -> Observed {
        let cluster = json!({"partition": "aws", "authenticationMode": "API_AND_CONFIG_MAP"});
        Observed {
            cluster: serde_json::from_value(cluster).unwrap(),
            entries: Some(entries),
            node_roles: None,
            principals: std::collections::BTreeMap::new(),
            rbac: None,
            caller: Principal::as_matched(ADMIN),
        }
    }

    fn action(kind: &str) -> Action {
        let action = json!({
            "id": "a1", "kind": kind, "principalArn": ADMIN, "type": "STANDARD", "username": null,
            "kubernetesGroups": [], "tags": {}, "stage": "others", "why": "",
        });
        serde_json::from_value(action).unwrap()
    }

    #[test]
    fn the_callers_mapping_counts_in_whatever_case_its_arn_is_written() {
        let mapping = json!({
            "id": "mapRoles[0]", "line": 1, "arn": "ARN:AWS:IAM::111122223333:role/Admin", "username": "a",
            "groups": ["system:masters"], "outcome": "create", "findings": [], "entry": null,
            "access": {"before": {"username": "a", "groups": ["system:masters"]}, "after": null, "verdict": null},
        });
        let mapping: PlannedMapping = serde_json::from_value(mapping).unwrap();
        let lost = caller_loses_admin(
            &observed(Vec::new()),
            &[mapping],
            &[action("createAccessEntry")],
        );
        assert_eq!(
            lost.map(|finding| finding.code),
            Some(Code::CallerLosesAdmin)
        );
    }

    #[test]
    fn a_recreated_entry_does_not_count_twice() {
        let live = |index: usize| LiveEntry {
            entry: AccessEntry {
                principal_arn: format!("{ADMIN}-{index}").parse().unwrap(),
                entry_type: EntryType::Standard,
                username: None,
                kubernetes_groups: Vec::new(),
                tags: std::collections::BTreeMap::new(),
                access_policies: Vec::new(),
            },
            access_entry_arn: None,
            created_at: None,
            modified_at: None,
        };
        let full = observed((0..ENTRY_QUOTA).map(live).collect());
        let create = action("createAccessEntry");
        let codes = |actions: &[Action]| -> Vec<Code> {
            let findings = findings(&full, actions).into_iter();
            findings.map(|finding| finding.code).collect()
        };
        assert_eq!(codes(std::slice::from_ref(&create)), [Code::QuotaExceeded]);
        assert_eq!(codes(&[action("deleteAccessEntry"), create]), []);
    }
}
