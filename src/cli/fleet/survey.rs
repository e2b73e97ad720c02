//! `fleet plan`, `fleet verify`, `fleet status`: look at every cluster, and write nothing to any.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::{
    ClustersArgs, FleetPlanArgs, FleetStatusArgs, FleetVerifyArgs, PaceArgs, StateArgs,
};
use super::progress::FleetDisplay;
use super::source::{FleetSource, source, target_args};
use super::{code, decisions, print, refuse_unmatched, reported, settings};
use crate::cli::args::ChoiceArgs;
use crate::cli::output::Console;
use crate::cli::settings::CLOCK;
use crate::error::Failure;
use crate::fleet::{FleetCommand, FleetLook, Member, Prepared, Report, rows};

pub(super) async fn plan(args: &FleetPlanArgs, console: &Console) -> Result<ExitCode, Failure> {
    let asked = Looked {
        command: FleetCommand::Plan,
        clusters: &args.clusters,
        save: args.out.as_deref(),
    };
    if let Some(path) = &args.write_decisions {
        decisions::check(path)?;
    }
    let report = asked.shown(console).await?;
    if let Some(path) = &args.write_decisions {
        decisions::write(&report, path, console)?;
    }
    Ok(code(&report, args.detailed_exitcode).into())
}

pub(super) async fn verify(args: &FleetVerifyArgs, console: &Console) -> Result<ExitCode, Failure> {
    let looked = Looked {
        command: FleetCommand::Verify,
        clusters: &args.clusters,
        save: None,
    };
    let report = looked.shown(console).await?;
    Ok(code(&report, args.detailed_exitcode).into())
}

pub(super) async fn status(args: &FleetStatusArgs, console: &Console) -> Result<ExitCode, Failure> {
    let looked = Looked {
        command: FleetCommand::Status,
        clusters: &args.clusters,
        save: None,
    };
    let report = looked.shown(console).await?;
    Ok(code(&report, false).into())
}

/// What is looked at, and how.
pub(super) struct Looked<'a> {
    pub(super) command: FleetCommand,
    pub(super) clusters: &'a ClustersArgs,
    pub(super) save: Option<&'a Path>,
}

impl Looked<'_> {
    /// Looks at every cluster and prints the report; decisions and patterns that match in none are refused after it.
    async fn shown(&self, console: &Console) -> Result<Report, Failure> {
        let clusters = self.clusters;
        let source = source(&clusters.source, &clusters.pace, console).await?;
        let report = look_at(&source, self, console).await?;
        print(&report, &clusters.output, console)?;
        refuse_unmatched(&report)?;
        Ok(report)
    }
}

impl StateArgs {
    /// The folder of all journals.
    pub(super) fn folder(&self) -> Result<PathBuf, Failure> {
        match &self.journals {
            Some(folder) => Ok(folder.clone()),
            None => settings::state_folder(),
        }
    }
}

/// Looks at every cluster of a fleet.
pub(super) async fn look_at(
    source: &FleetSource,
    asked: &Looked<'_>,
    console: &Console,
) -> Result<Report, Failure> {
    let Looked {
        command,
        clusters,
        save,
    } = *asked;
    let ClustersArgs {
        choices,
        pace,
        state,
        ..
    } = clusters;
    let chosen = settings::chosen(choices)?;
    let folder = state.folder().ok();
    let prepare = |member: &Member| prepared(member, choices, pace);
    let look = FleetLook {
        connections: &source.connections,
        command,
        prepare: &prepare,
        state_folder: folder.as_deref(),
        save,
        clock: CLOCK,
    };
    let members = &source.fleet.members;
    let display = FleetDisplay::new(pace.show.progress, members.len(), console);
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
