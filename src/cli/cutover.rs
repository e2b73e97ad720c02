//! `cutover`: takes `aws-auth` away once nobody depends on it.

use std::process::ExitCode;

use super::args::{CutoverArgs, ProgressStyle};
use super::output::{self, Console};
use super::progress::Display;
use super::settings::{self, CLOCK};
use super::{exit, record, signals};
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::cutover::{CutoverOptions, Preview};
use crate::migration::{self, Consent, CutOver};
use crate::report::{self, Outcome};

pub(super) async fn run(args: CutoverArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut target = settings::target(&args.target, args.journal.as_deref())?;
    let options = CutoverOptions {
        choices: settings::choices(&args.choices, &args.target)?,
        backup: args.backup.clone(),
        keep_config_map: args.keep_config_map,
        to_api_mode: args.to_api_mode,
        soak: args.soak,
        timeout: args.timeout,
        settle: args.settle,
        min_soak: args.min_soak,
        allow_self_lockout: args.allow_self_lockout,
        journal: settings::journal_place(args.journal.clone())?,
    };
    let stop = signals::listen(args.progress == ProgressStyle::Json)?;
    let display = Display::new(args.progress, console);
    display.watch(&mut target);
    let confirm = |preview: &Preview<'_>| confirm(preview, args.yes, display.is_json(), console);
    let done = Box::pin(migration::cutover(
        &target, &options, &display, &stop, CLOCK, confirm,
    ))
    .await;
    display.finish();
    if done.is_err() {
        let journal = args.journal.as_deref();
        record::keep_despite_failure(&args.output, &target, journal, &options.choices, &stop).await;
    }
    let done = match signals::unless_stopped(done, &stop, &display, console)? {
        Ok(done) => done,
        Err(code) => return Ok(code),
    };
    console.printed(&args.output, |format, shown| {
        report::cut_over(&done, format, shown)
    })?;
    record::keep(
        &args.output,
        &record::Kept {
            target: &target,
            journal: (&done.journal, args.journal.is_some()),
            run: done.run.as_deref(),
            choices: &options.choices,
            is_stopped: stop.is_requested(),
        },
        Outcome::CutOver(&done),
    )
    .await?;
    if done.end != RunEnd::Complete && !done.refused && !display.is_json() {
        console.resume();
    }
    // A signal that came when all was done already stopped nothing.
    if let Some(signal) = stop.signal()
        && done.end == RunEnd::Interrupted
    {
        return Ok(exit::signal(signal));
    }
    if let Some(failure) = done.failure {
        return Err(failure);
    }
    Ok(code(&done).into())
}

pub(super) fn code(done: &CutOver) -> exit::Code {
    if done.refused {
        return exit::BLOCKED;
    }
    match done.end {
        RunEnd::Incomplete | RunEnd::Interrupted => exit::INCOMPLETE,
        // Of what was named, something could not go.
        RunEnd::Complete if !done.verification.objections.is_empty() => exit::BLOCKED,
        RunEnd::Complete => exit::DONE,
    }
}

/// Says what is about to go and who else writes, and asks; where a machine reads along, the events say it.
fn confirm(
    preview: &Preview<'_>,
    yes: bool,
    is_json: bool,
    console: &Console,
) -> Result<Consent, Failure> {
    let place = output::place(&preview.verification.plan);
    let what = match preview.removal {
        Some(removal) if removal.after.is_none() => {
            format!("This deletes the ConfigMap kube-system/aws-auth of {place}.")
        }
        Some(removal) => {
            let count = removal.removed.len();
            let mappings = if count == 1 { "mapping" } else { "mappings" };
            format!("This removes {count} {mappings} from aws-auth of {place}.")
        }
        None => format!("Nothing is left to remove from aws-auth of {place}."),
    };
    let switch = if preview.to_api_mode {
        " Then it switches the cluster to the mode API, which can't be undone: aws-auth never applies again, and anybody \
         without an access entry is locked out."
    } else {
        ""
    };
    if !(yes && is_json) {
        for writer in preview.writers {
            console.wrapped(&format!("warning: {}", report::writer(writer)));
        }
        console.wrapped(&format!("{what}{switch}"));
    }
    if yes {
        return Ok(Consent::Given);
    }
    console.consent("Continue?", "verify")
}
