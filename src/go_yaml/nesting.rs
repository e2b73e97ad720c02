//! How deep flow collections are nested, for readers that take time with the square of it.
//!
//! Today's libyaml, and with it `serde_yaml`, looks at every open collection again for each token: a text of 1 MiB with
//! a hundred thousand open brackets keeps it busy for minutes before it is refused as nested too deep.

use serde::de::{DeserializeOwned, Error as _};

use super::YamlError;
use super::scanner::Scanner;
use super::token::TokenKind;

/// The depth that `serde_yaml` refuses in any case.
const MAX_DEPTH: usize = 128;

/// Refuses a text that `serde_yaml` would refuse too, but only after a long time.
///
/// # Errors
/// Collections in brackets and braces that are nested deeper than `serde_yaml` reads, or a text with many of them that
/// isn't YAML at all; both with the line and column, and nothing of the text.
pub(crate) fn check_nesting(text: &str) -> Result<(), serde_yaml::Error> {
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{'));
    if brackets.take(MAX_DEPTH + 1).count() <= MAX_DEPTH {
        return Ok(());
    }
    scan(text).map_err(|failure| {
        let (line, column) = failure.place_in(text);
        let problem = &failure.message;
        serde_yaml::Error::custom(format_args!("{problem} at line {line} column {column}"))
    })
}

/// Reads a text with `serde_yaml`, unless it would take a long time to be refused.
///
/// # Errors
/// As [`check_nesting`], and what `serde_yaml` says of it.
pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, serde_yaml::Error> {
    check_nesting(text)?;
    serde_yaml::from_str(text)
}

fn scan(text: &str) -> Result<(), YamlError> {
    let mut scanner = Scanner::new(text);
    let mut depth = 0_usize;
    loop {
        scanner.peek()?;
        let token = scanner.take();
        match token.kind {
            TokenKind::FlowSequenceStart | TokenKind::FlowMappingStart => depth += 1,
            TokenKind::FlowSequenceEnd | TokenKind::FlowMappingEnd => {
                depth = depth.saturating_sub(1);
            }
            TokenKind::StreamEnd => return Ok(()),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(YamlError::new("recursion limit exceeded", token.start));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_nesting_is_refused_with_its_place() {
        let deep = format!("a: b\nc: {}{}", "[".repeat(129), "]".repeat(129));
        assert_eq!(
            check_nesting(&deep).unwrap_err().to_string(),
            "recursion limit exceeded at line 2 column 132"
        );
        assert!(serde_yaml::from_str::<serde_yaml::Value>(&deep).is_err());
        assert!(check_nesting(&"[{{\"\n".repeat(200_000)).is_err());
    }

    #[test]
    fn many_brackets_side_by_side_are_read() {
        for text in [
            "- [{a: [b]}]\n".repeat(50_000),
            "- \"[[[\"\n".repeat(50_000),
            format!("# {}\na: |\n  {}\n", "[".repeat(5000), "[".repeat(5000)),
            format!("[{}]", "{\"a\": \"{{SessionName}}\"},\n\t".repeat(5000)),
        ] {
            check_nesting(&text).unwrap();
        }
    }
}
