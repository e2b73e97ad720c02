//! Text in which no Markdown comes alive.

use crate::text::visible;

/// A text in code spans, in a table's cell too.
///
/// A bar is written as a character reference between two spans: within a span a table would still end its cell there.
pub(in crate::report) fn code(text: &str) -> String {
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let text = visible(text);
    let spans: Vec<String> = text.split('|').map(span).collect();
    spans.join("&#124;")
}

/// One code span, with a fence longer than any run of backticks in it.
fn span(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A span loses one space at each end where it has both, and needs one between its fence and a backtick.
    let both = text.starts_with(' ') && text.ends_with(' ') && text.trim() != "";
    let gap = if both || text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// Lines as they are, within a fence that is longer than any in them.
pub(in crate::report) fn block(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let lines = text.trim_end().lines().map(visible);
    let lines: String = lines.map(|line| format!("{line}\n")).collect();
    format!("{fence}\n{lines}{fence}\n")
}

/// A sentence: words of letters stay as they are with their punctuation, all else is in code spans, and so does
/// what is in backticks.
pub(in crate::report) fn prose(text: &str) -> String {
    let text = visible(text);
    let mut pieces = Vec::new();
    if text.matches('`').count().is_multiple_of(2) {
        for (index, part) in text.split('`').enumerate() {
            if index % 2 == 0 {
                words(part, &mut pieces);
            } else {
                pieces.push(Piece::Code(part.to_owned()));
            }
        }
    } else {
        words(&text, &mut pieces);
    }

    let mut written = String::with_capacity(text.len() + 16);
    let mut pieces = pieces.into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Plain(plain) => written.push_str(&plain),
            Piece::Code(mut content) => {
                // Spans side by side would join their fences.
                while let Some(Piece::Code(more)) =
                    pieces.next_if(|next| matches!(next, Piece::Code(_)))
                {
                    content.push_str(&more);
                }
                written.push_str(&code(&content));
            }
        }
    }
    written
}

enum Piece {
    Plain(String),
    Code(String),
}

impl Piece {
    fn is_empty(&self) -> bool {
        let (Self::Plain(text) | Self::Code(text)) = self;
        text.is_empty()
    }
}

fn words(text: &str, pieces: &mut Vec<Piece>) {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            pieces.push(Piece::Plain(" ".to_owned()));
        }
        let headless = word.trim_start_matches(['(', '"', '\'']);
        let core = headless.trim_end_matches([')', '"', '\'', ',', '.', ';', ':', '?']);
        let (before, after) = (
            &word[..word.len() - headless.len()],
            &headless[core.len()..],
        );
        let core = if is_plain(core) {
            Piece::Plain(core.to_owned())
        } else {
            Piece::Code(core.to_owned())
        };
        let around = |text: &str| Piece::Plain(text.to_owned());
        // An empty piece would stand between two spans without parting them.
        let parts = [around(before), core, around(after)];
        pieces.extend(parts.into_iter().filter(|part| !part.is_empty()));
    }
}

/// Whether a word means nothing to Markdown: letters, or few enough digits to be no commit.
fn is_plain(word: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '\'' | '-' | '/');
    let is_number = word.len() < 7 && word.chars().all(|c| c.is_ascii_digit());
    // A flag reads better as code.
    is_number || (word.chars().all(is_letter) && !word.starts_with("--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_whatever_it_is_given() {
        for (text, expected) in [
            ("ops", "`ops`"),
            ("", "(empty)"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("``a`", "``` ``a` ```"),
            ("a|b", "`a`&#124;`b`"),
            ("a\\|b", "`a\\`&#124;`b`"),
            ("|", "&#124;"),
            (" a ", "`  a  `"),
            ("   ", "`   `"),
            ("@octocat", "`@octocat`"),
            ("a\nb", r"`a\nb`"),
        ] {
            assert_eq!(code(text), expected);
        }
    }

    #[test]
    fn a_sentence_keeps_its_words_and_nothing_else() {
        for (text, expected) in [
            ("can't be kept, use another.", "can't be kept, use another."),
            (
                "the group `system:x` is reserved",
                "the group `system:x` is reserved",
            ),
            ("ask @octocat about #1", "ask `@octocat` about `#1`"),
            ("see https://evil.example", "see `https://evil.example`"),
            ("`a` and `b", "`` `a` `` and `` `b ``"),
            ("`a`|x", "`a`&#124;`x`"),
            ("a ``b", "a (empty)b"),
            ("(1.33, x=1).", "(`1.33`, `x=1`)."),
            ("**b** <i> :tada:", "`**b**` `<i>` `:tada`:"),
        ] {
            assert_eq!(prose(text), expected);
        }
    }
}
