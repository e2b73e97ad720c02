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
        let switch = (self.observed.cluster.authentication_mode
            == Some(AuthenticationMode::ConfigMap))
        .then(|| Action {
            id: String::new(),
            kind: ActionKind::UpdateAuthenticationMode {
                from: AuthenticationMode::ConfigMap,
                to: AuthenticationMode::ApiAndConfigMap,
            },
            mapping: None,
            stage: Stage::Cluster,
            why: "the cluster has no access entries in this mode".to_owned(),
        });
        let planned = self.actions.values().map(Vec::len).sum::<usize>();
        let mut actions = Vec::with_capacity(planned + 1);
        actions.extend(switch);
        for (id, of_mapping) in self.actions {
            actions.extend(of_mapping.into_iter().map(|(stage, kind, why)| Action {
                id: String::new(),
                kind,
                mapping: Some(id),
                stage,
                why,
            }));
        }
        actions.sort_by_key(|action| action.stage);
        for (index, action) in actions.iter_mut().enumerate() {
            action.id = format!("a{}", index + 1);
        }
        actions
    }
}
