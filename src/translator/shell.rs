//! Text for a POSIX shell, so that a fix works when it is pasted.

/// The text as one word of a shell.
pub(super) fn word(text: &str) -> String {
    crate::text::shell_word(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_word_is_quoted_where_the_shell_would_take_it_apart() {
        for (text, word) in [
            ("system:nodes", "system:nodes"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("", "''"),
        ] {
            assert_eq!(super::word(text), word);
        }
    }
}
