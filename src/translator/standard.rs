//! Stage 3: people, CI and everything else that is no node.

use super::case::{Case, Ruling};
use super::{Decision, groups, node, username};
use crate::model::access_policy::CLUSTER_ADMIN;
use crate::model::{AccessEntry, Arn, EntryType, PolicyAssociation, Principal};

/// Makes a `STANDARD` entry from whatever of the mapping EKS takes; the rules for groups and username are combined.
///
/// Custom groups stay groups: an access policy for them would be a guess at what their bindings give.
/// Source: EKS User Guide, "Create access entries" and "Review access policy permissions".
pub(super) fn translate(case: &Case<'_>, principal: &Principal, principal_arn: Arn) -> Ruling {
    let groups = groups::translate(case, &principal.account);
    let username = username::translate(case, &principal.account, groups.is_admin);
    let partition = &case.observed.cluster.partition;
    let entry = AccessEntry {
        principal_arn,
        entry_type: EntryType::Standard,
        username: username.kept,
        kubernetes_groups: groups.kept,
        tags: case.choices.tags.clone(),
        access_policies: groups
            .is_admin
            .then(|| PolicyAssociation::cluster_wide(partition, CLUSTER_ADMIN))
            .into_iter()
            .collect(),
    };
    let mut findings: Vec<_> = node::unusual(case.mapping).into_iter().collect();
    findings.extend(groups.findings);
    findings.extend(username.findings);
    Ruling {
        decision: if groups.blocks || username.blocks {
            Decision::Blocked(Some(entry))
        } else {
            Decision::Entry(entry)
        },
        findings,
    }
}
