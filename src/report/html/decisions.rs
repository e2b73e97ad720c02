//! The open questions: whom each is about, what would change, and the lines that answer it.

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use super::groups::{FactView, anchor, facts, marked};
use super::text::{TextPart, parts, shown};
use crate::decisions::{Answer, AnswerLine};
use crate::finding::{Code, Severity};
use crate::model::{AccessChange, MappingId};
use crate::plan::Plan;
use crate::plan::questions::{Asked, OpenQuestion, Untried};
use crate::report::open::{Findings, ranges, why};
use crate::report::principal::ShortNames;
use crate::report::words;
use crate::yaml::flow;

/// How many mappings of a question are named one by one.
const NAMED: usize = 12;
/// How many lines of an answer are shown.
const LINES: usize = 40;

/// A question as it is shown.
pub(super) struct QuestionView {
    pub(super) number: usize,
    pub(super) title: Vec<TextPart>,
    pub(super) about: Vec<SubjectView>,
    /// The others, in short.
    pub(super) rest: String,
    /// Codes and fixes, each with its text.
    pub(super) why: Vec<(String, Vec<TextPart>)>,
    /// Access of the first of them today and after; empty for whole accounts.
    pub(super) before: Vec<FactView>,
    pub(super) after: Vec<FactView>,
    /// Of which mapping that is, where they are several.
    pub(super) first: String,
    pub(super) bindings: Vec<String>,
    pub(super) answers: Vec<AnswerView>,
}

/// A mapping or an account.
pub(super) struct SubjectView {
    pub(super) anchor: String,
    pub(super) id: String,
    pub(super) name: String,
}

/// An answer, with the lines of the decisions file that give it.
pub(super) struct AnswerView {
    pub(super) word: &'static str,
    pub(super) consequence: Vec<TextPart>,
    pub(super) lines: Vec<String>,
    /// How many lines are left out.
    pub(super) left_out: usize,
}

/// The numbers of the questions by the mappings that they are about.
pub(super) fn numbers(open: &[OpenQuestion]) -> HashMap<MappingId, usize> {
    let numbers = open.iter().enumerate().flat_map(|(index, question)| {
        question
            .about
            .iter()
            .map(move |asked| (asked.id, index + 1))
    });
    numbers.collect()
}

impl QuestionView {
    pub(super) fn new(
        (index, question): (usize, &OpenQuestion),
        plan: &Plan,
        found: &Findings,
        names: &ShortNames,
    ) -> Self {
        let about = question.about.iter().take(NAMED).map(|asked| SubjectView {
            anchor: anchor(asked.id),
            id: asked.id.to_string(),
            name: shown(&names.get(&asked.principal)),
        });
        let rest = question.about.iter().skip(NAMED).map(|asked| asked.id);
        let rest: Vec<MappingId> = rest.collect();
        let (_, why) = why(question, found);
        let why = why.into_iter().map(|(label, text)| (label, parts(&text)));
        let first = &question.about[0];
        let change = first.shown();
        let is_account = first.in_force.is_none() && *change == AccessChange::default();
        let (before, after) = if is_account {
            (Vec::new(), Vec::new())
        } else {
            let nothing = if first.in_force.is_some() && change.verdict.is_none() {
                "not decided"
            } else {
                "no access"
            };
            let before = facts(change.before.as_deref(), "no access");
            let after = facts(change.after.as_deref(), nothing);
            (
                marked(&before, &after, "del"),
                marked(&after, &before, "ins"),
            )
        };
        Self {
            number: index + 1,
            title: parts(&question.title()),
            about: about.collect(),
            rest: match rest.len() {
                0 => String::new(),
                count => format!("{count} more: {}", ranges(rest)),
            },
            why: why.collect(),
            before,
            after,
            first: match question.about.len() {
                1 => String::new(),
                _ => first.id.to_string(),
            },
            bindings: question.bindings().map(words::binding).collect(),
            answers: answers(question, plan, found),
        }
    }
}

/// The answers that every mapping of a question takes.
fn answers(question: &OpenQuestion, plan: &Plan, found: &Findings) -> Vec<AnswerView> {
    let each: Vec<Vec<Untried>> = question.about.iter().map(Asked::untried).collect();
    let code = if question.about.len() > 1 {
        code(question, plan, found)
    } else {
        None
    };
    let mut choices = Vec::new();
    for one in &each[0] {
        let same: Vec<&Untried> = each
            .iter()
            .filter_map(|answers| answers.iter().find(|other| other.what == one.what))
            .collect();
        if same.len() < each.len() {
            continue;
        }
        let is_one_move = same.iter().all(|other| other.accept == one.accept);
        let code = code.filter(|_| is_one_move);
        let lines: Vec<String> = if code.is_some() {
            vec![line(None, code, one)]
        } else {
            let answered = question.about.iter().zip(&same).take(LINES);
            answered
                .map(|(asked, one)| line(Some(&asked.principal), None, one))
                .collect()
        };
        choices.push(AnswerView {
            word: one.what.as_str(),
            consequence: parts(&one.consequence),
            left_out: match code {
                Some(_) => 0,
                None => question.about.len() - lines.len(),
            },
            lines,
        });
    }
    choices
}

/// The code that all of a question have, and no other open mapping.
fn code(question: &OpenQuestion, plan: &Plan, found: &Findings) -> Option<Code> {
    let ids = question.ids();
    let first = found.get(&question.about[0].id)?;
    let codes: BTreeSet<Code> = first
        .iter()
        .filter(|finding| finding.severity >= Severity::Warning)
        .map(|finding| finding.code)
        .collect();
    codes.into_iter().find(|code| {
        let has = |findings: &[crate::finding::Finding]| {
            findings.iter().any(|finding| finding.code == *code)
        };
        let mappings = plan.mappings.iter();
        let mappings =
            mappings.filter(|mapping| mapping.needs_decision() && has(&mapping.findings));
        let accounts = plan.accounts.iter();
        let accounts = accounts.filter(|account| has(&account.findings));
        let with: BTreeSet<MappingId> = mappings
            .map(|mapping| mapping.id)
            .chain(accounts.map(|account| account.id))
            .collect();
        with == ids
    })
}

/// An item of `principals` in the decisions file.
fn line(principal: Option<&String>, code: Option<Code>, one: &Untried) -> String {
    let answer = Answer {
        principal: principal.cloned(),
        code,
        what: one.what,
        accept: one.accept.clone(),
        reason: None,
        line: AnswerLine::default(),
    };
    format!("  - {}", flow(&json!(answer)))
}
