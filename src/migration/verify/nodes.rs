//! Roles of nodes that EKS manages: the comparison of the mappings alone does not show that they would be locked out.

use std::collections::BTreeSet;

use super::{Objection, canonical};
use crate::access::before::{Authenticator, AuthenticatorAnswer};
use crate::finding::Code;
use crate::model::Principal;
use crate::observed::{NodeRoleUser, Observed};
use crate::plan::Plan;
use crate::reader::Reading;

/// The principals whose mapping stays or is given up, as decided.
fn decided(plan: &Plan) -> impl Iterator<Item = &str> {
    let mappings = plan.mappings.iter();
    mappings
        .filter(|mapping| mapping.is_left() || mapping.is_dropped())
        .map(|mapping| mapping.arn.as_str())
}

/// Roles of managed nodes that only `aws-auth` lets in, in whatever way.
pub(super) fn of_node_roles(
    known: &[Objection],
    plan: &Plan,
    reading: &Reading,
    observed: &Observed,
) -> Vec<Objection> {
    let authenticator = Authenticator::new(reading);
    let spoken_of: BTreeSet<String> = known
        .iter()
        .filter_map(|objection| objection.arn.as_deref())
        .chain(decided(plan))
        .map(str::to_lowercase)
        .collect();
    let mut seen = BTreeSet::new();
    let mut objections = Vec::new();
    for role in observed.node_roles.iter().flatten() {
        let Some(principal) = Principal::from_arn(&role.role_arn) else {
            continue;
        };
        let canonical = canonical(&principal);
        let has_entry = observed
            .entry(&principal.key())
            .is_some_and(|live| live.entry.entry_type.is_node());
        if has_entry
            || spoken_of.contains(&canonical.to_lowercase())
            || authenticator.answer(&canonical) == AuthenticatorAnswer::Refused
            || !seen.insert(principal.key())
        {
            continue;
        }
        let user = match &role.user {
            NodeRoleUser::NodeGroup { name, .. } => format!("the managed node group `{name}`"),
            NodeRoleUser::FargateProfile { name } => format!("the Fargate profile `{name}`"),
            NodeRoleUser::AutoMode => "EKS Auto Mode".to_owned(),
        };
        objections.push(Objection {
            mapping: None,
            arn: Some(role.role_arn.to_string()),
            code: Some(Code::ManagedEntryMissing),
            settled_by_apply: false,
            message: format!(
                "{user} would lose its nodes: its role has no access entry with a node type"
            ),
            fix: "create an access entry with the node type for the role".to_owned(),
        });
    }
    objections
}
