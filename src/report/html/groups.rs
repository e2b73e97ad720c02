//! Mappings that fare alike, in the order in which a reviewer wants them, and their rows.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::notes::{GroupNotes, Note};
use super::text::shown;
use crate::model::MappingId;
use crate::plan::document::{Identity, Outcome, PlannedMapping};
use crate::report::open::ranges;
use crate::report::principal::ShortNames;
use crate::report::words::{self, entry_facts, identity_facts};

/// A group of more rows than this is folded.
pub(super) const FOLDED: usize = 20;

/// Mappings with one outcome and one verdict.
pub(super) struct Group<'a> {
    pub(super) outcome: Outcome,
    pub(super) verdict: &'static str,
    mappings: Vec<&'a PlannedMapping>,
}

/// The mappings of a plan in groups, those that need an eye first.
pub(super) fn groups(mappings: &[PlannedMapping]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    for mapping in mappings {
        let verdict = words::verdict(mapping);
        let is_alike =
            |group: &&mut Group| group.outcome == mapping.outcome && group.verdict == verdict;
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.mappings.push(mapping),
            None => groups.push(Group {
                outcome: mapping.outcome,
                verdict,
                mappings: vec![mapping],
            }),
        }
    }
    groups.sort_by_key(|group| (rank(group.outcome, group.verdict), group.mappings[0].id));
    groups
}

/// What a reviewer has to decide, then what changes and how, then what stays.
fn rank(outcome: Outcome, verdict: &str) -> usize {
    match (outcome, verdict) {
        (Outcome::Blocked, _) => 0,
        (Outcome::Conflict, _) => 1,
        (Outcome::Create | Outcome::Update, "lost" | "changed") => 2,
        (Outcome::Create | Outcome::Update, "gained") => 3,
        (Outcome::Create | Outcome::Update, "unknown" | "-") => 4,
        (Outcome::Create | Outcome::Update, "renamed") => 5,
        (Outcome::Update, _) => 6,
        (Outcome::Create, _) => 7,
        (Outcome::Unchanged, _) => 8,
        (Outcome::Skipped, _) => 9,
        (Outcome::Inert, _) => 10,
    }
}

impl<'a> Group<'a> {
    pub(super) fn word(&self) -> &'static str {
        words::outcome(self.outcome)
    }

    pub(super) fn mark(&self) -> &'static str {
        words::mark(self.outcome)
    }

    pub(super) fn count(&self) -> usize {
        self.mappings.len()
    }

    pub(super) fn is_folded(&self) -> bool {
        self.mappings.len() > FOLDED
    }

    /// What the verdict means for those in the group.
    pub(super) fn meaning(&self) -> &'static str {
        match (self.outcome, self.verdict) {
            (Outcome::Inert, _) => "grants nothing today, and nothing after",
            (_, "same") => "same access",
            (_, "renamed") => "renamed, same rights",
            (Outcome::Blocked | Outcome::Conflict, "lost") => "would lose access",
            (Outcome::Blocked | Outcome::Conflict, "gained") => "would gain access",
            (Outcome::Blocked | Outcome::Conflict, "changed") => "would lose and gain access",
            (_, "lost") => "loses access",
            (_, "gained") => "gains access",
            (_, "changed") => "loses and gains access",
            (_, "unknown") => "can't be compared",
            _ => "no access to compare",
        }
    }

    /// What there is to say about several of them.
    pub(super) fn notes(&self) -> GroupNotes<'a> {
        let of = self.mappings.iter().map(|mapping| {
            let bindings = mapping.shown_change().bindings.iter().flatten();
            (
                mapping.id,
                mapping.findings.as_slice(),
                bindings.map(words::binding).collect(),
            )
        });
        GroupNotes::of(of)
    }

    /// The rows one by one, as they are written.
    pub(super) fn rows<'b>(
        &'b self,
        notes: &'b GroupNotes<'a>,
        names: &'b ShortNames<'a>,
        asked: &'b HashMap<MappingId, usize>,
    ) -> impl Iterator<Item = MappingView> + 'b {
        let rows = self.mappings.iter();
        rows.map(move |mapping| {
            MappingView::new(mapping, notes, names, asked.get(&mapping.id).copied())
        })
    }

    /// Which these are, in short.
    pub(super) fn ids(&self) -> String {
        ranges(self.mappings.iter().map(|mapping| mapping.id).collect())
    }
}

/// A mapping.
pub(super) struct MappingView {
    pub(super) anchor: String,
    pub(super) id: String,
    pub(super) line: usize,
    /// Another account than the cluster's, with the colon after it; in front of the principal.
    pub(super) account: String,
    pub(super) principal: String,
    /// The ARN, where the name is shortened.
    pub(super) arn: String,
    pub(super) before: Vec<FactView>,
    pub(super) after: Vec<FactView>,
    /// Whether nothing differs; then `after` is not shown.
    pub(super) is_as_today: bool,
    pub(super) entry_label: &'static str,
    pub(super) entry: Vec<FactView>,
    pub(super) notes: Vec<Note>,
    /// The number of the open question about it.
    pub(super) question: Option<usize>,
}

/// A label and its values.
pub(super) struct FactView {
    pub(super) label: &'static str,
    pub(super) values: Vec<ValueView>,
}

/// A value, and the tag of what only one side has: `del`, `ins` or none.
pub(super) struct ValueView {
    pub(super) text: String,
    pub(super) tag: &'static str,
}

impl MappingView {
    fn new(
        mapping: &PlannedMapping,
        notes: &GroupNotes,
        names: &ShortNames,
        question: Option<usize>,
    ) -> Self {
        let access = mapping.shown_change();
        let name = names.get(&mapping.arn);
        let (account, principal) = name.split_at(account_length(&name));
        let before = facts(access.before.as_deref(), "no access");
        let after = facts(access.after.as_deref(), words::nothing_after(mapping));
        let is_conflict = mapping.outcome == Outcome::Conflict;
        let mut entry = mapping
            .entry
            .as_ref()
            .map_or_else(Vec::new, |entry| entry_facts(entry, &mapping.arn));
        if !is_conflict {
            // What the access after says already need not be said again.
            entry.retain(|fact| !is_said(fact, access.after.as_deref()));
        }
        Self {
            anchor: anchor(mapping.id),
            id: mapping.id.to_string(),
            line: mapping.line,
            account: account.to_owned(),
            arn: if mapping.arn.len() > SHORTENED && name.contains("...") {
                shown(&mapping.arn)
            } else {
                String::new()
            },
            principal: principal.to_owned(),
            is_as_today: access.before.is_some() && access.before == access.after,
            before: marked(&before, &after, "del"),
            after: marked(&after, &before, "ins"),
            entry_label: if matches!(mapping.outcome, Outcome::Conflict | Outcome::Blocked) {
                "wanted entry"
            } else {
                "entry"
            },
            entry: marked(&entry, &entry, ""),
            notes: notes.own(&mapping.findings, access.bindings.iter().flatten()),
            question,
        }
    }
}

/// From this length on a name is shortened.
pub(super) const SHORTENED: usize = 400;

/// What a link to a mapping names, such as `mapRoles-5`.
pub(super) fn anchor(id: MappingId) -> String {
    format!("{}-{}", id.section, id.index)
}

/// How much of a name is an account with the colon after it.
fn account_length(name: &str) -> usize {
    match name.split_once(':') {
        Some((account, _)) if account.bytes().all(|byte| byte.is_ascii_digit()) => {
            account.len() + 1
        }
        _ => 0,
    }
}

pub(super) fn facts(identity: Option<&Identity>, nothing: &'static str) -> Vec<words::Fact> {
    let Some(identity) = identity else {
        return vec![words::Fact {
            label: nothing,
            values: Vec::new(),
        }];
    };
    let mut facts = identity_facts(identity);
    if identity.sessions == crate::model::Sessions::Instances {
        facts.push(words::Fact {
            label: "only sessions named like an EC2 instance id",
            values: Vec::new(),
        });
    }
    facts
}

/// The facts of one side, with a tag on each value that the other has not.
pub(super) fn marked(
    facts: &[words::Fact],
    other: &[words::Fact],
    tag: &'static str,
) -> Vec<FactView> {
    let known: HashSet<(&str, &str)> = other
        .iter()
        .flat_map(|fact| fact.values.iter().map(|value| (kind(fact), value.as_str())))
        .collect();
    let facts = facts.iter().map(|fact| FactView {
        label: fact.label,
        values: fact
            .values
            .iter()
            .map(|value| ValueView {
                text: shown(value),
                tag: if known.contains(&(kind(fact), value.as_str())) {
                    ""
                } else {
                    tag
                },
            })
            .collect(),
    });
    facts.collect()
}

/// The label in the singular, so that one group is compared with several.
fn kind(fact: &words::Fact) -> &'static str {
    match fact.label {
        "groups" => "group",
        label => label,
    }
}

/// Whether all of them are listed; a role may have a hundred thousand groups.
fn all_in<'a>(values: &[String], listed: impl IntoIterator<Item = &'a String>) -> bool {
    let listed: BTreeSet<&String> = listed.into_iter().collect();
    values.iter().all(|value| listed.contains(value))
}

/// Whether somebody's access says all of a fact about the entry.
fn is_said(fact: &words::Fact, after: Option<&Identity>) -> bool {
    let Some(after) = after else {
        return false;
    };
    match (kind(fact), fact.values.as_slice()) {
        ("", [one]) if one == "STANDARD" => true,
        ("", values) => all_in(values, &after.policies),
        ("group", values) => all_in(values, &after.groups),
        ("user", [name]) => *name == after.username,
        _ => false,
    }
}
