//! Text from the cluster, made safe to show: what would change how a text is shown, or hide in it, becomes visible.

use std::borrow::Cow;

/// Whether a character is shown as nothing, as a gap that is no plain space, or changes how others are shown.
///
/// These are the control characters, all white space but the plain space, and what a text renderer may leave out:
/// direction controls, zero-width characters, fillers, variation selectors and tags.
/// Source: Unicode Character Database, `Cc`, `White_Space` and `Default_Ignorable_Code_Point`.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with every hidden character written as an escape, such as `\n` or `\u{202e}`.
///
/// A backslash stays as it is, so that doing this twice does no harm; see [`literal`] for a form that can be distinguished.
///
/// ```
/// assert_eq!(aws_auth_migrate::text::visible("a\u{202e}b\n"), "a\\u{202e}b\\n");
/// ```
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// As [`visible`], but leaves line feeds and tabs alone, for text that is shown line by line.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '\n' | '\t'))
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hides = |c: char| is_hidden(c) && !keep(c);
    // Nearly every text is of such characters alone.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.contains(hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// A JSON document with every hidden character as `\\u....`, which JSON allows wherever one can stand: within strings.
///
/// The only raw control character of a document is the line feed between its tokens, and that one stays.
/// Source: RFC 8259, section 7.
///
/// ```
/// assert_eq!(aws_auth_migrate::text::visible_json("[\"a\u{202e}b\"]\n"), "[\"a\\u202eb\"]\n");
/// ```
#[must_use]
pub fn visible_json(document: &str) -> Cow<'_, str> {
    let hides = |c: char| is_hidden(c) && c != '\n';
    if !document.contains(hides) {
        return Cow::Borrowed(document);
    }
    let mut text = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        if hides(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
    }
    Cow::Owned(text)
}

/// A count with its thousands parted, such as `16,880`.
#[must_use]
pub fn counted(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A URL without what may be secret in it: user and password, the query, the fragment.
///
/// ```
/// assert_eq!(aws_auth_migrate::text::bare_url("https://user:pass@example.com/a?token=b"), "https://example.com/a");
/// ```
#[must_use]
pub fn bare_url(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    // A password may hold a slash that nobody escaped.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    format!("{scheme}{rest}")
}

/// The text, cut after so many bytes at most; it says how much is missing.
#[must_use]
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(most);
    let missing = text.len() - end;
    Cow::Owned(format!("{}… ({missing} more bytes)", &text[..end]))
}

/// The text as one word of a POSIX shell.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The text bare where it is a plain word, else in quotes, so that no two texts look the same and none runs into the next.
#[must_use]
pub fn literal(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "_-.:/@{}[]()*+=?!#%&~$^".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(quoted(text))
}

/// The text in quotes, with quotes, backslashes and hidden characters escaped.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 16);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            _ if is_hidden(c) => quoted.extend(c.escape_default()),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hidden_characters_become_escapes() {
        for (text, expected) in [
            ("ops", "ops"),
            ("a b", "a b"),
            ("a\nb\tc\rd", r"a\nb\tc\rd"),
            ("\u{1b}[31m", r"\u{1b}[31m"),
            ("\u{202e}x\u{2066}", r"\u{202e}x\u{2066}"),
            ("zero\u{200b}width\u{feff}", r"zero\u{200b}width\u{feff}"),
            ("\u{85}\u{2028}\u{2029}", r"\u{85}\u{2028}\u{2029}"),
            ("tag\u{e0041}", r"tag\u{e0041}"),
            ("役割 é", "役割 é"),
            (r"DOMAIN\user", r"DOMAIN\user"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn thousands_are_parted() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(counted(count), text);
        }
    }

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        for (url, shown) in [
            ("https://example.com", "https://example.com"),
            (
                "https://u:p@example.com:8443/a/b",
                "https://example.com:8443/a/b",
            ),
            ("http://u:p/q@host/?x=y#z", "http://host/"),
            ("u:p@proxy:3128", "proxy:3128"),
            ("", ""),
        ] {
            assert_eq!(bare_url(url), shown);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("aéé", 4), "aé… (2 more bytes)");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible_lines("a\n\tb\r\u{7}"), "a\n\tb\\r\\u{7}");
    }

    #[test]
    fn a_word_is_quoted_where_the_shell_would_take_it_apart() {
        for (text, word) in [
            ("system:nodes", "system:nodes"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn a_literal_is_quoted_only_where_it_must_be() {
        for (text, expected) in [
            (
                "system:node:{{EC2PrivateDNSName}}",
                "system:node:{{EC2PrivateDNSName}}",
            ),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a, b", "\"a, b\""),
            (r#"a"b\c"#, r#""a\"b\\c""#),
            ("a\nb", r#""a\nb""#),
        ] {
            assert_eq!(literal(text), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            prop_assert!(!visible(&text).contains(is_hidden));
            prop_assert!(!literal(&text).contains(is_hidden));
        }

        #[test]
        fn making_visible_twice_changes_nothing(text in any::<String>()) {
            let once = visible(&text).into_owned();
            prop_assert_eq!(visible(&once), once.as_str());
        }

        #[test]
        fn a_document_that_is_made_visible_says_the_same(text in any::<String>()) {
            let document = serde_json::to_string(&text).unwrap();
            let shown = visible_json(&document);
            prop_assert!(!shown.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }

        #[test]
        fn two_texts_never_have_the_same_literal(a in r#"[ab"\\n\n ]{0,4}"#, b in r#"[ab"\\n\n ]{0,4}"#) {
            prop_assert_eq!(literal(&a) == literal(&b), a == b);
        }
    }
}
