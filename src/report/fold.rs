//! Running text for a terminal.

use super::table::layout::{is_wider, kept_together, spans};
use super::wrap_indented;

/// The text in lines of at most `width` columns; what follows the first line of a long one stands a bit further in.
///
/// A line with a command that would be broken stays whole: it is there to be copied.
#[must_use]
pub fn folded(text: &str, width: usize) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.lines() {
        let parts = spans(line);
        let has_command = line.contains(" aws-auth-migrate ")
            || parts
                .iter()
                .any(|(is_code, part)| *is_code && is_wider(part, width.saturating_sub(4)));
        let lines = if line.is_empty() || has_command {
            vec![line.to_owned()]
        } else {
            let kept = parts.iter().map(|(is_code, part)| match is_code {
                true => kept_together(part),
                false => (*part).to_owned(),
            });
            wrap_indented(&kept.collect::<String>(), width)
        };
        for line in lines {
            folded.push_str(&line);
            folded.push('\n');
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn a_long_line_is_broken_between_words_and_a_command_is_not() {
        let command = "The way back: aws-auth-migrate rollback --cluster shop --yes";
        let text = format!("one two three four five\n\n{command}\n");
        assert_eq!(
            folded(&text, 16),
            format!("one two\n    three four\n    five\n\n{command}\n")
        );
        let fix = "grant it with `aws iam attach-role-policy --role-name ops` first\n";
        assert_eq!(folded(fix, 40), fix);
        assert_eq!(
            folded("one two three `a b` four", 18),
            "one two three\n    `a b` four\n"
        );
    }
}
