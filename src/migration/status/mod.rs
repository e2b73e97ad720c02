//! Where a cluster stands, and the one next step; pure but for the questions of a preflight.

mod preflight;

use jiff::Timestamp;
use serde::Serialize;

use super::apply::ours;
use super::rollback::undo;
use super::survey::Survey;
use super::verify::{Readiness, Verification};
use crate::journal::{History, RunCommand, RunEnd};
use crate::model::AuthenticationMode;
use crate::plan::document::Summary;
use crate::rights::For;

pub use preflight::{Preflight, Right, RightApi, RightState, preflight};

/// Where a cluster stands.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The name and version of the document.
    pub schema: &'static str,
    /// The version of the tool.
    pub tool_version: &'static str,
    /// The cluster's name.
    pub cluster: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// How it decides who may log in.
    pub authentication_mode: Option<AuthenticationMode>,
    /// Its platform version.
    pub platform_version: Option<String>,
    /// Whether it has an `aws-auth`.
    pub has_aws_auth: bool,
    /// Its access entries; `None` where they can't be read.
    pub entries: Option<Entries>,
    /// The mappings by what becomes of them.
    pub mappings: Summary,
    /// Whether `aws-auth` may go.
    pub verdict: Readiness,
    /// The verdict in words.
    pub sentence: String,
    /// The journal.
    pub journal: Option<String>,
    /// The last run.
    pub last_run: Option<LastRun>,
    /// Entries of this tool that somebody has changed since.
    pub drift: Vec<String>,
    /// The next command.
    pub next: String,
    /// What could go wrong, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preflight: Option<Preflight>,
}

/// Access entries by who made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entries {
    /// Made by this tool.
    pub ours: usize,
    /// Of a node type and not this tool's, as EKS makes them.
    pub nodes: usize,
    /// All others.
    pub others: usize,
}

/// The last run.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// Its id.
    pub run: String,
    /// The command.
    pub command: RunCommand,
    /// When it last wrote something down.
    pub time: Timestamp,
    /// How it ended; `None` where it was killed.
    pub end: Option<RunEnd>,
}

/// Tells where the cluster stands.
#[must_use]
pub fn status(
    seen: &Survey,
    verification: &Verification,
    history: &History,
    journal: Option<String>,
) -> Status {
    let cluster = &seen.observed.cluster;
    let plan = &verification.plan;
    let ours = ours(history);
    let entries = seen.observed.entries.as_ref().map(|live| {
        let mut entries = Entries::default();
        for live in live {
            *if ours.made(live) {
                &mut entries.ours
            } else if live.entry.entry_type.is_node() {
                &mut entries.nodes
            } else {
                &mut entries.others
            } += 1;
        }
        entries
    });
    let live = seen.observed.entries.clone().unwrap_or_default();
    let last = history.runs.last();
    let mut status = Status {
        schema: "aws-auth-migrate/status/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        cluster: cluster.name.clone(),
        region: cluster.region.clone(),
        authentication_mode: cluster.authentication_mode,
        platform_version: cluster.platform_version.clone(),
        has_aws_auth: seen.aws_auth.is_some(),
        entries,
        mappings: plan.summary,
        verdict: verification.verdict,
        sentence: verification.sentence.clone(),
        journal,
        last_run: last.map(|run| LastRun {
            run: run.run.clone(),
            command: run.command,
            time: run.last,
            end: run.end,
        }),
        drift: undo(history, None, &live, &|_| false)
            .left
            .into_iter()
            .map(|left| format!("{}: {}", left.principal_arn, left.reason))
            .collect(),
        next: String::new(),
        preflight: None,
    };
    status.next = next(&status, verification);
    status
}

fn next(status: &Status, verification: &Verification) -> String {
    let unfinished = status
        .last_run
        .as_ref()
        .filter(|run| run.end != Some(RunEnd::Complete))
        .map(|run| run.command);
    let has_mappings =
        !verification.plan.mappings.is_empty() || !verification.plan.accounts.is_empty();
    let command = match (unfinished, verification.verdict) {
        (Some(RunCommand::Rollback), _) => "rollback --yes",
        (Some(RunCommand::Cutover), Readiness::Safe) => "cutover",
        _ if status.authentication_mode == Some(AuthenticationMode::ConfigMap) => {
            "apply --enable-access-entries"
        }
        _ if verification
            .plan
            .actions
            .iter()
            .any(|action| action.mapping.is_some()) =>
        {
            "apply"
        }
        (_, Readiness::Safe) if status.has_aws_auth && has_mappings => "cutover",
        (_, Readiness::Safe)
            if status.authentication_mode == Some(AuthenticationMode::ApiAndConfigMap) =>
        {
            "cutover --to-api-mode"
        }
        (_, Readiness::Safe) => return "nothing: the move is done".to_owned(),
        _ => "verify",
    };
    let mut words = command.split(' ');
    let verb = words.next().unwrap_or_default();
    let flags: Vec<&str> = words.collect();
    verification.plan.command(verb, &flags)
}

/// The command whose rights matter next.
#[must_use]
pub fn next_command(verification: &Verification) -> For {
    if !verification.plan.actions.is_empty() {
        For::Apply
    } else if verification.verdict == Readiness::Safe
        && verification.plan.cluster.authentication_mode != Some(AuthenticationMode::Api)
    {
        For::Cutover
    } else {
        For::Plan
    }
}
