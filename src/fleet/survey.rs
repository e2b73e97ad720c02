//! Looks at the clusters of a fleet, several at a time, and makes a row of each.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, stream};

use super::connections::Connections;
use super::discover::not_enabled;
use super::member::{Member, MemberId};
use super::reason::{Reason, aws_error};
use super::report::FleetCommand;
use super::row::{Block, Row, State, Verdicts};
use crate::choices::Choices;
use crate::digest::sha256;
use crate::error::Failure;
use crate::finding::Finding;
use crate::migration::{self, Clock, Objection, Readiness, Survey, Target, Verification, status};
use crate::model::{Arn, MappingId};
use crate::plan::document::{Outcome, Plan};
use crate::plan::questions::{Asked, questions};
use crate::plan::{Obstacle, file};

/// How a cluster is read: what the command line or the fleet file says of it, with the files already read.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// Which cluster, and how to reach it.
    pub target: Target,
    /// The choices that shape its plan.
    pub choices: Choices,
}

/// Reads the files that a cluster names.
pub type Prepare<'a> = dyn Fn(&Member) -> Result<Prepared, Failure> + Sync + 'a;

/// Takes note of clusters as they are begun and ended.
pub trait FleetProgress: Sync {
    /// A cluster is begun.
    fn begun(&self, cluster: &MemberId);
    /// A cluster is done, in whatever way.
    fn ended(&self, row: &Row);
    /// A wave begins.
    fn wave(&self, number: usize, of: usize, clusters: usize, is_canary: bool);
    /// The time between two waves begins.
    fn soak(&self, time: std::time::Duration);
}

/// How the clusters of a fleet are looked at.
pub struct FleetLook<'a> {
    /// The credentials and clients.
    pub connections: &'a Connections,
    /// What is wanted to be known.
    pub command: FleetCommand,
    /// Reads the files that a cluster names.
    pub prepare: &'a Prepare<'a>,
    /// The folder for journals, where there is one.
    pub state_folder: Option<&'a Path>,
    /// The folder in which plans are saved.
    pub save: Option<&'a Path>,
    /// The clocks.
    pub clock: Clock,
}

/// Works on clusters, several at a time; the rows come in the order in which they are done.
pub async fn rows<F, W>(
    members: &[Member],
    concurrency: usize,
    progress: &dyn FleetProgress,
    work: F,
) -> Vec<Row>
where
    F: Fn(Member) -> W,
    W: Future<Output = Row>,
{
    let work = &work;
    stream::iter(members.iter().cloned())
        .map(|member| async move {
            progress.begun(&member.identity());
            let row = work(member).await;
            progress.ended(&row);
            row
        })
        .buffer_unordered(concurrency.max(1))
        .collect()
        .await
}

impl FleetLook<'_> {
    /// A row about a cluster; one that can't be read says why.
    pub async fn row(&self, member: &Member) -> Row {
        match Box::pin(self.look(member)).await {
            Ok(row) => row,
            Err(reason) => Row::failed(member.identity(), State::Failed, reason),
        }
    }

    async fn look(&self, member: &Member) -> Result<Row, Reason> {
        let as_reason = |failure: Failure| reason(&failure, member);
        let Prepared { target, choices } = open(self.connections, self.prepare, member).await?;
        let seen = Box::pin(migration::survey(&target, self.clock.system))
            .await
            .map_err(as_reason)?;
        let folder = || {
            let folder = self.state_folder.map(Path::to_owned);
            folder.ok_or_else(|| Failure::new("no folder for the journal"))
        };
        let history = migration::journal_path::history(&seen, None, folder).map_err(as_reason)?;
        let now = (self.clock.now)();
        if self.command == FleetCommand::Plan {
            let plan = migration::apply::plan(&seen, &choices, &history, now);
            let fit = plan.shared_decisions_fit();
            fit.map_err(|misfits| as_reason(migration::apply::misfit(&misfits)))?;
            if let Some(folder) = self.save {
                save(&plan, folder).map_err(as_reason)?;
            }
            let bindings =
                migration::bindings::wanted(&seen, &choices, &plan).map_err(as_reason)?;
            return Ok(Row {
                digest: Some(digest(&plan, &bindings)),
                ..planned(member, &seen, &plan)
            });
        }
        let choices = choices.or_as_before(history.last_choices().as_ref());
        let plan = migration::apply::plan_to_judge(&seen, &choices, &history, now);
        let verification = migration::verify(plan, &seen.reading, &seen.observed);
        let mut row = verified(member, &seen, &verification);
        if self.command == FleetCommand::Status {
            let status = status::status(&seen, &verification, &history, None);
            row.next = Some(match &member.reach.role {
                Some(role) if status.next.names_cluster() => {
                    format!("{} (with credentials of {role})", status.next)
                }
                _ => status.next.to_string(),
            });
            row.drift = status.drift;
        }
        Ok(row)
    }
}

/// Gets a cluster's files and its clients ready.
pub(super) async fn open(
    connections: &Connections,
    prepare: &Prepare<'_>,
    member: &Member,
) -> Result<Prepared, Reason> {
    let mut prepared = prepare(member).map_err(|failure| reason(&failure, member))?;
    let aws = Box::pin(connections.of(&member.reach, &member.region)).await?;
    prepared.target.aws.shared = Some(Box::new(aws));
    Ok(prepared)
}

/// Why a cluster has no row of its own.
pub(super) fn reason(failure: &Failure, member: &Member) -> Reason {
    let mut reason = Reason::from(failure);
    // The credentials were good when the account was connected.
    let hint = aws_error(failure)
        .and_then(|error| not_enabled(error, &member.region, &member.reach.place()));
    if let Some(hint) = hint {
        reason.hints = vec![hint];
    }
    reason
}

/// Where the plan of a cluster is saved.
#[must_use]
pub fn plan_path(folder: &Path, account: &str, region: &str, name: &str) -> PathBuf {
    folder
        .join(account)
        .join(region)
        .join(format!("{name}.plan.json"))
}

fn save(plan: &Plan, folder: &Path) -> Result<(), Failure> {
    let cluster = &plan.cluster;
    let known = |text: &Option<String>| text.clone().unwrap_or_default();
    let path = plan_path(
        folder,
        &known(&cluster.account_id),
        &known(&cluster.region),
        &known(&cluster.name),
    );
    let parent = path.parent().unwrap_or(folder);
    crate::files::make_folder(parent)
        .and_then(|()| crate::files::replace(&path, file::write(plan).as_bytes()))
        .map_err(|error| {
            Failure::new(format!("failed to write the plan to `{}`", path.display())).because(error)
        })
}

/// What a yes to a plan is a yes to.
pub(super) fn digest(plan: &Plan, bindings: &[serde_json::Value]) -> String {
    let text = serde_json::to_string(&(&plan.actions, bindings)).expect("actions are plain data");
    sha256(text.as_bytes())
}

/// A row of what was seen, without a state of its own yet.
fn seen_row(member: &Member, seen: &Survey, plan: &Plan, state: State) -> Row {
    let cluster = &seen.observed.cluster;
    Row {
        has_aws_auth: Some(seen.aws_auth.is_some()),
        arn: cluster.arn.clone(),
        authentication_mode: cluster.authentication_mode,
        platform_version: cluster.platform_version.clone(),
        ..of_plan(member, plan, state)
    }
}

/// What a plan says of its cluster.
pub(super) fn of_plan(member: &Member, plan: &Plan, state: State) -> Row {
    let mut verdicts = Verdicts::default();
    for mapping in &plan.mappings {
        let has_access = mapping.access.before.is_some() || mapping.access.after.is_some();
        if has_access && mapping.outcome != Outcome::Skipped {
            verdicts.count(mapping.access.verdict);
        }
    }
    let unmatched = plan.misfits.iter().filter(|misfit| misfit.matches_nothing);
    Row {
        unmatched: unmatched.map(|misfit| misfit.message.clone()).collect(),
        arn: plan.cluster.arn.clone(),
        authentication_mode: plan.cluster.authentication_mode,
        platform_version: plan.cluster.platform_version.clone(),
        mappings: Some(plan.summary),
        verdicts: Some(verdicts),
        actions: plan.actions.len(),
        blocks: blocks(plan),
        ..Row::new(member.identity(), state)
    }
}

fn planned(member: &Member, seen: &Survey, plan: &Plan) -> Row {
    let state = if plan.needs_decision() {
        State::NeedsDecision
    } else if plan.actions.is_empty() {
        State::Done
    } else {
        State::Pending
    };
    seen_row(member, seen, plan, state)
}

fn verified(member: &Member, seen: &Survey, verification: &Verification) -> Row {
    let state = match verification.verdict {
        Readiness::Safe => State::Done,
        Readiness::Pending => State::Pending,
        Readiness::NeedsDecision => State::NeedsDecision,
    };
    let open = verification.objections.iter();
    let open = open.filter(|objection| !objection.settled_by_apply);
    Row {
        verdict: Some(verification.verdict),
        blocks: open
            .map(|objection| of_objection(objection, &verification.plan))
            .collect(),
        ..seen_row(member, seen, &verification.plan, state)
    }
}

fn of_objection(objection: &Objection, plan: &Plan) -> Block {
    let mapping = objection.mapping;
    let access = plan.mappings.iter().find(|known| Some(known.id) == mapping);
    let access = access
        .map(|mapping| mapping.access.clone())
        .unwrap_or_default();
    Block {
        mapping: mapping.map(|id| id.to_string()),
        principal: objection.arn.clone(),
        code: objection.code,
        message: objection.message.clone(),
        fix: objection.fix.clone(),
        verdict: access.verdict,
        before: access.before,
        after: access.after,
        answers: Vec::new(),
    }
}

/// What in a plan waits for a decision.
fn blocks(plan: &Plan) -> Vec<Block> {
    let of_cluster = plan
        .obstacles()
        .filter(|(obstacle, _)| obstacle.needs_decision() || *obstacle == Obstacle::NotActive)
        .map(|(_, finding)| block(Some(finding), None, None));
    let open = questions(plan);
    let asked: BTreeMap<MappingId, &Asked> = open
        .iter()
        .flat_map(|question| &question.about)
        .map(|asked| (asked.id, asked))
        .collect();
    let answers = |id: MappingId| asked.get(&id).map(|asked| asked.untried());
    let mappings = plan.mappings.iter();
    let mappings = mappings.filter(|mapping| mapping.needs_decision());
    let of_mappings = mappings.map(|mapping| Block {
        verdict: mapping.shown_change().verdict,
        before: mapping.shown_change().before.clone(),
        after: mapping.shown_change().after.clone(),
        answers: answers(mapping.id).unwrap_or_default(),
        ..block(
            heaviest(&mapping.findings),
            Some(mapping.id.to_string()),
            Some(mapping.arn.clone()),
        )
    });
    let accounts = plan.accounts.iter();
    let accounts = accounts.filter(|account| account.outcome == Outcome::Blocked);
    let of_accounts = accounts.map(|account| Block {
        answers: answers(account.id).unwrap_or_default(),
        ..block(
            heaviest(&account.findings),
            Some(account.id.to_string()),
            Some(account.account_id.clone()),
        )
    });
    of_cluster.chain(of_mappings).chain(of_accounts).collect()
}

fn heaviest(findings: &[Finding]) -> Option<&Finding> {
    // The first of several that weigh the same.
    findings.iter().rev().max_by_key(|finding| finding.severity)
}

fn block(finding: Option<&Finding>, mapping: Option<String>, principal: Option<String>) -> Block {
    Block {
        mapping,
        principal,
        code: finding.map(|finding| finding.code),
        message: finding
            .map(|finding| finding.message.clone())
            .unwrap_or_default(),
        fix: finding
            .map(|finding| finding.fix.clone())
            .unwrap_or_default(),
        verdict: None,
        before: None,
        after: None,
        answers: Vec::new(),
    }
}

/// The account of a cluster, once it was read.
pub(super) fn account_of(row: &Row) -> String {
    let arn: Option<Arn> = row.arn.as_deref().and_then(|arn| arn.parse().ok());
    arn.map_or_else(
        || row.cluster.account.clone(),
        |arn| arn.account.to_string(),
    )
}
