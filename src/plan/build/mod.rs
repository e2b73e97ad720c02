//! Builds the plan: proposals held against what is in force, and through the gate.

mod accounts;
pub(super) mod actions;
mod answers;
mod entries;
mod fate;
mod left_to_eks;
mod mappings;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::document::{
    Action, Blocker, Misfit, PlacedFinding, Plan, PlannedAccount, PlannedMapping, SCHEMA, Source,
    Summary,
};
use super::gate::Gate;
use super::misfits;
use super::own_entries::Ours;
use crate::access::ClusterAccess;
use crate::choices::Choices;
use crate::finding::{Code, Finding};
use crate::invocation::Advice;
use crate::model::{AccessEntry, Mapping, MappingId, Principal, PrincipalKey, Section};
use crate::observed::Observed;
use crate::reader::Reading;
use crate::translator::{Translation, translate};

pub(super) use fate::{Fate, OpenMapping, decided, unchanged};

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
    let cluster = ClusterAccess::new(reading, observed);
    let mut diagnosed: HashMap<MappingId, Vec<&Finding>> = HashMap::new();
    for diagnostic in &reading.diagnostics {
        if let Some(id) = diagnostic.mapping {
            diagnosed.entry(id).or_default().push(&diagnostic.finding);
        }
    }
    let mut builder = Builder {
        observed,
        gate: Gate::new(reading, observed, choices, &cluster),
        cluster,
        choices,
        ours,
        planned: HashMap::with_capacity(reading.mappings.len()),
        mappings: Vec::with_capacity(reading.mappings.len()),
        accounts: Vec::new(),
        actions: Vec::with_capacity(reading.mappings.len()),
        used: BTreeSet::new(),
        misfits: Vec::new(),
        holds_switch: Vec::new(),
    };
    // Those that grant nothing today go last, so that a mapping that counts has its principal.
    let mut later = Vec::new();
    for mapping in &reading.mappings {
        let standing = builder.cluster.authenticator().standing(mapping);
        let mut translation = translate(mapping, &standing, observed, choices);
        if let Some(read) = diagnosed.get(&mapping.id) {
            let read = read.iter().copied().cloned();
            translation.findings.splice(..0, read);
        }
        if translation.grants_today {
            builder.add(mapping, translation);
        } else {
            later.push((mapping, translation));
        }
    }
    for (mapping, translation) in later {
        builder.add(mapping, translation);
    }
    let accounts = std::mem::take(&mut builder.accounts);
    let mut mappings = std::mem::take(&mut builder.mappings);
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
    let used = std::mem::take(&mut builder.used);
    let mut misfits = std::mem::take(&mut builder.misfits);
    misfits.extend(misfits::of(reading, observed, choices, ours, &used));
    let held = held_switch(&builder.holds_switch);
    let actions = builder.into_actions();
    let unseen = unseen_bindings(observed, &findings, &mappings);
    findings.extend(
        super::cluster::findings(observed, &actions)
            .into_iter()
            .chain(super::cluster::caller_loses_admin(
                observed, &mappings, &actions,
            ))
            .chain(unseen)
            .chain(held)
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
        misfits,
    }
}

/// Says why the mode is not switched, where that would move somebody's access.
fn held_switch(by: &[MappingId]) -> Option<Finding> {
    let ids: Vec<String> = by.iter().map(ToString::to_string).collect();
    (!ids.is_empty()).then(|| {
        Finding::new(
            Code::AccessMoves,
            format!(
                "nothing is planned until {} is decided: EKS creates its access entry when the mode is switched, which would change its access",
                ids.join(", ")
            ),
            "run `decide`, or remove the other groups from the mapping in aws-auth",
        )
    })
}

/// Says that the effect of another name is unknown, where nothing has said so yet.
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
        .any(|mapping| mapping.blocker == Some(Blocker::BindingsUnread))
        .then(|| {
            Finding::new(
                Code::BindingsUnknown,
                "the bindings were not read, so it is unknown whether one uses a name that changes",
                Advice::WriteRbacFile,
            )
        })
}

/// The live entries of the principals in play, tags and all: an export of what exists keeps them.
fn observed_entries(
    observed: &Observed,
    mappings: &[PlannedMapping],
) -> BTreeMap<String, AccessEntry> {
    let live = observed.entries.as_deref().unwrap_or_default();
    if live.is_empty() {
        return BTreeMap::new();
    }
    let in_play: HashSet<PrincipalKey> = mappings
        .iter()
        .filter_map(|mapping| {
            Some(Principal::from_arn(&mapping.entry.as_ref()?.principal_arn)?.key())
        })
        .collect();
    live.iter()
        .filter(|live| {
            Principal::from_arn(&live.entry.principal_arn)
                .is_some_and(|principal| in_play.contains(&principal.key()))
        })
        .map(|live| (live.entry.principal_arn.to_string(), live.entry.clone()))
        .collect()
}

pub(super) struct Builder<'a> {
    pub(super) observed: &'a Observed,
    /// Who has what now.
    pub(super) cluster: ClusterAccess<'a>,
    /// What decides whether an action may be in the plan.
    pub(super) gate: Gate<'a>,
    pub(super) choices: &'a Choices,
    pub(super) ours: &'a Ours,
    /// Principals that have an entry planned already, and for which mapping.
    pub(super) planned: HashMap<PrincipalKey, MappingId>,
    mappings: Vec<PlannedMapping>,
    accounts: Vec<PlannedAccount>,
    /// Those of each mapping one after the other, without ids yet.
    actions: Vec<Action>,
    /// The answers that decided something, by their place.
    used: BTreeSet<usize>,
    /// Answers that do not fit.
    pub(super) misfits: Vec<Misfit>,
    /// Mappings whose access the mode switch would move, and that wait for a decision.
    holds_switch: Vec<MappingId>,
}

impl<'a> Builder<'a> {
    /// Plans a mapping.
    fn add(&mut self, mapping: &'a Mapping, translation: Translation) {
        if mapping.id.section == Section::MapAccounts {
            let account = self.account(mapping, translation);
            self.accounts.push(account);
        } else {
            let mapping = self.mapping(mapping, translation);
            self.mappings.push(mapping);
        }
    }
}
