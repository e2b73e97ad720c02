//! The plan document as JSON.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use crate::plan::Plan;
use crate::text::is_hidden;

/// The plan document; reads back as the same plan.
///
/// Hidden characters stand as `\u....`, see `visible_json`.
///
/// # Panics
///
/// Never: all keys of the document are texts, and writing to memory does not fail.
#[must_use]
pub fn json(plan: &Plan) -> String {
    document(plan)
}

/// Writes what [`json`] gives, without holding the whole text.
pub fn write_json(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    write(plan, out)
}

/// Any document of this project whose keys are texts.
pub(super) fn document(document: &impl Serialize) -> String {
    let mut text = Vec::new();
    write(document, &mut text).expect("the keys of a document are texts");
    String::from_utf8(text).expect("JSON is text")
}

fn write(document: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let formatter = Visible(PrettyFormatter::new());
    let mut serializer = Serializer::with_formatter(&mut *out, formatter);
    document.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// JSON in lines, with hidden characters of its texts as escapes.
struct Visible<'a>(PrettyFormatter<'a>);

impl Formatter for Visible<'_> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            out.write_all(&rest.as_bytes()[..at])?;
            let hidden = rest[at..].chars().next().unwrap_or_default();
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + hidden.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        self.0.write_char_escape(out, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::yaml;

    proptest! {
        #[test]
        fn what_is_streamed_is_what_is_made_visible_as_a_whole(texts in proptest::collection::vec(any::<String>(), 0..4)) {
            let value = serde_json::json!({"a": texts, "b": {}, "c": [[]], "d": {"e": null}});
            prop_assert_eq!(document(&value), yaml::json(&value));
            let back: Value = serde_json::from_str(&document(&value)).unwrap();
            prop_assert_eq!(back, value);
        }
    }
}
