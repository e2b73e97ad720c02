//! Running text for a terminal.

use super::wrap_indented;

/// The text in lines of at most `width` columns; what follows the first line of a long one stands a bit further in.
///
/// A line that ends with a command of this tool stays whole: it is there to be copied.
#[must_use]
pub fn folded(text: &str, width: usize) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.lines() {
        let lines = if line.is_empty() || line.contains(" aws-auth-migrate ") {
            vec![line.to_owned()]
        } else {
            wrap_indented(line, width)
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
    }
}
