//! The state of a cluster, and the one next step; pure but for the questions of a preflight.

mod preflight;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::apply::ours;
use super::rollback::{self, undo};
use super::survey::Survey;
use super::verify::{Readiness, Verification, canonical};
use crate::access::before::{Answer, Authenticator};
use crate::finding::Code;
use crate::journal::{History, RunCommand, RunEnd, RunHistory, RunOption};
use crate::kubernetes::Stored;
use crate::model::ActionStatus;
use crate::model::{AuthenticationMode, LiveEntry, Principal};
use crate::plan::Plan;
use crate::plan::document::{PlacedFinding, Summary};
use crate::reader;
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
        next: String::new(),
        preflight: None,
    };
    status.next = match last.filter(|run| run.end != Some(RunEnd::Complete)) {
        Some(run) if has_to_go_on(run, verification) => go_on(run, &verification.plan),
        _ => next(&status, verification, binds(history, plan)),
    };
    status
}

/// Says that EKS has written `aws-auth` since the cut-over; a rollback puts it back by itself.
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
    let told: BTreeSet<_> = changed
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
        .filter(|(arn, run)| is_made(run, arn) && !is_live(arn) && !told.contains(arn))
        .map(|(arn, _)| format!("{arn}: deleted since"));
    changed
        .chain(deleted.filter(|_| seen.observed.entries.is_some()))
        .chain(orphans(seen, plan, history, live))
        .collect()
}

/// Entries of this tool whose mapping somebody has taken out of `aws-auth` since, and that still let their principal in.
fn orphans(seen: &Survey, plan: &Plan, history: &History, live: &[LiveEntry]) -> Vec<String> {
    // What a cut-over has taken away was there before it.
    let before = rollback::changes(history, None);
    let before = before
        .iter()
        .filter_map(|change| Stored::from_json(change.before.as_deref()?))
        .map(|stored| stored.aws_auth());
    let texts: Vec<_> = before.chain(seen.aws_auth.clone()).collect();
    if texts.is_empty() {
        return Vec::new();
    }
    let readings: Vec<_> = texts
        .iter()
        .map(|text| reader::read(&text.text()))
        .collect();
    let authenticators: Vec<_> = readings.iter().map(Authenticator::new).collect();
    let is_mapped = |principal: &Principal| {
        let arn = canonical(principal);
        let mut all = authenticators.iter();
        all.any(|authenticator| authenticator.answer(&arn) != Answer::Refused)
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
fn go_on(run: &RunHistory, plan: &Plan) -> String {
    let given: Vec<String> = run.options.iter().map(RunOption::to_string).collect();
    let mut flags: Vec<&str> = given.iter().map(String::as_str).collect();
    match run.command {
        RunCommand::Cutover if !run.ending.lost_nodes.is_empty() => {
            plan.command("rollback", &["--yes"])
        }
        RunCommand::Cutover => plan.command_with(&run.choices, "cutover", &flags),
        RunCommand::Rollback => {
            flags.push("--yes");
            plan.command("rollback", &flags)
        }
        RunCommand::Apply => {
            let needed = plan.consents().into_iter();
            flags.extend(needed.filter(|flag| !given.iter().any(|given| given == flag)));
            plan.command_with(&run.choices, "apply", &flags)
        }
    }
}

/// Whether an earlier run created the bindings of the groups that this plan renames.
fn binds(history: &History, plan: &Plan) -> bool {
    let renames = &plan.choices.rename_groups;
    let last = history.last_choices();
    last.is_some_and(|last| last.bind_renamed && last.rename_groups == *renames)
}

fn next(status: &Status, verification: &Verification, binds: bool) -> String {
    let has_mappings =
        !verification.plan.mappings.is_empty() || !verification.plan.accounts.is_empty();
    let mut actions = verification.plan.actions.iter();
    let mode = status.authentication_mode;
    let refusal = |placed: &&PlacedFinding| placed.finding.code == Code::CallerLosesAdmin;
    let refusal = verification.plan.findings.iter().find(refusal);
    let mut consents = verification.plan.consents();
    if binds && !consents.contains(&"--apply-rbac") {
        consents.push("--apply-rbac");
    }
    let (verb, flags): (_, &[&str]) = if status.entries.is_none() {
        ("status", &["--preflight"])
    } else if let Some(refusal) = refusal.filter(|_| !verification.plan.actions.is_empty()) {
        // `apply` would refuse the plan.
        return format!("aws-auth-migrate explain {}", refusal.finding.code);
    } else if mode == Some(AuthenticationMode::ConfigMap) {
        // The mode is switched even where nothing else is to be done.
        return verification.plan.command("apply", &with_switch(&consents));
    } else if actions.any(|action| action.mapping.is_some()) {
        ("apply", &consents)
    } else if verification.verdict != Readiness::Safe {
        ("verify", &[])
    } else if status.has_aws_auth && has_mappings {
        ("cutover", &[])
    } else if mode == Some(AuthenticationMode::ApiAndConfigMap) {
        ("cutover", &["--to-api-mode"])
    } else {
        return "nothing: the migration is complete".to_owned();
    };
    verification.plan.command(verb, flags)
}

/// The options of `apply`, the one that allows the mode switch among them.
fn with_switch<'a>(consents: &[&'a str]) -> Vec<&'a str> {
    const SWITCH: &str = "--enable-access-entries";
    let others = consents.iter().copied().filter(|flag| *flag != SWITCH);
    std::iter::once(SWITCH).chain(others).collect()
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
