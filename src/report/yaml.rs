//! The plan document as YAML.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::plan::Plan;
use crate::yaml;

/// The plan document; reads back as the same plan, by readers of YAML 1.1 and 1.2.
///
/// # Panics
///
/// Never: all keys of the document are texts.
#[must_use]
pub fn yaml(plan: &Plan) -> String {
    let mut text = Vec::new();
    write_yaml(plan, &mut text).expect("writing to memory does not fail");
    String::from_utf8(text).expect("YAML is text")
}

/// Writes what [`yaml`] gives, without holding the whole text.
///
/// # Panics
///
/// Never: all keys of the document are texts.
pub fn write_yaml(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    let Plan {
        schema,
        tool_version,
        created_at,
        cluster,
        caller,
        source,
        choices,
        mappings,
        actions,
        accounts,
        findings,
        summary,
        observed,
        misfits: _,
    } = plan;
    // What is long is written item by item.
    let without_lists = Plan {
        schema: schema.clone(),
        tool_version: tool_version.clone(),
        created_at: *created_at,
        cluster: cluster.clone(),
        caller: caller.clone(),
        source: source.clone(),
        choices: choices.clone(),
        mappings: Vec::new(),
        actions: Vec::new(),
        accounts: Vec::new(),
        findings: Vec::new(),
        summary: *summary,
        observed: observed.clone(),
        misfits: Vec::new(),
    };
    let Value::Object(fields) = value(&without_lists) else {
        unreachable!("a plan is an object");
    };
    for (key, field) in &fields {
        match key.as_str() {
            "mappings" => list(out, key, mappings)?,
            "actions" => list(out, key, actions)?,
            "accounts" => list(out, key, accounts)?,
            "findings" => list(out, key, findings)?,
            _ => out.write_all(yaml::field(key, field).as_bytes())?,
        }
    }
    Ok(())
}

fn list<T: Serialize>(out: &mut impl Write, key: &str, items: &[T]) -> io::Result<()> {
    if items.is_empty() {
        return out.write_all(yaml::field(key, &Value::Array(Vec::new())).as_bytes());
    }
    writeln!(out, "{key}:")?;
    items
        .iter()
        .try_for_each(|item| out.write_all(yaml::item(&value(item)).as_bytes()))
}

fn value(document: &impl Serialize) -> Value {
    serde_json::to_value(document).expect("the keys of a document are texts")
}

/// Objects as one manifest of several documents, as `kubectl apply` takes it.
#[must_use]
pub fn manifest(objects: &[serde_json::Value]) -> String {
    let documents: Vec<String> = objects.iter().map(yaml::document).collect();
    documents.join("---\n")
}

/// Any document of this project whose keys are texts.
pub(super) fn document(document: &impl Serialize) -> String {
    yaml::document(&value(document))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::plans::{HOSTILE, awkward, large, small, with_texts};

    #[test]
    fn what_is_streamed_is_the_document_as_a_whole() {
        let hostile: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
        let mut empty = small();
        empty.mappings.clear();
        empty.actions.clear();
        for plan in [small(), large(), awkward(), with_texts(&hostile), empty] {
            assert_eq!(yaml(&plan), document(&plan));
        }
    }
}
