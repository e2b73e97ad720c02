//! `report`: the record of a migration for its change ticket, and the check that one was not changed.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::args::{ChoiceArgs, OutputArgs, ReportArgs, TargetArgs};
use super::exit;
use super::output::{Console, keep_report};
use super::settings::{self, CLOCK};
use crate::choices::Choices;
use crate::error::Failure;
use crate::files;
use crate::journal::Journal;
use crate::migration::Target;
use crate::migration::record::{
    ChangeRecord, LiveProof, RecordRequest, Sources, found, journals_of,
};
use crate::report::{self, CommandResult, Shown};
use crate::stop::Stop;

pub(super) async fn run(args: ReportArgs, console: &Console) -> Result<ExitCode, Failure> {
    if let Some(path) = &args.check {
        return check(path, console);
    }
    let record = if args.offline || !names_cluster(&args.target) {
        offline(&args)?
    } else {
        Box::pin(live(&args, console)).await?
    };
    if let Some(run) = args.run.as_ref().filter(|_| record.runs.is_empty()) {
        return Err(Failure::usage(format!("the journal has no run `{run}`"))
            .hint("leave --run out to see the ids of all runs"));
    }
    console.result(&args.output, |format, shown| {
        report::record(&record, None, format, shown)
    })?;
    Ok(exit::DONE.into())
}

fn names_cluster(target: &TargetArgs) -> bool {
    target.cluster.is_some() || target.kubeconfig.is_some() || target.context.is_some()
}

async fn live(args: &ReportArgs, console: &Console) -> Result<ChangeRecord, Failure> {
    let mut target = settings::target(&args.target, args.journal.as_deref())?;
    console.watch(&mut target);
    let seen = settings::survey(&target, args.limit.timeout).await;
    let seen = seen.map_err(|failure| {
        failure.hint("add --offline to write the record from the journal alone, without the proof")
    })?;
    let choices = settings::choices(&ChoiceArgs::default(), &args.target)?;
    ChangeRecord::of_survey(
        &seen,
        &RecordRequest {
            journal: args.journal.as_deref(),
            state_folder: settings::state_folder().ok(),
            choices: &choices,
            run: args.run.as_deref(),
            now: (CLOCK.now)(),
        },
    )
}

/// The record from the journal alone.
fn offline(args: &ReportArgs) -> Result<ChangeRecord, Failure> {
    let (name, region) = (
        args.target.cluster.as_deref(),
        args.target.region.as_deref(),
    );
    let path = journal(args)?;
    let found = found(&path, name, region)?;
    let why = if args.offline {
        "--offline was given"
    } else {
        "only a journal was given; name the cluster with --cluster to read it"
    };
    Ok(ChangeRecord::of(Sources {
        cluster: found.cluster,
        path: &path,
        is_named: args.journal.is_some(),
        journal: Some(found.journal),
        run: args.run.as_deref(),
        proof: LiveProof::not_taken(why),
        now: (CLOCK.now)(),
    }))
}

/// The journal that was named, or the one of the cluster that was named.
fn journal(args: &ReportArgs) -> Result<PathBuf, Failure> {
    let is_folder = |path: &Path| path.as_os_str().as_encoded_bytes().ends_with(b"/");
    let folder = match &args.journal {
        Some(path) if !is_folder(path) => return Ok(path.clone()),
        Some(folder) => folder.clone(),
        None => settings::state_folder()?,
    };
    let Some(name) = &args.target.cluster else {
        return Err(Failure::usage("no cluster and no journal was given")
            .hint("name the cluster with --cluster, or the journal with --journal"));
    };
    let mut journals = journals_of(&folder, name, args.target.region.as_deref());
    match journals.len() {
        0 => Err(Failure::new(format!(
            "there is no journal of a cluster `{name}` in `{}`",
            folder.display()
        ))
        .hint("name it with --journal")),
        1 => Ok(journals.remove(0)),
        _ => {
            let journals = journals.iter().map(|path| path.display().to_string());
            let journals: Vec<String> = journals.collect();
            Err(Failure::usage(format!(
                "several clusters are named `{name}`: {}",
                journals.join(", ")
            ))
            .hint("choose one with --region or --journal"))
        }
    }
}

/// What a run has to hand over for its record.
pub(super) struct RunToRecord<'a> {
    /// The cluster.
    pub(super) target: &'a Target,
    /// The journal, and whether it was named.
    pub(super) journal: (&'a Path, bool),
    /// The run's id; `None` where nothing was done.
    pub(super) run: Option<&'a str>,
    /// The choices that were given.
    pub(super) choices: &'a Choices,
    /// Whether a signal stopped the run.
    pub(super) is_stopped: bool,
}

/// Writes the record to the file of `--out-report`, where one was named: the cluster is read once more for it.
pub(super) async fn keep(
    args: &OutputArgs,
    kept: &RunToRecord<'_>,
    outcome: CommandResult<'_>,
) -> Result<(), Failure> {
    if args.out_report.is_none() {
        return Ok(());
    }
    let seen = if kept.is_stopped {
        Err("the run was stopped by a signal".to_owned())
    } else {
        let seen = settings::survey(kept.target, None).await;
        seen.map_err(|failure| failure.to_string())
    };
    let (path, _) = kept.journal;
    let cluster = match (&seen, kept.run) {
        (Ok(seen), _) => crate::migration::record::cluster_of(seen)?,
        (Err(_), Some(run)) => {
            let journal = Journal::whole(path)?.unwrap_or_default();
            let mut runs = journal.history.runs.into_iter();
            match runs.find(|known| known.run == run) {
                Some(run) => run.cluster,
                None => found(path, kept.target.cluster.as_deref(), None)?.cluster,
            }
        }
        (Err(_), None) => found(path, kept.target.cluster.as_deref(), None)?.cluster,
    };
    let record = ChangeRecord::after_run(
        cluster,
        kept.journal,
        seen.as_ref().map_err(Clone::clone),
        kept.choices,
        (CLOCK.now)(),
    )?;
    let text = report::record(&record, Some(outcome), args.output, Shown::default());
    keep_report(&text, args)
}

/// Writes the record of a run that failed after its first write, as far as the cluster can be read; the failure itself is
/// reported either way.
pub(super) async fn keep_despite_failure(
    args: &OutputArgs,
    target: &Target,
    journal: Option<&Path>,
    choices: &Choices,
    stop: &Stop,
) {
    if args.out_report.is_none() || !stop.is_writing() || stop.is_requested() {
        return;
    }
    let Ok(seen) = settings::survey(target, None).await else {
        return;
    };
    let record = ChangeRecord::of_survey(
        &seen,
        &RecordRequest {
            journal,
            state_folder: settings::state_folder().ok(),
            choices,
            run: None,
            now: (CLOCK.now)(),
        },
    );
    if let Ok(record) = record {
        let text = report::record(&record, None, args.output, Shown::default());
        let _ = keep_report(&text, args);
    }
}

/// Verifies the digest of a record.
fn check(path: &Path, console: &Console) -> Result<ExitCode, Failure> {
    let is_stdin = path.as_os_str() == "-";
    let place = if is_stdin {
        "standard input".to_owned()
    } else {
        format!("`{}`", path.display())
    };
    let text = if is_stdin {
        let mut text = Vec::new();
        std::io::stdin().lock().read_to_end(&mut text).map(|_| text)
    } else {
        files::content(path)
    };
    let text = text.map_err(|error| {
        Failure::new(format!("failed to read the record from {place}")).because(error)
    })?;
    let digest = report::check(&text).map_err(|broken| {
        Failure::new(format!("{place} is not the record that was written"))
            .because(broken)
            .hint("get the file again from where it was written, or write the record again with `report`")
    })?;
    console.data(&format!("unchanged: sha256:{digest}\n"))?;
    Ok(exit::DONE.into())
}
