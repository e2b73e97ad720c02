//! `rollback`: undoes what this tool did, and only that.

use std::process::ExitCode;

use super::args::RollbackArgs;
use super::output::{Console, file_failure};
use super::progress::Display;
use super::settings::{self, CLOCK};
use super::{exit, signals};
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::{self, RollbackOptions};
use crate::report;

pub(super) async fn run(args: RollbackArgs, console: &Console) -> Result<ExitCode, Failure> {
    let target = settings::target(&args.target)?;
    let options = RollbackOptions {
        act: args.yes,
        run: args.run.clone(),
        force: args.force,
        journal: args.journal.clone(),
        state_folder: settings::state_folder_beside(args.journal.as_deref())?,
        holder: settings::holder(),
        concurrency: 8,
    };
    let stop = signals::listen()?;
    let display = Display::new(args.progress, console);
    let done = Box::pin(migration::rollback(
        &target, &options, &display, &stop, CLOCK,
    ))
    .await;
    display.finish();
    let done = done?;
    let text = report::rolled_back(&done, args.output.output.into());
    console.text(&text, args.output.output)?;
    if let Some(path) = &args.output.out_report {
        crate::files::replace(path, text.as_bytes())
            .map_err(|error| file_failure("the report", path, error))?;
    }
    if let Some(signal) = stop.signal() {
        return Ok(exit::signal(signal));
    }
    let code = match done.end {
        Some(RunEnd::Incomplete | RunEnd::Interrupted) => exit::INCOMPLETE,
        None | Some(RunEnd::Complete) => exit::DONE,
    };
    Ok(code.into())
}
