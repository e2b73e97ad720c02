//! `fleet plan`, `fleet verify`, `fleet status`: look at every cluster, and write nothing to any.

use std::path::Path;
use std::process::ExitCode;

use super::args::{PaceArgs, PlanArgs, SourceArgs, StatusArgs, VerifyArgs};
use super::progress::FleetDisplay;
use super::source::{Source, source, target_args};
use super::{code, decisions, print, refuse_unmatched, reported, settings};
use crate::cli::args::ChoiceArgs;
use crate::cli::output::Console;
use crate::cli::settings::CLOCK;
use crate::error::Failure;
use crate::fleet::{FleetCommand, Look, Member, Prepared, Report, rows};

pub(super) async fn plan(args: &PlanArgs, console: &Console) -> Result<ExitCode, Failure> {
    let asked = Asked {
        command: FleetCommand::Plan,
        source: &args.source,
        choices: &args.choices,
        pace: &args.pace,
        save: args.out.as_deref(),
    };
    let report = asked.report(console).await?;
    print(&report, &args.output, console)?;
    refuse_unmatched(&report)?;
    if let Some(path) = &args.write_decisions {
        decisions::write(&report, path, console)?;
    }
    Ok(code(&report, args.detailed_exitcode).into())
}

pub(super) async fn verify(args: &VerifyArgs, console: &Console) -> Result<ExitCode, Failure> {
    let asked = Asked {
        command: FleetCommand::Verify,
        source: &args.source,
        choices: &args.choices,
        pace: &args.pace,
        save: None,
    };
    let report = asked.report(console).await?;
    print(&report, &args.output, console)?;
    refuse_unmatched(&report)?;
    Ok(code(&report, args.detailed_exitcode).into())
}

pub(super) async fn status(args: &StatusArgs, console: &Console) -> Result<ExitCode, Failure> {
    let asked = Asked {
        command: FleetCommand::Status,
        source: &args.source,
        choices: &args.choices,
        pace: &args.pace,
        save: None,
    };
    let report = asked.report(console).await?;
    print(&report, &args.output, console)?;
    refuse_unmatched(&report)?;
    Ok(code(&report, false).into())
}

/// What is asked about the clusters.
struct Asked<'a> {
    command: FleetCommand,
    source: &'a SourceArgs,
    choices: &'a ChoiceArgs,
    pace: &'a PaceArgs,
    save: Option<&'a Path>,
}

impl Asked<'_> {
    async fn report(&self, console: &Console) -> Result<Report, Failure> {
        let source = source(self.source, self.pace, console).await?;
        let (command, save) = (self.command, self.save);
        look_at(&source, command, self.choices, self.pace, save, console).await
    }
}

/// Looks at every cluster of a fleet.
pub(super) async fn look_at(
    source: &Source,
    command: FleetCommand,
    choices: &ChoiceArgs,
    pace: &PaceArgs,
    save: Option<&Path>,
    console: &Console,
) -> Result<Report, Failure> {
    let chosen = settings::chosen(choices)?;
    let folder = settings::state_folder().ok();
    let prepare = |member: &Member| prepared(member, choices, pace);
    let look = Look {
        connections: &source.connections,
        command,
        prepare: &prepare,
        state_folder: folder.as_deref(),
        save,
        clock: CLOCK,
    };
    let members = &source.fleet.members;
    let display = FleetDisplay::new(pace.progress, members.len(), console);
    let concurrency = usize::from(pace.concurrency);
    let work = |member: Member| {
        let look = &look;
        async move { look.row(&member).await }
    };
    let done = rows(members, concurrency, &display, work).await;
    display.finish();
    let (calls, retries) = source.connections.requests();
    tracing::debug!(calls, retries, clusters = members.len(), "requests to AWS");
    reported(command, source, chosen, done)
}

/// A cluster with the files that it names read.
pub(super) fn prepared(
    member: &Member,
    choices: &ChoiceArgs,
    pace: &PaceArgs,
) -> Result<Prepared, Failure> {
    let args = target_args(member, pace);
    Ok(Prepared {
        choices: settings::choices(choices, &args)?,
        target: settings::target(&args, None)?,
    })
}
