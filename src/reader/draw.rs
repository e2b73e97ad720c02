//! Draws diagnostics under the lines that they are about.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::finding::{Diagnostic, Severity};
use crate::text::{counted, visible, visible_lines};

use super::AwsAuthText;

/// How many diagnostics are drawn at most.
const DRAWN: usize = 50;
/// How many characters of a line are shown at most; more would hide what it is about.
const WIDTH: usize = 160;

/// Draws diagnostics one after the other, as plain text without colour, with a blank line between them.
///
/// The texts are those that the diagnostics are about. What is hidden in them is made visible.
///
/// Of many only the first are drawn; the rest are counted.
#[must_use]
pub fn all(text: &AwsAuthText, diagnostics: &[Diagnostic]) -> String {
    let drawn: Vec<String> = diagnostics
        .iter()
        .take(DRAWN)
        .map(|diagnostic| one(text, diagnostic))
        .collect();
    let mut drawn = drawn.join("\n");
    if let Some(more @ 1..) = diagnostics.len().checked_sub(DRAWN) {
        drawn.push_str(&format!("\nand {} more\n", counted(more)));
    }
    drawn
}

/// Draws one diagnostic.
#[must_use]
pub fn one(text: &AwsAuthText, diagnostic: &Diagnostic) -> String {
    let finding = &diagnostic.finding;
    let level = match finding.severity {
        Severity::Info => Level::INFO,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    let code = finding.code.to_string();
    let message = visible(&finding.message).into_owned();
    let fix = visible_lines(&finding.fix).into_owned();
    let excerpt = diagnostic.place.and_then(|place| {
        let section = text.section(place.section)?;
        let excerpt = excerpt(section, place.start..place.end)?;
        Some((place, excerpt))
    });
    let mut group = Group::with_title(level.primary_title(message.as_str()).id(code.as_str()));
    if let Some((place, (line, span))) = &excerpt {
        group = group.element(
            Snippet::source(line.as_str())
                .path(place.section.key())
                .line_start(place.line)
                .annotation(AnnotationKind::Primary.span(span.clone())),
        );
    }
    if !fix.is_empty() {
        group = group.element(Level::HELP.message(fix.as_str()));
    }
    let mut drawn = Renderer::plain().render(&[group]);
    drawn.push('\n');
    drawn
}

/// The line where the span begins, with its hidden characters made visible, and the span within that.
fn excerpt(text: &str, span: Range<usize>) -> Option<(String, Range<usize>)> {
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.start..]
        .find('\n')
        .map_or(text.len(), |at| span.start + at);
    let (before, rest) = (&text[start..span.start], &text[span.start..end]);
    let rest = rest.strip_suffix('\r').unwrap_or(rest);
    let marked = &rest[..rest.floor_char_boundary(span.len().min(rest.len()))];
    let after = &rest[marked.len()..];
    // A line may be as long as the ConfigMap is; what is marked stays in view.
    let before = last(before, WIDTH / 2);
    let marked = first(marked, WIDTH);
    let after = first(after, WIDTH / 2);
    let before = visible(before);
    let marked = visible(marked);
    let line = format!("{before}{marked}{}", visible(after));
    let span = before.len()..before.len() + marked.len();
    Some((line, span))
}

fn first(text: &str, characters: usize) -> &str {
    text.char_indices()
        .nth(characters)
        .map_or(text, |(at, _)| &text[..at])
}

fn last(text: &str, characters: usize) -> &str {
    text.char_indices()
        .rev()
        .nth(characters)
        .map_or(text, |(at, c)| &text[at + c.len_utf8()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::read;

    fn drawn(map_roles: &str) -> String {
        let text = AwsAuthText {
            map_roles: Some(map_roles.to_owned()),
            ..AwsAuthText::default()
        };
        all(&text, &read(&text).diagnostics)
    }

    #[test]
    fn a_diagnostic_is_drawn_under_its_line() {
        insta::assert_snapshot!(drawn("- rolearn: a\n  username: yes\n"));
    }

    #[test]
    fn nothing_that_is_hidden_reaches_the_terminal() {
        let drawn = drawn(
            "- rolearn: a\n  username: b\n  \"\\e[31m\u{202e}\u{a0}\": c\r\n  groups: \u{202e}d\n",
        );
        assert!(
            !drawn.contains(|c| crate::text::is_hidden(c) && c != '\n'),
            "{drawn}"
        );
        assert!(drawn.contains("\\u{202e}d"), "{drawn}");
    }

    #[test]
    fn a_line_of_a_mebibyte_is_shown_in_part() {
        let padding = "x".repeat(1 << 20);
        let drawn = drawn(&format!(
            "[{{rolearn: a, note: {padding}, username: 5, userid: {padding}}}]"
        ));
        assert!(drawn.len() < 4096, "{}", drawn.len());
        assert!(drawn.contains("username: 5"), "{drawn}");
    }
}
