//! Text for a POSIX shell, so that a fix works when it is pasted.

/// The text as one word of a shell.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
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
