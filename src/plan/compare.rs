//! Compares an access entry as it should be with one as it is.

use std::collections::BTreeSet;
use std::fmt;

use crate::access::after::default_username;
use crate::model::{AccessEntry, EntryType, Principal};

/// One thing in which a live entry is not what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It is for something else.
    Type {
        /// The type that it has.
        live: EntryType,
        /// The type that it should have.
        wanted: EntryType,
    },
    /// It gives another name.
    Username {
        /// The name that it gives.
        live: String,
        /// The name that it should give.
        wanted: String,
    },
    /// It lacks a group or policy.
    Lacks(Given),
    /// It has a group or policy that is not wanted.
    Has(Given),
}

/// What an entry gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Given {
    /// A Kubernetes group.
    Group(String),
    /// An access policy, with where it holds.
    Policy(String),
}

impl Difference {
    /// Whether all that is wanted is there, and this comes on top.
    #[must_use]
    pub fn is_more(&self) -> bool {
        matches!(self, Self::Has(_))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { live, wanted } => write!(f, "its type is {live}, not {wanted}"),
            Self::Username { live, wanted } => {
                write!(f, "its username is `{live}`, not `{wanted}`")
            }
            Self::Lacks(given) => write!(f, "it lacks {given}"),
            Self::Has(given) => write!(f, "it also has {given}"),
        }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(name) => write!(f, "the group `{name}`"),
            Self::Policy(name) => write!(f, "the policy `{name}`"),
        }
    }
}

/// Differences in words, one after the other.
#[must_use]
pub fn in_words(differences: &[Difference]) -> String {
    let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// What differs in type, username and groups; nothing where they are the same.
///
/// EKS sets username and groups of node types itself, so these are not compared there. A username that was left to EKS
/// is compared with the one that EKS sets.
#[must_use]
pub fn identity_differences(wanted: &AccessEntry, live: &AccessEntry) -> Vec<Difference> {
    if wanted.entry_type != live.entry_type {
        return vec![Difference::Type {
            live: live.entry_type.clone(),
            wanted: wanted.entry_type.clone(),
        }];
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
        differences.push(Difference::Username {
            live: live_name,
            wanted: wanted_name,
        });
    }
    let groups = |entry: &AccessEntry| {
        entry
            .kubernetes_groups
            .iter()
            .cloned()
            .map(Given::Group)
            .collect::<BTreeSet<_>>()
    };
    differences.extend(given_differences(&groups(wanted), &groups(live)));
    differences
}

/// What differs altogether, policies included.
#[must_use]
pub fn differences(wanted: &AccessEntry, live: &AccessEntry) -> Vec<Difference> {
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
                Given::Policy(format!("{} ({scope})", policy.name()))
            })
            .collect::<BTreeSet<_>>()
    };
    differences.extend(given_differences(&policies(wanted), &policies(live)));
    differences
}

fn given_differences(wanted: &BTreeSet<Given>, live: &BTreeSet<Given>) -> Vec<Difference> {
    let lacks = wanted.difference(live).cloned().map(Difference::Lacks);
    let has = live.difference(wanted).cloned().map(Difference::Has);
    lacks.chain(has).collect()
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
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_a_difference_is_only_a_name() {
        let entry = |groups: &[&str]| AccessEntry {
            principal_arn: "arn:aws:iam::111122223333:role/ops".parse().unwrap(),
            entry_type: EntryType::Standard,
            username: Some("ops".to_owned()),
            kubernetes_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            tags: std::collections::BTreeMap::new(),
            access_policies: Vec::new(),
        };
        let odd = "it also has the group `x`";
        let lacks = identity_differences(&entry(&[odd, "devs"]), &entry(&["devs"]));
        assert_eq!(lacks, [Difference::Lacks(Given::Group(odd.to_owned()))]);
        assert!(!lacks.iter().any(Difference::is_more));
        let more = identity_differences(&entry(&["devs"]), &entry(&["devs", "ops"]));
        assert!(more.iter().all(Difference::is_more));
        assert_eq!(in_words(&more), "it also has the group `ops`");
    }
}
