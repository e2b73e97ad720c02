//! The actions of a plan, in their order.

use super::Builder;
use crate::model::{AccessEntry, AuthenticationMode, EntryType, PolicyAssociation, Principal};
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

    /// The actions in their order, with their ids.
    pub(super) fn into_actions(self) -> Vec<Action> {
        if !self.holds_switch.is_empty() {
            // Without the switch the cluster takes no access entry at all.
            return Vec::new();
        }
        let mut actions: Vec<_> = self
            .actions
            .into_iter()
            .flat_map(|(id, actions)| {
                let of = actions.into_iter();
                of.map(move |(stage, kind, why)| (stage, kind, Some(id), why))
            })
            .collect();
        actions.sort_by_key(|(stage, ..)| *stage);
        let switch = (self.observed.cluster.authentication_mode
            == Some(AuthenticationMode::ConfigMap))
        .then(|| {
            let kind = ActionKind::UpdateAuthenticationMode {
                from: AuthenticationMode::ConfigMap,
                to: AuthenticationMode::ApiAndConfigMap,
            };
            (
                Stage::Cluster,
                kind,
                None,
                "the cluster has no access entries in this mode".to_owned(),
            )
        });
        switch
            .into_iter()
            .chain(actions)
            .enumerate()
            .map(|(index, (stage, kind, mapping, why))| Action {
                id: format!("a{}", index + 1),
                kind,
                mapping,
                stage,
                why,
            })
            .collect()
    }
}
