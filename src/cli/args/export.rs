//! The arguments of `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ChoiceArgs, ReadingLimit, TargetArgs};
use crate::cli::values::{bucket, place, repository};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// What to write
    #[arg(value_enum)]
    pub(in crate::cli) format: ExportFormat,
    /// fleet-runbook: the engine that runs the shards
    #[arg(value_enum, requires = "fleet", requires = "shards")]
    pub(in crate::cli) engine: Option<FleetEngine>,
    #[command(flatten)]
    pub(in crate::cli) target: TargetArgs,
    #[command(flatten)]
    pub(in crate::cli) choices: ChoiceArgs,
    /// Export this saved plan, without reading the cluster
    #[arg(long, value_name = "FILE", value_parser = place, conflicts_with_all = ["TargetArgs", "ChoiceArgs", "timeout"])]
    pub(in crate::cli) plan: Option<PathBuf>,
    /// Write the bindings that renamed groups need, for `kubectl apply`
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(in crate::cli) emit_rbac: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) limit: ReadingLimit,
    /// Write to this file; by default to standard output
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(in crate::cli) out: Option<PathBuf>,
    /// terraform: write `access_entries` for the module terraform-aws-modules/eks
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) module: bool,
    /// cloudformation: write JSON instead of YAML
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) json: bool,
    /// iam-policy, rbac: the command that needs the permissions; by default apply
    #[arg(long = "for", value_enum, value_name = "COMMAND")]
    pub(in crate::cli) command: Option<ExportFor>,
    /// fleet-runbook: the fleet file
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(in crate::cli) fleet: Option<PathBuf>,
    /// fleet-runbook: the number of shards
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(crate::fleet::shard::MOST)))]
    pub(in crate::cli) shards: Option<u32>,
    /// fleet-runbook: share plans, journals and reports in S3, instead of on a volume that all shards mount
    #[arg(long, value_name = "s3://BUCKET/FOLDER", value_parser = bucket, hide_short_help = true)]
    pub(in crate::cli) state: Option<String>,
    /// kubernetes-job, github-actions, fleet-runbook: the container image with the tool
    #[arg(long, value_name = "IMAGE", hide_short_help = true)]
    pub(in crate::cli) image: Option<String>,
    /// kubernetes-job, github-actions, fleet-runbook: the IAM role of the tool; in github-actions of the jobs that write
    #[arg(long, value_name = "ARN", hide_short_help = true)]
    pub(in crate::cli) role_arn: Option<crate::model::Arn>,
    /// github-actions: the IAM role of the jobs that only read
    #[arg(long, value_name = "ARN", hide_short_help = true)]
    pub(in crate::cli) plan_role_arn: Option<crate::model::Arn>,
    /// iam-policy: write the trust policy for workflows of this GitHub repository instead
    #[arg(long, value_name = "OWNER/REPOSITORY", value_parser = repository, hide_short_help = true)]
    pub(in crate::cli) trust_github: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportFormat {
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
pub(in crate::cli) enum FleetEngine {
    /// Kubernetes indexed Jobs
    KubernetesJob,
    /// A workflow template for Argo Workflows
    Argo,
    /// An AWS Step Functions state machine with a Distributed Map
    StepFunctions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportFor {
    /// plan, verify, status
    Plan,
    /// apply
    Apply,
    /// cutover, with --to-api-mode
    Cutover,
    /// rollback
    Rollback,
}
