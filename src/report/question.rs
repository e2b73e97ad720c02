//! One question a screen: what is in force, what each answer would change, and which bindings are behind it.

use super::terminal::layout::wrap;
use super::words::{self, Fact, identity_facts, plural};
use crate::finding::{Code, Finding};
use crate::model::{AccessChange, Identity};
use crate::plan::questions::{Asked, Choice, OpenQuestion, Step};
use crate::text::{literal, visible};

/// How many of several alike are listed, so that a question fits on a screen.
const LISTED: usize = 3;
/// Where texts begin beside their labels.
const TEXT: usize = 16;

/// How far the answering has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
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
    progress: Progress,
    width: usize,
    all: bool,
) -> String {
    let mut screen = Screen::new(width);
    let more = progress.open.saturating_sub(1);
    screen.rule(&match more {
        0 => format!("Question {}, the last one", progress.asked + 1),
        more => format!("Question {}, {more} more after it", progress.asked + 1),
    });
    screen.paragraph(0, &format!("{}.", visible(&question.title())));
    let listed = if all { usize::MAX } else { LISTED };
    for asked in question.about.iter().take(listed) {
        screen.labelled(&asked.id.to_string(), &visible(&asked.principal));
    }
    screen.left_out(question.about.len(), listed);
    screen.blank();
    if let Some(first) = question.about.first() {
        screen.access(first, question.about.len());
    }
    screen.bindings(question, listed);
    for finding in causes(&question.findings).take(listed) {
        screen.labelled(&finding.code.to_string(), &visible(&finding.message));
    }
    screen.blank();
    for (index, choice) in choices.iter().enumerate() {
        let label = format!("{}  {}", index + 1, choice.kind.word());
        let mut text = visible(&choice.consequence).into_owned();
        if choice.also > 0 {
            text.push_str(&format!(
                "; settles {} as well",
                plural(choice.also, "other mapping", "other mappings")
            ));
        }
        if choice.takes_name() {
            text.push_str(&format!(" (`{} NAME` for another name)", index + 1));
        }
        screen.labelled(&label, &text);
    }
    screen.blank();
    let default = choices.first().map_or_else(String::new, |choice| {
        format!("Enter {} | ", choice.kind.word())
    });
    screen.paragraph(
        0,
        &format!("{default}number, with a reason if you like | s skip, b back, l list, q quit"),
    );
    screen.text
}

/// Findings that say more than the bindings that are listed already.
pub(super) fn causes(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let is_listed =
        |finding: &&Finding| matches!(finding.code, Code::BindingLost | Code::BindingGained);
    findings.iter().filter(move |finding| !is_listed(finding))
}

/// What was answered, question by question.
#[must_use]
pub fn answers(steps: &[Step], width: usize) -> String {
    let mut screen = Screen::new(width);
    screen.rule("Answers");
    for (index, step) in steps.iter().enumerate() {
        let answer = step
            .choice
            .as_ref()
            .map_or("open", |choice| choice.kind.word());
        let label = format!("{}  {answer}", index + 1);
        screen.labelled(&label, &visible(&step.question.title()));
    }
    screen.text
}

struct Screen {
    text: String,
    width: usize,
}

impl Screen {
    fn new(width: usize) -> Self {
        Self {
            text: String::new(),
            width: width.clamp(24, 100),
        }
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn rule(&mut self, title: &str) {
        let rest = self.width.saturating_sub(title.len() + 4);
        self.text
            .push_str(&format!("-- {title} {}\n", "-".repeat(rest)));
    }

    fn paragraph(&mut self, indent: usize, text: &str) {
        for line in wrap(text, self.width.saturating_sub(indent)) {
            self.text
                .push_str(&format!("{}{line}\n", " ".repeat(indent)));
        }
    }

    /// A label with a text beside it; below it where the label is long.
    fn labelled(&mut self, label: &str, text: &str) {
        let lines = wrap(text, self.width.saturating_sub(TEXT + 2));
        let is_beside = label.len() < TEXT;
        if !is_beside {
            self.text.push_str(&format!("  {label}\n"));
        }
        for (index, line) in lines.iter().enumerate() {
            let label = if index == 0 && is_beside { label } else { "" };
            let line = format!("  {label:TEXT$}{line}");
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    fn left_out(&mut self, count: usize, listed: usize) {
        if count > listed {
            self.labelled("", &format!("and {} more; l lists them", count - listed));
        }
    }

    /// What the first of them has now and would have.
    fn access(&mut self, asked: &Asked, count: usize) {
        let first = if count > 1 {
            format!(" ({})", asked.id)
        } else {
            String::new()
        };
        let is_account = asked.in_force.is_none() && *asked.shown() == AccessChange::default();
        if is_account {
            return;
        }
        self.labelled(
            "in force",
            &format!("{}{first}", who(asked.in_force.as_ref())),
        );
        match &asked.drift {
            Some(drift) => {
                self.labelled("mapping", &who(drift.before.as_ref()));
                self.labelled("live entry", &who(drift.after.as_ref()));
            }
            None if asked.proposal.after.is_some() => {
                self.labelled("entry", &who(asked.proposal.after.as_ref()));
            }
            None => {}
        }
    }

    fn bindings(&mut self, question: &OpenQuestion, listed: usize) {
        let bindings: Vec<_> = question.bindings().collect();
        for binding in bindings.iter().take(listed) {
            self.labelled("binding", &words::binding(binding));
        }
        self.left_out(bindings.len(), listed);
        let first = question.about.first();
        let is_known = first.is_none_or(|asked| asked.shown().bindings.is_some());
        if is_known && bindings.is_empty() {
            self.labelled("bindings", "none is involved");
        } else if !is_known && first.is_some_and(|asked| asked.in_force.is_some()) {
            self.labelled(
                "bindings",
                "not read: grant `list` on clusterrolebindings and rolebindings, or give the objects with --rbac-file",
            );
        }
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
