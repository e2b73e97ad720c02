//! What the template shows: texts with hidden characters escaped, which the template then quotes for HTML.

use askama::Template;

use crate::finding::Finding;
use crate::plan::Plan;
use crate::plan::document::{Action, Identity, Outcome, PlannedAccount, PlannedMapping};
use crate::report::about::{calls, facts};
use crate::report::next::Next;
use crate::report::principal::ShortNames;
use crate::report::summary::{counts, sentence};
use crate::report::words::{self, OUTCOMES, entry_facts, identity_facts};
use crate::text::visible;

/// The whole page.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page<'a> {
    plan: &'a Plan,
    /// Parts before everything else, in HTML.
    lead: String,
    names: ShortNames<'a>,
    style: &'static str,
    style_digest: String,
    title: String,
    facts: Vec<(&'static str, String)>,
    sentence: String,
    counts: String,
    totals: Vec<Total>,
    calls: String,
    next: Next,
}

/// How many have an outcome, and their part of the bar, which is 1000 units long.
struct Total {
    word: &'static str,
    mark: &'static str,
    count: usize,
    x: usize,
    width: usize,
}

/// A mapping.
struct Row {
    id: String,
    line: usize,
    word: &'static str,
    mark: &'static str,
    arn: String,
    /// Another account than the cluster's, with the colon after it; in front of the principal.
    account: String,
    principal: String,
    before: Vec<Fact>,
    after: Vec<Fact>,
    entry: Vec<Fact>,
    verdict: &'static str,
    bindings: Vec<String>,
    notes: Vec<Note>,
}

/// An element of `mapAccounts`.
struct Account {
    id: String,
    word: &'static str,
    mark: &'static str,
    name: String,
    notes: Vec<Note>,
}

/// A label and its values.
struct Fact {
    label: &'static str,
    values: Vec<String>,
}

/// A finding.
struct Note {
    severity: &'static str,
    code: String,
    message: Vec<Part>,
    fix: Vec<Part>,
}

/// A part of a sentence, in backticks or not.
struct Part {
    is_code: bool,
    text: String,
}

/// One call to EKS.
struct Call {
    operation: &'static str,
    principal: String,
    why: Vec<Part>,
}

impl<'a> Page<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        next: Next,
        lead: String,
        (style, style_digest): (&'static str, String),
    ) -> Self {
        Self {
            plan,
            lead,
            names: ShortNames::new(plan, 400),
            style,
            style_digest,
            title: format!(
                "aws-auth to access entries: {}",
                shown(plan.cluster.name.as_deref().unwrap_or("a cluster"))
            ),
            facts: facts(plan),
            sentence: sentence(plan),
            counts: counts(plan),
            totals: totals(plan),
            calls: calls(plan),
            next,
        }
    }

    // The long parts are made one by one while they are written.

    fn mappings(&self) -> impl Iterator<Item = Row> {
        let mappings = self.plan.mappings.iter();
        mappings.map(|mapping| Row::new(mapping, &self.names))
    }

    fn accounts(&self) -> impl Iterator<Item = Account> {
        self.plan.accounts.iter().map(Account::new)
    }

    fn findings(&self) -> impl Iterator<Item = Note> {
        let findings = self.plan.findings.iter();
        findings.map(|placed| Note::new(&words::with_place(placed)))
    }

    fn actions(&self) -> impl Iterator<Item = Call> {
        let actions = self.plan.actions.iter();
        actions.map(|action| Call::new(action, &self.names))
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
        .into()
}

impl Row {
    fn new(mapping: &PlannedMapping, names: &ShortNames) -> Self {
        let access = mapping.shown_change();
        let entry = mapping.entry.as_ref();
        let name = names.get(&mapping.arn);
        let (account, principal) = name.split_at(account_length(&name));
        Self {
            id: mapping.id.to_string(),
            line: mapping.line,
            word: words::outcome(mapping.outcome),
            mark: words::mark(mapping.outcome),
            arn: shown(&mapping.arn),
            account: account.to_owned(),
            principal: principal.to_owned(),
            before: identity(access.before.as_ref(), "no access"),
            after: identity(access.after.as_ref(), words::nothing_after(mapping)),
            entry: entry
                .map(|entry| escaped(entry_facts(entry, &mapping.arn)))
                .unwrap_or_default(),
            verdict: words::verdict(mapping),
            bindings: access
                .bindings
                .iter()
                .flatten()
                .map(words::binding)
                .collect(),
            notes: mapping.findings.iter().map(Note::new).collect(),
        }
    }

    /// What the entry is to the mapping.
    fn entry_label(&self) -> &'static str {
        if self.word == words::outcome(Outcome::Blocked)
            || self.word == words::outcome(Outcome::Conflict)
        {
            "wanted entry"
        } else {
            "entry"
        }
    }
}

impl Account {
    fn new(account: &PlannedAccount) -> Self {
        Self {
            id: account.id.to_string(),
            word: words::outcome(account.outcome),
            mark: words::mark(account.outcome),
            name: shown(&account.account_id),
            notes: account.findings.iter().map(Note::new).collect(),
        }
    }
}

impl Note {
    fn new(finding: &Finding) -> Self {
        Self {
            severity: words::severity(finding.severity),
            code: finding.code.to_string(),
            message: parts(&finding.message),
            fix: parts(&finding.fix),
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

/// How much of a name is an account with the colon after it.
fn account_length(name: &str) -> usize {
    match name.split_once(':') {
        Some((account, _)) if account.bytes().all(|byte| byte.is_ascii_digit()) => {
            account.len() + 1
        }
        _ => 0,
    }
}

fn identity(identity: Option<&Identity>, nothing: &'static str) -> Vec<Fact> {
    match identity {
        Some(identity) => escaped(identity_facts(identity)),
        None => vec![Fact {
            label: nothing,
            values: Vec::new(),
        }],
    }
}

fn escaped(facts: Vec<words::Fact>) -> Vec<Fact> {
    let facts = facts.into_iter().map(|fact| Fact {
        label: fact.label,
        values: fact.values.iter().map(|value| shown(value)).collect(),
    });
    facts.collect()
}

/// A sentence as HTML, with what is code in it; a command line is code as a whole.
pub(in crate::report) fn inline(text: &str) -> String {
    if text.starts_with("aws-auth-migrate ") {
        return format!("<code>{}</code>", quoted(&shown(text)));
    }
    let parts = parts(text).into_iter().map(|part| {
        let text = quoted(&part.text);
        if part.is_code {
            format!("<code>{text}</code>")
        } else {
            text
        }
    });
    parts.collect()
}

pub(in crate::report) fn quoted(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A sentence, cut at its backticks and around its options; in one part where backticks come in no pairs.
fn parts(text: &str) -> Vec<Part> {
    let paired = text.matches('`').count().is_multiple_of(2);
    let parts: Vec<&str> = if paired {
        text.split('`').collect()
    } else {
        vec![text]
    };
    parts
        .into_iter()
        .enumerate()
        .flat_map(|(index, text)| match (index % 2 == 1, text) {
            // Nothing between two backticks is no code; they stay as they are.
            (true, "") => vec![(false, "``")],
            (true, text) => vec![(true, text)],
            (false, text) => around_options(text),
        })
        .map(|(is_code, text)| Part {
            is_code,
            text: shown(text),
        })
        .filter(|part| !part.text.is_empty())
        .collect()
}

/// A text in pieces: options of the command line, with a value behind an equals sign, and what stands between them.
fn around_options(text: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("--") {
        let option = rest[start..].split([' ', ',', ';', ')']).next();
        let option = option.unwrap_or_default();
        let is_option = option[2..].starts_with(|c: char| c.is_ascii_lowercase())
            && (start == 0 || rest[..start].ends_with([' ', '(']));
        let end = start + option.len();
        if is_option {
            pieces.extend([(false, &rest[..start]), (true, option)]);
        } else {
            pieces.push((false, &rest[..end]));
        }
        rest = &rest[end..];
    }
    pieces.push((false, rest));
    pieces
}

fn shown(text: &str) -> String {
    visible(text).into_owned()
}
