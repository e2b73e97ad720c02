//! `cutover`: takes `aws-auth` away once nobody depends on it.

use std::process::ExitCode;

use super::args::{CutoverArgs, OutputArgs};
use super::exit;
use super::output::{self, Console};
use super::settings::{self, CLOCK};
use super::writing::{FinishedRun, ForRecord, Writing, Written};
use crate::error::Failure;
use crate::journal::RunEnd;
use crate::migration::cutover::{CutoverOptions, Preview};
use crate::migration::{self, Consent, CutOver};
use crate::report::{self, CommandResult};

pub(super) async fn run(args: CutoverArgs, console: &Console) -> Result<ExitCode, Failure> {
    let target = settings::target(&args.target, args.keep.journal.as_deref())?;
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
        journal: settings::journal_place(args.keep.journal.clone())?,
    };
    let writing = Writing::start(target, args.show.progress, console)?;
    let Writing {
        target,
        display,
        stop,
        ..
    } = &writing;
    let confirm =
        |preview: &Preview<'_>| confirm(preview, args.consent.yes, display.is_json(), console);
    let done = Box::pin(migration::cutover(
        target, &options, display, stop, CLOCK, confirm,
    ))
    .await;
    let given = ForRecord {
        output: &args.output,
        journal: args.keep.journal.as_deref(),
        choices: &options.choices,
    };
    Box::pin(writing.finish(done, given)).await
}

impl Written for CutOver {
    fn print(&self, args: &OutputArgs, console: &Console) -> Result<(), Failure> {
        console.printed(args, |format, shown| report::cut_over(self, format, shown))
    }

    fn ended(&self) -> FinishedRun<'_> {
        FinishedRun {
            outcome: CommandResult::CutOver(self),
            journal: &self.journal,
            run: self.run.as_deref(),
            end: (!self.refused).then_some(self.end),
        }
    }

    fn code(self) -> Result<exit::Exit, Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.refused {
            return Ok(exit::BLOCKED);
        }
        Ok(match self.end {
            RunEnd::Incomplete | RunEnd::Interrupted => exit::INCOMPLETE,
            // Of what was named, something could not go.
            RunEnd::Complete if !self.verification.objections.is_empty() => exit::BLOCKED,
            RunEnd::Complete => exit::DONE,
        })
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
