//! Groups that are bound to exactly what an EKS access policy gives, so that the policy can take their place.
//!
//! Most stock roles are not equal to the policy of the same name: `edit` and `admin` hold rules that the policies lack.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::access_policy::CLUSTER_ADMIN;
use crate::model::rbac::{Rbac, RbacRule, Subject};

/// A policy that gives what its rules give on the whole cluster, and nothing else.
struct KnownPolicy {
    name: &'static str,
    rules: &'static [KnownRule],
}

/// The API groups, resources, URLs and verbs of a rule.
struct KnownRule {
    api_groups: &'static [&'static str],
    resources: &'static [&'static str],
    urls: &'static [&'static str],
    verbs: &'static [&'static str],
}

const READ: &[&str] = &["get", "list", "watch"];
const EVERYTHING: &[&str] = &["*"];

/// The policies whose rules are documented and can be distinguished from any other role.
///
/// Source: EKS User Guide, "Review access policy permissions".
const KNOWN: &[KnownPolicy] = &[
    KnownPolicy {
        name: CLUSTER_ADMIN,
        rules: &[
            KnownRule {
                api_groups: EVERYTHING,
                resources: EVERYTHING,
                urls: &[],
                verbs: EVERYTHING,
            },
            KnownRule {
                api_groups: &[],
                resources: &[],
                urls: EVERYTHING,
                verbs: EVERYTHING,
            },
        ],
    },
    KnownPolicy {
        name: "AmazonEKSAdminViewPolicy",
        rules: &[KnownRule {
            api_groups: EVERYTHING,
            resources: EVERYTHING,
            urls: &[],
            verbs: READ,
        }],
    },
    KnownPolicy {
        name: "AmazonEKSSecretReaderPolicy",
        rules: &[KnownRule {
            api_groups: &[""],
            resources: &["secrets"],
            urls: &[],
            verbs: READ,
        }],
    },
];

/// Why a group can't become a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEqual {
    /// The policy's rules are not documented well enough to compare with.
    #[error(
        "the rules of `{policy}` are not known well enough to compare a role with them; those of {} are",
        known()
    )]
    UnknownPolicy {
        /// Its name.
        policy: String,
    },
    /// No bindings or roles were read.
    #[error("the bindings and roles behind `{group}` could not be read")]
    Unread {
        /// The group.
        group: String,
    },
    /// Nothing is bound to the group.
    #[error(
        "no ClusterRoleBinding names `{group}`, so the policy would grant rights that it does not have"
    )]
    Unbound {
        /// The group.
        group: String,
    },
    /// A RoleBinding gives rights in one namespace only.
    #[error(
        "the RoleBinding `{namespace}/{name}` gives `{group}` rights in one namespace, and the policy covers the whole cluster"
    )]
    Namespaced {
        /// The group.
        group: String,
        /// The binding's namespace.
        namespace: String,
        /// The binding's name.
        name: String,
    },
    /// A role has other rules.
    #[error("the ClusterRole `{role}`, which `{group}` is bound to, is not equal to `{policy}`: {}", difference.join("; "))]
    OtherRules {
        /// The group.
        group: String,
        /// The role.
        role: String,
        /// The policy.
        policy: String,
        /// What only one of the two has.
        difference: Vec<String>,
    },
}

/// The policies that a role can be compared with.
pub fn comparable() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|policy| policy.name)
}

fn known() -> String {
    let names: Vec<_> = KNOWN.iter().map(|policy| policy.name).collect();
    names.join(", ")
}

/// Proves that a group is bound to nothing but rules equal to a policy's.
///
/// # Errors
/// [`NotEqual`] names what differs.
pub fn prove(group: &str, policy: &str, rbac: Option<&Rbac>) -> Result<(), NotEqual> {
    let wanted = KNOWN
        .iter()
        .find(|known| known.name == policy)
        .ok_or_else(|| NotEqual::UnknownPolicy {
            policy: policy.to_owned(),
        })?;
    let unread = || NotEqual::Unread {
        group: group.to_owned(),
    };
    let rbac = rbac.ok_or_else(unread)?;
    let subject = Subject::Group(group.to_owned());
    let mut is_bound = false;
    for binding in &rbac.bindings {
        if !binding.subjects.contains(&subject) {
            continue;
        }
        is_bound = true;
        if let Some(namespace) = &binding.namespace {
            return Err(NotEqual::Namespaced {
                group: group.to_owned(),
                namespace: namespace.clone(),
                name: binding.name.clone(),
            });
        }
        let rules = rbac
            .cluster_roles
            .as_ref()
            .and_then(|roles| roles.get(&binding.role_name))
            .ok_or_else(unread)?;
        let difference = difference(rules, wanted);
        if !difference.is_empty() {
            return Err(NotEqual::OtherRules {
                group: group.to_owned(),
                role: binding.role_name.clone(),
                policy: policy.to_owned(),
                difference,
            });
        }
    }
    if is_bound {
        Ok(())
    } else {
        Err(NotEqual::Unbound {
            group: group.to_owned(),
        })
    }
}

/// The groups among these choices that are proven to equal their policy, and why the others are not.
#[must_use]
pub fn proven(
    policies: &BTreeMap<String, String>,
    rbac: Option<&Rbac>,
) -> (BTreeMap<String, String>, BTreeMap<String, NotEqual>) {
    let (mut equal, mut refused) = (BTreeMap::new(), BTreeMap::new());
    for (group, policy) in policies {
        match prove(group, policy, rbac) {
            Ok(()) => drop(equal.insert(group.clone(), policy.clone())),
            Err(reason) => drop(refused.insert(group.clone(), reason)),
        }
    }
    (equal, refused)
}

fn difference(rules: &[RbacRule], wanted: &KnownPolicy) -> Vec<String> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let wanted: BTreeSet<RbacRule> = wanted
        .rules
        .iter()
        .map(|rule| RbacRule {
            api_groups: owned(rule.api_groups),
            resources: owned(rule.resources),
            resource_names: BTreeSet::new(),
            urls: owned(rule.urls),
            verbs: owned(rule.verbs),
        })
        .collect();
    let there: BTreeSet<RbacRule> = rules.iter().cloned().collect();
    let only = |side: &BTreeSet<RbacRule>, other: &BTreeSet<RbacRule>, who: &str| -> Vec<String> {
        let rules = side.difference(other);
        rules.map(|rule| format!("only {who} has {rule}")).collect()
    };
    let mut difference = only(&there, &wanted, "the role");
    difference.extend(only(&wanted, &there, "the policy"));
    difference
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rbac::Binding;

    fn rule(api_groups: &[&str], resources: &[&str], verbs: &[&str]) -> RbacRule {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        RbacRule {
            api_groups: owned(api_groups),
            resources: owned(resources),
            resource_names: BTreeSet::new(),
            urls: BTreeSet::new(),
            verbs: owned(verbs),
        }
    }

    fn rbac(namespace: Option<&str>, rules: Vec<RbacRule>) -> Rbac {
        Rbac {
            bindings: vec![Binding {
                namespace: namespace.map(str::to_owned),
                name: "ops".to_owned(),
                role_kind: "ClusterRole".to_owned(),
                role_name: "ops".to_owned(),
                subjects: vec![Subject::Group("system:ops".to_owned())],
            }],
            cluster_roles: Some([("ops".to_owned(), rules)].into()),
        }
    }

    #[test]
    fn a_group_equals_a_policy_only_rule_for_rule() {
        let view = "AmazonEKSAdminViewPolicy";
        let all = rule(&["*"], &["*"], &["watch", "get", "list"]);
        let prove = |rbac: &Rbac| prove("system:ops", view, Some(rbac));
        assert_eq!(prove(&rbac(None, vec![all.clone()])), Ok(()));
        let more = prove(&rbac(
            None,
            vec![all.clone(), rule(&[""], &["pods"], &["delete"])],
        ));
        assert!(
            more.unwrap_err()
                .to_string()
                .contains("only the role has delete on pods"),
        );
        assert!(matches!(
            prove(&rbac(Some("dev"), vec![all.clone()])),
            Err(NotEqual::Namespaced { .. })
        ));
        let unread = Rbac {
            cluster_roles: None,
            ..rbac(None, vec![all])
        };
        assert!(matches!(prove(&unread), Err(NotEqual::Unread { .. })));
    }

    #[test]
    fn an_unbound_group_and_an_unknown_policy_prove_nothing() {
        let none = Rbac::default();
        assert!(matches!(
            prove("x", CLUSTER_ADMIN, Some(&none)),
            Err(NotEqual::Unbound { .. })
        ));
        assert!(matches!(
            prove("x", "AmazonEKSEditPolicy", Some(&none)),
            Err(NotEqual::UnknownPolicy { .. })
        ));
    }
}
