//! The marks and words that all formats share.

use crate::finding::{Code, Finding, Severity};
use crate::migration::owners::Writer;
use crate::model::{AccessEntry, PolicyAssociation, Principal};
use crate::plan::document::{
    BindingChange, BindingEffect, Identity, Outcome, PlacedFinding, PlannedMapping, Summary,
    Verdict,
};
use crate::text::{literal, visible};

/// All outcomes, in the order in which they are shown.
pub(super) const OUTCOMES: [Outcome; 7] = [
    Outcome::Create,
    Outcome::Update,
    Outcome::Unchanged,
    Outcome::Conflict,
    Outcome::Blocked,
    Outcome::Inert,
    Outcome::Skipped,
];

/// One character that shows the outcome where there is no colour.
pub(super) fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Create => "+",
        Outcome::Update => "~",
        Outcome::Unchanged => "=",
        Outcome::Conflict | Outcome::Blocked => "!",
        Outcome::Inert => ".",
        Outcome::Skipped => "-",
    }
}

/// The outcome's own word, as in the document.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Create => "create",
        Outcome::Update => "update",
        Outcome::Unchanged => "unchanged",
        Outcome::Conflict => "conflict",
        Outcome::Blocked => "blocked",
        Outcome::Inert => "inert",
        Outcome::Skipped => "skipped",
    }
}

/// How many mappings and accounts have an outcome.
pub(super) fn count(summary: &Summary, outcome: Outcome) -> usize {
    match outcome {
        Outcome::Create => summary.create,
        Outcome::Update => summary.update,
        Outcome::Unchanged => summary.unchanged,
        Outcome::Conflict => summary.conflict,
        Outcome::Blocked => summary.blocked,
        Outcome::Inert => summary.inert,
        Outcome::Skipped => summary.skipped,
    }
}

/// The verdict's own word; `-` where there is no access to compare.
pub(super) fn verdict(mapping: &PlannedMapping) -> &'static str {
    match mapping.shown_change().verdict {
        _ if mapping.shown_change().before.is_none() && mapping.shown_change().after.is_none() => {
            "-"
        }
        Some(Verdict::Same) => "same",
        Some(Verdict::Renamed) => "renamed",
        Some(Verdict::Lost) => "lost",
        Some(Verdict::Gained) => "gained",
        Some(Verdict::Changed) => "changed",
        None => "unknown",
    }
}

/// Shown where a mapping has no access after: nothing is decided yet, the plan leaves it out, or there is none.
pub(super) fn nothing_after(mapping: &PlannedMapping) -> &'static str {
    match (mapping.outcome, mapping.shown_change().verdict) {
        (Outcome::Blocked, None) => "not decided",
        (Outcome::Skipped, None) => "not in this plan",
        _ => "no access",
    }
}

/// The severity's own word.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// One fact about an identity or entry: what kind of thing, and its values as they are, not escaped yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// Such as `groups`; empty where the value speaks for itself.
    pub(super) label: &'static str,
    /// The values; where there are none the label says it all.
    pub(super) values: Vec<String>,
}

impl Fact {
    fn new(label: &'static str, values: impl IntoIterator<Item = String>) -> Self {
        Self {
            label,
            values: values.into_iter().collect(),
        }
    }
}

/// What an entry says: type, policies, groups, username, and the path that `aws-auth` left out.
pub(super) fn entry_facts(entry: &AccessEntry, mapped_arn: &str) -> Vec<Fact> {
    let mut facts = vec![Fact::new("", [entry.entry_type.as_str().to_owned()])];
    if !entry.access_policies.is_empty() {
        facts.push(Fact::new(
            "",
            entry
                .access_policies
                .iter()
                .map(PolicyAssociation::with_scope),
        ));
    }
    if !entry.kubernetes_groups.is_empty() {
        facts.push(Fact::new(
            group_label(&entry.kubernetes_groups),
            entry.kubernetes_groups.clone(),
        ));
    }
    match entry
        .username
        .as_ref()
        .filter(|username| !username.is_empty())
    {
        Some(username) => facts.push(Fact::new("user", [username.clone()])),
        None => facts.push(Fact::new("user set by EKS", [])),
    }
    facts.extend(real_arn(entry, mapped_arn));
    facts
}

/// What the real ARN adds to the one in `aws-auth`.
fn real_arn(entry: &AccessEntry, mapped_arn: &str) -> Option<Fact> {
    if entry.principal_arn.is(mapped_arn) {
        return None;
    }
    let real = entry.principal_arn.to_string();
    let mapped = mapped_arn
        .parse()
        .ok()
        .and_then(|arn| Principal::from_arn(&arn));
    let principal = Principal::from_arn(&entry.principal_arn);
    match (mapped, principal) {
        (Some(mapped), Some(principal))
            if Principal {
                path: mapped.path.clone(),
                ..principal.clone()
            } == mapped =>
        {
            Some(Fact::new("path", [String::from(principal.path)]))
        }
        _ => Some(Fact::new("for", [real])),
    }
}

/// What somebody is inside the cluster.
pub(super) fn identity_facts(identity: &Identity) -> Vec<Fact> {
    let mut facts = Vec::new();
    if identity.username.is_empty() {
        facts.push(Fact::new("no username", []));
    } else {
        facts.push(Fact::new("user", [identity.username.clone()]));
    }
    if !identity.groups.is_empty() {
        facts.push(Fact::new(
            group_label(&identity.groups),
            identity.groups.clone(),
        ));
    }
    if !identity.policies.is_empty() {
        facts.push(Fact::new("", identity.policies.clone()));
    }
    if identity.groups.is_empty() && identity.policies.is_empty() {
        facts.push(Fact::new("no groups", []));
    }
    facts
}

fn group_label(groups: &[String]) -> &'static str {
    if groups.len() == 1 { "group" } else { "groups" }
}

/// A binding and what happens to it, in one line.
pub(super) fn binding(change: &BindingChange) -> String {
    let namespace = change
        .namespace
        .as_ref()
        .map_or(String::new(), |namespace| {
            format!("{}/", literal(namespace))
        });
    let effect = match change.effect {
        BindingEffect::Stops => "stops matching",
        BindingEffect::Starts => "starts matching",
    };
    format!(
        "{} {namespace}{} ({}) {effect} {}",
        literal(&change.kind),
        literal(&change.name),
        literal(&change.role),
        literal(&change.subject),
    )
}

/// A finding with its place in the text of `aws-auth` before its message.
pub(super) fn with_place(placed: &PlacedFinding) -> Finding {
    let mut finding = placed.finding.clone();
    if let Some(section) = placed.section {
        let place = match (placed.line, placed.column) {
            (Some(line), Some(column)) => format!("{section}, line {line}, column {column}"),
            (Some(line), None) => format!("{section}, line {line}"),
            _ => section.to_string(),
        };
        finding.message = format!("{place}: {}", finding.message);
    }
    finding
}

/// Another writer of `aws-auth` or owner of an entry, with the code and the way out, in one line.
pub(crate) fn writer(writer: &Writer) -> String {
    let Finding {
        code, message, fix, ..
    } = &writer.finding;
    let of = match code {
        Code::ForeignOwner => format!("{}: ", writer.of),
        _ => String::new(),
    };
    visible(&format!("{of}{message} ({code}); {fix}")).into_owned()
}

/// A count with its noun.
pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How many mappings and whole accounts, without those of which there are none.
pub(super) fn mappings_and_accounts(mappings: usize, accounts: usize) -> String {
    let counts = [
        (mappings, "mapping", "mappings"),
        (accounts, "whole account", "whole accounts"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| plural(count, one, many))
        .collect();
    counts.join(" and ")
}
