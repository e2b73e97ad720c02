//! Compares who has which access before and after: the one comparison that every command decides by.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bindings::{self, Changes};
use super::template::{Template, has_placeholder};
use crate::model::access::{MASTERS, NODES};
use crate::model::access_policy::AUTO_NODE;
use crate::model::rbac::{BindingCopy, Rbac};
use crate::model::{AccessChange, Identity, Verdict};

/// What is known of the cluster's bindings when access is compared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bindings<'a> {
    /// The bindings that are there; `None` where they could not be read.
    pub read: Option<&'a Rbac>,
    /// Copies for new names that will be there after but are not yet.
    pub planned: &'a [BindingCopy],
    /// Groups that are bound to nothing but rules equal to an access policy, with that policy's name.
    pub policies: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Bindings<'a> {
    /// Bindings as they are, with nothing planned.
    #[must_use]
    pub fn as_read(read: Option<&'a Rbac>) -> Self {
        Self {
            read,
            ..Self::default()
        }
    }
}

/// Compares the access of one principal's logins; `None` is no access at all.
///
/// The verdict holds for every login:
///
/// - letting in more sessions than before is a gain, letting in fewer a loss;
/// - `system:masters` and `AmazonEKSClusterAdminPolicy` on the whole cluster give the same;
/// - an entry of a node type gives what a mapping of its shape gave;
/// - names, of the user and of groups, change nothing where the bindings were read and give the same roles in the same
///   places before and after. Where no bindings were read, a group counts by its name, and what another username means
///   is unknown;
/// - the rights of `system:nodes` come from the API server itself, so this group always counts;
/// - `system:authenticated`, which everybody has, counts nowhere.
#[must_use]
pub fn compare(
    before: Option<&Arc<Identity>>,
    after: Option<&Arc<Identity>>,
    bindings: Bindings<'_>,
) -> AccessChange {
    let equal = before.map(|identity| with_equal_policies(identity, bindings.policies));
    let changes = bindings.read.map(|rbac| {
        let after = after.map(|identity| counted(identity));
        let before = equal.as_deref().map(counted);
        bindings::changes(before.as_ref(), after.as_ref(), rbac, bindings.planned)
    });
    let verdict = match (equal.as_deref(), after) {
        (None, None) => Some(Verdict::Same),
        (None, Some(_)) => Some(Verdict::Gained),
        (Some(_), None) => Some(Verdict::Lost),
        (Some(before), Some(after)) => verdict(before, after, changes.as_ref()),
    };
    // A group that became a policy is another name for the same rights.
    let is_replaced = matches!(equal, Some(Cow::Owned(_)));
    AccessChange {
        before: before.cloned(),
        // Nearly always it is the same, and shared.
        after: if before == after { before } else { after }.cloned(),
        verdict: match verdict {
            Some(Verdict::Same) if is_replaced => Some(Verdict::Renamed),
            verdict => verdict,
        },
        bindings: changes.map(|changes| changes.bindings),
    }
}

/// The identity with each group that equals an access policy replaced by that policy.
fn with_equal_policies<'a>(
    identity: &'a Identity,
    policies: Option<&BTreeMap<String, String>>,
) -> Cow<'a, Identity> {
    let replaced = |group: &String| policies.and_then(|policies| policies.get(group));
    if !identity
        .groups
        .iter()
        .any(|group| replaced(group).is_some())
    {
        return Cow::Borrowed(identity);
    }
    let mut equal = identity.clone();
    for group in &identity.groups {
        if let Some(policy) = replaced(group) {
            equal.groups.retain(|other| other != group);
            if !equal.policies.contains(policy) {
                equal.policies.push(policy.clone());
            }
        }
    }
    Cow::Owned(equal)
}

/// The identity with the groups that count.
fn counted(identity: &Identity) -> Identity {
    let groups = identity.counted_groups(None);
    Identity {
        groups: groups.into_iter().map(str::to_owned).collect(),
        ..identity.clone()
    }
}

/// Whether one identity has rights that the other has not, leaving out what only bindings can show.
fn exceeds(one: &Identity, other: &Identity) -> bool {
    let (admin, other_admin) = (one.is_cluster_admin(), other.is_cluster_admin());
    one.sessions > other.sessions
        || admin && !other_admin
        || one.is_node() && !other.is_node()
        || can_be_more(one, other)
        || !other_admin && !policies(one).is_subset(&policies(other))
}

/// The policies that count: one beside a node's type is how EKS gives Auto Mode nodes what nodes have.
fn policies(identity: &Identity) -> BTreeSet<&str> {
    let is_implied = |policy: &str| policy == AUTO_NODE && identity.is_node();
    let policies = identity.policies.iter().map(String::as_str);
    policies.filter(|policy| !is_implied(policy)).collect()
}

/// Groups of one identity that a session's name can make a group whose rights come from no binding, where the other one
/// has neither that group nor the same template.
///
/// `system:{{SessionName}}` is `system:masters` for whoever names a session `masters`.
fn can_be_more(one: &Identity, other: &Identity) -> bool {
    let has_all = |name: &str| match name {
        MASTERS => other.is_cluster_admin(),
        _ => other.is_cluster_admin() || other.is_node(),
    };
    let can_be = |group: &str| {
        if !has_placeholder(group) {
            return false;
        }
        let template = Template::new(group);
        !template.is_literal()
            && [MASTERS, NODES]
                .iter()
                .any(|name| template.can_render(name) && !has_all(name))
    };
    let mut groups = one.groups.iter();
    groups.any(|group| can_be(group) && !other.groups.contains(group))
}

fn verdict(before: &Identity, after: &Identity, changes: Option<&Changes>) -> Option<Verdict> {
    if before == after && changes.is_none() {
        return Some(Verdict::Same);
    }
    let (old, new) = (
        before.counted_groups(Some(after)),
        after.counted_groups(Some(before)),
    );
    let (lost_roles, gained_roles) = match changes {
        Some(changes) => (changes.loses, changes.gains),
        None => (!old.is_subset(&new), !new.is_subset(&old)),
    };
    // Whoever becomes an administrator loses nothing by a binding, and whoever was one and is no more gains nothing.
    let (was_admin, is_admin) = (before.is_cluster_admin(), after.is_cluster_admin());
    let lost = exceeds(before, after) || lost_roles && (was_admin || !is_admin);
    let gained = exceeds(after, before) || gained_roles && (is_admin || !was_admin);
    let is_other_name = before.username != after.username;
    // The Node authorizer gives a node what belongs to its name.
    let is_other_node = is_other_name && old.contains(NODES) && new.contains(NODES);
    Some(match (lost, gained) {
        _ if is_other_node => Verdict::Changed,
        (true, true) => Verdict::Changed,
        (true, false) => Verdict::Lost,
        (false, true) => Verdict::Gained,
        (false, false) if !is_other_name && old == new => Verdict::Same,
        (false, false) if changes.is_some() => Verdict::Renamed,
        (false, false) => return None,
    })
}

#[cfg(test)]
mod tests;
