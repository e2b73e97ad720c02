//! The choices that shape a plan, made on the command line.

use std::collections::BTreeMap;

/// What may be decided by whoever runs the tool; everything else follows from the facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choices {
    /// What to do with a live entry that differs.
    pub on_existing: OnExisting,
    /// Whether custom usernames are kept where EKS allows it.
    pub usernames: Usernames,
    /// New names for groups that EKS refuses, by the old name.
    pub rename_groups: BTreeMap<String, String>,
    /// Whether renamed groups get the bindings of their old names: `--emit-rbac` or `--apply-rbac`.
    pub bind_renamed: bool,
    /// Whether mappings that grant nothing today are created all the same.
    pub include_inert: bool,
    /// Whether entries of managed node groups and Fargate profiles are made where EKS has not made them.
    pub managed_nodes: ManagedNodes,
    /// Only mappings whose ARN matches one of these; all where there is none.
    pub only: Vec<Glob>,
    /// Not mappings whose ARN matches one of these.
    pub exclude: Vec<Glob>,
    /// Tags for the entries that are made.
    pub tags: BTreeMap<String, String>,
    /// Whether warnings block.
    pub strict: bool,
}

/// What to do with a live access entry that differs from its mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OnExisting {
    /// Report it and leave it
    #[default]
    Keep,
    /// Change it to what the mapping says
    Update,
    /// Refuse to go on
    Fail,
}

/// What to do with custom usernames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Usernames {
    /// Keep them where EKS allows it
    #[default]
    Preserve,
    /// Leave them to EKS
    Default,
}

/// What to do with the roles of managed node groups and Fargate profiles, whose entries EKS makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ManagedNodes {
    /// Make the entry where EKS has not
    #[default]
    Create,
    /// Leave them alone
    Skip,
}

/// A pattern over ARNs, with `*` for any text and `?` for any one character; case does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Choices {
    /// Whether `--only` and `--exclude` let a mapping's ARN through.
    #[must_use]
    pub fn admits(&self, arn: &str) -> bool {
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(arn));
        (self.only.is_empty() || any(&self.only)) && !any(&self.exclude)
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

    #[test]
    fn exclude_wins_over_only() {
        let choices = Choices {
            only: vec![Glob::new("*ops*")],
            exclude: vec![Glob::new("*dev*")],
            ..Choices::default()
        };
        assert!(choices.admits("ops"));
        assert!(!choices.admits("devops"));
        assert!(!choices.admits("qa"));
    }
}
