//! What the comparison of the access has to say about what is planned: it may need a decision first.

use super::build::{Builder, Fate, includes_inert};
use super::document::{
    AccessChange, BindingChange, BindingEffect, Outcome, PlannedMapping, Verdict,
};
use crate::finding::{Code, Finding, Severity};
use crate::model::{AccessEntry, Mapping};

impl Builder<'_> {
    /// Lets what the comparison showed have its say: a name that can't be kept but is used blocks, and so do warnings
    /// where that was asked for.
    pub(super) fn settle(
        &mut self,
        mapping: &Mapping,
        mut fate: Fate,
        mut access: AccessChange,
    ) -> PlannedMapping {
        let is_change = matches!(fate.outcome, Outcome::Create | Outcome::Update);
        if is_change
            && access.verdict == Some(Verdict::Lost)
            && let Some(binding) = access.bindings.iter().flatten().find(|binding| {
                binding.subject.starts_with("User/") && !keeps_username(mapping, &fate)
            })
        {
            fate.findings.push(Finding::new(
                Code::UsernameInUse,
                format!(
                    "the username `{}` can't be kept, and the {} `{}` gives rights to it",
                    mapping.username, binding.kind, binding.name
                ),
                format!(
                    "bind `{}` to a group that the mapping has, then plan again",
                    binding.role
                ),
            ));
            self.block(mapping, &mut fate, &mut access);
        }
        if is_change
            && access.verdict == Some(Verdict::Lost)
            && let Some(unbound) = self.unbound_rename(mapping, &access)
        {
            fate.findings.push(unbound);
            fate.outcome = Outcome::Blocked;
            self.forget(mapping);
        }
        if is_change && let Some(change) = changed_access(&fate, &access) {
            fate.findings.push(change);
            fate.outcome = Outcome::Blocked;
            self.forget(mapping);
        }
        if self.choices.strict
            && is_change
            && let Some(warning) = fate
                .findings
                .iter()
                .find(|finding| finding.severity == Severity::Warning)
                .map(|finding| finding.code)
        {
            fate.findings.push(Finding::new(
                Code::StrictWarning,
                format!("the warning {warning} blocks because of --strict"),
                format!(
                    "deal with it (`aws-auth-migrate explain {warning}`) or plan without --strict"
                ),
            ));
            self.block(mapping, &mut fate, &mut access);
        }
        let mut planned = PlannedMapping {
            id: mapping.id,
            line: mapping.place.line,
            arn: mapping.arn.clone(),
            username: mapping.username.clone(),
            groups: mapping.groups.clone(),
            outcome: fate.outcome,
            findings: fate.findings,
            entry: fate.entry,
            access,
        };
        if planned.outcome == Outcome::Conflict && !planned.needs_decision() {
            let differs = planned.findings.iter_mut();
            for finding in differs.filter(|finding| finding.severity == Severity::Error) {
                finding.severity = Severity::Warning;
            }
        }
        planned
    }

    /// A renamed group whose old name is bound to what the new one is not.
    fn unbound_rename(&self, mapping: &Mapping, access: &AccessChange) -> Option<Finding> {
        let (old, new, binding) = access.bindings.iter().flatten().find_map(|binding| {
            let old = binding.subject.strip_prefix("Group/")?;
            let new = self.choices.rename_groups.get(old)?;
            let is_mapped = mapping.groups.iter().any(|group| group == old);
            (is_mapped && binding.effect == BindingEffect::Stops).then_some((old, new, binding))
        })?;
        Some(Finding::new(
            Code::RenamedGroupUnbound,
            format!(
                "the {} `{}` gives `{}` to the group `{old}`, and nothing gives it to `{new}`",
                binding.kind, binding.name, binding.role
            ),
            "`apply --apply-rbac` makes the bindings first; `plan --emit-rbac FILE` writes them for `kubectl apply`",
        ))
    }

    fn block(&mut self, mapping: &Mapping, fate: &mut Fate, access: &mut AccessChange) {
        fate.outcome = Outcome::Blocked;
        access.after = None;
        access.verdict = None;
        self.forget(mapping);
    }

    /// Takes back whatever was planned for a mapping.
    fn forget(&mut self, mapping: &Mapping) {
        self.actions.retain(|(_, _, id, _)| *id != mapping.id);
        self.planned.retain(|_, id| *id != mapping.id);
    }
}

/// A binding that would give somebody other access than today, for a name that the plan changes.
///
/// Making the entry is the cut-over for its principal, so that this is decided before. The groups of a node role can't
/// be carried over at all, which a warning tells; what grants nothing today is created only where that was asked for.
fn changed_access(fate: &Fate, access: &AccessChange) -> Option<Finding> {
    let is_node = |entry: &AccessEntry| entry.entry_type.is_node();
    let is_known = access.bindings.is_some()
        && matches!(
            access.verdict,
            Some(Verdict::Lost | Verdict::Gained | Verdict::Changed)
        );
    if !is_known
        || fate.outcome == Outcome::Blocked
        || fate.entry.as_ref().is_some_and(is_node)
        || includes_inert(&fate.findings)
    {
        return None;
    }
    // More than today is what nobody has asked for.
    let mut bindings: Vec<&BindingChange> = access.bindings.iter().flatten().collect();
    bindings.sort_by_key(|binding| binding.effect == BindingEffect::Stops);
    let binding = bindings.first()?;
    let (code, verb) = match binding.effect {
        BindingEffect::Starts => (Code::BindingGained, "give"),
        BindingEffect::Stops => (Code::BindingLost, "no longer give"),
    };
    let finding = Finding::new(
        code,
        format!(
            "the {} `{}` would {verb} `{}` to it, as `{}`",
            binding.kind, binding.name, binding.role, binding.subject
        ),
        "change the binding or choose another name, then plan again",
    );
    Some(Finding {
        severity: Severity::Error,
        ..finding
    })
}

fn keeps_username(mapping: &Mapping, fate: &Fate) -> bool {
    fate.after
        .as_ref()
        .is_some_and(|entry| entry.username.as_deref() == Some(mapping.username.as_str()))
}
