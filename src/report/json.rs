//! The plan document as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::plan::Plan;
use crate::text::is_hidden;

/// The plan document; reads back as the same plan.
///
/// Hidden characters stand as `\u....`, which JSON allows everywhere that they can occur: within strings.
/// Source: RFC 8259, section 7.
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
    let document =
        serde_json::to_string_pretty(document).expect("the keys of a document are texts");
    let mut text = String::with_capacity(document.len() + 1);
    for c in document.chars() {
        // The only raw control character in the document is the line feed between its tokens.
        if is_hidden(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    text.push('\n');
    text
}
