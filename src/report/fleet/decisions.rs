//! The skeleton of a decisions file for a whole fleet: each question once, with the clusters that ask it.

use serde_json::json;

use crate::decisions::SCHEMA;
use crate::fleet::{FleetQuestion, Report};
use crate::report::decisions::{NOTE, note};
use crate::report::words;
use crate::yaml::flow;

/// How questions are indented below `principals`.
const INDENT: &str = "  ";

/// The questions of a report that answers settle.
pub(super) fn open(report: &Report) -> Vec<&FleetQuestion> {
    let questions = report.questions.iter();
    questions
        .filter(|question| question.principal.is_some() && !question.answers.is_empty())
        .collect()
}

/// The file, in the form of the one for a single cluster: taking the comment sign off one line answers a question.
pub(super) fn decisions(report: &Report) -> String {
    let open = open(report);
    let mut lines = Vec::new();
    if !open.is_empty() {
        let count = words::plural(open.len(), "question is", "questions are");
        let text = format!(
            "{count} open. To answer one in all clusters that ask it, take the `# ` off one of its lines, and add \
             `reason: ...` for whoever reads it later. What stays a comment stays open."
        );
        lines.extend(note("", &text));
    }
    lines.push(format!("schema: {SCHEMA}"));
    let empty = if open.is_empty() { " []" } else { "" };
    lines.push(format!("principals:{empty}"));
    for (index, question) in open.into_iter().enumerate() {
        lines.extend(asked(index + 1, question));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A question with its answers, all as comments.
fn asked(number: usize, question: &FleetQuestion) -> Vec<String> {
    let principal = question.principal.as_deref().unwrap_or_default();
    let mut lines = vec![format!("{INDENT}{NOTE}")];
    let mut comment = |text: &str| lines.extend(note(INDENT, text));
    comment(&format!("Question {number}: {principal}"));
    let code = question
        .code
        .map_or_else(String::new, |code| format!("{code}: "));
    comment(&format!("{code}{}", question.message));
    let clusters = words::plural(question.clusters.len(), "cluster", "clusters");
    comment(&format!("{clusters}: {}", question.clusters.join(", ")));
    for choice in &question.answers {
        comment(&format!("{}: {}", choice.what.as_str(), choice.consequence));
    }
    for choice in &question.answers {
        let mut answer = json!({"principal": principal, "do": choice.what});
        if let Some(accept) = &choice.accept {
            answer["accept"] = json!(accept);
        }
        lines.push(format!("{INDENT}# - {}", flow(&answer)));
    }
    lines
}
