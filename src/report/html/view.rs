//! What the template shows: texts with hidden characters escaped, which the template then quotes for HTML.

use std::collections::HashMap;

use askama::Template;

use super::decisions::{QuestionView, numbers};
use super::groups::{FOLDED, Group, MappingView, SHORTENED, anchor, groups};
use super::notes::{GroupNotes, Note};
use super::text::{TextPart, parts, shown};
use crate::model::MappingId;
use crate::plan::Plan;
use crate::plan::document::{Action, PlannedAccount};
use crate::plan::questions::{OpenQuestion, questions};
use crate::report::about::{calls, facts};
use crate::report::next::Next;
use crate::report::open::{Findings, counted, findings};
use crate::report::principal::ShortNames;
use crate::report::summary::{counts, sentence, verdict};
use crate::report::words::{self, OUTCOMES};

/// So many questions are shown.
const QUESTIONS: usize = 100;
/// So many calls are listed one by one.
const CALLS: usize = 200;

/// The whole page.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct PageView<'a> {
    plan: &'a Plan,
    /// Parts before everything else, in HTML.
    lead: String,
    names: ShortNames<'a>,
    title: String,
    facts: Vec<(&'static str, String)>,
    verdict: String,
    sentence: String,
    counts: String,
    totals: Vec<Total>,
    open: Vec<OpenQuestion>,
    asked: HashMap<MappingId, usize>,
    found: Findings<'a>,
    calls: String,
    next: Next,
}

/// How many have an outcome, and their part of the bar, in thousandths.
struct Total {
    word: &'static str,
    mark: &'static str,
    count: usize,
    x: usize,
    width: usize,
}

/// An element of `mapAccounts`.
struct Account {
    anchor: String,
    id: String,
    word: &'static str,
    mark: &'static str,
    name: String,
    notes: Vec<Note>,
    question: Option<usize>,
}

/// One call to EKS.
struct Call {
    operation: &'static str,
    principal: String,
    why: Vec<TextPart>,
}

impl<'a> PageView<'a> {
    pub(super) fn new(plan: &'a Plan, next: Next, lead: String) -> Self {
        let open = questions(plan);
        Self {
            plan,
            lead,
            names: ShortNames::new(plan, SHORTENED),
            title: format!(
                "aws-auth to access entries: {}",
                shown(plan.cluster.name.as_deref().unwrap_or("a cluster"))
            ),
            facts: facts(plan),
            verdict: verdict(plan),
            sentence: sentence(plan),
            counts: counts(plan),
            totals: totals(plan),
            asked: numbers(&open),
            open,
            found: findings(plan),
            calls: calls(plan),
            next,
        }
    }

    fn counted(&self) -> String {
        counted(&self.open)
    }

    // The long parts are made one by one while they are written.

    fn questions(&self) -> impl Iterator<Item = QuestionView> {
        let open = self.open.iter().enumerate().take(QUESTIONS);
        open.map(|question| QuestionView::new(question, self.plan, &self.found, &self.names))
    }

    /// How many questions are not shown.
    fn more_questions(&self) -> usize {
        self.open.len().saturating_sub(QUESTIONS)
    }

    fn groups(&self) -> Vec<Group<'a>> {
        groups(&self.plan.mappings)
    }

    fn rows<'b>(
        &'b self,
        group: &'b Group<'a>,
        notes: &'b GroupNotes<'a>,
    ) -> impl Iterator<Item = MappingView> + 'b {
        group.rows(notes, &self.names, &self.asked)
    }

    fn account_notes(&self) -> GroupNotes<'a> {
        let accounts = self.plan.accounts.iter();
        GroupNotes::of(
            accounts.map(|account| (account.id, account.findings.as_slice(), Vec::new())),
        )
    }

    fn accounts<'b>(&'b self, notes: &'b GroupNotes<'a>) -> impl Iterator<Item = Account> + 'b {
        let accounts = self.plan.accounts.iter();
        accounts.map(move |account| Account::new(account, notes, &self.asked))
    }

    fn accounts_are_folded(&self) -> bool {
        self.plan.accounts.len() > FOLDED
    }

    fn findings(&self) -> impl Iterator<Item = Note> {
        let findings = self.plan.findings.iter();
        findings.map(|placed| Note::new(&words::with_place(placed)))
    }

    fn actions(&self) -> impl Iterator<Item = Call> {
        let actions = self.plan.actions.iter().take(CALLS);
        actions.map(|action| Call::new(action, &self.names))
    }

    /// How many calls are not listed.
    fn more_calls(&self) -> usize {
        self.plan.actions.len().saturating_sub(CALLS)
    }
}

/// The parts of the bar, rounded so that together they fill it.
fn totals(plan: &Plan) -> Vec<Total> {
    let count = |outcome| words::count(&plan.summary, outcome);
    let all = OUTCOMES.map(count).iter().sum::<usize>().max(1);
    let mut before = 0;
    OUTCOMES
        .map(|outcome| {
            let x = before * 1000 / all;
            before += count(outcome);
            Total {
                word: words::outcome(outcome),
                mark: words::mark(outcome),
                count: count(outcome),
                x,
                width: before * 1000 / all - x,
            }
        })
        .into_iter()
        .filter(|total| total.count > 0)
        .collect()
}

impl Total {
    fn from(&self) -> String {
        percent(self.x)
    }

    fn share(&self) -> String {
        percent(self.width)
    }

    /// Where its label begins.
    fn label_from(&self) -> String {
        percent(self.x + 10)
    }

    /// Whether there is room for a label in its part of the bar.
    fn is_wide(&self) -> bool {
        self.width >= 220
    }
}

fn percent(thousandths: usize) -> String {
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

impl Account {
    fn new(
        account: &PlannedAccount,
        notes: &GroupNotes,
        asked: &HashMap<MappingId, usize>,
    ) -> Self {
        Self {
            anchor: anchor(account.id),
            id: account.id.to_string(),
            word: words::outcome(account.outcome),
            mark: words::mark(account.outcome),
            name: shown(&account.account_id),
            notes: notes.own(&account.findings, std::iter::empty()),
            question: asked.get(&account.id).copied(),
        }
    }
}

impl Call {
    fn new(action: &Action, names: &ShortNames) -> Self {
        let principal = action.kind.principal_arn();
        Self {
            operation: action.kind.operation(),
            principal: principal
                .map(|arn| names.get(&arn.to_string()).into_owned())
                .unwrap_or_default(),
            why: parts(&action.why),
        }
    }
}
