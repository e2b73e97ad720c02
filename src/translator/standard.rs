//! Stage 3: people, CI and everything else that is no node.

use super::case::{Case, Ruling};
use super::{Proposal, groups, node, username};
use crate::model::{AccessEntry, Arn, EntryType, PolicyAssociation, Principal};

/// Proposes a `STANDARD` entry with whatever of the mapping EKS takes; the rules for groups and username are combined.
///
/// Custom groups stay groups, unless a policy was chosen for one that is proven to give exactly the same.
/// Source: EKS User Guide, "Create access entries" and "Review access policy permissions".
pub(super) fn translate(case: &Case<'_>, principal: &Principal, principal_arn: Arn) -> Ruling {
    let groups = groups::translate(case, principal);
    let username = username::translate(case, principal);
    let partition = &case.observed.cluster.partition;
    let entry = AccessEntry {
        principal_arn,
        entry_type: EntryType::Standard,
        username: username.kept,
        kubernetes_groups: groups.kept,
        tags: case.choices.tags.clone(),
        access_policies: groups
            .policies
            .iter()
            .map(|policy| PolicyAssociation::cluster_wide(partition, policy))
            .collect(),
    };
    let mut findings: Vec<_> = node::unusual(case.mapping).into_iter().collect();
    findings.extend(groups.findings);
    findings.extend(username.findings);
    Ruling {
        proposal: Proposal::Entry(entry),
        drops_groups: groups.drops,
        findings,
    }
}
