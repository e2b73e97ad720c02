//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
#[derive(Debug, Parser)]
#[command(
    name = "aws-auth-migrate",
    version,
    long_version = LONG_VERSION,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub(super) global: GlobalArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global")]
pub(super) struct GlobalArgs {
    /// When to use colour
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, global = true, value_name = "WHEN")]
    pub(super) color: ColorChoice,
    /// Print only errors
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Tell on stderr what is read, planned and written; twice for every request as well
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
    /// Show what would be done and why; write nothing to the cluster
    Plan(Box<PlanArgs>),
    /// Carry out the plan: switch the mode if allowed, then create, update and associate
    #[command(visible_alias = "migrate")]
    Apply(Box<ApplyArgs>),
    /// Show where the cluster stands and what to do next
    Status(Box<StatusArgs>),
    /// Prove that aws-auth can be removed, or name who would lose or gain what
    Verify(Box<VerifyArgs>),
    /// Back up aws-auth and remove it once nobody depends on it
    Cutover(Box<CutoverArgs>),
    /// Show which of this tool's changes would be undone; --yes undoes them
    Rollback(Box<RollbackArgs>),
    /// Run the whole migration against a sandbox on this machine; needs no AWS account
    #[cfg(feature = "sandbox")]
    Rehearse(Box<RehearseArgs>),
    /// Do the same with many clusters, accounts and regions
    Fleet(Box<super::fleet::FleetArgs>),
    /// Write the plan in another tool's format
    Export(Box<ExportArgs>),
    /// Answer every open question at a terminal and write the answers to a decisions file
    Decide(Box<DecideArgs>),
    /// Explain a finding code, or list them all
    Explain(ExplainArgs),
    /// Write the JSON Schema of a document
    Schema(SchemaArgs),
    /// Write completions for a shell
    Completions(CompletionsArgs),
    /// Write a manual page
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
            _ => return false,
        };
        output.output == Format::Json
    }
}

#[derive(Debug, Args, Clone, Default)]
#[command(next_help_heading = "Where aws-auth comes from")]
pub(super) struct TargetArgs {
    /// The EKS cluster
    #[arg(long, value_name = "NAME")]
    pub(super) cluster: Option<String>,
    /// The AWS region; by default the SDK's
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// The AWS profile; by default the SDK's
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
    /// Read the ConfigMap through this kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(super) kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; by default its current one
    #[arg(long, value_name = "CONTEXT")]
    pub(super) context: Option<String>,
    /// Read the ConfigMap from a manifest; `-` is standard input
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) from_file: Option<PathBuf>,
    /// Read RBAC objects from a manifest
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) rbac_file: Option<PathBuf>,
    /// The account that an offline plan assumes
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub(super) account_id: Option<String>,
    /// The partition that an offline plan assumes
    #[arg(long, value_name = "PARTITION")]
    pub(super) partition: Option<String>,
    /// YAML or CSV: an ARN as in aws-auth, and the real ARN with its path
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) principals: Option<PathBuf>,
    /// The role to assume for IAM look-ups in another account
    #[arg(long, value_name = "ACCOUNT=ROLE_ARN", value_parser = lookup_role)]
    pub(super) lookup_role: Vec<(String, crate::model::Arn)>,
    /// Take --from-file for what is live where the cluster's API can't be reached to compare it
    #[arg(long, requires_all = ["from_file", "cluster"])]
    pub(super) trust_file: bool,
    /// What people decided: YAML or JSON, as `schema decisions` describes it
    #[arg(
        long,
        value_name = "FILE", value_parser = place,
        help_heading = "Choices that shape the plan"
    )]
    pub(super) decisions: Option<PathBuf>,
    /// How long one request to AWS or Kubernetes may take; by default 30s
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
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(super) usernames: Usernames,
    /// Rename a group that EKS refuses; system:masters gets the new group beside its policy
    #[arg(long, value_name = "OLD=NEW", value_parser = rename)]
    pub(super) rename_group: Vec<(String, String)>,
    /// Also create entries for mappings that grant nothing today
    #[arg(long)]
    pub(super) include_inert: bool,
    /// What to do with roles of managed node groups and Fargate profiles
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(super) managed_nodes: ManagedNodes,
    /// Include only mappings whose ARN matches
    #[arg(long, value_name = "GLOB")]
    pub(super) only: Vec<String>,
    /// Leave out mappings whose ARN matches
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,
    /// Add a tag to every entry that is created
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    pub(super) tag: Vec<(String, String)>,
    /// Treat warnings as blocking
    #[arg(long)]
    pub(super) strict: bool,
}

#[derive(Debug, Args, Clone, Default)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// The format of the output on stdout
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) output: Format,
    /// Also write the report to a file
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) out_report: Option<PathBuf>,
    /// Show before and after of every mapping in the table; in Markdown every note, entry and call
    #[arg(long)]
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
    /// Write a decisions file with every open question, its choices as comments; never over answers, unless
    /// --decisions names the same file
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) write_decisions: Option<PathBuf>,
    /// Exit with 2 if changes are pending, with 3 if something needs a decision
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Give up if the cluster is not read after this long, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<std::time::Duration>,
    /// The journal of earlier runs; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place)]
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
    /// Check rights, platform version and other owners before anything is written
    #[arg(long)]
    pub(super) preflight: bool,
    /// The command whose rights --preflight checks; by default the one that comes next
    #[arg(
        long = "for",
        value_enum,
        value_name = "COMMAND",
        requires = "preflight"
    )]
    pub(super) command: Option<ExportFor>,
    /// Give up if the cluster is not read after this long, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<std::time::Duration>,
    /// The journal of earlier runs; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place)]
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
    /// Explain one principal: what access it has now, through what, and after the cut-over
    #[arg(long, value_name = "ARN[/SESSION]")]
    pub(super) principal: Option<String>,
    /// Exit with 2 if only changes are pending, with 3 if something needs a decision
    #[arg(long)]
    pub(super) detailed_exitcode: bool,
    /// Give up if the cluster is not read after this long, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<std::time::Duration>,
    /// The journal of earlier runs; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place)]
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
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Where to write the backup of the ConfigMap, never over an existing file; by default beside the journal
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) backup: Option<PathBuf>,
    /// Keep the ConfigMap, empty
    #[arg(long)]
    pub(super) keep_config_map: bool,
    /// Then switch the cluster to API, which can't be undone
    #[arg(long)]
    pub(super) to_api_mode: bool,
    /// Refuse the switch to API until this long after the last apply
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1h")]
    pub(super) min_soak: std::time::Duration,
    /// Wait at most this long for a deleted aws-auth that finalizers hold
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub(super) settle: std::time::Duration,
    /// Watch the nodes this long after the removal, such as 5m; by default 90s if a node role's mapping goes, else 0s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) soak: Option<std::time::Duration>,
    /// Start no new step and stop waiting for a mode switch after this long, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<std::time::Duration>,
    /// Continue even if the caller loses its own access
    #[arg(long)]
    pub(super) allow_self_lockout: bool,
    /// Where the journal is; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) journal: Option<PathBuf>,
    /// How to show progress on stderr
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(super) progress: ProgressStyle,
}

#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Undo the changes; without this nothing is written
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Undo only what this run did; by default what all runs did
    #[arg(long, value_name = "ID")]
    pub(super) run: Option<String>,
    /// Overwrite changes that others made to aws-auth since, and delete entries without a mapping
    #[arg(long)]
    pub(super) force: bool,
    /// Give the cluster this long to read an aws-auth that was put back before entries are deleted
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    pub(super) settle: std::time::Duration,
    /// Where the journal is; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) journal: Option<PathBuf>,
    /// How to show progress on stderr
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(super) progress: ProgressStyle,
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
    /// Apply a saved plan, exactly
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) plan: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Create the bindings that renamed groups need, before the entries
    #[arg(long)]
    pub(super) apply_rbac: bool,
    /// Allow the one-way switch from `CONFIG_MAP` to `API_AND_CONFIG_MAP`
    #[arg(long)]
    pub(super) enable_access_entries: bool,
    /// Give one node role its entry first, and watch the nodes that long before the others follow; 90s if none is named
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1, require_equals = true, default_missing_value = "90s")]
    pub(super) canary: Option<std::time::Duration>,
    /// Continue even if the caller loses the cluster-admin access it has today
    #[arg(long)]
    pub(super) allow_self_lockout: bool,
}

#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "How it runs")]
pub(super) struct RunArgs {
    /// How many principals to work on at a time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(super) concurrency: u16,
    /// Make at most this many requests per second; by default as many as EKS allows
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(super) max_rate: Option<f64>,
    /// Start no new action after this long, such as 90s, 10m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<std::time::Duration>,
    /// Where the journal is; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) journal: Option<PathBuf>,
    /// Stop at the first failure
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// How to show progress on stderr
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(super) progress: ProgressStyle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ProgressStyle {
    /// Bars on a terminal, lines elsewhere
    #[default]
    Auto,
    /// Bars
    Bars,
    /// A line for every action
    Plain,
    /// A JSON object for every event
    Json,
    /// Nothing
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
    /// Switch to API after the cut-over, if nothing depends on aws-auth any more
    #[arg(long, conflicts_with_all = ["only", "exclude"])]
    pub(super) to_api_mode: bool,
    /// Go all the way back at the end
    #[arg(long)]
    pub(super) rollback: bool,
    /// Leave the sandbox running and print how to reach it
    #[arg(long)]
    pub(super) keep: bool,
    /// Switch and migrate nothing, only keep the sandbox as it was seeded; needs --keep
    #[arg(long, requires = "keep")]
    pub(super) seed_only: bool,
    /// How to show progress on stderr
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub(super) progress: ProgressStyle,
    /// Where the sandbox's kubeconfig is written; by default in a temporary folder
    #[arg(long, value_name = "FILE", requires = "keep")]
    pub(super) kubeconfig_out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// What to write
    #[arg(value_enum)]
    pub(super) format: ExportFormat,
    /// fleet-runbook: the engine that schedules the shards
    #[arg(value_enum, requires = "fleet", requires = "shards")]
    pub(super) engine: Option<FleetEngine>,
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) choices: ChoiceArgs,
    /// Export a saved plan as it is, without looking at the cluster
    #[arg(long, value_name = "FILE", value_parser = place, conflicts_with_all = ["TargetArgs", "ChoiceArgs"])]
    pub(super) plan: Option<PathBuf>,
    /// Write the bindings that renamed groups need, for `kubectl apply`
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) emit_rbac: Option<PathBuf>,
    /// Give up if the cluster is not read after this long, such as 90s or 10m
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "plan")]
    pub(super) timeout: Option<std::time::Duration>,
    /// Where to write it; by default standard output
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) out: Option<PathBuf>,
    /// terraform: the `access_entries` of the module terraform-aws-modules/eks instead of resources
    #[arg(long)]
    pub(super) module: bool,
    /// cloudformation: JSON instead of YAML
    #[arg(long)]
    pub(super) json: bool,
    /// iam-policy, rbac: the command that the rights are for; by default apply
    #[arg(long = "for", value_enum, value_name = "COMMAND")]
    pub(super) command: Option<ExportFor>,
    /// fleet-runbook: the fleet file
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) fleet: Option<PathBuf>,
    /// fleet-runbook: how many shards there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(crate::fleet::shard::MOST)))]
    pub(super) shards: Option<u32>,
    /// fleet-runbook: share plans, journals and reports in S3, instead of on a volume that all shards mount
    #[arg(long, value_name = "s3://BUCKET/FOLDER", value_parser = bucket)]
    pub(super) state: Option<String>,
    /// kubernetes-job, github-actions, fleet-runbook: the container image that holds the tool
    #[arg(long, value_name = "IMAGE")]
    pub(super) image: Option<String>,
    /// kubernetes-job, github-actions, fleet-runbook: the IAM role that the tool runs as, in github-actions when it writes
    #[arg(long, value_name = "ARN")]
    pub(super) role_arn: Option<crate::model::Arn>,
    /// github-actions: the IAM role that plans and verifies, and may only read
    #[arg(long, value_name = "ARN")]
    pub(super) plan_role_arn: Option<crate::model::Arn>,
    /// iam-policy: write the trust policy for the workflow of this GitHub repository instead
    #[arg(long, value_name = "OWNER/REPOSITORY", value_parser = repository)]
    pub(super) trust_github: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// Resources of the AWS provider, with import blocks for what exists
    Terraform,
    /// A template
    Cloudformation,
    /// A `ClusterConfig`
    Eksctl,
    /// Objects for AWS Controllers for Kubernetes
    Ack,
    /// TypeScript for the AWS CDK: a function that adds a `CfnAccessEntry` for each entry
    Cdk,
    /// A Pulumi program in YAML, with import options for what exists
    Pulumi,
    /// A POSIX shell script of `aws eks` commands
    AwsCli,
    /// A Systems Manager Automation document: plan, approve, apply, verify, approve, cut over; or back
    SsmAutomation,
    /// Jobs for plan, apply, verify, cutover and rollback, with what they share
    KubernetesJob,
    /// A GitHub Actions workflow: the plan on pull requests, the rest behind approvals
    GithubActions,
    /// A fleet, shard by shard, in an engine: kubernetes-job, argo or step-functions
    FleetRunbook,
    /// The least IAM policy for a command
    IamPolicy,
    /// The least Kubernetes roles for a command
    Rbac,
}

/// An engine that schedules the shards of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FleetEngine {
    /// Indexed Jobs of Kubernetes
    KubernetesJob,
    /// A workflow template for Argo Workflows
    Argo,
    /// A state machine of AWS Step Functions with a Distributed Map
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
    /// Where to write the answers; by default the file that --decisions names
    #[arg(long, value_name = "FILE", value_parser = place, required_unless_present = "decisions")]
    pub(super) out: Option<PathBuf>,
    /// The journal of earlier runs; by default in the state folder
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(super) journal: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Such as AAM104; all codes where none is named
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
    /// The command whose page is wanted; by default the tool's own
    #[arg(value_name = "COMMAND")]
    pub(super) command: Option<String>,
}
