//! The actions of a plan, in their order.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Builder;
use crate::model::{
    AccessEntry, AuthenticationMode, EntryType, LiveEntry, Mapping, PolicyAssociation, Principal,
};
use crate::plan::compare::identity_differences;
use crate::plan::document::{Action, ActionKind, Stage};

impl Builder<'_> {
    pub(in crate::plan) fn stage(&self, entry: &AccessEntry) -> Stage {
        let is_caller = Principal::from_arn(&entry.principal_arn)
            .zip(self.observed.caller.as_ref())
            .is_some_and(|(principal, caller)| principal.key() == caller.key());
        if entry.entry_type != EntryType::Standard {
            Stage::Nodes
        } else if is_caller
            || entry
                .access_policies
                .iter()
                .any(PolicyAssociation::is_cluster_admin)
        {
            Stage::Administrators
        } else {
            Stage::Others
        }
    }

    fn act(
        &mut self,
        mapping: &Mapping,
        stage: Stage,
        kind: ActionKind,
        why: impl Into<Cow<'static, str>>,
    ) {
        self.actions.push(Action {
            id: String::new(),
            kind,
            mapping: Some(mapping.id),
            stage,
            why: why.into(),
        });
    }

    /// Takes back whatever was planned for a mapping, which was the last that anything was planned for.
    pub(super) fn take_back(&mut self, mapping: &Mapping) {
        let others = self
            .actions
            .iter()
            .rposition(|action| action.mapping != Some(mapping.id));
        self.actions.truncate(others.map_or(0, |last| last + 1));
    }

    pub(in crate::plan) fn create(
        &mut self,
        mapping: &Mapping,
        entry: &AccessEntry,
        why: &'static str,
    ) {
        let stage = self.stage(entry);
        let kind = ActionKind::CreateAccessEntry {
            principal_arn: entry.principal_arn.clone(),
            entry_type: entry.entry_type.clone(),
            username: entry.username.clone(),
            kubernetes_groups: entry.kubernetes_groups.clone(),
            tags: entry.tags.clone(),
        };
        self.act(mapping, stage, kind, why);
        if !entry.access_policies.is_empty() {
            let empty = AccessEntry {
                access_policies: Vec::new(),
                ..entry.clone()
            };
            self.associate_missing(mapping, entry, &empty);
        }
    }

    pub(in crate::plan) fn associate_missing(
        &mut self,
        mapping: &Mapping,
        wanted: &AccessEntry,
        live: &AccessEntry,
    ) {
        let stage = self.stage(wanted);
        for policy in missing_policies(wanted, live) {
            let kind = ActionKind::AssociateAccessPolicy {
                principal_arn: wanted.principal_arn.clone(),
                policy_arn: policy.policy_arn.clone(),
                access_scope: policy.access_scope.clone(),
            };
            let why = format!("the mapping has the rights of {}", policy.name());
            self.act(mapping, stage, kind, why);
        }
    }

    pub(in crate::plan) fn update(
        &mut self,
        mapping: &Mapping,
        entry: &AccessEntry,
        live: &LiveEntry,
        stale: bool,
    ) {
        let stage = self.stage(entry);
        if is_created_again(entry, live, stale) {
            let why = if stale {
                "the entry is older than its principal"
            } else {
                "a type can't be changed"
            };
            let kind = ActionKind::DeleteAccessEntry {
                principal_arn: entry.principal_arn.clone(),
            };
            self.act(mapping, stage, kind, why);
            self.create(mapping, entry, "re-created");
            return;
        }
        // More is given before anything is taken away, so that nobody is without access in between.
        self.associate_missing(mapping, entry, &live.entry);
        if !identity_differences(entry, &live.entry).is_empty() {
            let kind = ActionKind::UpdateAccessEntry {
                principal_arn: entry.principal_arn.clone(),
                username: entry.username.clone(),
                kubernetes_groups: entry.kubernetes_groups.clone(),
            };
            let why = "it differs from the mapping";
            self.act(mapping, stage, kind, why);
        }
        let wanted: BTreeSet<_> = entry
            .access_policies
            .iter()
            .map(|policy| &policy.policy_arn)
            .collect();
        for policy in live
            .entry
            .access_policies
            .iter()
            .filter(|policy| !wanted.contains(&policy.policy_arn))
        {
            let kind = ActionKind::DisassociateAccessPolicy {
                principal_arn: entry.principal_arn.clone(),
                policy_arn: policy.policy_arn.clone(),
            };
            let why = "the mapping does not have the rights of this policy";
            self.act(mapping, stage, kind, why);
        }
    }

    /// The actions in their order, with their ids.
    pub(super) fn into_actions(self) -> Vec<Action> {
        if !self.holds_switch.is_empty() {
            // Without the switch the cluster takes no access entry at all.
            return Vec::new();
        }
        let mut actions = self.actions;
        if self.observed.cluster.authentication_mode == Some(AuthenticationMode::ConfigMap) {
            actions.push(Action {
                id: String::new(),
                kind: ActionKind::UpdateAuthenticationMode {
                    from: AuthenticationMode::ConfigMap,
                    to: AuthenticationMode::ApiAndConfigMap,
                },
                mapping: None,
                stage: Stage::Cluster,
                why: "the cluster has no access entries in this mode".into(),
            });
        }
        actions.sort_by_key(|action| (action.stage, action.mapping));
        for (index, action) in actions.iter_mut().enumerate() {
            action.id = format!("a{}", index + 1);
        }
        actions
    }
}

pub(in crate::plan) fn missing_policies<'a>(
    wanted: &'a AccessEntry,
    live: &'a AccessEntry,
) -> impl Iterator<Item = &'a PolicyAssociation> {
    wanted
        .access_policies
        .iter()
        .filter(|policy| !live.access_policies.contains(policy))
}

/// Whether a live entry is deleted and created instead of updated.
pub(in crate::plan) fn is_created_again(
    wanted: &AccessEntry,
    live: &LiveEntry,
    is_stale: bool,
) -> bool {
    is_stale || wanted.entry_type != live.entry.entry_type
}
