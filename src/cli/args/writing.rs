//! The arguments of the commands that write: `apply`, `cutover`, `rollback`, and the rehearsal of all of them.

use std::path::PathBuf;

use clap::Args;

use super::{ChoiceArgs, ConsentArgs, JournalArgs, OutputArgs, ProgressArgs, TargetArgs};
use crate::cli::values::{duration, place, rate};

#[derive(Debug, Args)]
pub(in crate::cli) struct ApplyArgs {
    #[command(flatten)]
    pub(in crate::cli) target: TargetArgs,
    #[command(flatten)]
    pub(in crate::cli) choices: ChoiceArgs,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
    #[command(flatten)]
    pub(in crate::cli) run: RunArgs,
    /// Apply exactly this saved plan
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(in crate::cli) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) consent: ConsentArgs,
    /// Create the bindings that renamed groups need before the entries
    #[arg(long)]
    pub(in crate::cli) apply_rbac: bool,
    /// Allow the one-way switch from `CONFIG_MAP` to `API_AND_CONFIG_MAP`
    #[arg(long)]
    pub(in crate::cli) enable_access_entries: bool,
    /// Create the entry of one node role first, and watch the nodes for 90s
    ///
    /// The other node roles follow once the nodes stayed Ready. Set another time with --canary=5m.
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1, require_equals = true, default_missing_value = "90s")]
    pub(in crate::cli) canary: Option<std::time::Duration>,
    /// Continue even if the caller loses its cluster-admin access
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) allow_self_lockout: bool,
}

#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "How it runs")]
pub(in crate::cli) struct RunArgs {
    /// Work on at most this many principals at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100), hide_short_help = true)]
    pub(in crate::cli) concurrency: u16,
    /// Make at most this many requests per second; by default as many as EKS allows
    #[arg(long, value_name = "N", value_parser = rate, hide_short_help = true)]
    pub(in crate::cli) max_rate: Option<f64>,
    /// Start no new action after this long, such as 90s, 10m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(in crate::cli) timeout: Option<std::time::Duration>,
    #[command(flatten)]
    pub(in crate::cli) keep: JournalArgs,
    /// Stop at the first failure
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) fail_fast: bool,
    #[command(flatten)]
    pub(in crate::cli) show: ProgressArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CutoverArgs {
    #[command(flatten)]
    pub(in crate::cli) target: TargetArgs,
    #[command(flatten)]
    pub(in crate::cli) choices: ChoiceArgs,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
    #[command(flatten)]
    pub(in crate::cli) consent: ConsentArgs,
    /// Write the backup of the ConfigMap to this file; by default next to the journal
    ///
    /// Never overwrites a file.
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(in crate::cli) backup: Option<PathBuf>,
    /// Keep the ConfigMap, without its mappings
    #[arg(long)]
    pub(in crate::cli) keep_config_map: bool,
    /// Then switch the cluster to the mode API, which can't be undone
    #[arg(long)]
    pub(in crate::cli) to_api_mode: bool,
    /// Refuse the switch to API until this long after the last apply
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h", hide_short_help = true)]
    pub(in crate::cli) min_soak: std::time::Duration,
    /// Wait at most this long for the deletion of aws-auth if finalizers delay it
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s", hide_short_help = true)]
    pub(in crate::cli) settle: std::time::Duration,
    /// Watch the nodes this long after the removal, such as 5m
    ///
    /// By default 90s if the mapping of a node role is removed, otherwise 0s.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(in crate::cli) soak: Option<std::time::Duration>,
    /// Start no new step and stop waiting for a mode switch after this long, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(in crate::cli) timeout: Option<std::time::Duration>,
    /// Continue even if the caller loses its own access
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) allow_self_lockout: bool,
    #[command(flatten)]
    pub(in crate::cli) keep: JournalArgs,
    #[command(flatten)]
    pub(in crate::cli) show: ProgressArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RollbackArgs {
    #[command(flatten)]
    pub(in crate::cli) target: TargetArgs,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
    #[command(flatten)]
    pub(in crate::cli) consent: ConsentArgs,
    /// Show what would be undone, and write nothing
    #[arg(long, conflicts_with = "yes")]
    pub(in crate::cli) dry_run: bool,
    /// Undo only this run; by default all runs
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) run: Option<String>,
    /// Overwrite later changes to aws-auth, and delete entries without a mapping
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Wait this long for the cluster to read the restored aws-auth before entries are deleted
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration, hide_short_help = true)]
    pub(in crate::cli) settle: std::time::Duration,
    #[command(flatten)]
    pub(in crate::cli) keep: JournalArgs,
    #[command(flatten)]
    pub(in crate::cli) show: ProgressArgs,
}

#[cfg(feature = "sandbox")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub(in crate::cli) struct RehearseArgs {
    #[command(flatten)]
    pub(in crate::cli) target: TargetArgs,
    #[command(flatten)]
    pub(in crate::cli) choices: ChoiceArgs,
    /// Switch to the mode API after the cutover, if nothing depends on aws-auth
    #[arg(long, conflicts_with_all = ["only", "exclude"])]
    pub(in crate::cli) to_api_mode: bool,
    /// Roll everything back at the end
    #[arg(long)]
    pub(in crate::cli) rollback: bool,
    /// Keep the sandbox running and print how to connect to it
    #[arg(long)]
    pub(in crate::cli) keep: bool,
    /// Migrate nothing: keep the sandbox as it was seeded; needs --keep
    #[arg(long, requires = "keep", hide_short_help = true)]
    pub(in crate::cli) seed_only: bool,
    #[command(flatten)]
    pub(in crate::cli) show: ProgressArgs,
    /// Write the sandbox's kubeconfig to this file; by default in a temporary folder
    #[arg(long, value_name = "FILE", requires = "keep", hide_short_help = true)]
    pub(in crate::cli) kubeconfig_out: Option<PathBuf>,
}
