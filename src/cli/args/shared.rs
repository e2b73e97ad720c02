//! Options that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::values::{duration, place};

/// Whether to ask before writing.
#[derive(Debug, Args, Clone, Copy)]
pub(in crate::cli) struct ConsentArgs {
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
}

/// Where a command that writes keeps its journal.
#[derive(Debug, Args, Clone)]
pub(in crate::cli) struct JournalArgs {
    /// Keep the journal in this file; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(in crate::cli) journal: Option<PathBuf>,
}

/// Where a command that only reads finds the journal.
#[derive(Debug, Args, Clone)]
pub(in crate::cli) struct HistoryArgs {
    /// Read the journal of earlier runs from this file; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(in crate::cli) journal: Option<PathBuf>,
}

/// How long a command that only reads may take.
#[derive(Debug, Args, Clone, Copy)]
pub(in crate::cli) struct ReadingLimit {
    /// Give up if reading the cluster takes longer than this, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(in crate::cli) timeout: Option<std::time::Duration>,
}

/// How progress is shown.
#[derive(Debug, Args, Clone, Copy)]
pub(in crate::cli) struct ProgressArgs {
    /// How to show progress on stderr
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        hide_short_help = true
    )]
    pub(in crate::cli) progress: ProgressStyle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum ProgressStyle {
    /// Bars in a terminal, lines elsewhere
    #[default]
    Auto,
    /// Progress bars
    Bars,
    /// One line per action
    Plain,
    /// One JSON object per event
    Json,
    /// No progress
    None,
}
