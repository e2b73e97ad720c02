//! The plan document as YAML.

use std::fmt::Write;

use serde::Serialize;
use serde_yaml::Value;

use crate::plan::Plan;
use crate::text::is_hidden;

/// Begins the word that stands for a text until the document is written.
const STAND_IN: &str = "aws-auth-migrate-text-";

/// The plan document; reads back as the same plan.
///
/// The YAML writer would put direction controls and zero-width characters into the document as they are, and text of
/// several lines as a block. Such texts are written in double quotes with escapes instead.
/// Source: YAML 1.2.2, section 5.7, "Escaped Characters".
///
/// # Panics
///
/// Never: a plan has no form that YAML lacks.
#[must_use]
pub fn yaml(plan: &Plan) -> String {
    document(plan)
}

/// Objects as one manifest of several documents, as `kubectl apply` takes it.
#[must_use]
pub fn manifest(objects: &[serde_json::Value]) -> String {
    let documents: Vec<String> = objects.iter().map(document).collect();
    documents.join("---\n")
}

/// Any document of this project.
pub(super) fn document(document: &impl Serialize) -> String {
    let mut document =
        serde_yaml::to_value(document).expect("a document has no form that YAML lacks");
    let mut texts = Vec::new();
    put_stand_ins(&mut document, &mut texts);
    let written = serde_yaml::to_string(&document).expect("a plan has no form that YAML lacks");

    let mut parts = written.split(STAND_IN);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (index, rest) = part.split_once('-').unwrap_or((part, ""));
        let original = index.parse().ok().and_then(|index: usize| texts.get(index));
        text.push_str(
            &original
                .map(|original| quoted(original))
                .unwrap_or_default(),
        );
        text.push_str(rest.trim_start_matches('x'));
    }
    text
}

/// Takes out every text with a hidden character, and every one that could be taken for a stand-in.
fn put_stand_ins(value: &mut Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains(is_hidden) || text.contains(STAND_IN) => {
            // As long as what it stands for: the writer puts long keys in another form than short ones.
            let length = quoted(text).len();
            let mut stand_in = format!("{STAND_IN}{}-", texts.len());
            while stand_in.len() < length {
                stand_in.push('x');
            }
            texts.push(std::mem::replace(text, stand_in));
        }
        Value::Sequence(items) => {
            for item in items {
                put_stand_ins(item, texts);
            }
        }
        Value::Mapping(pairs) => {
            *pairs = std::mem::take(pairs)
                .into_iter()
                .map(|(mut key, mut value)| {
                    put_stand_ins(&mut key, texts);
                    put_stand_ins(&mut value, texts);
                    (key, value)
                })
                .collect();
        }
        _ => {}
    }
}

/// A double-quoted scalar.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 16);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if is_hidden(c) && u32::from(c) > 0xffff => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            _ if is_hidden(c) => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
