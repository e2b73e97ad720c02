//! Manifests as plain values, read as `kubectl` and the API server read them.
//!
//! Linear in the text whatever it holds: nesting has a limit, and aliases repeat only so much.
//!
//! Source: Kubernetes `apimachinery/pkg/util/yaml/decoder.go` (documents are parted at lines that begin with `---`);
//! sigs.k8s.io/yaml, `yaml.go`.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use super::decode::{self, Data, Decoder};
use super::resolve::Scalar;
use super::{Content, Tree, YamlError, parse};

/// Why a manifest can't be read; never shows its text, which may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at line {line} column {column}")]
pub(crate) struct SyntaxError {
    /// What is wrong.
    pub problem: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// All documents of a manifest but the empty ones, in YAML or JSON.
///
/// A key that is twice in one mapping is an error, since readers differ in which of them they take.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, SyntaxError> {
    let written = text.strip_prefix('\u{feff}').unwrap_or(text);
    if written.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(written)
    {
        return Ok(vec![value]);
    }
    // `kubectl` reads by lines and ends the last one as well, which a block of text at the very end keeps.
    let text: Cow<'_, str> = if written.ends_with('\n') {
        written.into()
    } else {
        format!("{written}\n").into()
    };
    let mut documents = Vec::new();
    for range in parted(&text) {
        let value = document(&text[range.clone()]).map_err(|mut failure| {
            failure.byte += range.start;
            let (line, column) = failure.place_in(written);
            SyntaxError {
                problem: failure.message,
                line,
                column,
            }
        })?;
        if !value.is_null() {
            documents.push(value);
        }
    }
    Ok(documents)
}

/// Where the documents stand: each from its `---` to the line before the next, with the directives in front of it.
fn parted(text: &str) -> Vec<std::ops::Range<usize>> {
    let is_mark = |line: &str, mark: &str| {
        line.strip_prefix(mark)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
    };
    let mut ranges = Vec::new();
    let (mut start, mut at) = (0, 0);
    // Whether nothing but directives, comments and blank lines was seen since the start.
    let mut is_bare = true;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if is_mark(line, "---") {
            if !is_bare {
                ranges.push(start..at);
                start = at;
            }
            is_bare = false;
        } else if is_mark(line, "...") {
            ranges.push(start..at);
            (start, is_bare) = (end, true);
        } else if !line.trim().is_empty() && !line.starts_with(['%', '#']) {
            is_bare = false;
        }
        at = end;
    }
    ranges.push(start..text.len());
    ranges
}

fn document(text: &str) -> Result<Value, YamlError> {
    let tree = parse(text)?;
    if let Some(more) = tree.more {
        return Err(YamlError::new(
            "did not find expected end of document",
            more,
        ));
    }
    check_keys(&tree)?;
    match tree.root {
        Some(root) => Ok(plain(Decoder::new(&tree).value(root)?)),
        None => Ok(Value::Null),
    }
}

fn check_keys(tree: &Tree<'_>) -> Result<(), YamlError> {
    for node in &tree.nodes {
        let Content::Mapping(children) = &node.content else {
            continue;
        };
        let mut seen: HashSet<&str> = HashSet::with_capacity(children.len() / 2);
        for pair in children.chunks_exact(2) {
            let key = &tree.nodes[pair[0]];
            if let Content::Scalar(name) = &key.content
                && !key.is_merge()
                && !seen.insert(name)
            {
                return Err(YamlError::new(
                    "found a key twice in one mapping",
                    key.start,
                ));
            }
        }
    }
    Ok(())
}

fn plain(value: decode::Value<'_>) -> Value {
    match value.data {
        Data::Scalar(Scalar::Null) => Value::Null,
        Data::Scalar(Scalar::Bool(bool)) => bool.into(),
        Data::Scalar(Scalar::Int(int)) => int.into(),
        Data::Scalar(Scalar::Uint(uint)) => uint.into(),
        Data::Scalar(Scalar::Float(float)) => float.into(),
        Data::Scalar(Scalar::Text(text)) => Value::String(text.into_owned()),
        Data::List(items) => items.into_iter().map(plain).collect(),
        Data::Map(entries) => {
            let entries = entries.into_iter();
            let entries = entries.map(|(key, value)| (text_of(key).into_owned(), plain(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// A key as JSON has it.
fn text_of(key: Scalar<'_>) -> Cow<'_, str> {
    match key {
        Scalar::Null => "null".into(),
        Scalar::Bool(bool) => bool.to_string().into(),
        Scalar::Int(int) => int.to_string().into(),
        Scalar::Uint(uint) => uint.to_string().into(),
        Scalar::Float(float) => float.to_string().into(),
        Scalar::Text(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_parted_at_lines_of_three_dashes_or_dots() {
        for (text, expected) in [
            ("", vec![]),
            ("---\n", vec![]),
            ("a: 1\n", vec![json!({"a": 1})]),
            (
                "# x\n---\na: 1\n---\n---\nb: 2\n",
                vec![json!({"a": 1}), json!({"b": 2})],
            ),
            (
                "%YAML 1.1\n---\na: 1\n...\n# y\n--- [2]\n",
                vec![json!({"a": 1}), json!([2])],
            ),
            ("a: |\n  ---\n  b\n", vec![json!({"a": "---\nb\n"})]),
            ("a: |\n  b", vec![json!({"a": "b\n"})]),
            ("a: 1\n...\nb: 2\n", vec![json!({"a": 1}), json!({"b": 2})]),
            ("a: x---\n---y: 1\n", vec![json!({"a": "x---", "---y": 1})]),
            (
                "{\"a\": [null, true, \"x\"]}",
                vec![json!({"a": [null, true, "x"]})],
            ),
            (
                "<<: {a: 1}\n1: {a: &b [c], d: *b}\n",
                vec![json!({"a": 1, "1": {"a": ["c"], "d": ["c"]}})],
            ),
        ] {
            assert_eq!(documents(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn an_error_has_its_place_and_nothing_of_the_text() {
        for (text, expected) in [
            (
                "a: 1\n---\nb: [secret\n",
                "did not find expected ',' or ']' at line 4 column 1",
            ),
            (
                "a: [",
                "did not find expected node content at line 1 column 5",
            ),
            (
                "a: 1\nb: 2\na: secret\n",
                "found a key twice in one mapping at line 3 column 1",
            ),
            (
                "é: 1\né: \tsecret: 1\n",
                "mapping values are not allowed in this context at line 2 column 11",
            ),
        ] {
            assert_eq!(documents(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        for text in [
            "[".repeat(200_000),
            format!("a: {}{}", "[".repeat(300_000), "]".repeat(300_000)),
            "{a: ".repeat(200_000),
            "- ".repeat(500_000),
            "? ".repeat(500_000),
            format!("{}1{}", "{\"a\":".repeat(1000), "}".repeat(1000)),
        ] {
            assert!(documents(&text).is_err());
        }
    }
}
