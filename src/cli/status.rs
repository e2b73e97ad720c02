//! `status`: the state of the cluster, and the next step.

use std::path::Path;
use std::process::ExitCode;

use super::args::StatusArgs;
use super::exit;
use super::output::Console;
use super::settings::{self, CLOCK};
use crate::error::Failure;
use crate::migration::{self, status};
use crate::report;
use crate::rights::For;

pub(super) async fn run(args: StatusArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut target = settings::target(&args.target, args.history.journal.as_deref())?;
    console.watch(&mut target);
    let seen = settings::survey(&target, args.limit.timeout).await?;
    let history = settings::history(&seen, &args.history)?;
    let journal = match (&args.history.journal, settings::state_folder()) {
        (Some(path), _) => migration::journal_path::journal_seen(&seen, Some(path), Path::new("")),
        (None, Ok(folder)) => migration::journal_path::journal_seen(&seen, None, &folder),
        (None, Err(_)) => None,
    };
    let journal = journal
        .filter(|_| !history.runs.is_empty())
        .map(|path| path.display().to_string());
    let choices = settings::choices(&args.choices, &args.target)?
        .or_as_before(history.last_choices().as_ref());
    let plan = migration::apply::plan_to_judge(&seen, &choices, &history, (CLOCK.now)());
    plan.patterns_fit()
        .map_err(|misfits| migration::apply::misfit(&misfits))?;
    let verification = migration::verify(plan, &seen.reading, &seen.observed);
    let mut status = status::status(&seen, &verification, &history, journal);
    if args.preflight {
        let command = args
            .command
            .map_or_else(|| status::next_command(&verification), For::from);
        let undoing = migration::rollback::calls(&seen, &history);
        let bindings =
            migration::bindings::touched(&seen, &choices, &history, command, (CLOCK.now)());
        let (asked, roles) = ((&undoing[..], &bindings[..]), &target.lookup_roles);
        let preflight = status::preflight(&seen, &verification, command, asked, roles).await;
        status.preflight = Some(preflight);
    }
    console.result(&args.output, |format, shown| {
        report::status(&status, format, shown)
    })?;
    Ok(exit::DONE.into())
}
