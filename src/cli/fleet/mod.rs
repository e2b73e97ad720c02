//! `fleet`: the same commands over many clusters, accounts and regions.

mod apply;
mod args;
mod decisions;
mod progress;
mod runbook;
mod shard;
mod source;
mod survey;

use std::process::ExitCode;

pub(super) use args::FleetArgs;
pub(super) use runbook::runbook;
pub(super) use source::ALL_ENABLED;
pub(super) use source::shard;

use args::FleetSubcommand as Command;

use super::args::OutputArgs;
use super::output::{Console, file_failure, keep_report};
use super::{exit, settings};
use crate::choices::Choices;
use crate::error::Failure;
use crate::fleet::{About, FleetCommand, Report, Row, State};
use crate::report;

pub(super) async fn run(args: FleetArgs, console: &Console) -> Result<ExitCode, Failure> {
    match args.command {
        Command::Plan(args) => Box::pin(survey::plan(&args, console)).await,
        Command::Verify(args) => Box::pin(survey::verify(&args, console)).await,
        Command::Status(args) => Box::pin(survey::status(&args, console)).await,
        Command::Apply(args) => Box::pin(apply::run(*args, console)).await,
        Command::Shard(args) => Box::pin(shard::shard(&args, console)).await,
        Command::Merge(args) => shard::merge(&args, console),
    }
}

/// The report of some rows.
fn reported(
    command: FleetCommand,
    source: &source::FleetSource,
    choices: Choices,
    mut rows: Vec<Row>,
) -> Result<Report, Failure> {
    rows.extend(source.failed.iter().cloned());
    let about = About {
        command,
        fleet: source.id(),
        shard: source.fleet.shard.clone(),
        choices,
        decisions: source::decisions(&source.fleet)?,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok(Report::of(about, rows))
}

/// Refuses decisions and patterns that match in no cluster; a cluster that could not be read may be the one.
fn refuse_unmatched(report: &Report) -> Result<(), Failure> {
    let is_whole = report.shard.is_none() && report.rows.iter().all(|row| row.mappings.is_some());
    if report.unmatched.is_empty() || !is_whole {
        return Ok(());
    }
    let unmatched = report.unmatched.join("; ");
    Err(Failure::usage(unmatched).and_nothing_written().hint(
        "correct the decisions file or the option: it matches nothing in any cluster of the fleet",
    ))
}

/// Prints a report and writes it to its file.
fn print(report: &Report, args: &OutputArgs, console: &Console) -> Result<(), Failure> {
    let options = report::FleetTable {
        width: console.width(),
        details: args.details,
    };
    let text = report::fleet(report, args.output, options);
    console.data(&text)?;
    if let Some(folder) = args.out_report.as_deref().and_then(std::path::Path::parent) {
        crate::files::make_folder(folder)
            .map_err(|error| file_failure("the report", folder, error))?;
    }
    keep_report(&text, args)
}

/// The code of the worst row.
fn code(report: &Report, is_detailed: bool) -> exit::Exit {
    let of = |row: &Row| match (row.state, report.command) {
        (State::Failed, _) => exit::FAILED,
        (State::Incomplete | State::NotReached, _) => exit::INCOMPLETE,
        (State::Done, _) | (_, FleetCommand::Status) => exit::DONE,
        (State::NeedsDecision | State::Pending, FleetCommand::Plan) if !is_detailed => exit::DONE,
        (State::NeedsDecision, _) => exit::BLOCKED,
        (State::Pending, FleetCommand::Verify) if !is_detailed => exit::BLOCKED,
        (State::Pending, _) => exit::PENDING,
    };
    exit::worst(report.rows.iter().map(of))
}
