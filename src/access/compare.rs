//! Compares who has which access before and after.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::bindings;
use super::identity::{AUTHENTICATED, MASTERS};
use super::rbac::{Binding, Rbac};
use super::template::Placeholder;
use crate::model::EntryType;
use crate::model::access_policy::{AUTO_NODE, CLUSTER_ADMIN};
use crate::plan::document::{AccessChange, Identity, Verdict};

/// The group whose rights the Node authorizer gives, whatever RBAC says.
///
/// Source: Kubernetes, "Using Node Authorization".
const NODES: &str = "system:nodes";
/// The group that lets a kubelet ask for certificates; EKS does not show it on entries for nodes, which need none.
///
/// Source: AWS CLI Reference, `create-access-entry`, example of `EC2_LINUX`.
const BOOTSTRAPPERS: &str = "system:bootstrappers";

/// Compares two identities of one principal; `None` is no access at all.
///
/// `entry_type` is the type of the entry that gives `after`. What counts as the same:
///
/// - `system:authenticated`, which everybody has, counts nowhere;
/// - `system:masters` and `AmazonEKSClusterAdminPolicy` on the whole cluster give the same;
/// - an entry of a node type gives what a mapping of its shape gave;
/// - with RBAC at hand a group counts only where a binding uses it: rights come from the roles that are bound, so
///   nobody loses anything with a group that is bound to nothing, or whose roles come by another binding. The rights of `system:nodes` come from the API server itself,
///   so this group always counts;
/// - without RBAC at hand the verdict on another username alone is unknown.
///
/// Who may do everything after can't have lost anything to a binding, and who could do everything before can't gain.
#[must_use]
pub fn compare(
    before: Option<&Identity>,
    after: Option<&Identity>,
    entry_type: Option<&EntryType>,
    rbac: Option<&Rbac>,
) -> AccessChange {
    compare_with(before, after, entry_type, rbac, &[])
}

/// Compares two identities as [`compare`] does, with bindings `planned` that will be there after but are not yet.
#[must_use]
pub fn compare_with(
    before: Option<&Identity>,
    after: Option<&Identity>,
    entry_type: Option<&EntryType>,
    rbac: Option<&Rbac>,
    planned: &[Binding],
) -> AccessChange {
    let is_node = entry_type.is_some_and(EntryType::is_node);
    let changes = rbac.map(|rbac| {
        let [before, after] = [before, after].map(|identity| match identity {
            Some(identity) if is_node => Some(Cow::Owned(without_bootstrappers(identity))),
            other => other.map(Cow::Borrowed),
        });
        bindings::changes(before.as_deref(), after.as_deref(), rbac, planned)
    });
    let verdict = match (before, after) {
        (None, None) => Some(Verdict::Same),
        (None, Some(_)) => Some(Verdict::Gained),
        (Some(_), None) => Some(Verdict::Lost),
        (Some(before), Some(after)) => {
            let effects = changes.as_ref().map(|changes| Effects {
                stops: changes.loses,
                starts: changes.gains,
            });
            verdict(
                &Rights::of(before, entry_type),
                &Rights::of(after, entry_type),
                effects,
            )
        }
    };
    AccessChange {
        before: before.cloned(),
        after: after.cloned(),
        verdict,
        bindings: changes.map(|changes| changes.bindings),
    }
}

fn without_bootstrappers(identity: &Identity) -> Identity {
    let mut identity = identity.clone();
    identity.groups.retain(|group| group != BOOTSTRAPPERS);
    identity
}

/// Whether roles are lost or gained with the bindings that stop or start to match.
#[derive(Debug, Clone, Copy)]
struct Effects {
    stops: bool,
    starts: bool,
}

/// An identity by what it gives.
#[derive(Debug)]
struct Rights<'a> {
    username: Cow<'a, str>,
    groups: BTreeSet<&'a str>,
    policies: BTreeSet<&'a str>,
    is_admin: bool,
}

impl<'a> Rights<'a> {
    fn of(identity: &'a Identity, entry_type: Option<&EntryType>) -> Self {
        let is_node = entry_type.is_some_and(EntryType::is_node);
        let ignored = |group: &str| {
            matches!(group, "" | MASTERS | AUTHENTICATED) || (is_node && group == BOOTSTRAPPERS)
        };
        // A policy beside the type is how EKS gives Auto Mode nodes what nodes have.
        let implied = |policy: &str| policy == CLUSTER_ADMIN || (is_node && policy == AUTO_NODE);
        Self {
            username: username(&identity.username, entry_type),
            groups: identity
                .groups
                .iter()
                .map(String::as_str)
                .filter(|group| !ignored(group))
                .collect(),
            policies: identity
                .policies
                .iter()
                .map(String::as_str)
                .filter(|policy| !implied(policy))
                .collect(),
            is_admin: identity.groups.iter().any(|group| group == MASTERS)
                || identity
                    .policies
                    .iter()
                    .any(|policy| policy == CLUSTER_ADMIN),
        }
    }

    /// Whether both are nodes of different names: the Node authorizer gives a node what belongs to its name.
    ///
    /// Source: Kubernetes, "Using Node Authorization".
    fn is_other_node(&self, other: &Self) -> bool {
        let are_nodes = self.groups.contains(NODES) && other.groups.contains(NODES);
        are_nodes && self.username != other.username
    }

    /// Whether this has something that the other has not, by name or, where they are known, by bindings.
    ///
    /// Both being administrators, a group still counts by its name while no bindings are known: others than RBAC,
    /// such as admission webhooks, see it too.
    fn exceeds(&self, other: &Self, by_bindings: Option<bool>) -> bool {
        if self.is_admin != other.is_admin {
            return self.is_admin;
        }
        let by_groups = match by_bindings {
            Some(_) if self.is_admin => false,
            Some(by_bindings) => {
                by_bindings || self.groups.contains(NODES) && !other.groups.contains(NODES)
            }
            None => !self.groups.is_subset(&other.groups),
        };
        by_groups || !self.is_admin && !self.policies.is_subset(&other.policies)
    }
}

/// The username as far as it makes a difference.
///
/// Session names of nodes have no `@`, so both placeholders for them render alike. What EKS names nodes of the types
/// `EC2` and `HYPERPOD_LINUX` is not documented, so any node's name is taken to be theirs.
fn username<'a>(written: &'a str, entry_type: Option<&EntryType>) -> Cow<'a, str> {
    const PREFIX: &str = "system:node:";
    if !written.starts_with(PREFIX) {
        return written.into();
    }
    if matches!(entry_type, Some(EntryType::Ec2 | EntryType::HyperpodLinux)) {
        return PREFIX.into();
    }
    let [session, raw] = [Placeholder::SessionName, Placeholder::SessionNameRaw];
    written.replace(raw.text(), session.text()).into()
}

/// Another username is no more than that only where no binding depends on it, which nobody knows without bindings; who may
/// do everything before and after depends on none.
fn verdict(before: &Rights<'_>, after: &Rights<'_>, effects: Option<Effects>) -> Option<Verdict> {
    let lost = before.exceeds(after, effects.map(|effects| effects.stops));
    let gained = after.exceeds(before, effects.map(|effects| effects.starts));
    let are_admins = before.is_admin && after.is_admin;
    Some(match (lost, gained) {
        (true, true) => Verdict::Changed,
        (true, false) => Verdict::Lost,
        (false, true) => Verdict::Gained,
        (false, false) if before.is_other_node(after) => Verdict::Changed,
        (false, false) if before.username == after.username => Verdict::Same,
        (false, false) if effects.is_some() || are_admins => Verdict::Renamed,
        (false, false) => return None,
    })
}

#[cfg(test)]
mod tests;
