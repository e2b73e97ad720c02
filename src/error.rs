//! A failed command: what failed, why, and what to do about it.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;

use crate::aws::AwsError;
use crate::files::objects::StoreError;
use crate::invocation::Advice;
use crate::journal::{JournalError, RunEnd};
use crate::kubernetes::KubernetesError;
use crate::source::manifest::ManifestError;
use crate::writer::{SwitchError, WriterError};

/// Why a command failed; the kind decides the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// What failed.
    pub what: String,
    /// What the failure left behind, where that is known.
    pub effect: Option<Effect>,
    /// Why.
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// What to do about it.
    pub hints: Vec<Hint>,
}

/// What to do about a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// What the text says.
    Text(String),
    /// The same command resumes.
    Resume,
    /// The same command resumes once the other hints are followed.
    ThenResume,
    /// The same command resumes, and what was done or not done until then.
    ResumeAfter(&'static str),
}

impl Hint {
    /// What is left of it where the command line that resumes is printed, too.
    #[must_use]
    pub fn without_resume(self) -> Option<Self> {
        match self {
            Self::Text(_) => Some(self),
            Self::Resume | Self::ThenResume => None,
            Self::ResumeAfter(until_then) => Some(Self::Text(until_then.to_owned())),
        }
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const RESUME: &str = "run the same command again to resume";
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Resume => f.write_str(RESUME),
            Self::ThenResume => write!(f, "then {RESUME}"),
            Self::ResumeAfter(until_then) => write!(f, "{until_then}; {RESUME}"),
        }
    }
}

/// The kinds of failure, one exit code each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The command can't do what it is asked for.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Some of it is done; the same command resumes.
    Incomplete,
    /// A signal stopped it.
    Interrupted,
}

/// What a failure left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing was written.
    NothingWritten,
    /// Something was, but not this.
    NotDone(&'static str),
}

impl Failure {
    /// A failure without a cause.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Failed,
            what: what.into(),
            effect: None,
            source: None,
            hints: Vec::new(),
        }
    }

    /// A command line that can't be meant so.
    #[must_use]
    pub fn usage(what: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Usage,
            ..Self::new(what)
        }
    }

    /// Adds the cause, and what to do about it where it comes from a store of objects.
    #[must_use]
    pub fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        let any: &dyn Any = &source;
        let hint = any
            .downcast_ref::<io::Error>()
            .and_then(StoreError::hint_of);
        self.hints
            .extend(hint.map(|hint| Hint::Text(hint.to_owned())));
        self.source = Some(Box::new(source));
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(Hint::Text(hint.into()));
        self
    }

    /// Adds that the same command resumes.
    #[must_use]
    pub fn resumes(mut self) -> Self {
        self.hints.push(Hint::Resume);
        self
    }

    /// Adds that the same command resumes once the other hints are followed.
    #[must_use]
    pub fn then_resumes(mut self) -> Self {
        self.hints.push(Hint::ThenResume);
        self
    }

    /// Adds that the same command resumes, and what was done or not done until then.
    #[must_use]
    pub fn resumes_after(mut self, until_then: &'static str) -> Self {
        self.hints.push(Hint::ResumeAfter(until_then));
        self
    }

    /// A refusal before anything was written.
    #[must_use]
    pub fn refused(what: impl Into<String>) -> Self {
        Self::new(what).and_nothing_written()
    }

    /// Adds that nothing was written.
    #[must_use]
    pub fn and_nothing_written(mut self) -> Self {
        self.effect = Some(Effect::NothingWritten);
        self
    }

    /// A refusal that comes when something was written already names what was not done instead.
    #[must_use]
    pub fn too_late(mut self, not_done: &'static str) -> Self {
        if self.effect == Some(Effect::NothingWritten) {
            self.effect = Some(Effect::NotDone(not_done));
        }
        self
    }

    /// Says what was attempted when an AWS call failed.
    #[must_use]
    pub fn aws(what: impl Into<String>, error: AwsError) -> Self {
        let hint = error.hint();
        let mut failure = Self::new(what).because(error);
        failure.hints.extend(hint.map(Hint::Text));
        failure
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.effect {
            Some(Effect::NothingWritten) => write!(f, "nothing was written: {}", self.what),
            Some(Effect::NotDone(not_done)) => write!(f, "{not_done}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

/// How a failed run ends: the same command resumes it.
impl From<FailureKind> for RunEnd {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Interrupted => Self::Interrupted,
            FailureKind::Failed | FailureKind::Usage | FailureKind::Incomplete => Self::Incomplete,
        }
    }
}

impl From<KubernetesError> for Failure {
    fn from(error: KubernetesError) -> Self {
        let hint = error.hint();
        let mut failure = Self::new(error.to_string());
        failure.hints.extend(hint.map(Hint::Text));
        failure
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let hint = match &error {
            JournalError::Io { .. } => Advice::OtherJournalPlace.into(),
            JournalError::Locked { free_in: Some(left), .. } => format!(
                "wait until the other run ends, or stop it; if its machine is gone, the journal is free in {} s",
                left.as_secs() + 1
            ),
            JournalError::Locked { .. } => "wait until the other run ends, or stop it".to_owned(),
            JournalError::TakenOver { .. } => {
                "this run was suspended or cut off for too long and has stopped; let the other one finish, then check with `status`"
                    .to_owned()
            }
            JournalError::Damaged { .. } | JournalError::Changed { .. } => Advice::WithoutJournal.into(),
            JournalError::Foreign { .. } => Advice::OwnJournal.into(),
            JournalError::NotAJournal { .. } => Advice::NoJournalThere.into(),
            JournalError::Newer { .. } => Advice::NewerJournal.into(),
        };
        let what = error.to_string();
        let source = match error {
            JournalError::Io { source, .. } => Some(source),
            _ => None,
        };
        let failure = Self::new(what).hint(hint);
        match source {
            Some(source) => failure.because(source),
            None => failure,
        }
    }
}

impl From<WriterError> for Failure {
    fn from(error: WriterError) -> Self {
        match error {
            WriterError::Journal(error) => Self {
                kind: FailureKind::Incomplete,
                ..Self::from(error).resumes_after("nothing more was started")
            },
        }
    }
}

impl From<SwitchError> for Failure {
    fn from(error: SwitchError) -> Self {
        match error {
            SwitchError::Aws(error) => {
                use crate::aws::AwsErrorKind::{Connection, TimedOut};
                let goes_on = error.is_expired() || matches!(error.kind, Connection(_) | TimedOut);
                let failure = Self::aws("failed to switch the authentication mode", error);
                if goes_on {
                    Self {
                        kind: FailureKind::Incomplete,
                        ..failure.then_resumes()
                    }
                } else {
                    failure
                }
            }
            SwitchError::Journal(error) => Self::from(error),
            error @ SwitchError::GivenUp { .. } => Self::new(error.to_string())
                .hint("nothing was created; fix what EKS reports and run the command again"),
            error @ SwitchError::NotBegun => Self {
                kind: FailureKind::Incomplete,
                ..Self::new(error.to_string()).hint(Advice::MoreTime)
            },
            error @ SwitchError::TooSlow { .. } => Self {
                kind: FailureKind::Incomplete,
                ..Self::new(error.to_string())
                    .hint("run the same command again: it waits for the switch and continues")
            },
            error @ SwitchError::Interrupted => Self {
                kind: FailureKind::Interrupted,
                ..Self::new(error.to_string())
                    .hint("run the same command again: it waits for the switch and continues")
            },
        }
    }
}

impl From<(String, ManifestError)> for Failure {
    fn from((place, error): (String, ManifestError)) -> Self {
        let hint = error.hint();
        Self::new(format!("failed to read aws-auth from {place}"))
            .because(error)
            .hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_to_resume_is_left_out_where_the_command_line_says_it() {
        let failure = Failure::new("EKS answered 500")
            .hint("wait")
            .then_resumes()
            .resumes_after("nothing more was started");
        let texts = |hints: &[Hint]| hints.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            texts(&failure.hints),
            [
                "wait",
                "then run the same command again to resume",
                "nothing more was started; run the same command again to resume",
            ]
        );
        let left = failure.hints.into_iter().filter_map(Hint::without_resume);
        assert_eq!(
            texts(&left.collect::<Vec<_>>()),
            ["wait", "nothing more was started"]
        );
    }

    #[test]
    fn a_refusal_says_what_was_not_done() {
        let refused = || Failure::refused("the plan is stale");
        assert_eq!(
            refused().to_string(),
            "nothing was written: the plan is stale"
        );
        assert_eq!(
            refused().too_late("the mode was not switched").to_string(),
            "the mode was not switched: the plan is stale"
        );
        let failed = Failure::new("EKS answered 500");
        assert_eq!(
            failed.too_late("the mode was not switched").to_string(),
            "EKS answered 500"
        );
    }
}
