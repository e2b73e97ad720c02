//! `fleet shard` and `fleet merge`: a fleet on many machines, whose schedule is somebody else's.

use std::process::ExitCode;

use super::args::{MergeArgs, ShardArgs};
use super::source::{source, written};
use super::{code, exit, print, refuse_unmatched, settings};
use crate::cli::output::{Console, file_failure};
use crate::error::Failure;
use crate::files;
use crate::fleet::{MergeError, Report};

pub(super) async fn shard(args: &ShardArgs, console: &Console) -> Result<ExitCode, Failure> {
    if args.index >= args.of {
        return Err(Failure::usage(format!(
            "there is no shard {} of {}: they are counted from 0 to {}",
            args.index,
            args.of,
            args.of - 1
        )));
    }
    let source = source(&args.source, &args.pace, console).await?;
    if let Some(row) = source.failed.first() {
        let reason = row.reason.as_ref().map(crate::fleet::Reason::line);
        let reason = reason.unwrap_or_default();
        return Err(
            Failure::new(format!("failed to list the clusters of {}: {reason}", row.cluster)).hint(
                "a shard needs the whole fleet: fix this, or write a fleet file without these clusters with --write-fleet and use that",
            ),
        );
    }
    if source.fleet.shard.is_some() {
        return Err(Failure::usage("the fleet file is already a shard")
            .hint("pass the file of the whole fleet"));
    }
    let text = written(&source.fleet.shard(args.index, args.of));
    match &args.out {
        Some(path) => files::replace(path, text.as_bytes())
            .map_err(|error| file_failure("the shard", path, error))?,
        None => console.data(&text)?,
    }
    Ok(exit::DONE.into())
}

pub(super) fn merge(args: &MergeArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut reports = Vec::new();
    let paths = args.reports.iter().flat_map(|path| {
        let inside = files::named_like(path, "", ".json");
        match inside.len() {
            0 => vec![path.clone()],
            _ => inside,
        }
    });
    for path in paths {
        let (text, place) = settings::text(&path, "the report")?;
        let report: Report = serde_json::from_str(&text).map_err(|error| {
            Failure::usage(format!("failed to read the report from {place}"))
                .because(error)
                .hint("write it with `fleet plan --fleet SHARD --output json`")
        })?;
        reports.push((place, report));
    }
    let report = crate::fleet::merge(reports).map_err(|error| {
        let hint = match &error {
            MergeError::Different { .. } => {
                "run every shard with the same fleet file, options and version of the tool, then merge those reports"
            }
            MergeError::Missing { .. } => "run these shards, and add their reports",
            MergeError::Twice { .. } => "pass one report per shard",
            MergeError::Whole(_) | MergeError::None => {
                "write a shard with `fleet shard`, and its report with `fleet plan --fleet SHARD --output json`"
            }
            MergeError::OtherSchema { .. } | MergeError::Stray { .. } | MergeError::Rows { .. } => {
                "pass the reports as the tool wrote them"
            }
        };
        Failure::usage(format!("nothing was merged: {error}")).hint(hint)
    })?;
    print(&report, &args.output, console)?;
    refuse_unmatched(&report)?;
    Ok(code(&report, args.detailed_exitcode).into())
}
