//! What this tool is asked to do, as values; and the one place that turns them into the words of a command line.
//!
//! Plans and journals keep [`CommandOption`]s, reports offer an [`Invocation`], and findings and failures name what is
//! missing as [`Advice`]. Only this room and `cli`, which reads them, know an option by its name.

mod advice;
mod option;
mod value;

use std::fmt;

use crate::finding::Code;
use crate::text::{shell_word, visible};

pub(crate) use advice::Advice;
pub use option::{CommandOption, Flag};

/// A command of this tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `plan`.
    Plan,
    /// `apply`.
    Apply,
    /// `status`.
    Status,
    /// `verify`.
    Verify,
    /// `cutover`.
    Cutover,
    /// `rollback`.
    Rollback,
    /// `decide`.
    Decide,
    /// `explain CODE`.
    Explain(Code),
}

impl Verb {
    /// Its name, without what it takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Status => "status",
            Self::Verify => "verify",
            Self::Cutover => "cutover",
            Self::Rollback => "rollback",
            Self::Decide => "decide",
            Self::Explain(_) => "explain",
        }
    }

    /// Whether the command reads `aws-auth` or bindings from files; the others change what is live.
    #[must_use]
    pub fn takes_files(self) -> bool {
        !matches!(self, Self::Cutover | Self::Rollback)
    }
}

/// A command with its options; prints as a line that is safe to paste into a shell.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The command.
    pub verb: Verb,
    /// Its options, in the order in which they are printed.
    pub options: Vec<CommandOption>,
}

impl Invocation {
    /// `explain CODE`.
    #[must_use]
    pub fn explain(code: Code) -> Self {
        Self {
            verb: Verb::Explain(code),
            options: Vec::new(),
        }
    }

    /// Whether it names a cluster.
    #[must_use]
    pub fn names_cluster(&self) -> bool {
        let is_name = |option: &CommandOption| matches!(option, CommandOption::Cluster(_));
        self.options.iter().any(is_name)
    }
}

/// The command line; hidden characters are escaped.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "aws-auth-migrate {}", self.verb.name())?;
        if let Verb::Explain(code) = self.verb {
            write!(f, " {code}")?;
        }
        for option in &self.options {
            let word = |text: &str| shell_word(&visible(text));
            match (option.flag(), option.value()) {
                // A value that looks like an option has to hang on to its name.
                (Some(flag), Some(value)) if !value.starts_with('-') && !flag.needs_equals() => {
                    write!(f, " {flag} {}", word(&value))?;
                }
                _ => write!(f, " {}", word(&option.to_string()))?,
            }
        }
        Ok(())
    }
}

impl From<Invocation> for String {
    fn from(invocation: Invocation) -> Self {
        invocation.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_command_is_taken_by_a_shell_as_it_is() {
        let options = [
            "--journal=my file",
            "--context=-x",
            "--canary=90s",
            "--apply-rbac",
            "--of-another-version; rm",
        ];
        let invocation = Invocation {
            verb: Verb::Apply,
            options: options.map(|word| word.to_owned().into()).to_vec(),
        };
        assert_eq!(
            invocation.to_string(),
            "aws-auth-migrate apply --journal 'my file' --context=-x --canary=90s --apply-rbac \
             '--of-another-version; rm'"
        );
    }
}
