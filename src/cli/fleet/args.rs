//! `fleet` as it is typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::args::{ChoiceArgs, ConsentArgs, OutputArgs, ProgressArgs};
use crate::cli::examples;
use crate::cli::values::{duration, lookup_role, place, rate, region};
use crate::model::Arn;

#[derive(Debug, Args)]
pub(in crate::cli) struct FleetArgs {
    #[command(subcommand)]
    pub(super) command: FleetSubcommand,
}

impl FleetArgs {
    /// How the report is written, where the command writes one.
    pub(in crate::cli) fn output(&self) -> Option<&OutputArgs> {
        match &self.command {
            FleetSubcommand::Plan(args) => Some(&args.clusters.output),
            FleetSubcommand::Apply(args) => Some(&args.clusters.output),
            FleetSubcommand::Verify(args) => Some(&args.clusters.output),
            FleetSubcommand::Status(args) => Some(&args.clusters.output),
            FleetSubcommand::Merge(args) => Some(&args.output),
            FleetSubcommand::Shard(_) => None,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum FleetSubcommand {
    /// Plan every cluster; write nothing
    #[command(after_help = examples::FLEET_PLAN)]
    Plan(Box<FleetPlanArgs>),
    /// Apply the plan of every cluster, in waves
    #[command(after_help = examples::FLEET_APPLY)]
    Apply(Box<FleetApplyArgs>),
    /// Prove for every cluster that aws-auth can be removed, or show what prevents it
    #[command(after_help = examples::FLEET_VERIFY)]
    Verify(Box<FleetVerifyArgs>),
    /// Show the state of every cluster and the next step
    #[command(after_help = examples::FLEET_STATUS)]
    Status(Box<FleetStatusArgs>),
    /// Write one of N shards of the fleet as a fleet file
    #[command(after_help = examples::FLEET_SHARD)]
    Shard(Box<ShardArgs>),
    /// Merge the JSON reports of all shards into one report
    #[command(after_help = examples::FLEET_MERGE)]
    Merge(MergeArgs),
}

impl FleetArgs {
    /// The AWS profile whose credentials are used.
    #[cfg(feature = "s3")]
    pub(in crate::cli) fn profile(&self) -> Option<String> {
        let source = match &self.command {
            FleetSubcommand::Plan(args) => &args.clusters.source,
            FleetSubcommand::Apply(args) => &args.clusters.source,
            FleetSubcommand::Verify(args) => &args.clusters.source,
            FleetSubcommand::Status(args) => &args.clusters.source,
            FleetSubcommand::Shard(args) => &args.source,
            FleetSubcommand::Merge(_) => return None,
        };
        source.profile.clone()
    }
}

/// Which clusters.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Which clusters")]
pub(super) struct SourceArgs {
    /// Read the clusters from this fleet file; `-` is standard input
    #[arg(long, value_name = "FILE", value_parser = place, required_unless_present = "discover", conflicts_with_all = ["discover", "profile"])]
    pub(super) fleet: Option<PathBuf>,
    /// Find the clusters by listing them in AWS
    #[arg(long)]
    pub(super) discover: bool,
    /// List clusters in these regions, separated by commas, or `all-enabled`; by default the SDK's
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', value_parser = region, requires = "discover")]
    pub(super) regions: Vec<String>,
    /// List clusters in this account with this role; repeat it for each account
    ///
    /// By default in the caller's own account.
    #[arg(long, value_name = "ACCOUNT=ROLE_ARN", value_parser = lookup_role, requires = "discover", conflicts_with = "organization")]
    pub(super) assume: Vec<(String, Arn)>,
    /// List clusters in every active account of the organization, with the role of --role-name
    #[arg(
        long,
        requires = "discover",
        requires = "role_name",
        hide_short_help = true
    )]
    pub(super) organization: bool,
    /// The name, with its path, of a role that exists in every account of the organization
    #[arg(
        long,
        value_name = "NAME",
        requires = "organization",
        hide_short_help = true
    )]
    pub(super) role_name: Option<String>,
    /// The external id that the roles' trust policies require
    #[arg(long, value_name = "ID", requires = "discover", hide_short_help = true)]
    pub(super) external_id: Option<String>,
    /// Use only this shard of the clusters, such as 0/16
    #[arg(long, value_name = "INDEX/SHARDS", value_parser = super::shard, hide_short_help = true)]
    pub(super) shard: Option<(u32, u32)>,
    /// Use the credentials of this AWS profile; by default the SDK's
    #[arg(long, value_name = "PROFILE", hide_short_help = true)]
    pub(super) profile: Option<String>,
    /// Read the decisions for every cluster from this file, instead of those in the fleet file
    #[arg(
        long,
        value_name = "FILE", value_parser = place,
        help_heading = "Choices that shape the plan"
    )]
    pub(super) decisions: Option<PathBuf>,
    /// Write the clusters that were found to this fleet file
    #[arg(long, value_name = "FILE", value_parser = place, requires = "discover")]
    pub(super) write_fleet: Option<PathBuf>,
}

/// Where the journals are.
#[derive(Debug, Args, Clone)]
pub(super) struct StateArgs {
    /// Keep the journals of all clusters in this folder, such as `s3://BUCKET/FOLDER`; by default the state folder
    #[arg(long, value_name = "FOLDER", value_parser = place)]
    pub(super) journals: Option<PathBuf>,
}

/// How fast.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "How fast")]
pub(super) struct PaceArgs {
    /// Work on at most this many clusters at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(super) concurrency: u16,
    /// Make at most this many requests per second in each account and region; by default as many as AWS allows
    #[arg(long, value_name = "N", value_parser = rate, hide_short_help = true)]
    pub(super) max_rate: Option<f64>,
    /// Give up a request to AWS or Kubernetes after this long; by default 30s
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) request_timeout: Option<Duration>,
    #[command(flatten)]
    pub(super) show: ProgressArgs,
}

/// Which clusters are worked on, and how: what all commands have in common that reach them.
#[derive(Debug, Args)]
pub(super) struct ClustersArgs {
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
pub(in crate::cli) struct FleetPlanArgs {
    #[command(flatten)]
    pub(super) clusters: ClustersArgs,
    /// Save the plan of each cluster in this folder, for `fleet apply --plans`
    #[arg(long, value_name = "FOLDER", value_parser = place)]
    pub(super) out: Option<PathBuf>,
    /// Write a decisions file with every open question once, its choices as comments
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) write_decisions: Option<PathBuf>,
    /// Exit with 2 if changes are pending, 3 if something needs a decision
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FleetVerifyArgs {
    #[command(flatten)]
    pub(super) clusters: ClustersArgs,
    /// Exit with 2 if only changes are pending, 3 if something needs a decision
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FleetStatusArgs {
    #[command(flatten)]
    pub(super) clusters: ClustersArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FleetApplyArgs {
    #[command(flatten)]
    pub(super) clusters: ClustersArgs,
    #[command(flatten)]
    pub(super) consent: ConsentArgs,
    /// Apply exactly the plans saved in this folder
    #[arg(long, value_name = "FOLDER", value_parser = place)]
    pub(super) plans: Option<PathBuf>,
    /// Create the bindings that renamed groups need before the entries
    #[arg(long, hide_short_help = true)]
    pub(super) apply_rbac: bool,
    /// Allow the one-way switch from `CONFIG_MAP` to `API_AND_CONFIG_MAP`
    #[arg(long)]
    pub(super) enable_access_entries: bool,
    /// Continue even if the caller loses its cluster-admin access
    #[arg(long, hide_short_help = true)]
    pub(super) allow_self_lockout: bool,
    /// Start with the clusters that match, and stop if one of them fails; repeat it for more patterns
    ///
    /// A pattern is compared with the cluster's name and with ACCOUNT/REGION/NAME; `*` matches any text and `?` any one
    /// character. Clusters that the fleet file marks as canaries come first, too.
    #[arg(long, value_name = "GLOB")]
    pub(super) canary: Vec<String>,
    /// Apply to at most this many clusters per wave; by default all in one wave
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) wave_size: Option<u32>,
    /// Start no more clusters once more than this many failed; by default try all
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(super) max_failures: Option<u32>,
    /// Wait this long after each wave in which something was written, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) soak: Option<Duration>,
    /// In each cluster, start no new action after this long, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) timeout: Option<Duration>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ShardArgs {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    pub(super) pace: PaceArgs,
    /// The shard to write, counted from 0
    #[arg(long, value_name = "I")]
    pub(super) index: u32,
    /// The number of shards
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(crate::fleet::shard::MOST)))]
    pub(super) of: u32,
    /// Write to this file; by default to standard output
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MergeArgs {
    /// The reports of all shards, written with --output json; a folder means all its `.json` files
    #[arg(value_name = "REPORT", value_parser = place, required = true)]
    pub(super) reports: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Exit with the code that the command itself would have with --detailed-exitcode
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
}
