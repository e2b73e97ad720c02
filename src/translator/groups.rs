//! Stage 3, groups: which Kubernetes groups an access entry can carry, and what becomes of the others.

use std::collections::HashSet;

use super::case::Case;
use crate::access::equal_policy;
use crate::access::identity::{AUTHENTICATED, Logins, MASTERS};
use crate::access::template::has_placeholder;
use crate::finding::{Code, Finding};
use crate::invocation::Advice;
use crate::model::Principal;
use crate::model::access_policy::CLUSTER_ADMIN;
use crate::model::rbac::Subject;
use crate::model::reserved::{self, legal_name};
use crate::text::shell_word;

/// The groups of a mapping, sorted out.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// What goes into `kubernetesGroups`, in order and each once.
    pub(super) kept: Vec<String>,
    /// Policies on the whole cluster that take the place of groups, in order and each once.
    pub(super) policies: Vec<String>,
    /// Whether one is left out that EKS refuses.
    pub(super) drops: bool,
    /// Why.
    pub(super) findings: Vec<Finding>,
    /// The groups that are kept, to be found among many.
    known: HashSet<String>,
}

/// Sorts out the groups of a mapping.
///
/// One that EKS refuses is left out, and whether anybody would lose something by that is not decided here.
pub(super) fn translate(case: &Case<'_>, principal: &Principal) -> Groups {
    let logins = Logins::of(principal);
    let mut groups = Groups::default();
    for group in &case.mapping.groups {
        groups.take(case, group, &logins);
    }
    groups
}

impl Groups {
    fn take(&mut self, case: &Case<'_>, written: &str, logins: &Logins) {
        if let Some(policy) = case.choices.policies.get(written)
            && self.replace(case, written, policy)
        {
            return;
        }
        if written == MASTERS {
            self.masters();
        }
        if let Some(new) = case.choices.rename_groups.get(written) {
            return self.rename(case, written, new);
        }
        match written {
            "" => self.say(Code::EmptyGroupDropped, "an empty group is dropped"),
            MASTERS => {}
            AUTHENTICATED => self.say(
                Code::AuthenticatedGroupDropped,
                format!("`{AUTHENTICATED}` is dropped: every user has it"),
            ),
            _ => self.other(case, written, logins),
        }
    }

    /// The counterpart of `system:masters` is a policy; the mapping's other groups stay.
    ///
    /// Source: EKS User Guide, "Review access policy permissions".
    fn masters(&mut self) {
        if self.policies.iter().any(|policy| policy == CLUSTER_ADMIN) {
            return self.repeated(MASTERS);
        }
        self.policies.push(CLUSTER_ADMIN.to_owned());
        self.say(
            Code::MastersToPolicy,
            format!(
                "`{MASTERS}` is replaced by the policy `{CLUSTER_ADMIN}` on the whole cluster: same rights, but admission policies and webhooks that look for the group `{MASTERS}` no longer match"
            ),
        );
    }

    /// A group becomes the policy that was chosen for it, if its bindings prove that both give the same.
    fn replace(&mut self, case: &Case<'_>, group: &str, policy: &str) -> bool {
        match equal_policy::prove(group, policy, case.observed.rbac.as_ref()) {
            Ok(()) => {
                if !self.policies.iter().any(|taken| taken == policy) {
                    self.policies.push(policy.to_owned());
                }
                self.say(
                    Code::GroupToPolicy,
                    format!("the group `{group}` is replaced by the policy `{policy}`, as decided: its bindings give the same rights"),
                );
                true
            }
            Err(reason) => {
                self.findings.push(Finding::new(
                    Code::PolicyNotEqual,
                    format!("`{group}` can't be replaced by `{policy}`: {reason}"),
                    rename_fix(case, group),
                ));
                false
            }
        }
    }

    /// A group whose prefix is reserved gets the new name that was asked for, if EKS takes that one.
    fn rename(&mut self, case: &Case<'_>, old: &str, new: &str) {
        if let Some(why) = illegal(new) {
            return self.refuse(
                Code::ReservedGroup,
                format!("`{old}` can't be renamed: `{new}` {why}"),
                rename_fix(case, old),
            );
        }
        self.say(
            Code::GroupRenamed,
            format!("the group `{old}` is renamed to `{new}`, as requested"),
        );
        self.keep(new.to_owned());
    }

    /// Any other group: kept by its name, with the account filled in, if EKS takes it.
    ///
    /// Placeholders in groups work in `aws-auth` and are not documented for access entries.
    /// Source: aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`; EKS User Guide, "Create access entries".
    fn other(&mut self, case: &Case<'_>, written: &str, logins: &Logins) {
        let name = logins.fill(written);
        if name != written {
            self.say(
                Code::AccountIdSubstituted,
                format!("the group `{written}` is filled in as `{name}`"),
            );
        }
        if name.is_empty() {
            return self.say(Code::EmptyGroupDropped, "an empty group is dropped");
        }
        if has_placeholder(&name) {
            return self.refuse(
                Code::GroupPlaceholder,
                format!("the group `{written}` has a placeholder; access entries don't fill it in"),
                rename_fix(case, written),
            );
        }
        if let Some(prefix) = reserved::prefix_of(&name) {
            return self.refuse(
                Code::ReservedGroup,
                format!("EKS refuses the group `{name}`: the prefix `{prefix}` is reserved"),
                rename_fix(case, written),
            );
        }
        self.keep(name);
    }

    fn keep(&mut self, name: String) {
        if self.known.insert(name.clone()) {
            self.kept.push(name);
        } else {
            self.repeated(&name);
        }
    }

    fn repeated(&mut self, name: &str) {
        self.say(
            Code::RepeatedGroup,
            format!("the group `{name}` appears twice and is kept once"),
        );
    }

    fn say(&mut self, code: Code, message: impl Into<String>) {
        self.findings.push(Finding::new(code, message, ""));
    }

    fn refuse(&mut self, code: Code, message: String, fix: String) {
        self.drops = true;
        self.findings.push(Finding::new(code, message, fix));
    }
}

/// Why EKS takes no group of this name, where it does not.
fn illegal(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("is empty".to_owned());
    }
    if has_placeholder(name) {
        return Some("has a placeholder".to_owned());
    }
    reserved::prefix_of(name).map(|prefix| format!("begins with `{prefix}`"))
}

/// The option that gives a group a name that EKS takes and that nothing is bound to yet.
///
/// A name with bindings of its own would give what they give.
fn rename_fix(case: &Case<'_>, old: &str) -> String {
    let subject = |name: &str| Subject::Group(name.to_owned());
    let is_taken = |name: &str| {
        case.has_group(name)
            || case.observed.rbac.as_ref().is_some_and(|rbac| {
                let bindings = &rbac.bindings;
                bindings
                    .iter()
                    .any(|binding| binding.subjects.contains(&subject(name)))
            })
    };
    let mut new = legal_name(old);
    if is_taken(&new) {
        new.push_str("-from-aws-auth");
    }
    Advice::RenameGroup {
        names: shell_word(&format!("{old}={new}")),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_name_is_one_that_eks_takes() {
        for (old, new) in [
            ("system:monitoring", "monitoring"),
            ("system:eks:x", "x"),
            ("system:", "renamed-group"),
            ("eks:a b", "ab"),
            ("eks:{system:}x", "x"),
            ("{{SessionName}}", "SessionName"),
        ] {
            assert_eq!(legal_name(old), new);
            assert_eq!(illegal(new), None);
        }
    }
}
