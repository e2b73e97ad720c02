//! The decisions file as it is written: what is decided, and every open question with its answers as comments.
//!
//! An earlier file keeps its own comments and the form of its answers. What this tool wrote as comments is known by its
//! form, and is written again for what is open by then.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::question::causes;
use super::terminal::layout::wrap;
use super::words;
use crate::decisions::{Answer, DecisionsFile, read};
use crate::plan::questions::{Choice, Kind, OpenQuestion};
use crate::text::visible;
use crate::yaml::{document as block, flow, flow_scalar};

/// How wide explanations are.
const WIDTH: usize = 100;
/// Begins every explanation of this tool.
pub(super) const NOTE: &str = "##";
/// The keys in the order in which they are written.
const KEYS: [&str; 7] = [
    "schema",
    "clusters",
    "renameGroups",
    "renameUsers",
    "bindRenamed",
    "policies",
    "principals",
];

type Open = [(OpenQuestion, Vec<Choice>)];

/// The file in JSON, which has no room for what is open.
#[must_use]
pub fn decisions_json(decided: &DecisionsFile) -> String {
    crate::yaml::json(&json!(decided))
}

/// The file in YAML, with what an earlier one has besides answers.
///
/// Taking the comment sign off one line answers a question for one principal; whatever stays a comment stays open.
#[must_use]
pub fn decisions(earlier: Option<&str>, decided: &DecisionsFile, open: &Open) -> String {
    let kept = earlier.and_then(|text| {
        let old = read(text).ok()?;
        let merged = File::parse(text)?.with(&old, decided, open);
        let reads_back = read(&merged).is_ok_and(|document| document == *decided);
        reads_back.then_some(merged)
    });
    kept.unwrap_or_else(|| File::default().with(&DecisionsFile::default(), decided, open))
}

/// A top-level key with the comments above it and the lines that belong to it.
#[derive(Debug, Default)]
struct KeyedLines {
    above: Vec<String>,
    key: String,
    body: Vec<String>,
}

#[derive(Debug, Default)]
struct File {
    parts: Vec<KeyedLines>,
}

/// Whether a line is a comment that this tool wrote.
fn is_generated(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(NOTE)
        || line.starts_with("# - {")
        || line.starts_with('#') && line.contains("  # question ")
        || KEYS
            .iter()
            .any(|key| line == format!("# {key}:") || line == format!("# {key}: true"))
}

impl File {
    /// Takes a file apart; `None` where it is not in block style.
    fn parse(text: &str) -> Option<Self> {
        let mut parts: Vec<KeyedLines> = Vec::new();
        let mut above = Vec::new();
        for line in text.lines().filter(|line| !is_generated(line)) {
            let key = KEYS.iter().find(|key| {
                line.strip_prefix(**key)
                    .is_some_and(|rest| rest.starts_with(':'))
            });
            let belongs = line.starts_with([' ', '\t', '-', '}', ']']);
            match (key, parts.last_mut()) {
                (Some(key), _) => parts.push(KeyedLines {
                    above: std::mem::take(&mut above),
                    key: (*key).to_owned(),
                    body: vec![line.to_owned()],
                }),
                (None, Some(part)) if belongs => {
                    part.body.append(&mut above);
                    part.body.push(line.to_owned());
                }
                (None, _) if line.trim().is_empty() || line.starts_with(['#', '-']) => {
                    above.push(line.to_owned());
                }
                _ => return None,
            }
        }
        parts.last_mut()?.body.append(&mut above);
        Some(Self { parts })
    }

    fn with(mut self, old: &DecisionsFile, new: &DecisionsFile, open: &Open) -> String {
        if !self.has("schema") {
            self.part("schema").body = lines(&block(&json!({"schema": new.schema})));
        }
        if old.clusters != new.clusters {
            self.part("clusters").body = lines(&block(&json!({"clusters": new.clusters})));
        }
        self.names(
            "renameGroups",
            &old.rename_groups,
            &new.rename_groups,
            open,
            |choice| &choice.patch.rename_groups,
        );
        self.names(
            "renameUsers",
            &old.rename_users,
            &new.rename_users,
            open,
            |choice| &choice.patch.rename_users,
        );
        self.bind(new, open);
        self.names("policies", &old.policies, &new.policies, open, |choice| {
            &choice.patch.policies
        });
        self.principals(old, new, open);
        self.header(open);
        self.parts
            .iter()
            .flat_map(|part| part.above.iter().chain(&part.body))
            .map(|line| format!("{line}\n"))
            .collect()
    }

    fn has(&self, key: &str) -> bool {
        self.parts.iter().any(|part| part.key == key)
    }

    /// The part of a key, made in its place where there is none yet.
    fn part(&mut self, key: &str) -> &mut KeyedLines {
        let rank = |key: &str| KEYS.iter().position(|known| *known == key);
        let place = self.parts.iter().position(|part| part.key == key);
        let place = place.unwrap_or_else(|| {
            let after = |part: &KeyedLines| rank(&part.key) > rank(key);
            let place = self
                .parts
                .iter()
                .position(after)
                .unwrap_or(self.parts.len());
            let part = KeyedLines {
                key: key.to_owned(),
                ..KeyedLines::default()
            };
            self.parts.insert(place, part);
            place
        });
        &mut self.parts[place]
    }

    fn header(&mut self, open: &Open) {
        let Some(first) = self.parts.first_mut().filter(|_| !open.is_empty()) else {
            return;
        };
        let count = words::plural(open.len(), "question is", "questions are");
        let text = format!(
            "{count} open. To answer one for a principal, take the `# ` off one of the principal's lines, and add \
             `reason: ...` for whoever reads it later. What stays a comment stays open."
        );
        first.above.extend(note("", &text));
    }

    fn bind(&mut self, new: &DecisionsFile, open: &Open) {
        if new.bind_renamed {
            self.part("bindRenamed").body = vec!["bindRenamed: true".to_owned()];
        } else if open
            .iter()
            .any(|(_, choices)| choices.iter().any(|choice| choice.patch.bind_renamed))
        {
            let mut body = note(
                "",
                "creates the bindings that new names need, beside those of the old ones:",
            );
            body.push("# bindRenamed: true".to_owned());
            self.part("bindRenamed").body = body;
        }
    }

    /// Names by name: those that are decided, and those that would settle a question as comments.
    fn names<'a>(
        &mut self,
        key: &str,
        old: &BTreeMap<String, String>,
        new: &BTreeMap<String, String>,
        open: &'a Open,
        names: impl Fn(&'a Choice) -> &'a BTreeMap<String, String>,
    ) {
        let mut named = BTreeSet::new();
        let mut comments = Vec::new();
        for (index, (_, choices)) in open.iter().enumerate() {
            for (old, new) in choices.iter().flat_map(&names) {
                if named.insert((old, new)) {
                    let (old, new) = (flow_scalar(old), flow_scalar(new));
                    comments.push(format!("#   {old}: {new}  # question {}", index + 1));
                }
            }
        }
        if old == new && comments.is_empty() {
            return;
        }
        let written = |(old, new): (&String, &String)| {
            format!("  {}: {}", flow_scalar(old), flow_scalar(new))
        };
        let part = self.part(key);
        let only_more = old.iter().all(|(name, value)| new.get(name) == Some(value));
        let head = format!("{key}:");
        if only_more
            && part
                .body
                .first()
                .is_some_and(|line| line.trim_end() == head)
        {
            let indent = part
                .body
                .iter()
                .skip(1)
                .map(|line| indent_of(line))
                .find(|width| *width > 0);
            let indent = " ".repeat(indent.unwrap_or(2));
            let more = new.iter().filter(|(name, _)| !old.contains_key(*name));
            let more = more.map(|pair| format!("{indent}{}", written(pair).trim_start()));
            part.body.extend(more);
        } else {
            let mark = if new.is_empty() { "# " } else { "" };
            part.body = vec![format!("{mark}{head}")];
            part.body.extend(new.iter().map(written));
        }
        part.body.extend(comments);
    }

    fn principals(&mut self, old: &DecisionsFile, new: &DecisionsFile, open: &Open) {
        if new.principals.is_empty() && open.is_empty() {
            return;
        }
        let part = self.part("principals");
        let is_kept = new.principals.starts_with(&old.principals);
        let in_block = part
            .body
            .first()
            .is_some_and(|line| line.trim_end() == "principals:");
        let more = if is_kept && in_block {
            &new.principals[old.principals.len()..]
        } else {
            part.body = vec!["principals:".to_owned()];
            &new.principals[..]
        };
        let item = part
            .body
            .iter()
            .find(|line| line.trim_start().starts_with("- "));
        let indent = " ".repeat(item.map_or(2, |line| indent_of(line)));
        for answer in more {
            let text = block(&json!([answer]));
            part.body
                .extend(text.lines().map(|line| format!("{indent}{line}")));
        }
        for (index, (question, choices)) in open.iter().enumerate() {
            part.body
                .extend(asked(&indent, index + 1, question, choices));
        }
    }
}

/// A question with its answers, all as comments.
fn asked(indent: &str, number: usize, question: &OpenQuestion, choices: &[Choice]) -> Vec<String> {
    let mut lines = vec![format!("{indent}{NOTE}")];
    lines.extend(note(
        indent,
        &format!("Question {number}: {}.", question.title()),
    ));
    for finding in causes(&question.findings) {
        lines.extend(note(
            indent,
            &format!("{}: {}", finding.code, finding.message),
        ));
    }
    for binding in question.bindings() {
        lines.extend(note(indent, &words::binding(binding)));
    }
    for choice in choices {
        let place = match choice.kind {
            Kind::Principals(_) => "",
            Kind::Rename | Kind::Policy => ", in the lines further up",
        };
        let text = format!("{}{place}: {}", choice.kind.word(), choice.consequence);
        lines.extend(note(indent, &text));
    }
    for asked in &question.about {
        lines.extend(note(indent, &format!("{}:", asked.id)));
        for choice in choices {
            let mut answers = choice.patch.principals.iter();
            let about = |answer: &&Answer| answer.principal.as_ref() == Some(&asked.principal);
            if let Some(answer) = answers.find(about) {
                lines.push(format!("{indent}# - {}", flow(&json!(answer))));
            }
        }
    }
    lines
}

pub(super) fn note(indent: &str, text: &str) -> Vec<String> {
    let width = WIDTH - indent.len() - NOTE.len() - 1;
    wrap(&visible(text), width)
        .into_iter()
        .map(|line| format!("{indent}{NOTE} {line}"))
        .collect()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
