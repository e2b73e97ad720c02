//! The plan document as YAML.

use serde::Serialize;

use crate::plan::Plan;
use crate::yaml;

/// The plan document; reads back as the same plan, by readers of YAML 1.1 and 1.2.
///
/// # Panics
///
/// Never: all keys of the document are texts.
#[must_use]
pub fn yaml(plan: &Plan) -> String {
    document(plan)
}

/// Objects as one manifest of several documents, as `kubectl apply` takes it.
#[must_use]
pub fn manifest(objects: &[serde_json::Value]) -> String {
    let documents: Vec<String> = objects.iter().map(yaml::document).collect();
    documents.join("---\n")
}

/// Any document of this project whose keys are texts.
pub(super) fn document(document: &impl Serialize) -> String {
    let document = serde_json::to_value(document).expect("the keys of a document are texts");
    yaml::document(&document)
}
