//! The command line as it is typed.

mod export;
mod report;
mod shared;
mod target;
mod writing;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::examples;
use super::values::place;
use crate::report::Format;

pub(super) use export::{ExportArgs, ExportFor, ExportFormat, FleetEngine};
pub(super) use report::ReportArgs;
pub(super) use shared::{
    ConsentArgs, HistoryArgs, JournalArgs, ProgressArgs, ProgressStyle, ReadingLimit,
};
pub(super) use target::{ChoiceArgs, TargetArgs};
#[cfg(feature = "sandbox")]
pub(super) use writing::RehearseArgs;
pub(super) use writing::{ApplyArgs, CutoverArgs, RollbackArgs, RunArgs};

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
    #[command(flatten)]
    pub(super) limit: ReadingLimit,
    #[command(flatten)]
    pub(super) history: HistoryArgs,
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
    #[command(flatten)]
    pub(super) limit: ReadingLimit,
    #[command(flatten)]
    pub(super) history: HistoryArgs,
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
    #[command(flatten)]
    pub(super) limit: ReadingLimit,
    #[command(flatten)]
    pub(super) history: HistoryArgs,
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
    #[command(flatten)]
    pub(super) history: HistoryArgs,
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
    pub(super) document: crate::schema::SchemaDocument,
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
