//! Text in columns of a terminal.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// How many columns a text takes.
pub(in crate::report) fn width(text: &str) -> usize {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.len();
    }
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// A space at which a line does not break unless it must; no text from outside has it once it is made visible.
pub(in crate::report) const NO_BREAK: char = '\u{a0}';

/// Breaks a text into lines of at most `limit` columns: between words, else after a separator, else anywhere.
pub(in crate::report) fn wrap(text: &str, limit: usize) -> Vec<Cow<'_, str>> {
    // A wide character takes two columns, so that narrower lines could not hold it.
    let limit = limit.max(2);
    if width(text) <= limit {
        return vec![bare(text)];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split_inclusive(' ') {
        let bare = width(word.trim_end_matches(' '));
        if taken > 0 && taken + bare > limit {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        let mut rest = word;
        while let Some(at) = break_at(rest, limit) {
            let (head, tail) = rest.split_at(at);
            lines.push(head.to_owned());
            rest = tail;
        }
        line.push_str(rest);
        taken += width(rest);
    }
    lines.push(line);
    lines
        .into_iter()
        .map(|line| Cow::Owned(bare(&line).into_owned()))
        .collect()
}

/// A line as it is shown: without blanks at its end, and with plain ones for those at which it does not break.
fn bare(line: &str) -> Cow<'_, str> {
    if line.contains(NO_BREAK) {
        let line = line.replace(NO_BREAK, " ");
        Cow::Owned(line.trim_end_matches(' ').to_owned())
    } else {
        Cow::Borrowed(line.trim_end_matches(' '))
    }
}

/// A text in its parts: what is code, between two backticks, and what is not; one part where they come in no pairs.
pub(in crate::report) fn spans(text: &str) -> Vec<(bool, &str)> {
    if !text.matches('`').count().is_multiple_of(2) {
        return vec![(false, text)];
    }
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| (index % 2 == 1, part)).collect()
}

/// Code between its backticks, in which no line breaks unless it must.
pub(in crate::report) fn kept_together(code: &str) -> String {
    format!("`{}`", code.replace(' ', &NO_BREAK.to_string()))
}

/// Whether code is to be copied whole, a command or a line for the decisions file, and no line of so many columns holds it.
pub(in crate::report) fn is_wider(code: &str, limit: usize) -> bool {
    (code.contains(' ') || code.starts_with('{')) && width(code) + 2 > limit
}

/// Whether a text is nothing but options of a command, without backticks around them.
pub(in crate::report) fn is_options(text: &str) -> bool {
    text.starts_with("--") && !text.contains('`')
}

/// A line that may be long, in lines of at most `limit` columns; those that follow the first stand under its text.
pub(crate) fn wrap_indented(line: &str, limit: usize) -> Vec<String> {
    const INDENT: &str = "    ";
    let lines = wrap(line, limit.saturating_sub(INDENT.len()));
    let lines = lines.into_iter().enumerate();
    lines
        .map(|(index, line)| match index {
            0 => line.into_owned(),
            _ => format!("{INDENT}{line}"),
        })
        .collect()
}

/// The byte at which to break a word, at least one character in; `None` where it fits but for spaces at its end.
///
/// Looks no further than the limit, so that a word of any length is broken in linear time.
fn break_at(word: &str, limit: usize) -> Option<usize> {
    let mut taken = 0;
    let mut separator = None;
    for (start, c) in word.char_indices() {
        if c == ' ' {
            return None;
        }
        taken += char_width(c);
        if taken > limit {
            return match separator {
                // A break that leaves most of the line empty costs more than it helps.
                Some((at, used)) if used * 2 > limit => Some(at),
                _ => Some(start),
            };
        }
        if c == NO_BREAK || "/:-_.,@".contains(c) {
            separator = Some((start + c.len_utf8(), taken));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_break_between_words_then_after_separators_then_anywhere() {
        for (text, limit, expected) in [
            ("one two three", 7, vec!["one two", "three"]),
            ("role/team-a/ops", 8, vec!["role/", "team-a/", "ops"]),
            ("abcdefgh", 3, vec!["abc", "def", "gh"]),
            ("役割役割", 4, vec!["役割", "役割"]),
            ("ab c\u{a0}d", 5, vec!["ab", "c d"]),
            ("", 10, vec![""]),
        ] {
            assert_eq!(wrap(text, limit), expected);
        }
    }

    #[test]
    fn a_word_as_long_as_a_config_map_can_be_takes_no_time() {
        let word = "n".repeat(1 << 20);
        assert_eq!(wrap(&word, 40).len(), word.len().div_ceil(40));
    }

    proptest! {
        #[test]
        fn a_line_never_is_too_wide_and_nothing_but_spaces_is_lost(text in "[a-z/ 役é-]{0,60}", limit in 2_usize..20) {
            let lines = wrap(&text, limit);
            prop_assert!(lines.iter().all(|line| width(line) <= limit));
            prop_assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
