//! Which cluster is meant, where its `aws-auth` comes from, and the choices that shape a plan.

use std::path::PathBuf;

use clap::Args;

use crate::choices::{ManagedNodes, OnExisting, Usernames};
use crate::cli::values::{account_id, duration, lookup_role, place, rename, tag};

#[derive(Debug, Args, Clone, Default)]
#[command(next_help_heading = "Where aws-auth comes from")]
pub(in crate::cli) struct TargetArgs {
    /// Read this EKS cluster; needs no kubeconfig and no `aws` command
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) cluster: Option<String>,
    /// Use this AWS region; by default the SDK's
    #[arg(long, value_name = "REGION")]
    pub(in crate::cli) region: Option<String>,
    /// Use the credentials of this AWS profile; by default the SDK's
    #[arg(long, value_name = "PROFILE")]
    pub(in crate::cli) profile: Option<String>,
    /// Connect to the cluster with this kubeconfig
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) kubeconfig: Option<PathBuf>,
    /// Use this context of the kubeconfig; by default its current one
    #[arg(long, value_name = "CONTEXT", hide_short_help = true)]
    pub(in crate::cli) context: Option<String>,
    /// Read aws-auth from a manifest; `-` is standard input
    ///
    /// Without --cluster the run is offline. With --cluster the file must equal the live aws-auth.
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(in crate::cli) from_file: Option<PathBuf>,
    /// Read roles and bindings from a manifest, where the cluster's can't be read
    #[arg(long, value_name = "FILE", value_parser = place)]
    pub(in crate::cli) rbac_file: Option<PathBuf>,
    /// Assume that the cluster is in this account, for an offline plan
    #[arg(long, value_name = "ID", value_parser = account_id, hide_short_help = true)]
    pub(in crate::cli) account_id: Option<String>,
    /// Assume that the cluster is in this partition, for an offline plan
    #[arg(long, value_name = "PARTITION", hide_short_help = true)]
    pub(in crate::cli) partition: Option<String>,
    /// Take real ARNs from this file instead of IAM
    ///
    /// YAML or CSV: the ARN as in aws-auth, and the real ARN with its path.
    #[arg(long, value_name = "FILE", value_parser = place, hide_short_help = true)]
    pub(in crate::cli) principals: Option<PathBuf>,
    /// Assume this role to look up principals of another account; repeat it for each account
    #[arg(long, value_name = "ACCOUNT=ROLE_ARN", value_parser = lookup_role, hide_short_help = true)]
    pub(in crate::cli) lookup_role: Vec<(String, crate::model::Arn)>,
    /// Trust that --from-file is the live aws-auth if the cluster's API can't be reached
    #[arg(long, requires_all = ["from_file", "cluster"], hide_short_help = true)]
    pub(in crate::cli) trust_file: bool,
    /// Read decisions from this file, in YAML or JSON
    ///
    /// `schema decisions` prints its schema; `decide` and `plan --write-decisions` write one.
    #[arg(
        long,
        value_name = "FILE", value_parser = place,
        help_heading = "Choices that shape the plan"
    )]
    pub(in crate::cli) decisions: Option<PathBuf>,
    /// Give up a request to AWS or Kubernetes after this long; by default 30s
    #[arg(long, value_name = "DURATION", value_parser = duration, hide_short_help = true)]
    pub(in crate::cli) request_timeout: Option<std::time::Duration>,
}

#[derive(Debug, Args, Clone, Default)]
#[command(next_help_heading = "Choices that shape the plan")]
pub(in crate::cli) struct ChoiceArgs {
    /// What to do with a live entry that differs from its mapping
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(in crate::cli) on_existing: OnExisting,
    /// What to do with custom usernames
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        hide_short_help = true
    )]
    pub(in crate::cli) usernames: Usernames,
    /// Rename a group that EKS refuses; repeat it for each group
    ///
    /// Members of system:masters get the new group in addition to the cluster-admin policy.
    #[arg(long, value_name = "OLD=NEW", value_parser = rename)]
    pub(in crate::cli) rename_group: Vec<(String, String)>,
    /// Also create entries for mappings that grant nothing today
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) include_inert: bool,
    /// What to do with roles of managed node groups and Fargate profiles
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        hide_short_help = true
    )]
    pub(in crate::cli) managed_nodes: ManagedNodes,
    /// Migrate only mappings whose ARN matches; repeat it for more patterns
    ///
    /// `*` matches any text, slashes included, and `?` any one character; case is ignored. The whole ARN has to match,
    /// such as '*:role/team/*'. A pattern that matches nothing is an error.
    #[arg(long, value_name = "GLOB")]
    pub(in crate::cli) only: Vec<String>,
    /// Skip mappings whose ARN matches; repeat it for more patterns
    ///
    /// Patterns are those of --only, and --exclude wins over it.
    #[arg(long, value_name = "GLOB")]
    pub(in crate::cli) exclude: Vec<String>,
    /// Add a tag to every entry that is created; repeat it for each tag
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag, hide_short_help = true)]
    pub(in crate::cli) tag: Vec<(String, String)>,
    /// Block mappings that have a warning
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) strict: bool,
}
