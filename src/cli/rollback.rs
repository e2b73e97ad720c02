//! `rollback`: undoes what this tool did, and only that.

use std::process::ExitCode;

use super::args::{ProgressStyle, RollbackArgs};
use super::output::Console;
use super::progress::Display;
use super::settings::{self, CLOCK};
use super::{exit, record, signals};
use crate::choices::Choices;
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::{self, Consent, RollbackOptions, RolledBack};
use crate::report::{self, Outcome, Shown};
use crate::text::visible;

pub(super) async fn run(args: RollbackArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut target = settings::target(&args.target, args.journal.as_deref())?;
    let options = RollbackOptions {
        act: !args.dry_run,
        run: args.run.clone(),
        force: args.force,
        settle: args.settle,
        journal: settings::journal_place(args.journal.clone())?,
        concurrency: 8,
    };
    let stop = signals::listen(args.progress == ProgressStyle::Json)?;
    let display = Display::new(args.progress, console);
    display.watch(&mut target);
    let confirm = |done: &RolledBack| confirm(done, &args, console);
    let done = Box::pin(migration::rollback(
        &target, &options, &display, &stop, CLOCK, confirm,
    ))
    .await;
    display.finish();
    if done.is_err() {
        let (journal, choices) = (args.journal.as_deref(), Choices::default());
        record::keep_despite_failure(&args.output, &target, journal, &choices, &stop).await;
    }
    let done = match signals::unless_stopped(done, &stop, &display, console)? {
        Ok(done) => done,
        Err(code) => return Ok(code),
    };
    console.printed(&args.output, |format, shown| {
        report::rolled_back(&done, format, shown)
    })?;
    record::keep(
        &args.output,
        &record::Kept {
            target: &target,
            journal: (&done.journal, args.journal.is_some()),
            run: done.run.as_deref(),
            choices: &Choices::default(),
            is_stopped: stop.is_requested(),
        },
        Outcome::RolledBack(&done),
    )
    .await?;
    if done.end.is_some_and(|end| end != RunEnd::Complete) && !display.is_json() {
        console.resume();
    }
    // A signal that came when all was done already stopped nothing.
    if let Some(signal) = stop.signal()
        && done.end == Some(RunEnd::Interrupted)
    {
        return Ok(exit::signal(signal));
    }
    let code = match done.end {
        Some(RunEnd::Incomplete | RunEnd::Interrupted) => exit::INCOMPLETE,
        // Somebody has to look at what was left alone.
        None | Some(RunEnd::Complete) if !args.dry_run && !done.entries.left.is_empty() => {
            exit::BLOCKED
        }
        None | Some(RunEnd::Complete) => exit::DONE,
    };
    Ok(code.into())
}

/// Shows what would be undone and asks; without a terminal nothing is undone.
fn confirm(done: &RolledBack, args: &RollbackArgs, console: &Console) -> Result<Consent, Failure> {
    if args.yes {
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
