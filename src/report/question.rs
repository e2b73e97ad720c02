//! One question a screen: what is in force, what each answer would change, and which bindings are behind it.

use super::page::{Page, Shown};
use super::words::{self, Fact, identity_facts, plural};
use crate::finding::{Code, Finding};
use crate::invocation::Advice;
use crate::model::{AccessChange, Identity};
use crate::plan::questions::{AnsweredQuestion, Asked, Choice, OpenQuestion};
use crate::text::literal;

/// How many of several alike are listed, so that a question fits on a screen.
const LISTED: usize = 3;
/// The widest screen that is filled: longer lines are hard to read.
const WIDEST: usize = 100;

/// How far the answering has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuestionProgress {
    /// How many questions were asked before.
    pub asked: usize,
    /// How many are open, this one included.
    pub open: usize,
}

/// A question with its answers, in lines of at most `width` columns; with `all` nothing is left out.
#[must_use]
pub fn question(
    question: &OpenQuestion,
    choices: &[Choice],
    progress: QuestionProgress,
    width: usize,
    all: bool,
) -> String {
    let mut page = Page::new("Question");
    let place = match progress.open.saturating_sub(1) {
        0 => format!("Question {}, the last one", progress.asked + 1),
        more => format!("Question {}, {more} more after it", progress.asked + 1),
    };
    page.heading(format!("{place}: {}.", question.title()));
    let listed = if all { usize::MAX } else { LISTED };
    for asked in question.about.iter().take(listed) {
        page.fact(asked.id.to_string(), &asked.principal);
    }
    left_out(&mut page, question.about.len(), listed);
    let is_account =
        |asked: &Asked| asked.in_force.is_none() && *asked.shown() == AccessChange::default();
    if let Some(first) = question.about.first().filter(|asked| !is_account(asked)) {
        access(&mut page, first, question.about.len());
    }
    bindings(&mut page, question, listed);
    for finding in causes(&question.findings).take(listed) {
        page.fact(finding.code.to_string(), &finding.message);
    }
    page.heading("Answers");
    for (index, choice) in choices.iter().enumerate() {
        let label = format!("{}  {}", index + 1, choice.kind.word());
        page.fact(label, meaning(choice, index + 1));
    }
    let default = choices.first().map_or_else(String::new, |choice| {
        format!("Enter {} | ", choice.kind.word())
    });
    page.text(format!(
        "{default}number, with a reason if you like | s skip, b back, l list, q quit"
    ));
    drawn(&page, width)
}

/// What an answer changes, and what else it does.
fn meaning(choice: &Choice, number: usize) -> String {
    let mut text = choice.consequence.clone();
    if choice.also > 0 {
        text.push_str(&format!(
            "; settles {} as well",
            plural(choice.also, "other mapping", "other mappings")
        ));
    }
    if choice.takes_name() {
        text.push_str(&format!(" (`{number} NAME` for another name)"));
    }
    text
}

fn drawn(page: &Page, width: usize) -> String {
    page.terminal(Shown {
        width: Some(width.min(WIDEST)),
        color: false,
    })
}

/// Findings that say more than the bindings that are listed already.
pub(super) fn causes(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let is_listed =
        |finding: &&Finding| matches!(finding.code, Code::BindingLost | Code::BindingGained);
    findings.iter().filter(move |finding| !is_listed(finding))
}

/// What was answered, question by question.
#[must_use]
pub fn answers(steps: &[AnsweredQuestion], width: usize) -> String {
    let mut page = Page::new("Answers");
    page.heading("Your answers");
    for (index, step) in steps.iter().enumerate() {
        let answer = step
            .choice
            .as_ref()
            .map_or("open", |choice| choice.kind.word());
        page.fact(format!("{}  {answer}", index + 1), step.question.title());
    }
    drawn(&page, width)
}

fn left_out(page: &mut Page, count: usize, listed: usize) {
    if count > listed {
        page.fact("", format!("and {} more; l lists them", count - listed));
    }
}

/// What the first of them has now and would have.
fn access(page: &mut Page, asked: &Asked, count: usize) {
    let first = if count > 1 {
        format!(" ({})", asked.id)
    } else {
        String::new()
    };
    page.fact(
        "in force",
        format!("{}{first}", who(asked.in_force.as_deref())),
    );
    match &asked.drift {
        Some(drift) => {
            page.fact("mapping", who(drift.before.as_deref()));
            page.fact("live entry", who(drift.after.as_deref()));
        }
        None if asked.proposal.after.is_some() => {
            page.fact("entry", who(asked.proposal.after.as_deref()));
        }
        None => {}
    }
}

fn bindings(page: &mut Page, question: &OpenQuestion, listed: usize) {
    let bindings: Vec<_> = question.bindings().collect();
    for binding in bindings.iter().take(listed) {
        page.fact("binding", words::binding(binding));
    }
    left_out(page, bindings.len(), listed);
    let first = question.about.first();
    let is_known = first.is_none_or(|asked| asked.shown().bindings.is_some());
    if is_known && bindings.is_empty() {
        page.fact("bindings", "none is involved");
    } else if !is_known && first.is_some_and(|asked| asked.in_force.is_some()) {
        page.fact("bindings", format!("not read: {}", Advice::PassRbac));
    }
}

/// Somebody inside the cluster, in one line.
fn who(identity: Option<&Identity>) -> String {
    let Some(identity) = identity else {
        return "no access".to_owned();
    };
    let mut facts: Vec<String> = identity_facts(identity).iter().map(fact).collect();
    if identity.sessions == crate::model::Sessions::Instances {
        facts.push("only sessions named like an EC2 instance id".to_owned());
    }
    facts.join(", ")
}

fn fact(fact: &Fact) -> String {
    let values: Vec<_> = fact
        .values
        .iter()
        .map(|value| literal(value).into_owned())
        .collect();
    let parts = [fact.label, &values.join(", ")];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}
