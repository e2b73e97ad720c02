//! Wanted against live: what an entry that is there already means for a mapping, and the actions that change it.

use std::collections::BTreeSet;

use super::build::{Builder, Fate};
use super::compare::{Difference, differences, identity_differences, in_words, is_beginning_of};
use super::document::{ActionKind, Outcome};
use crate::choices::OnExisting;
use crate::finding::{Code, Finding};
use crate::model::{AccessEntry, LiveEntry, Mapping, PolicyAssociation, PrincipalKey};
use crate::observed::Lookup;

impl Builder<'_> {
    pub(super) fn against_live(
        &mut self,
        mapping: &Mapping,
        key: &PrincipalKey,
        entry: AccessEntry,
        live: &LiveEntry,
        mut findings: Vec<Finding>,
    ) -> Fate {
        let stale = is_stale(self.observed.lookup(key), live);
        let differing = differences(&entry, &live.entry);
        if differing.is_empty() && !stale {
            return Fate {
                outcome: Outcome::Unchanged,
                findings,
                after: Some(live.entry.clone()),
                entry: Some(entry),
            };
        }
        if !stale && self.is_unfinished(&entry, live) {
            findings.push(Finding::new(
                Code::EntryUnfinished,
                "an earlier run of this tool made the access entry and was stopped before it was done",
                "",
            ));
            self.associate_missing(mapping, &entry, &live.entry);
            return Fate {
                outcome: Outcome::Update,
                findings,
                after: Some(entry.clone()),
                entry: Some(entry),
            };
        }
        findings.push(difference_finding(&entry, live, stale, &differing));
        let after = if stale {
            None
        } else {
            Some(live.entry.clone())
        };
        match self.choices.on_existing {
            OnExisting::Keep | OnExisting::Fail => Fate {
                outcome: Outcome::Conflict,
                findings,
                after,
                entry: Some(entry),
            },
            OnExisting::Update => {
                findings.pop();
                findings.push(Finding::new(
                    Code::EntryUpdated,
                    format!(
                        "the live access entry is changed: {}",
                        describe(stale, &differing)
                    ),
                    "",
                ));
                self.update(mapping, &entry, live, stale);
                Fate {
                    outcome: Outcome::Update,
                    findings,
                    after: Some(entry.clone()),
                    entry: Some(entry),
                }
            }
        }
    }

    /// Whether an entry is this tool's own, begun and not finished; one whose policy was there and is gone is not.
    pub(super) fn is_unfinished(&self, wanted: &AccessEntry, live: &LiveEntry) -> bool {
        let principal = live.entry.principal_arn.to_string();
        self.ours.made(live)
            && is_beginning_of(&live.entry, wanted)
            && missing_policies(wanted, &live.entry).all(|policy| {
                !self
                    .ours
                    .associated
                    .contains(&(principal.clone(), policy.policy_arn.to_string()))
            })
    }

    pub(super) fn create(&mut self, mapping: &Mapping, entry: &AccessEntry, why: &str) {
        let stage = self.stage(entry);
        let kind = ActionKind::CreateAccessEntry {
            principal_arn: entry.principal_arn.clone(),
            entry_type: entry.entry_type.clone(),
            username: entry.username.clone(),
            kubernetes_groups: entry.kubernetes_groups.clone(),
            tags: entry.tags.clone(),
        };
        self.actions.push((stage, kind, mapping.id, why.to_owned()));
        let empty = AccessEntry {
            access_policies: Vec::new(),
            ..entry.clone()
        };
        self.associate_missing(mapping, entry, &empty);
    }

    pub(super) fn associate_missing(
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
            let why = format!("the mapping gives what {} gives", policy.name());
            self.actions.push((stage, kind, mapping.id, why));
        }
    }

    pub(super) fn update(
        &mut self,
        mapping: &Mapping,
        entry: &AccessEntry,
        live: &LiveEntry,
        stale: bool,
    ) {
        let stage = self.stage(entry);
        if stale || entry.entry_type != live.entry.entry_type {
            let why = if stale {
                "the entry is older than its principal"
            } else {
                "a type can't be changed"
            };
            let kind = ActionKind::DeleteAccessEntry {
                principal_arn: entry.principal_arn.clone(),
            };
            self.actions.push((stage, kind, mapping.id, why.to_owned()));
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
            self.actions.push((
                stage,
                kind,
                mapping.id,
                "the mapping says otherwise".to_owned(),
            ));
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
            let why = "the mapping does not give what this policy gives".to_owned();
            self.actions.push((stage, kind, mapping.id, why));
        }
    }
}

fn missing_policies<'a>(
    wanted: &'a AccessEntry,
    live: &'a AccessEntry,
) -> impl Iterator<Item = &'a PolicyAssociation> {
    wanted
        .access_policies
        .iter()
        .filter(|policy| !live.access_policies.contains(policy))
}

/// An entry belongs to the principal that had the ARN when it was made; one that was made anew since is another.
///
/// Source: EKS API Reference, `AccessEntry`, `principalArn`.
pub(crate) fn is_stale(lookup: &Lookup, live: &LiveEntry) -> bool {
    match (lookup, live.created_at) {
        (
            Lookup::Found {
                created_at: Some(principal),
                ..
            },
            Some(entry),
        ) => *principal > entry,
        _ => false,
    }
}

fn describe(stale: bool, differing: &[Difference]) -> String {
    if stale {
        "it is older than its principal".to_owned()
    } else {
        in_words(differing)
    }
}

fn difference_finding(
    entry: &AccessEntry,
    live: &LiveEntry,
    stale: bool,
    differing: &[Difference],
) -> Finding {
    let update = "--on-existing update changes it to what the mapping says";
    if stale {
        return Finding::new(
            Code::EntryStale,
            format!(
                "the live access entry was made before `{}` was re-created, so it lets nobody in",
                entry.principal_arn
            ),
            "--on-existing update re-creates it",
        );
    }
    let code = if entry.entry_type != live.entry.entry_type {
        if entry.entry_type.is_node() && live.entry.entry_type.is_node() {
            Code::ManagedEntryWrongType
        } else {
            Code::EntryWrongType
        }
    } else if differing.iter().all(Difference::is_more) {
        Code::EntryGivesMore
    } else {
        Code::EntryDiffers
    };
    Finding::new(
        code,
        format!(
            "the live access entry differs from the mapping: {}",
            in_words(differing)
        ),
        update,
    )
}
