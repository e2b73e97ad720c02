//! YAML in which no text can be taken for anything else, by readers of YAML 1.1 and 1.2 alike; and JSON, which is YAML.
//!
//! Hidden characters stand as escapes, and each text in one line unless it is asked for otherwise. A general YAML writer puts them into the document as
//! they are, and leaves words such as `yes` bare, which readers of YAML 1.1 take for a truth value.

use serde_json::Value;

use crate::text::{is_hidden, visible_json};

/// The longest key that may stand before its colon in one line.
///
/// Source: YAML 1.2.2, section 7.4.2, "Flow Mappings": at most 1024 characters.
const LONGEST_KEY: usize = 1024;

/// How a text of several lines is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// In one line, with escapes.
    Escaped,
    /// Line by line, where every reader finds the very same text again.
    Kept,
}

/// A document, in block style.
pub(crate) fn document(value: &Value) -> String {
    written(value, Lines::Escaped)
}

/// A document, in block style, with texts of several lines for people to read: line by line where nothing of them can
/// be lost or hidden.
pub(crate) fn readable(value: &Value) -> String {
    written(value, Lines::Kept)
}

/// One field of a document, with its key.
pub(crate) fn field(key: &str, value: &Value) -> String {
    let mut text = format!("{}:", scalar(key));
    nested(&mut text, value, 1, Lines::Escaped);
    text
}

/// One item of a list that is a field of a document.
pub(crate) fn item(value: &Value) -> String {
    let mut text = "  - ".to_owned();
    block(&mut text, value, 2, Lines::Escaped);
    text
}

fn written(value: &Value, lines: Lines) -> String {
    let mut text = String::new();
    block(&mut text, value, 0, lines);
    text
}

fn block(text: &mut String, value: &Value, depth: usize, lines: Lines) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(pairs) if !pairs.is_empty() => {
            for (index, (key, value)) in pairs.iter().enumerate() {
                if index > 0 || text.ends_with('\n') {
                    text.push_str(&indent);
                }
                let key = scalar(key);
                if key.len() > LONGEST_KEY {
                    text.push_str("? ");
                    text.push_str(&key);
                    text.push('\n');
                    text.push_str(&indent);
                } else {
                    text.push_str(&key);
                }
                text.push(':');
                nested(text, value, depth + 1, lines);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 || text.is_empty() || text.ends_with('\n') {
                    text.push_str(&indent);
                }
                text.push_str("- ");
                block(text, item, depth + 1, lines);
            }
        }
        other => {
            text.push_str(&leaf(other));
            text.push('\n');
        }
    }
}

fn nested(text: &mut String, value: &Value, depth: usize, lines: Lines) {
    if let Value::String(value) = value
        && lines == Lines::Kept
        && is_plain_lines(value)
    {
        literal(text, value, depth);
        return;
    }
    let is_block = match value {
        Value::Object(pairs) => !pairs.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    text.push(if is_block { '\n' } else { ' ' });
    block(text, value, depth, lines);
}

/// Whether a text of several lines is the same once it is indented: blanks at the ends of lines, at its beginning and
/// empty lines at its end are read differently, or are lost on the way through an editor.
fn is_plain_lines(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with("\n\n")
        && !text.ends_with(' ')
        && !text.contains(" \n")
        && !text.contains(|c: char| c != '\n' && is_escaped(c))
}

/// Source: YAML 1.2.2, section 8.1.2, "Literal Style".
fn literal(text: &mut String, value: &str, depth: usize) {
    let indent = "  ".repeat(depth);
    text.push_str(if value.ends_with('\n') {
        " |\n"
    } else {
        " |-\n"
    });
    for line in value.lines() {
        if !line.is_empty() {
            text.push_str(&indent);
            text.push_str(line);
        }
        text.push('\n');
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text, bare only where no reader can take it for something else.
pub(super) fn scalar(text: &str) -> String {
    // Words that YAML 1.1 takes for a truth value, nothing, or a number.
    const TAKEN: &[&str] = &[
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
    ];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(':')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/_.:-".contains(c))
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { quoted(text) }
}

/// Source: YAML 1.2.2, section 5.7, "Escaped Characters".
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match (c, u32::from(c)) {
            ('"' | '\\', _) => quoted.extend(['\\', c]),
            ('\n', _) => quoted.push_str("\\n"),
            (_, 0x10000..) if is_escaped(c) => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            _ if is_escaped(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Hidden characters, and the few that YAML does not let stand in a document.
fn is_escaped(c: char) -> bool {
    is_hidden(c) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A value in one line, in flow style.
pub(crate) fn flow(value: &Value) -> String {
    match value {
        Value::Object(pairs) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(key, value)| format!("{}: {}", flow_scalar(key), flow(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => flow_scalar(text),
        other => other.to_string(),
    }
}

/// A text within flow style, where readers differ about colons.
pub(crate) fn flow_scalar(text: &str) -> String {
    if text.contains(':') {
        quoted(text)
    } else {
        scalar(text)
    }
}

/// JSON with hidden characters as escapes; YAML, too, and made of the same values.
pub(crate) fn json(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("JSON is plain data");
    let mut text = visible_json(&text).into_owned();
    text.push('\n');
    text
}

/// JSON in one line.
pub(crate) fn json_line(value: &Value) -> String {
    visible_json(&value.to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_within_lists_read_back() {
        let value = serde_json::json!({"steps": [[{"a": 1, "b": [[], [1, [2]]]}], [{"c": "d"}]]});
        for text in [document(&value), readable(&value)] {
            let read: Value = serde_yaml::from_str(&text).expect(&text);
            assert_eq!(read, value, "{text}");
        }
    }
}
