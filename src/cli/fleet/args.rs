//! `fleet` as it is typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::args::{ChoiceArgs, OutputArgs, ProgressStyle};
use crate::cli::values::{duration, lookup_role, place, rate, region};
use crate::model::Arn;

#[derive(Debug, Args)]
pub(in crate::cli) struct FleetArgs {
    #[command(subcommand)]
    pub(super) command: FleetCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FleetCommand {
    /// Plan every cluster; write nothing
    Plan(Box<PlanArgs>),
    /// Apply the plans of all clusters, in waves
    Apply(Box<ApplyArgs>),
    /// Prove for every cluster that aws-auth can be removed, or name what is in the way
    Verify(Box<VerifyArgs>),
    /// Show how far every cluster is and what to do next
    Status(Box<StatusArgs>),
    /// Write one of N shards of the fleet as a fleet file
    Shard(Box<ShardArgs>),
    /// Merge the JSON reports of all shards into one report
    Merge(MergeArgs),
}

impl FleetArgs {
    /// The AWS profile whose credentials are used.
    #[cfg(feature = "s3")]
    pub(in crate::cli) fn profile(&self) -> Option<String> {
        let source = match &self.command {
            FleetCommand::Plan(args) => &args.source,
            FleetCommand::Apply(args) => &args.source,
            FleetCommand::Verify(args) => &args.source,
            FleetCommand::Status(args) => &args.source,
            FleetCommand::Shard(args) => &args.source,
            FleetCommand::Merge(_) => return None,
        };
        source.profile.clone()
    }
}

/// Which clusters.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Which clusters")]
pub(super) struct SourceArgs {
    /// The fleet file; `-` is standard input
    #[arg(long, value_name = "FILE", value_parser = place, required_unless_present = "discover", conflicts_with_all = ["discover", "profile"])]
    pub(super) fleet: Option<PathBuf>,
    /// Find the clusters by listing them
    #[arg(long)]
    pub(super) discover: bool,
    /// Regions to look in, separated by commas, or `all-enabled`; by default the SDK's
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', value_parser = region, requires = "discover")]
    pub(super) regions: Vec<String>,
    /// Look in this account, by this role; by default in the caller's own account
    #[arg(long, value_name = "ACCOUNT=ROLE_ARN", value_parser = lookup_role, requires = "discover", conflicts_with = "organization")]
    pub(super) assume: Vec<(String, Arn)>,
    /// Look in every active account of the organization, by the role that --role-name names
    #[arg(long, requires = "discover", requires = "role_name")]
    pub(super) organization: bool,
    /// The name (with its path) of a role that every account of the organization has
    #[arg(long, value_name = "NAME", requires = "organization")]
    pub(super) role_name: Option<String>,
    /// The external id that the roles' trust policies ask for
    #[arg(long, value_name = "ID", requires = "discover")]
    pub(super) external_id: Option<String>,
    /// Only this shard of the clusters, counted from 0
    #[arg(long, value_name = "INDEX/SHARDS", value_parser = super::shard)]
    pub(super) shard: Option<(u32, u32)>,
    /// The AWS profile; by default the SDK's
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// What people decided about every cluster, instead of what the fleet file names
    #[arg(
        long,
        value_name = "FILE", value_parser = place,
        help_heading = "Choices that shape the plan"
    )]
    pub(super) decisions: Option<PathBuf>,
    /// Write the clusters that were found to a fleet file
    #[arg(long, value_name = "FILE", value_parser = place, requires = "discover")]
    pub(super) write_fleet: Option<PathBuf>,
}

/// Where the journals are.
#[derive(Debug, Args, Clone)]
pub(super) struct StateArgs {
    /// The folder of all journals, which machines may share as `s3://BUCKET/FOLDER`; by default the state folder
    #[arg(long, value_name = "FOLDER", value_parser = place)]
    pub(super) journals: Option<PathBuf>,
}

/// How fast.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "How fast")]
pub(super) struct PaceArgs {
    /// How many clusters to work on at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(super) concurrency: u16,
    /// Make at most this many requests per second in each account and region; by default as many as AWS allows
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(super) max_rate: Option<f64>,
    /// How long one request to AWS or Kubernetes may take; by default 30s
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) request_timeout: Option<Duration>,
    /// How to show progress on stderr
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(super) progress: ProgressStyle,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    #[command(flatten)]
    pub(super) state: StateArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Save the plan of each cluster in this folder, for `fleet apply --plans`
    #[arg(long, value_name = "FOLDER", value_parser = place)]
    pub(super) out: Option<PathBuf>,
    /// Write a decisions file with every open question once, its answers as comments
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) write_decisions: Option<PathBuf>,
    /// Exit with 2 if changes are pending, with 3 if something needs a decision
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    #[command(flatten)]
    pub(super) state: StateArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Exit with 2 if only changes are pending, with 3 if something needs a decision
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    #[command(flatten)]
    pub(super) state: StateArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct ApplyArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    #[command(flatten)]
    pub(super) state: StateArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Apply the plans saved in this folder, exactly
    #[arg(long, value_name = "FOLDER", value_parser = place)]
    pub(super) plans: Option<PathBuf>,
    /// Create the bindings that renamed groups need, before the entries
    #[arg(long)]
    pub(super) apply_rbac: bool,
    /// Allow the one-way switch from `CONFIG_MAP` to `API_AND_CONFIG_MAP`
    #[arg(long)]
    pub(super) enable_access_entries: bool,
    /// Continue even if the caller loses the cluster-admin access it has today
    #[arg(long)]
    pub(super) allow_self_lockout: bool,
    /// Begin with the clusters whose name or ACCOUNT/REGION/NAME matches, beside those that the fleet file marks; if one
    /// of them fails, no others are begun
    #[arg(long, value_name = "GLOB")]
    pub(super) canary: Vec<String>,
    /// Apply to at most this many clusters, then begin the next wave; by default all in one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) wave_size: Option<u32>,
    /// Begin no more clusters once more than this many failed; by default go through all
    #[arg(long, value_name = "N")]
    pub(super) max_failures: Option<u32>,
    /// Wait this long after each wave in which something was written, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) soak: Option<Duration>,
    /// In each cluster, start no new action after this long, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ShardArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    /// Which shard, from 0
    #[arg(long, value_name = "I")]
    pub(super) index: u32,
    /// How many shards there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(crate::fleet::shard::MOST)))]
    pub(super) of: u32,
    /// Where to write it; by default standard output
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MergeArgs {
    /// The reports of all shards, as `--output json` wrote them; a folder means all `.json` files in it
    #[arg(value_name = "REPORT", value_parser = place, required = true)]
    pub(super) reports: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Exit as the command itself would have with --detailed-exitcode
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
}
