//! `rollback`: undoes what this tool did, and only that.

use std::process::ExitCode;

use super::args::{ProgressStyle, RollbackArgs};
use super::output::Console;
use super::progress::Display;
use super::settings::{self, CLOCK};
use super::{exit, signals};
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::{self, RollbackOptions};
use crate::report;

pub(super) async fn run(args: RollbackArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut target = settings::target(&args.target, args.journal.as_deref())?;
    let options = RollbackOptions {
        act: args.yes,
        run: args.run.clone(),
        force: args.force,
        settle: args.settle,
        journal: args.journal.clone(),
        state_folder: settings::state_folder_beside(args.journal.as_deref())?,
        holder: settings::holder(),
        concurrency: 8,
    };
    let stop = signals::listen(args.progress == ProgressStyle::Json)?;
    let display = Display::new(args.progress, console);
    display.watch(&mut target);
    let done = Box::pin(migration::rollback(
        &target, &options, &display, &stop, CLOCK,
    ))
    .await;
    display.finish();
    let done = match signals::unless_stopped(done, &stop, &display, console)? {
        Ok(done) => done,
        Err(code) => return Ok(code),
    };
    console.result(&args.output, |format, shown| {
        report::rolled_back(&done, format, shown)
    })?;
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
        None | Some(RunEnd::Complete) if args.yes && !done.entries.left.is_empty() => exit::BLOCKED,
        None | Some(RunEnd::Complete) => exit::DONE,
    };
    Ok(code.into())
}
