//! Patterns over ARNs, as options and decisions write them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A pattern over ARNs, with `*` for any text and `?` for any one character; case does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Glob(String);

impl Glob {
    /// Takes a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_lowercase())
    }

    /// The pattern as it is matched, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.to_lowercase().chars().collect();
        let pattern: Vec<char> = self.0.chars().collect();
        // Greedy matching with one point to come back to: the last `*` and what it had swallowed by then.
        let (mut p, mut t) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            match pattern.get(p) {
                Some('*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(&c) if c == '?' || c == text[t] => {
                    p += 1;
                    t += 1;
                }
                _ => match star {
                    Some((at, swallowed)) => {
                        p = at + 1;
                        t = swallowed + 1;
                        star = Some((at, swallowed + 1));
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|&c| c == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_matches_the_whole_text_without_case() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("arn:*:role/ops", "arn:aws:iam::1:role/OPS", true),
            ("*ops*", "role/devops-1", true),
            ("ops", "devops", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "xaxbxab", true),
            ("*a*b", "xaxbxabx", false),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(text),
                expected,
                "{pattern} on {text}"
            );
        }
    }
}
