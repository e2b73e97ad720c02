//! Builds the plan: translations against what the cluster has now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::document::{
    AccessChange, Action, ActionKind, Outcome, PlacedFinding, Plan, PlannedAccount, PlannedMapping,
    SCHEMA, Source, Stage, Summary, Verdict,
};
use super::ours::Ours;
use crate::access::after::identity_of_entry;
use crate::access::before::{Standing, standings};
use crate::access::compare::compare_with;
use crate::access::identity::identity_of_mapping;
use crate::access::rbac::Binding;
use crate::access::rbac_emit::planned_bindings;
use crate::choices::{Choices, ManagedNodes};
use crate::finding::{Code, Finding};
use crate::model::{
    AccessEntry, AuthenticationMode, EntryType, LiveEntry, Mapping, MappingId, Principal,
    PrincipalKey, Section,
};
use crate::observed::{NodeRoleUser, Observed};
use crate::reader::Reading;
use crate::translator::{Decision, Translation, translate};

/// Builds the plan; pure, clock included.
#[must_use]
pub fn build(
    reading: &Reading,
    source: Source,
    observed: &Observed,
    choices: &Choices,
    ours: &Ours,
    now: Timestamp,
) -> Plan {
    let mut builder = Builder {
        observed,
        live: observed.entries_by_principal(),
        choices,
        ours,
        bindings: planned_bindings_of(observed, choices),
        planned: BTreeMap::new(),
        actions: Vec::new(),
    };
    let mut mappings = Vec::new();
    let mut accounts = Vec::new();
    for (mapping, mut translation) in translations(reading, observed, choices) {
        let read = reading
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.mapping == Some(mapping.id))
            .map(|diagnostic| diagnostic.finding.clone());
        translation.findings.splice(..0, read);
        if mapping.id.section == Section::MapAccounts {
            accounts.push(account(mapping, translation));
        } else {
            mappings.push(builder.mapping(mapping, translation));
        }
    }
    mappings.sort_by_key(|mapping| mapping.id);
    let mut findings: Vec<PlacedFinding> = reading
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.mapping.is_none())
        .map(|diagnostic| PlacedFinding {
            finding: diagnostic.finding.clone(),
            section: diagnostic.place.map(|place| place.section),
            line: diagnostic.place.map(|place| place.line),
            column: diagnostic.place.map(|place| place.column),
        })
        .collect();
    let actions = builder.into_actions();
    let unseen = unseen_bindings(observed, &findings, &mappings);
    findings.extend(
        super::cluster::findings(observed, &actions)
            .into_iter()
            .chain(super::cluster::caller_loses_admin(
                observed, &mappings, &actions,
            ))
            .chain(unseen)
            .map(|finding| PlacedFinding {
                finding,
                section: None,
                line: None,
                column: None,
            }),
    );
    let summary = Summary::count(mappings.iter().map(|mapping| mapping.outcome));
    Plan {
        schema: SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: now,
        cluster: observed.cluster.clone(),
        caller: None,
        source,
        choices: choices.clone(),
        actions,
        accounts,
        findings,
        summary,
        observed: observed_entries(observed, &mappings),
        mappings,
    }
}

/// Says that the effect of another username is unknown, where nothing has said so yet.
fn unseen_bindings(
    observed: &Observed,
    findings: &[PlacedFinding],
    mappings: &[PlannedMapping],
) -> Option<Finding> {
    let is_said = |placed: &PlacedFinding| placed.finding.code == Code::BindingsUnknown;
    if observed.rbac.is_some() || findings.iter().any(is_said) {
        return None;
    }
    mappings
        .iter()
        .any(PlannedMapping::is_renamed_unseen)
        .then(|| {
            Finding::new(
                Code::BindingsUnknown,
                "no RBAC objects are at hand, so whether a binding uses a username that changes is not known",
                "give them with --rbac-file: `kubectl get clusterrolebindings,rolebindings -A -o yaml` writes them",
            )
        })
}

/// All mappings translated; those that grant nothing today go last, so that a mapping that counts has its principal.
fn translations<'a>(
    reading: &'a Reading,
    observed: &Observed,
    choices: &Choices,
) -> Vec<(&'a Mapping, Translation)> {
    let mut standings = standings(reading);
    let mut translations: Vec<_> = reading
        .mappings
        .iter()
        .map(|mapping| {
            let standing = standings.remove(&mapping.id).unwrap_or(Standing::Dropped);
            (mapping, translate(mapping, &standing, observed, choices))
        })
        .collect();
    translations.sort_by_key(|(_, translation)| includes_inert(&translation.findings));
    translations
}

/// Whether a mapping that grants nothing today is created all the same.
pub(super) fn includes_inert(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.code == Code::InertIncluded)
}

/// Whether a live entry has another type than the one that is wanted.
fn is_of_other_type(fate: &Fate) -> bool {
    let types = fate.entry.as_ref().zip(fate.after.as_ref());
    types.is_some_and(|(wanted, live)| wanted.entry_type != live.entry_type)
}

/// The bindings that renamed groups are about to get, where that was asked for.
fn planned_bindings_of(observed: &Observed, choices: &Choices) -> Vec<Binding> {
    match &observed.rbac {
        Some(rbac) if choices.bind_renamed => planned_bindings(&choices.rename_groups, rbac),
        _ => Vec::new(),
    }
}

/// The live entries of the principals in play, tags and all: an export of what exists keeps them.
fn observed_entries(
    observed: &Observed,
    mappings: &[PlannedMapping],
) -> BTreeMap<String, AccessEntry> {
    let in_play: BTreeSet<PrincipalKey> = mappings
        .iter()
        .filter_map(|mapping| {
            Some(Principal::from_arn(&mapping.entry.as_ref()?.principal_arn)?.key())
        })
        .collect();
    observed
        .entries
        .iter()
        .flatten()
        .filter(|live| {
            Principal::from_arn(&live.entry.principal_arn)
                .is_some_and(|principal| in_play.contains(&principal.key()))
        })
        .map(|live| (live.entry.principal_arn.to_string(), live.entry.clone()))
        .collect()
}

pub(super) struct Builder<'a> {
    pub(super) observed: &'a Observed,
    live: BTreeMap<PrincipalKey, &'a LiveEntry>,
    pub(super) choices: &'a Choices,
    pub(super) ours: &'a Ours,
    /// Bindings that will be there once the plan is applied.
    bindings: Vec<Binding>,
    /// Principals that have an entry planned already, and for which mapping.
    pub(super) planned: BTreeMap<PrincipalKey, MappingId>,
    pub(super) actions: Vec<(Stage, ActionKind, MappingId, String)>,
}

fn account(mapping: &Mapping, translation: Translation) -> PlannedAccount {
    let outcome = match translation.decision {
        Decision::Skipped => Outcome::Skipped,
        Decision::Inert => Outcome::Inert,
        Decision::Entry(_) | Decision::Blocked(_) => Outcome::Blocked,
    };
    PlannedAccount {
        id: mapping.id,
        line: mapping.place.line,
        account_id: mapping.arn.clone(),
        outcome,
        findings: translation.findings,
    }
}

/// What becomes of one mapping.
pub(super) struct Fate {
    pub(super) outcome: Outcome,
    pub(super) findings: Vec<Finding>,
    pub(super) entry: Option<AccessEntry>,
    /// What the principal has once the plan is applied; `None` where the plan gives it nothing.
    pub(super) after: Option<AccessEntry>,
}

impl Builder<'_> {
    fn mapping(&mut self, mapping: &Mapping, translation: Translation) -> PlannedMapping {
        let findings = translation.findings;
        let grants_today = !matches!(translation.decision, Decision::Inert);
        let fate = match translation.decision {
            Decision::Skipped => Fate {
                outcome: Outcome::Skipped,
                findings,
                entry: None,
                after: None,
            },
            Decision::Inert => Fate {
                outcome: Outcome::Inert,
                findings,
                entry: None,
                after: None,
            },
            Decision::Blocked(entry) => Fate {
                outcome: Outcome::Blocked,
                findings,
                entry,
                after: None,
            },
            Decision::Entry(entry) => self.entry(mapping, entry, findings),
        };
        let inert_included = includes_inert(&fate.findings);
        let before = (grants_today && !inert_included).then(|| identity_of_mapping(mapping));
        let access = match fate.outcome {
            // Nothing is decided yet, so nothing can be compared.
            Outcome::Blocked | Outcome::Skipped if fate.after.is_none() => AccessChange {
                before,
                ..AccessChange::default()
            },
            _ => {
                let after = fate.after.as_ref().map(identity_of_entry);
                let entry_type = fate.after.as_ref().map(|entry| &entry.entry_type);
                let by = |rbac| {
                    let (before, after) = (before.as_ref(), after.as_ref());
                    compare_with(before, after, entry_type, rbac, &self.bindings)
                };
                let access = by(self.observed.rbac.as_ref());
                // What a live entry lacks is lost, whether or not a binding uses it today; another username is only
                // another name unless a binding uses it.
                let verdict = match (fate.outcome, by(None).verdict) {
                    // An entry of another type is no entry for what the mapping is for.
                    (Outcome::Conflict, _) if is_of_other_type(&fate) => Some(Verdict::Lost),
                    (Outcome::Conflict, None | Some(Verdict::Same | Verdict::Renamed)) => {
                        access.verdict
                    }
                    (Outcome::Conflict, verdict) => verdict,
                    _ => access.verdict,
                };
                AccessChange { verdict, ..access }
            }
        };
        self.settle(mapping, fate, access)
    }

    /// An entry is wanted: compares it with the live one, if any.
    fn entry(
        &mut self,
        mapping: &Mapping,
        mut entry: AccessEntry,
        mut findings: Vec<Finding>,
    ) -> Fate {
        let Some(key) = Principal::from_arn(&entry.principal_arn).map(|principal| principal.key())
        else {
            return Fate {
                outcome: Outcome::Blocked,
                findings,
                entry: None,
                after: None,
            };
        };
        if let Some(other) = self.planned.get(&key) {
            findings.push(Finding::new(
                Code::Shadowed,
                format!(
                    "`{}` is the principal of {other}, which counts",
                    entry.principal_arn
                ),
                "",
            ));
            return Fate {
                outcome: Outcome::Inert,
                findings,
                entry: None,
                after: None,
            };
        }
        self.planned.insert(key.clone(), mapping.id);
        if let Some(live) = self.live.get(&key).copied() {
            // EKS compares ARNs as text, so an entry is always addressed by the ARN that it shows.
            entry.principal_arn = live.entry.principal_arn.clone();
            return self.against_live(mapping, &key, entry, live, findings);
        }
        if let Some(fate) = self.left_to_eks(&key, &entry, &mut findings) {
            return Fate { findings, ..fate };
        }
        if self.observed.cluster.authentication_mode == Some(AuthenticationMode::Api) {
            findings.push(Finding::new(
                Code::ModeApi,
                "the cluster is in the mode API and reads no mapping, so this one grants nothing today",
                "--include-inert creates the access entry all the same",
            ));
            if !self.choices.include_inert {
                return Fate {
                    outcome: Outcome::Inert,
                    findings,
                    entry: None,
                    after: None,
                };
            }
        }
        self.create(
            mapping,
            &entry,
            "there is no access entry for this principal yet",
        );
        Fate {
            outcome: Outcome::Create,
            findings,
            after: Some(entry.clone()),
            entry: Some(entry),
        }
    }

    /// EKS makes the entries of managed node groups and Fargate profiles itself.
    fn left_to_eks(
        &self,
        key: &PrincipalKey,
        entry: &AccessEntry,
        findings: &mut Vec<Finding>,
    ) -> Option<Fate> {
        if !entry.entry_type.is_node() {
            return None;
        }
        if self.observed.node_roles.is_none() {
            findings.push(Finding::new(
                Code::NodeRolesUnknown,
                "it is not known whether a managed node group or Fargate profile uses this role",
                "plan with --cluster and the permissions eks:ListNodegroups, eks:DescribeNodegroup, \
                 eks:ListFargateProfiles and eks:DescribeFargateProfile",
            ));
            return None;
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
            return None;
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
                format!("{users} uses this role, so EKS makes the access entry itself{when}"),
                "",
            ));
            return Some(Fate {
                outcome: Outcome::Skipped,
                findings: Vec::new(),
                after: Some(entry.clone()),
                entry: Some(entry.clone()),
            });
        }
        findings.push(Finding::new(
            Code::ManagedEntryMissing,
            format!(
                "{users} uses this role, but EKS has made no access entry for it, so one is made"
            ),
            "--managed-nodes skip leaves it to EKS",
        ));
        None
    }

    pub(super) fn stage(&self, entry: &AccessEntry) -> Stage {
        let is_caller = Principal::from_arn(&entry.principal_arn)
            .zip(self.observed.caller.as_ref())
            .is_some_and(|(principal, caller)| principal.key() == caller.key());
        if entry.entry_type != EntryType::Standard {
            Stage::Nodes
        } else if is_caller
            || entry
                .access_policies
                .iter()
                .any(crate::model::PolicyAssociation::is_cluster_admin)
        {
            Stage::Administrators
        } else {
            Stage::Others
        }
    }

    /// The actions in their order, with their ids.
    fn into_actions(self) -> Vec<Action> {
        let mut actions = self.actions;
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
        let actions = actions
            .into_iter()
            .map(|(stage, kind, mapping, why)| (stage, kind, Some(mapping), why));
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
