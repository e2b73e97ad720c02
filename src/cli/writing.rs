//! What `apply`, `cutover` and `rollback` have in common: progress and signals while they run, and how they end.

use std::path::Path;
use std::process::ExitCode;

use super::args::{OutputArgs, ProgressStyle};
use super::output::Console;
use super::progress::Display;
use super::{exit, record, signals};
use crate::choices::Choices;
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::Target;
use crate::report::CommandResult;
use crate::stop::Stop;

/// A command that writes, from its first look at the cluster to its exit code.
pub(super) struct Writing<'a> {
    /// The cluster.
    pub(super) target: Target,
    /// Whether a signal asked for a stop.
    pub(super) stop: Stop,
    /// Where progress is shown.
    pub(super) display: Display,
    console: &'a Console,
}

/// What a command that writes came to.
pub(super) trait Written {
    /// Prints it, in the form that was asked for.
    fn print(&self, args: &OutputArgs, console: &Console) -> Result<(), Failure>;

    /// What the record and the end of the command need of it.
    fn ended(&self) -> FinishedRun<'_>;

    /// The exit code, unless a signal stopped the run.
    fn code(self) -> Result<exit::Exit, Failure>;
}

/// How a command that writes ended.
pub(super) struct FinishedRun<'a> {
    /// What the record says of it.
    pub(super) outcome: CommandResult<'a>,
    /// The journal.
    pub(super) journal: &'a Path,
    /// The run's id; `None` where there was nothing to do.
    pub(super) run: Option<&'a str>,
    /// How the run ended; `None` where there is none to resume.
    pub(super) end: Option<RunEnd>,
}

/// What shaped a run, for its record.
pub(super) struct ForRecord<'a> {
    /// How the result and the record are written.
    pub(super) output: &'a OutputArgs,
    /// The journal that was named.
    pub(super) journal: Option<&'a Path>,
    /// The choices that were given.
    pub(super) choices: &'a Choices,
}

impl<'a> Writing<'a> {
    /// Listens for signals and shows progress from now on.
    pub(super) fn start(
        mut target: Target,
        progress: ProgressStyle,
        console: &'a Console,
    ) -> Result<Self, Failure> {
        let stop = signals::listen(progress == ProgressStyle::Json)?;
        let display = Display::new(progress, console);
        display.watch(&mut target);
        Ok(Self {
            target,
            stop,
            display,
            console,
        })
    }

    /// Prints the result, writes the record of `--out-report`, and says how to resume what did not come to its end.
    ///
    /// Returns the exit code: that of the signal, where one stopped the run.
    pub(super) async fn finish<T: Written>(
        self,
        result: Result<T, Failure>,
        given: ForRecord<'_>,
    ) -> Result<ExitCode, Failure> {
        self.display.finish();
        let done = match result {
            Ok(done) => done,
            Err(failure) => {
                let ForRecord {
                    output,
                    journal,
                    choices,
                } = given;
                let (target, stop) = (&self.target, &self.stop);
                record::keep_despite_failure(output, target, journal, choices, stop).await;
                return self.failed(failure);
            }
        };
        done.print(given.output, self.console)?;
        let FinishedRun {
            outcome,
            journal,
            run,
            end,
        } = done.ended();
        let kept = record::RunToRecord {
            target: &self.target,
            journal: (journal, given.journal.is_some()),
            run,
            choices: given.choices,
            is_stopped: self.stop.is_requested(),
        };
        record::keep(given.output, &kept, outcome).await?;
        if end.is_some_and(|end| end != RunEnd::Complete) && !self.display.is_json() {
            self.console.resume();
        }
        match self.stop.signal() {
            // A signal that came when all was done already stopped nothing.
            Some(signal) if end == Some(RunEnd::Interrupted) => Ok(exit::signal(signal)),
            _ => Ok(done.code()?.into()),
        }
    }

    /// The failure itself, or the exit code where it failed since a signal stopped it: it is shown with how to resume.
    fn failed(&self, failure: Failure) -> Result<ExitCode, Failure> {
        let Some(signal) = self.stop.signal() else {
            return Err(failure);
        };
        if self.display.is_json() {
            self.console.error(&failure);
        } else {
            self.console.stopped(failure);
        }
        Ok(exit::signal(signal))
    }
}
