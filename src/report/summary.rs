//! The sentence that opens a report.

use super::words::{OUTCOMES, count, outcome, plural};
use crate::plan::document::{Outcome, PlannedMapping, Verdict};
use crate::plan::{Obstacle, Plan};

/// How many principals fare how, once the plan is applied and `aws-auth` is gone.
///
/// Every mapping is in exactly one of the counts, but for those of the undecided that would lose or gain, so that neither can
/// hide behind an open decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Exactly the same access.
    pub same: usize,
    /// Another username, which no binding uses.
    pub renamed: usize,
    /// Another username, without bindings at hand that would tell what depends on it.
    pub renamed_unseen: usize,
    /// Less access, without a decision being open.
    pub lose: usize,
    /// Some access lost and other gained, without a decision being open.
    pub change: usize,
    /// Only more access than today, without a decision being open.
    pub gain: usize,
    /// The comparison is not possible.
    pub unknown: usize,
    /// Blocked or in conflict with a live entry.
    pub undecided: usize,
    /// Those of the undecided that would lose access if things stayed as they are.
    pub undecided_loss: usize,
    /// Those of the undecided that would gain access if things stayed as they are.
    pub undecided_gain: usize,
    /// No access today, and none after.
    pub inert: usize,
    /// Left out on purpose, with access that is not carried over by this plan.
    pub left_out: usize,
    /// Elements of `mapAccounts` that need a decision.
    pub accounts: usize,
}

impl Tally {
    /// Counts the mappings of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let mut tally = Self::default();
        for mapping in &plan.mappings {
            *tally.place_of(mapping) += 1;
            if mapping.needs_decision() {
                let verdict = mapping.shown_change().verdict;
                let is = |one| verdict == Some(one) || verdict == Some(Verdict::Changed);
                tally.undecided_loss += usize::from(is(Verdict::Lost));
                tally.undecided_gain += usize::from(is(Verdict::Gained));
            }
        }
        tally.accounts = plan
            .accounts
            .iter()
            .filter(|account| account.outcome == Outcome::Blocked)
            .count();
        tally
    }

    fn place_of(&mut self, mapping: &PlannedMapping) -> &mut usize {
        match (mapping.outcome, mapping.shown_change().verdict) {
            _ if mapping.needs_decision() => &mut self.undecided,
            (Outcome::Inert, _) => &mut self.inert,
            (_, Some(Verdict::Same)) => &mut self.same,
            (_, Some(Verdict::Renamed)) => &mut self.renamed,
            (Outcome::Skipped, _) => &mut self.left_out,
            (_, Some(Verdict::Lost)) => &mut self.lose,
            (_, Some(Verdict::Changed)) => &mut self.change,
            (_, Some(Verdict::Gained)) => &mut self.gain,
            _ if mapping.is_renamed_unseen() => &mut self.renamed_unseen,
            (_, None) => &mut self.unknown,
        }
    }
}

/// The verdict on a plan in one line: whether something is open, and otherwise what it comes to.
#[must_use]
pub fn verdict(plan: &Plan) -> String {
    if let Some(stop) = plan.obstacle(Obstacle::NoEntries) {
        let code = stop.code;
        return format!("This plan can't be applied yet: {} ({code}).", code.title());
    }
    if plan.mappings.is_empty() && plan.accounts.is_empty() {
        return sentence(plan);
    }
    let tally = Tally::of(plan);
    let ready = ready(plan);
    let gains = match tally.gain + tally.change {
        0 => "nobody gains access",
        _ if moves_are_decided(plan) => "access changes only as decided",
        _ => "somebody gains access",
    };
    if tally.undecided + tally.accounts == 0 {
        let moves = tally.lose + tally.change + tally.gain;
        let access = match moves {
            0 if tally.unknown + tally.renamed_unseen > 0 => {
                let unseen = tally.unknown + tally.renamed_unseen;
                format!(
                    "{} can't be compared",
                    plural(unseen, "principal", "principals")
                )
            }
            0 => "nobody loses or gains access".to_owned(),
            _ if moves_are_decided(plan) => "access changes only as decided".to_owned(),
            _ => format!(
                "access changes for {}",
                plural(moves, "principal", "principals")
            ),
        };
        return match ready {
            0 => format!("Nothing to apply; {access}."),
            _ => format!("Ready to apply: {access}."),
        };
    }
    let open = [
        (tally.undecided, "mapping", "mappings"),
        (tally.accounts, "account", "accounts"),
    ];
    let counts: Vec<String> = open
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| plural(count, one, many))
        .collect();
    let need = if tally.undecided + tally.accounts == 1 {
        "needs"
    } else {
        "need"
    };
    let ready = match ready {
        0 => "nothing else to apply".to_owned(),
        1 => "1 is ready".to_owned(),
        count => format!("{count} are ready"),
    };
    format!(
        "{} {need} a decision; {ready}; {gains}.",
        counts.join(" and ")
    )
}

/// How many mappings have an entry to create or update and wait for nothing.
fn ready(plan: &Plan) -> usize {
    let mappings = plan.mappings.iter();
    mappings
        .filter(|mapping| {
            matches!(mapping.outcome, Outcome::Create | Outcome::Update)
                && !mapping.needs_decision()
        })
        .count()
}

/// What happens to the principals, in one sentence.
///
/// ```text
/// 14 principals keep exactly their access, 1 is renamed (no binding uses the old name), 2 need a decision, 0 gain.
/// ```
#[must_use]
pub fn sentence(plan: &Plan) -> String {
    if plan.mappings.is_empty() && plan.accounts.is_empty() {
        return "There is nothing in `aws-auth` to migrate.".to_owned();
    }
    let tally = Tally::of(plan);
    let principals = if tally.same == 1 {
        "principal keeps exactly its access"
    } else {
        "principals keep exactly their access"
    };
    let mut clauses = vec![format!("{} {principals}", tally.same)];
    let mut add = |count: usize, one: &str, many: &str| {
        if count > 0 {
            clauses.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    };
    add(
        tally.renamed,
        "is renamed (no binding uses the old name)",
        "are renamed (no binding uses the old names)",
    );
    add(
        tally.renamed_unseen,
        "is renamed (not known whether a binding uses the old name)",
        "are renamed (not known whether a binding uses the old names)",
    );
    let would = match (tally.undecided_loss, tally.undecided_gain) {
        (0, 0) => String::new(),
        (lose, 0) => format!(" ({lose} would lose access)"),
        (0, gain) => format!(" ({gain} would gain access)"),
        (lose, gain) => format!(" ({lose} would lose, {gain} would gain)"),
    };
    add(
        tally.undecided,
        &format!("needs a decision{would}"),
        &format!("need a decision{would}"),
    );
    add(
        tally.accounts,
        "whole account needs a decision",
        "whole accounts need a decision",
    );
    let decided = if moves_are_decided(plan) {
        ", as decided"
    } else {
        ""
    };
    add(
        tally.lose,
        &format!("loses access{decided}"),
        &format!("lose access{decided}"),
    );
    add(
        tally.change,
        &format!("loses some access and gains other{decided}"),
        &format!("lose some access and gain other{decided}"),
    );
    add(tally.unknown, "can't be compared", "can't be compared");
    add(tally.left_out, "is left out", "are left out");
    add(tally.inert, "has no access today", "have no access today");
    // Says that nobody gains only where that is so.
    let others_gain = tally.change + tally.undecided_gain > 0;
    let gains = if tally.gain == 1 { "gains" } else { "gain" };
    if tally.gain > 0 || !others_gain {
        let decided = if tally.gain > 0 { decided } else { "" };
        clauses.push(format!("{} {gains}{decided}", tally.gain));
    }
    format!("{}.", clauses.join(", "))
}

/// Whether every move of somebody's access in the plan was decided.
fn moves_are_decided(plan: &Plan) -> bool {
    let is_move = |mapping: &&PlannedMapping| {
        let verdict = mapping.shown_change().verdict;
        !mapping.needs_decision() && verdict.is_some_and(|verdict| !verdict.keeps_access())
    };
    let mut moves = plan.mappings.iter().filter(is_move).peekable();
    moves.peek().is_some() && moves.all(|mapping| mapping.decision.is_some())
}

/// The counts of mappings by outcome and of whole accounts, such as `3 create, 0 update, ...; 2 whole accounts`.
#[must_use]
pub fn counts(plan: &Plan) -> String {
    let counts = OUTCOMES.map(|each| format!("{} {}", count(&plan.summary, each), outcome(each)));
    let accounts = match plan.accounts.len() {
        0 => String::new(),
        count => format!("; {}", plural(count, "whole account", "whole accounts")),
    };
    format!("{}{accounts}", counts.join(", "))
}

/// The same without the outcomes that no mapping has.
pub(super) fn present(plan: &Plan) -> String {
    let outcomes = OUTCOMES.into_iter();
    let present = outcomes.filter(|each| count(&plan.summary, *each) > 0);
    let mut counts: Vec<String> = present
        .map(|each| format!("{} {}", count(&plan.summary, each), outcome(each)))
        .collect();
    if !plan.accounts.is_empty() {
        counts.push(plural(
            plan.accounts.len(),
            "whole account",
            "whole accounts",
        ));
    }
    match counts.as_slice() {
        [] => "none".to_owned(),
        counts => counts.join(", "),
    }
}

/// The sentence and the counts, a line each.
#[must_use]
pub fn summary(plan: &Plan) -> String {
    format!("{}\n{}\n", sentence(plan), counts(plan))
}
