//! The arguments of `report`.

use std::path::PathBuf;

use clap::Args;

use super::{OutputArgs, ReadingLimit, TargetArgs};
use crate::cli::values::place;

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    #[command(flatten)]
    pub(in crate::cli) target: TargetArgs,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
    /// Read this journal; by default that of the cluster in the state folder
    ///
    /// Without --cluster only the journal is read, and the record says that nothing was proven.
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(in crate::cli) journal: Option<PathBuf>,
    /// Include only this run; by default all runs on the cluster
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) run: Option<String>,
    /// Read only the journal, not the cluster; the record says that nothing was proven
    #[arg(long)]
    pub(in crate::cli) offline: bool,
    /// Verify that a record was not changed since it was written; `-` is standard input
    ///
    /// Exits with 1 if it was. The digest shows changes, not who wrote the record.
    #[arg(long, value_name = "FILE", value_parser = place, conflicts_with_all = ["TargetArgs", "journal", "run", "offline"])]
    pub(in crate::cli) check: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) limit: ReadingLimit,
}
