//! `rollback`: undoes what this tool did, and only that.

use std::process::ExitCode;

use super::args::{OutputArgs, RollbackArgs};
use super::exit;
use super::output::Console;
use super::settings::{self, CLOCK};
use super::writing::{FinishedRun, ForRecord, Writing, Written};
use crate::choices::Choices;
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::{self, Consent, RollbackOptions, RolledBack};
use crate::report::{self, CommandResult, Shown};
use crate::text::visible;

pub(super) async fn run(args: RollbackArgs, console: &Console) -> Result<ExitCode, Failure> {
    let target = settings::target(&args.target, args.keep.journal.as_deref())?;
    let options = RollbackOptions {
        act: !args.dry_run,
        run: args.run.clone(),
        force: args.force,
        settle: args.settle,
        journal: settings::journal_place(args.keep.journal.clone())?,
        concurrency: 8,
    };
    let writing = Writing::start(target, args.show.progress, console)?;
    let Writing {
        target,
        display,
        stop,
        ..
    } = &writing;
    let confirm = |done: &RolledBack| confirm(done, &args, console);
    let done = Box::pin(migration::rollback(
        target, &options, display, stop, CLOCK, confirm,
    ))
    .await;
    let done = done.map(|done| Undone {
        done,
        is_dry_run: args.dry_run,
    });
    let given = ForRecord {
        output: &args.output,
        journal: args.keep.journal.as_deref(),
        choices: &Choices::default(),
    };
    Box::pin(writing.finish(done, given)).await
}

/// What was undone, or would be.
struct Undone {
    done: RolledBack,
    is_dry_run: bool,
}

impl Written for Undone {
    fn print(&self, args: &OutputArgs, console: &Console) -> Result<(), Failure> {
        console.printed(args, |format, shown| {
            report::rolled_back(&self.done, format, shown)
        })
    }

    fn ended(&self) -> FinishedRun<'_> {
        FinishedRun {
            outcome: CommandResult::RolledBack(&self.done),
            journal: &self.done.journal,
            run: self.done.run.as_deref(),
            end: self.done.end,
        }
    }

    fn code(self) -> Result<exit::Exit, Failure> {
        let is_left = !self.done.entries.left.is_empty();
        Ok(match self.done.end {
            Some(RunEnd::Incomplete | RunEnd::Interrupted) => exit::INCOMPLETE,
            // Somebody has to look at what was left alone.
            None | Some(RunEnd::Complete) if !self.is_dry_run && is_left => exit::BLOCKED,
            None | Some(RunEnd::Complete) => exit::DONE,
        })
    }
}

/// Shows what would be undone and asks; without a terminal nothing is undone.
fn confirm(done: &RolledBack, args: &RollbackArgs, console: &Console) -> Result<Consent, Failure> {
    if args.consent.yes {
        return Ok(Consent::Given);
    }
    if Console::can_ask() {
        let shown = Shown {
            width: Some(console.width()),
            color: console.colored(),
        };
        console.say(report::rolling_back(done, shown).trim_end());
    } else {
        console.printed(&args.output, |format, shown| {
            report::rolled_back(done, format, shown)
        })?;
    }
    let place = format!("cluster {}, account {}", done.cluster, done.account_id);
    console.consent(
        &format!("Undo this on {}?", visible(&place)),
        "rollback --dry-run",
    )
}
