//! Compares an access entry as it should be with one as it is.

use std::collections::BTreeSet;

use crate::access::after::default_username;
use crate::model::{AccessEntry, EntryType, Principal};

/// What differs in type, username and groups, in words; nothing where they are the same.
///
/// EKS sets username and groups of node types itself, so these are not compared there. A username that was left to EKS
/// is compared with the one that EKS sets.
#[must_use]
pub fn identity_differences(wanted: &AccessEntry, live: &AccessEntry) -> Vec<String> {
    if wanted.entry_type != live.entry_type {
        return vec![format!(
            "its type is {}, not {}",
            live.entry_type, wanted.entry_type
        )];
    }
    if wanted.entry_type != EntryType::Standard {
        return Vec::new();
    }
    let mut differences = Vec::new();
    let name = |entry: &AccessEntry| {
        entry
            .username
            .clone()
            .filter(|name| !name.is_empty())
            .or_else(|| {
                Principal::from_arn(&entry.principal_arn)
                    .map(|principal| default_username(&principal))
            })
            .unwrap_or_default()
    };
    let (wanted_name, live_name) = (name(wanted), name(live));
    if wanted_name != live_name {
        differences.push(format!(
            "its username is `{live_name}`, not `{wanted_name}`"
        ));
    }
    let groups = |entry: &AccessEntry| {
        entry
            .kubernetes_groups
            .iter()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    list_differences(&groups(wanted), &groups(live), "group", &mut differences);
    differences
}

/// What differs altogether, policies included.
#[must_use]
pub fn differences(wanted: &AccessEntry, live: &AccessEntry) -> Vec<String> {
    let mut differences = identity_differences(wanted, live);
    if wanted.entry_type != live.entry_type {
        return differences;
    }
    let policies = |entry: &AccessEntry| {
        entry
            .access_policies
            .iter()
            .map(|policy| {
                let mut namespaces = policy.access_scope.namespaces.clone();
                namespaces.sort();
                let scope = crate::model::AccessScope {
                    namespaces,
                    ..policy.access_scope.clone()
                };
                format!("{} ({scope})", policy.name())
            })
            .collect::<BTreeSet<_>>()
    };
    list_differences(
        &policies(wanted),
        &policies(live),
        "policy",
        &mut differences,
    );
    differences
}

fn list_differences(
    wanted: &BTreeSet<String>,
    live: &BTreeSet<String>,
    what: &str,
    differences: &mut Vec<String>,
) {
    differences.extend(
        wanted
            .difference(live)
            .map(|name| format!("it lacks the {what} `{name}`")),
    );
    differences.extend(
        live.difference(wanted)
            .map(|name| format!("it has the {what} `{name}` beside")),
    );
}

/// Whether what is there is a beginning of what is wanted: the same identity, and policies still to come.
#[must_use]
pub fn is_beginning_of(live: &AccessEntry, wanted: &AccessEntry) -> bool {
    identity_differences(wanted, live).is_empty()
        && live
            .access_policies
            .iter()
            .all(|policy| wanted.access_policies.contains(policy))
}

/// Whether two entries say the same, or there is none in either case.
#[must_use]
pub fn same(a: Option<&AccessEntry>, b: Option<&AccessEntry>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => shown_as(a, b) || shown_as(b, a),
        _ => false,
    }
}

/// Whether EKS shows what was asked for, its own username filled in where none was.
fn shown_as(asked: &AccessEntry, shown: &AccessEntry) -> bool {
    differences(asked, shown).is_empty()
}
