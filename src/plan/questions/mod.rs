//! What is open in a plan: each question once, with everybody it is about and the answers that it takes.

mod answering;
mod choice;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use answering::{AnsweredQuestion, Answering};
pub use choice::{Choice, Kind, Untried};

use super::document::{Blocker, Outcome, Plan, PlannedAccount, PlannedMapping};
use crate::decisions::{Accept, DecisionsFile};
use crate::finding::{Finding, Severity};
use crate::invocation::Flag;
use crate::model::{AccessChange, BindingChange, Identity, MappingId};

/// Makes the plan that a decisions file leads to; nothing is read again for it.
pub type Replan<'a> = dyn Fn(&DecisionsFile) -> Plan + 'a;

/// One question, about one or several mappings that raise it alike.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenQuestion {
    /// Why there is one.
    pub blocker: Blocker,
    /// What each of these mappings would do, such as "would lose the group `system:view`".
    pub what: String,
    /// Whom it is about.
    pub about: Vec<Asked>,
    /// What was found about the first of them.
    pub findings: Vec<Finding>,
}

/// A mapping, or an element of `mapAccounts`, that waits for a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Where it is.
    pub id: MappingId,
    /// The principal as `aws-auth` writes it, or the account.
    pub principal: String,
    /// What it has today.
    pub in_force: Option<Arc<Identity>>,
    /// What its live access entry would leave of the mapping, where there is an entry that differs.
    pub drift: Option<AccessChange>,
    /// What the proposal would change.
    pub proposal: AccessChange,
    /// The username that the mapping writes.
    username: String,
    /// The groups that the mapping writes and the proposal leaves out or renames.
    groups: Vec<String>,
    /// Whether an access entry is proposed, and no live one is in its way.
    can_create: bool,
    /// Whether it is for nodes.
    is_node: bool,
}

impl OpenQuestion {
    /// The question in one sentence.
    #[must_use]
    pub fn title(&self) -> String {
        match self.about.as_slice() {
            [one] => format!("{} {}", one.id, self.what),
            many => format!("{} mappings {}", many.len(), self.what),
        }
    }

    /// The bindings that stand behind the move.
    pub fn bindings(&self) -> impl Iterator<Item = &BindingChange> {
        let change = self.about.first().map(Asked::shown);
        change
            .into_iter()
            .flat_map(|change| change.bindings.iter().flatten())
    }

    /// The mappings that it is about.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<MappingId> {
        self.about.iter().map(|asked| asked.id).collect()
    }
}

impl Asked {
    /// How the live access entry differs, or what the proposal would change where there is none.
    #[must_use]
    pub fn shown(&self) -> &AccessChange {
        self.drift.as_ref().unwrap_or(&self.proposal)
    }

    fn of(mapping: &PlannedMapping) -> Self {
        let entry = mapping.entry.as_ref();
        let moved = mapping.access.moved_groups();
        let drift = mapping.drift.as_deref().cloned();
        let moved_by_drift = drift.as_ref().map(AccessChange::moved_groups);
        let is_moved = |group: &&String| {
            moved.contains(group.as_str())
                || moved_by_drift
                    .as_ref()
                    .is_some_and(|moved| moved.contains(group.as_str()))
        };
        Self {
            id: mapping.id,
            principal: mapping.arn.clone(),
            in_force: mapping.access.before.clone(),
            can_create: entry.is_some() && mapping.access.after.is_some() && drift.is_none(),
            is_node: entry.is_some_and(|entry| entry.entry_type.is_node()),
            proposal: mapping.access.clone(),
            username: mapping.username.clone(),
            groups: mapping.groups.iter().filter(is_moved).cloned().collect(),
            drift,
        }
    }

    /// What has to be equal for two mappings to be asked about at once.
    ///
    /// Every answer then means the same for both, though each accepts its own move.
    fn likeness(&self, blocker: Blocker, found: Option<&Finding>) -> String {
        let change = self.shown();
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        let policies = |identity: Option<&Identity>| -> BTreeSet<String> {
            let of = identity.into_iter();
            of.flat_map(|identity| identity.policies.iter().cloned())
                .collect()
        };
        let (old, new) = (policies(before), policies(after));
        let in_groups: BTreeSet<&str> = before
            .into_iter()
            .flat_map(|identity| identity.groups.iter().map(String::as_str))
            .collect();
        let groups: Vec<_> = change
            .moved_groups()
            .into_iter()
            .map(|name| (name, in_groups.contains(name)))
            .collect();
        let is_named = |identity: Option<&Identity>| identity.map(|identity| identity.sessions);
        // Where no entry can be created, the reason is the question.
        let reason = found.filter(|_| blocker == Blocker::NoEntryPossible);
        format!(
            "{blocker:?} {:?} {} {:?} {groups:?} {:?} {:?} {:?} {:?}",
            change.verdict,
            self.is_node,
            (self.drift.is_some(), self.can_create),
            old.symmetric_difference(&new).collect::<Vec<_>>(),
            (is_named(before), is_named(after)),
            change.bindings,
            reason.map(|finding| finding.code),
        )
    }
}

/// Every open question of a plan, those alike asked once, in the order of the text.
#[must_use]
pub fn questions(plan: &Plan) -> Vec<OpenQuestion> {
    let mut open: Vec<OpenQuestion> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut ask = |likeness: String, question: OpenQuestion| {
        if let Some(&place) = places.get(&likeness) {
            let known = &mut open[place];
            if known.what != question.what {
                known.what = of_all(known);
            }
            known.about.extend(question.about);
        } else {
            places.insert(likeness, open.len());
            open.push(question);
        }
    };
    for mapping in &plan.mappings {
        let Some(blocker) = mapping.blocker else {
            continue;
        };
        let asked = Asked::of(mapping);
        let findings = found(&mapping.findings);
        ask(
            asked.likeness(blocker, mapping.findings.last()),
            OpenQuestion {
                blocker,
                what: what(blocker, asked.shown(), mapping.findings.last()),
                about: vec![asked],
                findings,
            },
        );
    }
    for account in &plan.accounts {
        if account.outcome == Outcome::Blocked {
            ask("account".to_owned(), of_account(account));
        }
    }
    open
}

/// How many mappings and accounts wait for a decision.
#[must_use]
pub fn open_ids(plan: &Plan) -> BTreeSet<MappingId> {
    let mappings = plan.mappings.iter();
    let mappings = mappings.filter(|mapping| mapping.needs_decision());
    let accounts = plan.accounts.iter();
    let accounts = accounts.filter(|account| account.outcome == Outcome::Blocked);
    mappings
        .map(|mapping| mapping.id)
        .chain(accounts.map(|account| account.id))
        .collect()
}

/// What several would do of which each has its own reason: what these have in common.
fn of_all(question: &OpenQuestion) -> String {
    match (question.blocker, question.findings.last()) {
        (Blocker::NoEntryPossible, Some(finding)) => {
            format!("can't have an access entry: {}", finding.code.title())
        }
        _ => question.what.clone(),
    }
}

fn of_account(account: &PlannedAccount) -> OpenQuestion {
    OpenQuestion {
        blocker: Blocker::NoEntryPossible,
        what: "would lose access: every principal of the account may log in today, and access entries name principals one by one".to_owned(),
        about: vec![Asked {
            id: account.id,
            principal: account.account_id.clone(),
            in_force: None,
            drift: None,
            proposal: AccessChange::default(),
            username: String::new(),
            groups: Vec::new(),
            can_create: false,
            is_node: false,
        }],
        findings: found(&account.findings),
    }
}

/// What is worth telling: the causes, not what was merely noted.
fn found(findings: &[Finding]) -> Vec<Finding> {
    let mut worth: Vec<Finding> = findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Warning)
        .cloned()
        .collect();
    worth.dedup();
    worth
}

fn what(blocker: Blocker, change: &AccessChange, found: Option<&Finding>) -> String {
    match blocker {
        Blocker::AccessMoves => {
            let moves = super::gate::moves_in_words(change);
            moves.strip_prefix("it ").unwrap_or(&moves).to_owned()
        }
        Blocker::BindingsUnread => {
            "would be renamed, and the bindings could not be read".to_owned()
        }
        Blocker::InForceUnknown => {
            "would change in an unknown way: the current access could not be looked up".to_owned()
        }
        Blocker::NoEntryPossible => format!(
            "can't have an access entry{}",
            found.map_or_else(String::new, |finding| format!(": {}", finding.message))
        ),
        Blocker::LiveDiffers => {
            "would change: the live access entry gives different access than the mapping".to_owned()
        }
        Blocker::NewNameTaken => {
            "would share the new name with somebody else, who would gain its bindings".to_owned()
        }
        Blocker::Warning => format!(
            "would be created with a warning, which {} blocks",
            Flag::Strict
        ),
        Blocker::Refused => "would be refused: EKS rejects the principal".to_owned(),
    }
}

/// The answer that accepts exactly the move of a proposal, where it can be created.
fn accepted(asked: &Asked) -> Option<Accept> {
    Accept::exactly(&asked.proposal).filter(|_| asked.can_create)
}
