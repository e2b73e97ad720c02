//! Sentences as HTML: hidden characters escaped, code marked as such.

use crate::text::visible;

/// A part of a sentence, in backticks or not.
pub(super) struct TextPart {
    pub(super) is_code: bool,
    pub(super) text: String,
}

/// A sentence as HTML, with what is code in it; a command line is code as a whole.
pub(in crate::report) fn inline(text: &str) -> String {
    if text.starts_with("aws-auth-migrate ") {
        return format!("<code>{}</code>", quoted(&shown(text)));
    }
    let parts = parts(text).into_iter().map(|part| {
        let text = quoted(&part.text);
        if part.is_code {
            format!("<code>{text}</code>")
        } else {
            text
        }
    });
    parts.collect()
}

pub(in crate::report) fn quoted(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A sentence, cut at its backticks and around its options; in one part where backticks come in no pairs.
pub(super) fn parts(text: &str) -> Vec<TextPart> {
    let paired = text.matches('`').count().is_multiple_of(2);
    let parts: Vec<&str> = if paired {
        text.split('`').collect()
    } else {
        vec![text]
    };
    parts
        .into_iter()
        .enumerate()
        .flat_map(|(index, text)| match (index % 2 == 1, text) {
            // Nothing between two backticks is no code; they stay as they are.
            (true, "") => vec![(false, "``")],
            (true, text) => vec![(true, text)],
            (false, text) => around_options(text),
        })
        .map(|(is_code, text)| TextPart {
            is_code,
            text: shown(text),
        })
        .filter(|part| !part.text.is_empty())
        .collect()
}

/// A text in pieces: options of the command line, with a value behind an equals sign, and what is between them.
fn around_options(text: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("--") {
        let option = rest[start..].split([' ', ',', ';', ')']).next();
        let option = option.unwrap_or_default();
        let is_option = option[2..].starts_with(|c: char| c.is_ascii_lowercase())
            && (start == 0 || rest[..start].ends_with([' ', '(']));
        let end = start + option.len();
        if is_option {
            pieces.extend([(false, &rest[..start]), (true, option)]);
        } else {
            pieces.push((false, &rest[..end]));
        }
        rest = &rest[end..];
    }
    pieces.push((false, rest));
    pieces
}

pub(super) fn shown(text: &str) -> String {
    visible(text).into_owned()
}
