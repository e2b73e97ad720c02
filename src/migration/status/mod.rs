//! The state of a cluster, and the one next step; pure but for the questions of a preflight.

mod preflight;

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::apply::ours;
use super::rollback::{self, undo};
use super::survey::Survey;
use super::verify::{Readiness, Verification, canonical};
use crate::access::before::{Authenticator, AuthenticatorAnswer};
use crate::invocation::{CommandOption, Invocation, Verb};
use crate::journal::{History, RunCommand, RunEnd, RunHistory};
use crate::kubernetes::Stored;
use crate::model::ActionStatus;
use crate::model::{AuthenticationMode, LiveEntry, Principal};
use crate::plan::document::Summary;
use crate::plan::{Obstacle, Plan};
use crate::rights::For;
use crate::source::EKS_MANAGER;

pub use preflight::{Preflight, Right, RightApi, RightState, preflight};

/// The state of a cluster.
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
    /// Its account.
    pub account_id: Option<String>,
    /// The ARN of whoever runs this.
    pub caller: Option<String>,
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
    /// What else there is to know, such as that EKS itself has written `aws-auth` again.
    pub notes: Vec<String>,
    /// The next command.
    pub next: NextStep,
    /// What could go wrong, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preflight: Option<Preflight>,
}

/// What comes next on a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String")]
pub enum NextStep {
    /// This command.
    Run(Invocation),
    /// The migration is complete.
    Nothing,
}

impl NextStep {
    /// Whether it is a command that names a cluster.
    #[must_use]
    pub fn names_cluster(&self) -> bool {
        matches!(self, Self::Run(invocation) if invocation.names_cluster())
    }
}

impl fmt::Display for NextStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(invocation) => invocation.fmt(f),
            Self::Nothing => f.write_str("nothing: the migration is complete"),
        }
    }
}

impl From<NextStep> for String {
    fn from(next: NextStep) -> Self {
        next.to_string()
    }
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

/// Returns the state of the cluster.
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
        account_id: cluster.account_id.clone(),
        caller: plan.caller.clone(),
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
        drift: drift(seen, plan, history, &live),
        notes: written_again(seen, history).into_iter().collect(),
        next: NextStep::Nothing,
        preflight: None,
    };
    status.next = match last.filter(|run| run.end != Some(RunEnd::Complete)) {
        Some(run) if has_to_go_on(run, verification) => {
            NextStep::Run(go_on(run, &verification.plan))
        }
        _ => next(&status, verification, binds(history, plan)),
    };
    status
}

/// Says that EKS has written `aws-auth` since the cutover; a rollback puts it back by itself.
///
/// Source: EKS User Guide, "Create access entries": for managed node groups and Fargate profiles EKS makes access
/// entries where the cluster has them, and writes `aws-auth` otherwise.
fn written_again(seen: &Survey, history: &History) -> Option<String> {
    let written = seen.aws_auth.as_ref()?.written_by_eks?;
    let mut later = history.runs.iter().rev();
    let last = later.find(|run| !run.config_map.is_empty())?;
    let is_since = last.command == RunCommand::Cutover && written > last.last;
    is_since.then(|| {
        format!(
            "EKS itself wrote aws-auth after the cutover, as field manager `{EKS_MANAGER}`: it does so for managed node groups and Fargate profiles. No tool has to be stopped; `verify` shows whether the roles have access entries, and `cutover` removes the mappings again"
        )
    })
}

/// What others have changed of this tool's work since.
fn drift(seen: &Survey, plan: &Plan, history: &History, live: &[LiveEntry]) -> Vec<String> {
    let changed = undo(history, None, live, &|_| false).left;
    let noted: BTreeSet<_> = changed
        .iter()
        .map(|left| left.principal_arn.clone())
        .collect();
    let changed = changed
        .into_iter()
        .map(|left| format!("{}: {}", left.principal_arn, left.reason));
    let is_live = |arn: &String| {
        let mut live = live.iter();
        live.any(|live| live.entry.principal_arn.to_string() == *arn)
    };
    let is_made = |run: &&RunHistory, arn: &str| {
        run.calls.iter().any(|call| {
            let of = call.action.kind.principal_arn().map(ToString::to_string);
            of.as_deref() == Some(arn) && call.status == Some(ActionStatus::Created)
        })
    };
    let made = history.made_entries().into_iter();
    let deleted = made
        .filter(|(arn, run)| is_made(run, arn) && !is_live(arn) && !noted.contains(arn))
        .map(|(arn, _)| format!("{arn}: deleted since"));
    changed
        .chain(deleted.filter(|_| seen.observed.entries.is_some()))
        .chain(orphans(seen, plan, history, live))
        .collect()
}

/// Entries of this tool whose mapping somebody has taken out of `aws-auth` since, and that still let their principal in.
fn orphans(seen: &Survey, plan: &Plan, history: &History, live: &[LiveEntry]) -> Vec<String> {
    // What a cutover has taken away was there before it.
    let before = rollback::changes(history, None);
    let before = before
        .iter()
        .filter_map(|change| Stored::from_json(change.before.as_deref()?))
        .map(|stored| stored.aws_auth());
    let texts: Vec<_> = before.chain(seen.aws_auth.clone()).collect();
    if texts.is_empty() {
        return Vec::new();
    }
    let readings: Vec<_> = texts.iter().map(|text| text.read()).collect();
    let authenticators: Vec<_> = readings.iter().map(Authenticator::new).collect();
    let is_mapped = |principal: &Principal| {
        let arn = canonical(principal);
        let mut all = authenticators.iter();
        all.any(|authenticator| authenticator.answer(&arn) != AuthenticatorAnswer::Refused)
    };
    let ours = ours(history);
    let ours = live.iter().filter(|live| ours.made(live));
    ours.filter(|live| {
        let arn = &live.entry.principal_arn;
        Principal::from_arn(arn).is_some_and(|principal| !is_mapped(&principal))
            && !plan.includes_inert(arn)
    })
    .map(|live| {
        format!(
            "{}: its mapping was removed from aws-auth, and its access entry still grants access",
            live.entry.principal_arn
        )
    })
    .collect()
}

/// Whether a run that was stopped is what comes next, and not something else since the cluster has changed.
fn has_to_go_on(run: &RunHistory, verification: &Verification) -> bool {
    let has_actions = !verification.plan.actions.is_empty();
    match run.command {
        RunCommand::Rollback => true,
        RunCommand::Cutover => {
            !run.ending.lost_nodes.is_empty() || verification.verdict == Readiness::Safe
        }
        RunCommand::Apply => has_actions,
    }
}

/// The command that resumes a stopped run with its options; the one that undoes it where nodes were lost.
fn go_on(run: &RunHistory, plan: &Plan) -> Invocation {
    let given = run.options.iter().cloned();
    match run.command {
        RunCommand::Cutover if !run.ending.lost_nodes.is_empty() => {
            plan.command(Verb::Rollback, [CommandOption::Yes])
        }
        RunCommand::Cutover => plan.command_with(&run.choices, Verb::Cutover, given),
        RunCommand::Rollback => plan.command(Verb::Rollback, given.chain([CommandOption::Yes])),
        RunCommand::Apply => {
            let needed = plan.consents().into_iter();
            let needed = needed.filter(|option| !run.options.contains(option));
            plan.command_with(&run.choices, Verb::Apply, given.chain(needed))
        }
    }
}

/// Whether an earlier run created the bindings of the groups that this plan renames.
fn binds(history: &History, plan: &Plan) -> bool {
    let renames = &plan.choices.rename_groups;
    let last = history.last_choices();
    last.is_some_and(|last| last.bind_renamed && last.rename_groups == *renames)
}

fn next(status: &Status, verification: &Verification, binds: bool) -> NextStep {
    let plan = &verification.plan;
    let has_mappings = !plan.mappings.is_empty() || !plan.accounts.is_empty();
    let mut actions = plan.actions.iter();
    let mode = status.authentication_mode;
    let refusal = plan.obstacle(Obstacle::CallerLosesAdmin);
    let mut consents = plan.consents();
    if binds && !consents.contains(&CommandOption::ApplyRbac) {
        consents.push(CommandOption::ApplyRbac);
    }
    NextStep::Run(if status.entries.is_none() {
        plan.command(Verb::Status, [CommandOption::Preflight])
    } else if let Some(refusal) = refusal.filter(|_| !plan.actions.is_empty()) {
        // `apply` would refuse the plan.
        Invocation::explain(refusal.code)
    } else if mode == Some(AuthenticationMode::ConfigMap) {
        // The mode is switched even where nothing else is to be done.
        plan.command(Verb::Apply, with_switch(consents))
    } else if actions.any(|action| action.mapping.is_some()) {
        plan.command(Verb::Apply, consents)
    } else if verification.verdict != Readiness::Safe {
        plan.command(Verb::Verify, [])
    } else if status.has_aws_auth && has_mappings {
        plan.command(Verb::Cutover, [])
    } else if mode == Some(AuthenticationMode::ApiAndConfigMap) {
        plan.command(Verb::Cutover, [CommandOption::ToApiMode])
    } else {
        return NextStep::Nothing;
    })
}

/// The options of `apply`, the one that allows the mode switch among them.
fn with_switch(consents: Vec<CommandOption>) -> impl Iterator<Item = CommandOption> {
    const SWITCH: CommandOption = CommandOption::EnableAccessEntries;
    let others = consents.into_iter().filter(|option| *option != SWITCH);
    std::iter::once(SWITCH).chain(others)
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
