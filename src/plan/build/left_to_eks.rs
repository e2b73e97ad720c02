//! Entries that EKS creates itself, in the mode switch or later.

use super::Builder;
use super::fate::{Fate, OpenMapping, decision_finding, with};
use crate::choices::ManagedNodes;
use crate::finding::{Code, Finding};
use crate::invocation::Advice;
use crate::model::{AccessEntry, AuthenticationMode, Principal, PrincipalKey};
use crate::observed::NodeRoleUser;
use crate::plan::document::Outcome;
use crate::plan::gate::{GateRuling, Move, Update};

impl<'a> Builder<'a> {
    /// EKS creates the entry itself, in the mode switch or later. What the switch would move by that is moved by this
    /// tool, so that it waits for a decision like any other move.
    pub(super) fn made_by_eks(
        &mut self,
        question: &OpenMapping<'a>,
        entry: &AccessEntry,
        mut findings: Vec<Finding>,
    ) -> Fate {
        let access = self
            .gate
            .compare(question.in_force.identity.as_ref(), entry);
        let fate = |outcome, findings| Fate {
            access: access.clone(),
            entry: Some(entry.clone()),
            ..Fate::new(outcome, findings)
        };
        if !self.switches_mode() || access.keeps_access() {
            return fate(Outcome::Skipped, findings);
        }
        let asked = Move {
            question,
            entry,
            change: &access,
            update: Update::No,
        };
        match self.gate.rule(&asked) {
            GateRuling::Open(decision) => {
                findings.extend(question.answer.map(decision_finding));
                Fate {
                    decision,
                    ..fate(Outcome::Skipped, findings)
                }
            }
            GateRuling::Blocked(blocker, finding, misfit) => {
                self.misfits.extend(misfit);
                self.holds_switch.push(question.mapping.id);
                Fate {
                    blocker: Some(blocker),
                    ..fate(Outcome::Blocked, with(findings, finding))
                }
            }
        }
    }

    pub(super) fn switches_mode(&self) -> bool {
        self.observed.cluster.authentication_mode == Some(AuthenticationMode::ConfigMap)
    }

    /// Whether EKS creates an entry for the principal when the mode is switched, and moves its access by that.
    pub(super) fn moves_in_switch(&self, question: &OpenMapping<'_>, entry: &AccessEntry) -> bool {
        let is_used = || {
            Principal::from_arn(&entry.principal_arn).is_some_and(|principal| {
                let key = principal.key();
                self.observed.users_of_role(&key).next().is_some()
            })
        };
        self.switches_mode()
            && entry.entry_type.is_node()
            && is_used()
            && !self
                .gate
                .compare(question.in_force.identity.as_ref(), entry)
                .keeps_access()
    }

    /// EKS makes the entries of managed node groups and Fargate profiles itself.
    pub(super) fn is_left_to_eks(
        &self,
        key: &PrincipalKey,
        entry: &AccessEntry,
        findings: &mut Vec<Finding>,
    ) -> bool {
        if !entry.entry_type.is_node() {
            return false;
        }
        if self.observed.node_roles.is_none() {
            findings.push(Finding::new(
                Code::NodeRolesUnknown,
                "it is unknown whether a managed node group or Fargate profile uses this role",
                Advice::ReadNodeRoles,
            ));
            return false;
        }
        let users: Vec<String> = self
            .observed
            .users_of_role(key)
            .map(|role| match &role.user {
                NodeRoleUser::NodeGroup { name, .. } => format!("the managed node group `{name}`"),
                NodeRoleUser::FargateProfile { name } => format!("the Fargate profile `{name}`"),
                NodeRoleUser::AutoMode => "EKS Auto Mode".to_owned(),
            })
            .collect();
        if users.is_empty() {
            return false;
        }
        let users = users.join(", ");
        let switch_to_come =
            self.observed.cluster.authentication_mode == Some(AuthenticationMode::ConfigMap);
        if switch_to_come || self.choices.managed_nodes == ManagedNodes::Skip {
            let when = if switch_to_come {
                " when the mode is switched"
            } else {
                ""
            };
            findings.push(Finding::new(
                Code::LeftToEks,
                format!("{users} uses this role, so EKS creates the access entry{when}"),
                "",
            ));
            return true;
        }
        findings.push(Finding::new(
            Code::ManagedEntryMissing,
            format!(
                "{users} uses this role, but EKS has not created its access entry, so the plan does"
            ),
            Advice::LeaveManagedNodes,
        ));
        false
    }
}
