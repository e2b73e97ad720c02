//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::examples;
use super::values::{
    account_id, bucket, duration, lookup_role, place, rate, rename, repository, tag,
};
use crate::choices::{ManagedNodes, OnExisting, Usernames};
use crate::report::Format;

/// What `--version` prints: the version, the commit and the target that the program was built for.
const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("BUILD_COMMIT"),
    ", ",
    env!("BUILD_TARGET"),
    ")"
);

/// Move an Amazon EKS cluster from the aws-auth ConfigMap to access entries
///
/// Nobody loses access, nobody gains access, and any run can be stopped and resumed.
///
/// Start with `plan`, which writes nothing. Then `apply`, `verify` and `cutover`; `rollback` undoes them.
#[derive(Debug, Parser)]
#[command(
    name = "aws-auth-migrate",
    version,
    long_version = LONG_VERSION,
    propagate_version = true,
    max_term_width = 100,
    after_help = examples::TOOL
)]
pub struct Cli {
    #[command(flatten)]
    pub(super) global: GlobalArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct GlobalArgs {
    /// When to use colour
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, global = true, value_name = "WHEN", hide_short_help = true)]
    pub(super) color: ColorChoice,
    /// Print only errors
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Log to stderr what is read, planned and written; -vv logs every request, too
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what would change and why; write nothing to the cluster
    #[command(after_help = examples::PLAN)]
    Plan(Box<PlanArgs>),
    /// Apply the plan: switch the mode if allowed, then create and update access entries
    #[command(visible_alias = "migrate", after_help = examples::APPLY)]
    Apply(Box<ApplyArgs>),
    /// Show the state of the cluster and the next step
    #[command(after_help = examples::STATUS)]
    Status(Box<StatusArgs>),
    /// Prove that aws-auth can be removed, or show who would lose or gain access
    #[command(after_help = examples::VERIFY)]
    Verify(Box<VerifyArgs>),
    /// Back up aws-auth and remove it once nothing depends on it
    #[command(after_help = examples::CUTOVER)]
    Cutover(Box<CutoverArgs>),
    /// Undo what this tool changed, and nothing else
    #[command(after_help = examples::ROLLBACK)]
    Rollback(Box<RollbackArgs>),
    /// Write the record of a migration for its change ticket, or verify one; write nothing to the cluster
    #[command(after_help = examples::REPORT)]
    Report(Box<ReportArgs>),
    /// Run the whole migration in a sandbox on this machine; needs no AWS account
    #[cfg(feature = "sandbox")]
    #[command(after_help = examples::REHEARSE)]
    Rehearse(Box<RehearseArgs>),
    /// Run plan, apply, verify and status on many clusters, accounts and regions
    #[command(after_help = examples::FLEET)]
    Fleet(Box<super::fleet::FleetArgs>),
    /// Write the plan as code for another tool, or as a runbook
    #[command(after_help = examples::EXPORT)]
    Export(Box<ExportArgs>),
    /// Answer the open questions at a terminal and write a decisions file
    #[command(after_help = examples::DECIDE)]
    Decide(Box<DecideArgs>),
    /// Explain a finding code, or list them all
    #[command(after_help = examples::EXPLAIN)]
    Explain(ExplainArgs),
    /// Print the JSON Schema of a document
    #[command(after_help = examples::SCHEMA)]
    Schema(SchemaArgs),
    /// Print completions for a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Print a manual page
    #[command(after_help = examples::MAN)]
    Man(ManArgs),
}

impl Command {
    /// The AWS profile whose credentials are used.
    #[cfg(feature = "s3")]
    pub(super) fn profile(&self) -> Option<String> {
        let target = match self {
            Self::Plan(args) => &args.target,
            Self::Apply(args) => &args.target,
            Self::Status(args) => &args.target,
            Self::Verify(args) => &args.target,
            Self::Cutover(args) => &args.target,
            Self::Rollback(args) => &args.target,
            Self::Export(args) => &args.target,
            Self::Decide(args) => &args.target,
            Self::Report(args) => &args.target,
            Self::Fleet(args) => return args.profile(),
            _ => return None,
        };
        target.profile.clone()
    }

    /// Whether the output is a JSON document, so that errors are one, too.
    pub(super) fn is_json(&self) -> bool {
        let output = match self {
            Self::Plan(args) => &args.output,
            Self::Apply(args) => &args.output,
            Self::Status(args) => &args.output,
            Self::Verify(args) => &args.output,
            Self::Cutover(args) => &args.output,
            Self::Rollback(args) => &args.output,
            Self::Report(args) => &args.output,
            Self::Fleet(args) => match args.output() {
                Some(output) => output,
                None => return false,
            },
            _ => return false,
        };
        output.output == Format::Json
    }
}

#[derive(Debug, Args, Clone, Default)]
#[command(next_help_heading = "Where aws-auth comes from")]
pub(super) struct TargetArgs {
    /// Read this EKS cluster; needs no kubeconfig and no `aws` command
    #[arg(long, value_name = "NAME")]
    pub(super) cluster: Option<String>,
    /// Use this AWS region; by default the SDK's
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// Use the credentials of this AWS profile; by default the SDK's
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// Connect to the cluster with this kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(super) kubeconfig: Option<PathBuf>,
    /// Use this context of the kubeconfig; by default its current one
    #[arg(long, value_name = "CONTEXT", hide_short_help = true)]
    pub(super) context: Option<String>,
    /// Read aws-auth from a manifest; `-` is standard input
    ///
    /// Without --cluster the run is offline. With --cluster the file must equal the live aws-auth.
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) from_file: Option<PathBuf>,
    /// Read roles and bindings from a manifest, where the cluster's can't be read
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) rbac_file: Option<PathBuf>,
    /// Assume that the cluster is in this account, for an offline plan
    #[arg(long, value_name = "ID", value_parser = account_id, hide_short_help = true)]
    pub(super) account_id: Option<String>,
    /// Assume that the cluster is in this partition, for an offline plan
    #[arg(long, value_name = "PARTITION", hide_short_help = true)]
    pub(super) partition: Option<String>,
    /// Take real ARNs from this file instead of IAM
    ///
    /// YAML or CSV: the ARN as in aws-auth, and the real ARN with its path.
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) principals: Option<PathBuf>,
    /// Assume this role to look up principals of another account; repeat it for each account
    #[arg(long, value_name = "ACCOUNT=ROLE_ARN", value_parser = lookup_role, hide_short_help = true)]
    pub(super) lookup_role: Vec<(String, crate::model::Arn)>,
    /// Trust that --from-file is the live aws-auth if the cluster's API can't be reached
    #[arg(long, requires_all = ["from_file", "cluster"], hide_short_help = true)]
    pub(super) trust_file: bool,
    /// Read decisions from this file, in YAML or JSON
    ///
    /// `schema decisions` prints its schema; `decide` and `plan --write-decisions` write one.
    #[arg(
        long,
        value_name = "FILE", value_parser = place,
        help_heading = "Choices that shape the plan"
    )]
    pub(super) decisions: Option<PathBuf>,
    /// Give up a request to AWS or Kubernetes after this long; by default 30s
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) request_timeout: Option<std::time::Duration>,
}

#[derive(Debug, Args, Clone, Default)]
#[command(next_help_heading = "Choices that shape the plan")]
pub(super) struct ChoiceArgs {
    /// What to do with a live entry that differs from its mapping
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(super) on_existing: OnExisting,
    /// What to do with custom usernames
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        hide_short_help = true
    )]
    pub(super) usernames: Usernames,
    /// Rename a group that EKS refuses; repeat it for each group
    ///
    /// Members of system:masters get the new group in addition to the cluster-admin policy.
    #[arg(long, value_name = "OLD=NEW", value_parser = rename)]
    pub(super) rename_group: Vec<(String, String)>,
    /// Also create entries for mappings that grant nothing today
    #[arg(long, hide_short_help = true)]
    pub(super) include_inert: bool,
    /// What to do with roles of managed node groups and Fargate profiles
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        hide_short_help = true
    )]
    pub(super) managed_nodes: ManagedNodes,
    /// Migrate only mappings whose ARN matches; repeat it for more patterns
    ///
    /// `*` matches any text, slashes included, and `?` any one character; case is ignored. The whole ARN has to match,
    /// such as '*:role/team/*'. A pattern that matches nothing is an error.
    #[arg(long, value_name = "GLOB")]
    pub(super) only: Vec<String>,
    /// Skip mappings whose ARN matches; repeat it for more patterns
    ///
    /// Patterns are those of --only, and --exclude wins over it.
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,
    /// Add a tag to every entry that is created; repeat it for each tag
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag, hide_short_help = true)]
    pub(super) tag: Vec<(String, String)>,
    /// Block mappings that have a warning
    #[arg(long, hide_short_help = true)]
    pub(super) strict: bool,
}

#[derive(Debug, Args, Clone, Default)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Print the report in this format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) output: Format,
    /// Also write the report to this file; apply, cutover and rollback write their record (see `report`)
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) out_report: Option<PathBuf>,
    /// Show before and after of every mapping in the table; in Markdown every note, entry and call
    #[arg(long, hide_short_help = true)]
    pub(super) details: bool,
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Save the plan for `apply --plan`
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) out: Option<PathBuf>,
    /// Write the bindings that renamed groups need, for `kubectl apply`
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) emit_rbac: Option<PathBuf>,
    /// Write a decisions file with every open question, its choices as comments
    ///
    /// Never overwrites answers, unless --decisions names the same file.
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) write_decisions: Option<PathBuf>,
    /// Exit with 2 if changes are pending, 3 if something needs a decision
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Give up if reading the cluster takes longer than this, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) timeout: Option<std::time::Duration>,
    /// Read the journal of earlier runs from this file; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) journal: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Check permissions, platform version and other owners before anything is written
    #[arg(long)]
    pub(super) preflight: bool,
    /// Check the permissions of this command; by default the next step
    #[arg(
        long = "for",
        value_enum,
        value_name = "COMMAND",
        requires = "preflight"
    )]
    pub(super) command: Option<ExportFor>,
    /// Give up if reading the cluster takes longer than this, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) timeout: Option<std::time::Duration>,
    /// Read the journal of earlier runs from this file; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) journal: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Show one principal: its access now, through what, and after the cutover
    #[arg(long, value_name = "ARN[/SESSION]")]
    pub(super) principal: Option<String>,
    /// Exit with 2 if only changes are pending, 3 if something needs a decision
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Give up if reading the cluster takes longer than this, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) timeout: Option<std::time::Duration>,
    /// Read the journal of earlier runs from this file; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) journal: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct CutoverArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Write the backup of the ConfigMap to this file; by default next to the journal
    ///
    /// Never overwrites a file.
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) backup: Option<PathBuf>,
    /// Keep the ConfigMap, without its mappings
    #[arg(long)]
    pub(super) keep_config_map: bool,
    /// Then switch the cluster to the mode API, which can't be undone
    #[arg(long)]
    pub(super) to_api_mode: bool,
    /// Refuse the switch to API until this long after the last apply
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h", hide_short_help = true)]
    pub(super) min_soak: std::time::Duration,
    /// Wait at most this long for the deletion of aws-auth if finalizers delay it
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s", hide_short_help = true)]
    pub(super) settle: std::time::Duration,
    /// Watch the nodes this long after the removal, such as 5m
    ///
    /// By default 90s if the mapping of a node role is removed, otherwise 0s.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) soak: Option<std::time::Duration>,
    /// Start no new step and stop waiting for a mode switch after this long, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) timeout: Option<std::time::Duration>,
    /// Continue even if the caller loses its own access
    #[arg(long, hide_short_help = true)]
    pub(super) allow_self_lockout: bool,
    /// Keep the journal in this file; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) journal: Option<PathBuf>,
    /// How to show progress on stderr
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        hide_short_help = true
    )]
    pub(super) progress: ProgressStyle,
}

#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Do not ask for confirmation
    #[arg(short, long, conflicts_with = "dry_run")]
    pub(super) yes: bool,
    /// Show what would be undone, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Undo only this run; by default all runs
    #[arg(long, value_name = "ID")]
    pub(super) run: Option<String>,
    /// Overwrite later changes to aws-auth, and delete entries without a mapping
    #[arg(long)]
    pub(super) force: bool,
    /// Wait this long for the cluster to read the restored aws-auth before entries are deleted
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration, hide_short_help = true)]
    pub(super) settle: std::time::Duration,
    /// Keep the journal in this file; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) journal: Option<PathBuf>,
    /// How to show progress on stderr
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        hide_short_help = true
    )]
    pub(super) progress: ProgressStyle,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Read this journal; by default that of the cluster in the state folder
    ///
    /// Without --cluster only the journal is read, and the record says that nothing was proven.
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) journal: Option<PathBuf>,
    /// Include only this run; by default all runs on the cluster
    #[arg(long, value_name = "ID")]
    pub(super) run: Option<String>,
    /// Read only the journal, not the cluster; the record says that nothing was proven
    #[arg(long)]
    pub(super) offline: bool,
    /// Verify that a record was not changed since it was written; `-` is standard input
    ///
    /// Exits with 1 if it was. The digest shows changes, not who wrote the record.
    #[arg(long, value_name = "FILE", value_parser = place, conflicts_with_all = ["TargetArgs", "journal", "run", "offline"])]
    pub(super) check: Option<PathBuf>,
    /// Give up if reading the cluster takes longer than this, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) timeout: Option<std::time::Duration>,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[derive(Debug, Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// Apply exactly this saved plan
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) plan: Option<PathBuf>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Create the bindings that renamed groups need before the entries
    #[arg(long)]
    pub(super) apply_rbac: bool,
    /// Allow the one-way switch from `CONFIG_MAP` to `API_AND_CONFIG_MAP`
    #[arg(long)]
    pub(super) enable_access_entries: bool,
    /// Create the entry of one node role first, and watch the nodes for 90s
    ///
    /// The other node roles follow once the nodes stayed Ready. Set another time with --canary=5m.
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1, require_equals = true, default_missing_value = "90s")]
    pub(super) canary: Option<std::time::Duration>,
    /// Continue even if the caller loses its cluster-admin access
    #[arg(long, hide_short_help = true)]
    pub(super) allow_self_lockout: bool,
}

#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "How it runs")]
pub(super) struct RunArgs {
    /// Work on at most this many principals at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100), hide_short_help = true)]
    pub(super) concurrency: u16,
    /// Make at most this many requests per second; by default as many as EKS allows
    #[arg(long, value_name = "N", value_parser = rate, hide_short_help = true)]
    pub(super) max_rate: Option<f64>,
    /// Start no new action after this long, such as 90s, 10m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(super) timeout: Option<std::time::Duration>,
    /// Keep the journal in this file; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) journal: Option<PathBuf>,
    /// Stop at the first failure
    #[arg(long, hide_short_help = true)]
    pub(super) fail_fast: bool,
    /// How to show progress on stderr
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        hide_short_help = true
    )]
    pub(super) progress: ProgressStyle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ProgressStyle {
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

#[cfg(feature = "sandbox")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub(super) struct RehearseArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    /// Switch to the mode API after the cutover, if nothing depends on aws-auth
    #[arg(long, conflicts_with_all = ["only", "exclude"])]
    pub(super) to_api_mode: bool,
    /// Roll everything back at the end
    #[arg(long)]
    pub(super) rollback: bool,
    /// Keep the sandbox running and print how to connect to it
    #[arg(long)]
    pub(super) keep: bool,
    /// Migrate nothing: keep the sandbox as it was seeded; needs --keep
    #[arg(long, requires = "keep", hide_short_help = true)]
    pub(super) seed_only: bool,
    /// How to show progress on stderr
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        hide_short_help = true
    )]
    pub(super) progress: ProgressStyle,
    /// Write the sandbox's kubeconfig to this file; by default in a temporary folder
    #[arg(long, value_name = "FILE", requires = "keep", hide_short_help = true)]
    pub(super) kubeconfig_out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// What to write
    #[arg(value_enum)]
    pub(super) format: ExportFormat,
    /// fleet-runbook: the engine that runs the shards
    #[arg(value_enum, requires = "fleet", requires = "shards")]
    pub(super) engine: Option<FleetEngine>,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    /// Export this saved plan, without reading the cluster
    #[arg(long, value_name = "FILE", value_parser = place, conflicts_with_all = ["TargetArgs", "ChoiceArgs"])]
    pub(super) plan: Option<PathBuf>,
    /// Write the bindings that renamed groups need, for `kubectl apply`
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) emit_rbac: Option<PathBuf>,
    /// Give up if reading the cluster takes longer than this, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "plan", hide_short_help = true)]
    pub(super) timeout: Option<std::time::Duration>,
    /// Write to this file; by default to standard output
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) out: Option<PathBuf>,
    /// terraform: write `access_entries` for the module terraform-aws-modules/eks
    #[arg(long, hide_short_help = true)]
    pub(super) module: bool,
    /// cloudformation: write JSON instead of YAML
    #[arg(long, hide_short_help = true)]
    pub(super) json: bool,
    /// iam-policy, rbac: the command that needs the permissions; by default apply
    #[arg(long = "for", value_enum, value_name = "COMMAND")]
    pub(super) command: Option<ExportFor>,
    /// fleet-runbook: the fleet file
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) fleet: Option<PathBuf>,
    /// fleet-runbook: the number of shards
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(crate::fleet::shard::MOST)))]
    pub(super) shards: Option<u32>,
    /// fleet-runbook: share plans, journals and reports in S3, instead of on a volume that all shards mount
    #[arg(long, value_name = "s3://BUCKET/FOLDER", value_parser = bucket, hide_short_help = true)]
    pub(super) state: Option<String>,
    /// kubernetes-job, github-actions, fleet-runbook: the container image with the tool
    #[arg(long, value_name = "IMAGE", hide_short_help = true)]
    pub(super) image: Option<String>,
    /// kubernetes-job, github-actions, fleet-runbook: the IAM role of the tool; in github-actions of the jobs that write
    #[arg(long, value_name = "ARN", hide_short_help = true)]
    pub(super) role_arn: Option<crate::model::Arn>,
    /// github-actions: the IAM role of the jobs that only read
    #[arg(long, value_name = "ARN", hide_short_help = true)]
    pub(super) plan_role_arn: Option<crate::model::Arn>,
    /// iam-policy: write the trust policy for workflows of this GitHub repository instead
    #[arg(long, value_name = "OWNER/REPOSITORY", value_parser = repository, hide_short_help = true)]
    pub(super) trust_github: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// Terraform resources of the AWS provider, with import blocks for existing entries
    Terraform,
    /// A CloudFormation template
    Cloudformation,
    /// An eksctl `ClusterConfig`
    Eksctl,
    /// Objects for AWS Controllers for Kubernetes (ACK)
    Ack,
    /// TypeScript for the AWS CDK: a function that adds a `CfnAccessEntry` per entry
    Cdk,
    /// A Pulumi program in YAML, with import options for existing entries
    Pulumi,
    /// A POSIX shell script of `aws eks` commands
    AwsCli,
    /// A Systems Manager Automation document: plan, approve, apply, verify, approve, cut over, or roll back
    SsmAutomation,
    /// Kubernetes Jobs for plan, apply, verify, cutover and rollback
    KubernetesJob,
    /// A GitHub Actions workflow: plan on pull requests, the rest behind approvals
    GithubActions,
    /// A runbook for a fleet, shard by shard: kubernetes-job, argo or step-functions
    FleetRunbook,
    /// The minimal IAM policy for a command
    IamPolicy,
    /// The minimal Kubernetes roles for a command
    Rbac,
}

/// An engine that schedules the shards of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FleetEngine {
    /// Kubernetes indexed Jobs
    KubernetesJob,
    /// A workflow template for Argo Workflows
    Argo,
    /// An AWS Step Functions state machine with a Distributed Map
    StepFunctions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFor {
    /// plan, verify, status
    Plan,
    /// apply
    Apply,
    /// cutover, with --to-api-mode
    Cutover,
    /// rollback
    Rollback,
}

#[derive(Debug, Args)]
pub(super) struct DecideArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    /// Write the answers to this file; by default the file of --decisions
    #[arg(long, value_name = "FILE", value_parser = place, required_unless_present = "decisions")]
    pub(super) out: Option<PathBuf>,
    /// Read the journal of earlier runs from this file; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(super) journal: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A code, such as AAM104; by default all codes
    pub(super) code: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// The document
    #[arg(value_enum, default_value = "plan")]
    pub(super) document: crate::schema::Document,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The command; by default the page of the tool
    #[arg(value_name = "COMMAND")]
    pub(super) command: Option<String>,
}
