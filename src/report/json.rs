//! The plan document as JSON.

use serde::Serialize;

use crate::plan::Plan;
use crate::yaml;

/// The plan document; reads back as the same plan.
///
/// Hidden characters stand as `\u....`, see [`crate::text::visible_json`].
///
/// # Panics
///
/// Never: all keys of the document are texts.
#[must_use]
pub fn json(plan: &Plan) -> String {
    document(plan)
}

/// Any document of this project whose keys are texts.
pub(super) fn document(document: &impl Serialize) -> String {
    let document = serde_json::to_value(document).expect("the keys of a document are texts");
    yaml::json(&document)
}
