//! `fleet apply`: makes the plans of all clusters real, wave by wave.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::args::FleetApplyArgs;
use super::progress::FleetDisplay;
use super::source::{FleetSource, source};
use super::survey::{Looked, look_at, prepared};
use super::{code, print, refuse_unmatched, reported, settings};
use crate::choices::Choices;
use crate::cli::args::ProgressStyle;
use crate::cli::output::Console;
use crate::cli::settings::CLOCK;
use crate::cli::{exit, signals};
use crate::error::Failure;
use crate::fleet::{FleetCommand, FleetProgress, Member, MemberId, Rollout, State, waves};
use crate::migration::{ApplyOptions, JournalPlace};
use crate::model::Glob;

/// How many principals of a cluster are worked on at a time.
const PRINCIPALS: usize = 4;

pub(super) async fn run(args: FleetApplyArgs, console: &Console) -> Result<ExitCode, Failure> {
    let chosen = settings::chosen(&args.clusters.choices)?;
    let decides = args.clusters.source.decisions.is_some() || chosen != Choices::default();
    if args.plans.is_some() && decides {
        return Err(Failure::usage(
            "saved plans can only be applied with the options that they were made with",
        )
        .hint("save other plans with these options: `fleet plan --out FOLDER`"));
    }
    let state_folder = args.clusters.state.folder()?;
    let source = source(&args.clusters.source, &args.clusters.pace, console).await?;
    let canaries: Vec<Glob> = args.canary.iter().map(|glob| Glob::new(glob)).collect();
    refuse_idle_canaries(&args, &canaries, &source)?;
    let stop = signals::listen(args.clusters.pace.show.progress == ProgressStyle::Json)?;
    let shown = ask(&args, &chosen, &source, console).await?;
    let size = args.wave_size.and_then(|size| usize::try_from(size).ok());
    let waves = waves(&source.fleet.members, &canaries, size);
    let prepare = |member: &Member| prepared(member, &args.clusters.choices, &args.clusters.pace);
    let rollout = Rollout {
        connections: &source.connections,
        prepare: &prepare,
        options: ApplyOptions {
            choices: Choices {
                bind_renamed: args.apply_rbac,
                ..chosen.clone()
            },
            saved: None,
            enable_access_entries: args.enable_access_entries,
            journal: JournalPlace {
                named: None,
                folder: state_folder,
                holder: settings::holder(),
            },
            concurrency: PRINCIPALS,
            max_rate: args.clusters.pace.max_rate,
            fail_fast: false,
            timeout: args.timeout,
            canary: None,
            allow_self_lockout: args.allow_self_lockout,
            shared_decisions: true,
        },
        plans: args.plans.as_deref(),
        shown,
        concurrency: usize::from(args.clusters.pace.concurrency),
        max_failures: args
            .max_failures
            .and_then(|most| usize::try_from(most).ok()),
        soak: args.soak.unwrap_or_default(),
        stop: &stop,
        clock: CLOCK,
    };
    let display = FleetDisplay::new(
        args.clusters.pace.show.progress,
        source.fleet.members.len(),
        console,
    );
    for row in &source.failed {
        display.ended(row);
    }
    let done = Box::pin(rollout.run(&waves, &display)).await;
    display.finish();
    let report = reported(FleetCommand::Apply, &source, chosen, done)?;
    print(&report, &args.clusters.output, console)?;
    let is_open = |state: State| matches!(state, State::Incomplete | State::NotReached);
    let has_to_resume = report.rows.iter().any(|row| is_open(row.state));
    if has_to_resume && args.clusters.pace.show.progress != ProgressStyle::Json {
        console.resume();
    }
    match stop.signal() {
        Some(signal) if has_to_resume => Ok(exit::signal(signal)),
        _ => Ok(code(&report, false).into()),
    }
}

/// A canary that is no cluster of the fleet protects nobody.
fn refuse_idle_canaries(
    args: &FleetApplyArgs,
    canaries: &[Glob],
    source: &FleetSource,
) -> Result<(), Failure> {
    for (text, glob) in args.canary.iter().zip(canaries) {
        let fits = |member: &Member| {
            glob.matches(&member.name) || glob.matches(&member.identity().to_string())
        };
        if !source.fleet.members.iter().any(fits) {
            return Err(Failure::usage(format!(
                "--canary `{text}` matches no cluster of the fleet"
            ))
            .hint("see `fleet status` for the names; write the name, or ACCOUNT/REGION/NAME"));
        }
    }
    Ok(())
}

/// Shows what is about to be done and asks; `None` where --yes was given.
///
/// Decisions that match in no cluster are refused before anything is written, which takes a look at all of them.
async fn ask(
    args: &FleetApplyArgs,
    chosen: &Choices,
    source: &FleetSource,
    console: &Console,
) -> Result<Option<BTreeMap<MemberId, String>>, Failure> {
    if !args.consent.yes && !Console::can_ask() {
        return Err(Failure::usage("there is no terminal to ask on")
            .and_nothing_written()
            .hint("check with `fleet plan`, then add --yes"));
    }
    if args.plans.is_some() {
        if !args.consent.yes {
            let clusters = source.fleet.members.len();
            let question = format!("Apply the saved plans of {clusters} clusters?");
            console.consent(&question, "fleet plan")?;
        }
        return Ok(None);
    }
    let is_decided = |member: &Member| member.decisions.is_some();
    let decides = *chosen != Choices::default() || source.fleet.members.iter().any(is_decided);
    if args.consent.yes && !decides {
        return Ok(None);
    }
    let asked = Looked {
        command: FleetCommand::Plan,
        clusters: &args.clusters,
        save: None,
    };
    let report = look_at(source, &asked, console).await?;
    refuse_unmatched(&report)?;
    if args.consent.yes {
        return Ok(None);
    }
    let options = crate::report::FleetTable {
        width: console.width(),
        details: false,
    };
    console.say(crate::report::fleet(&report, crate::report::Format::Table, options).trim_end());
    let busy = report.rows.iter().filter(|row| row.actions > 0).count();
    let switches = if args.enable_access_entries {
        " Clusters in the mode CONFIG_MAP are switched to API_AND_CONFIG_MAP first, which can't be undone."
    } else {
        ""
    };
    let question = format!(
        "Apply {} actions to {busy} clusters?{switches}",
        report.summary.actions
    );
    console.consent(&question, "fleet plan")?;
    let rows = report.rows.into_iter();
    Ok(Some(
        rows.filter_map(|row| Some((row.cluster, row.digest?)))
            .collect(),
    ))
}
