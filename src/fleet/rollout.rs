//! Applies the plans of a fleet, wave by wave.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::connections::Connections;
use super::member::{Member, MemberId};
use super::reason::Reason;
use super::row::{AppliedRow, Row, State};
use super::survey::{
    FleetProgress, Prepare, Prepared, digest, of_plan, open, plan_path, reason, rows,
};
use super::wave::Wave;
use crate::choices::Choices;
use crate::error::{Failure, FailureKind};
use crate::invocation::{Advice, Flag};
use crate::journal::RunEnd;
use crate::migration::{self, Applied, ApplyOptions, Clock, Consent, Question};
use crate::model::ActionStatus;
use crate::plan::file;
use crate::stop::Stop;
use crate::writer::Silent;

/// How the plans of a fleet are applied.
pub struct Rollout<'a> {
    /// The credentials and clients.
    pub connections: &'a Connections,
    /// Reads the files that a cluster names.
    pub prepare: &'a Prepare<'a>,
    /// How each is applied; each cluster has its own choices and its own journal in the state folder.
    pub options: ApplyOptions,
    /// The folder of saved plans, which are applied exactly.
    pub plans: Option<&'a Path>,
    /// What was shown to the person who said yes, by cluster; `None` where nobody was asked.
    pub shown: Option<BTreeMap<MemberId, String>>,
    /// How many clusters are written to at a time.
    pub concurrency: usize,
    /// How many clusters may fail before no more are begun; any number where it is not given.
    pub max_failures: Option<usize>,
    /// How long to wait after a wave in which something was written.
    pub soak: Duration,
    /// The request to stop.
    pub stop: &'a Stop,
    /// The clocks.
    pub clock: Clock,
}

/// Why no more clusters are begun.
#[derive(Debug, Default)]
struct Halt {
    failed: AtomicUsize,
    canary_failed: AtomicBool,
}

impl Rollout<'_> {
    /// Applies the plans of all waves; what is not reached says why.
    pub async fn run(&self, waves: &[Wave], progress: &dyn FleetProgress) -> Vec<Row> {
        let halt = Halt::default();
        let mut all = Vec::new();
        for (index, wave) in waves.iter().enumerate() {
            if self.why_not(&halt).is_none() {
                progress.wave(index + 1, waves.len(), wave.members.len(), wave.is_canary);
            }
            let work = |member: Member| {
                let halt = &halt;
                async move {
                    let row = match self.why_not(halt) {
                        Some(reason) => Row::failed(member.identity(), State::NotReached, reason),
                        None => Box::pin(self.row(&member)).await,
                    };
                    if matches!(row.state, State::Failed | State::Incomplete) {
                        halt.failed.fetch_add(1, Ordering::SeqCst);
                        halt.canary_failed
                            .fetch_or(wave.is_canary, Ordering::SeqCst);
                    }
                    row
                }
            };
            let done = rows(&wave.members, self.concurrency, progress, work).await;
            let has_written = |row: &Row| {
                let applied = row.applied.as_ref();
                applied.is_some_and(|applied| applied.run.is_some())
            };
            let is_last = index + 1 == waves.len();
            let soaks = !is_last && !self.soak.is_zero() && done.iter().any(has_written);
            all.extend(done);
            if soaks && self.why_not(&halt).is_none() {
                progress.soak(self.soak);
                self.stop.sleep(self.soak).await;
            }
        }
        all
    }

    /// Why a cluster is not begun.
    fn why_not(&self, halt: &Halt) -> Option<Reason> {
        let failed = halt.failed.load(Ordering::SeqCst);
        let again = "fix the clusters that failed, then run the same command again to resume";
        if self.stop.is_requested() {
            let message = "not started: the run was stopped";
            return Some(Reason::new(message, "run the same command again to resume"));
        }
        if halt.canary_failed.load(Ordering::SeqCst) {
            return Some(Reason::new("not started: a canary failed", again));
        }
        let most = self.max_failures?;
        (failed > most).then(|| {
            let message = format!(
                "not started: more clusters failed than {} {most} allows",
                Flag::MaxFailures
            );
            Reason::new(message, again)
        })
    }

    async fn row(&self, member: &Member) -> Row {
        match self.apply(member).await {
            Ok(row) => row,
            Err((state, reason)) => Row::failed(member.identity(), state, reason),
        }
    }

    async fn apply(&self, member: &Member) -> Result<Row, (State, Reason)> {
        let failed = |reason| (State::Failed, reason);
        let Prepared { target, choices } = open(self.connections, self.prepare, member)
            .await
            .map_err(failed)?;
        let account = self
            .connections
            .caller(&member.reach, Some(&member.region))
            .await
            .map_err(failed)?
            .account;
        let as_failed = |failure: Failure| failed(reason(&failure, member));
        let saved = self
            .plans
            .map(|folder| saved(folder, &account, member))
            .transpose()
            .map_err(as_failed)?;
        let choices = saved.as_ref().map_or(choices, |plan| plan.choices.clone());
        let options = ApplyOptions {
            choices: Choices {
                bind_renamed: self.options.choices.bind_renamed
                    || (saved.is_none() && choices.bind_renamed),
                ..choices
            },
            saved,
            ..self.options.clone()
        };
        let confirm = |question: Question<'_>| self.confirm(&question, member);
        let applied = Box::pin(migration::apply(
            &target, &options, &Silent, self.stop, self.clock, confirm,
        ))
        .await;
        match applied {
            Ok(applied) => Ok(applied_row(member, &applied)),
            Err(failure) => {
                let state = match failure.kind {
                    FailureKind::Failed | FailureKind::Usage => State::Failed,
                    FailureKind::Incomplete => State::Incomplete,
                    FailureKind::Interrupted if self.stop.is_writing() => State::Incomplete,
                    FailureKind::Interrupted => State::NotReached,
                };
                Err((state, reason(&failure, member)))
            }
        }
    }

    /// A yes to the fleet is a yes to what was shown of each cluster.
    fn confirm(&self, question: &Question<'_>, member: &Member) -> Result<Consent, Failure> {
        let Question::Plan { plan, bindings } = question else {
            return Ok(Consent::Given);
        };
        migration::apply::refuse_lockout(plan, self.options.allow_self_lockout)?;
        let Some(shown) = &self.shown else {
            return Ok(Consent::Given);
        };
        if shown.get(&member.identity()) == Some(&digest(plan, bindings)) {
            Ok(Consent::Given)
        } else {
            Err(
                Failure::refused("the plan differs from the one that was shown")
                    .hint("review it with `fleet plan`, then run the command again"),
            )
        }
    }
}

fn saved(folder: &Path, account: &str, member: &Member) -> Result<crate::plan::Plan, Failure> {
    let path = plan_path(folder, account, &member.region, &member.name);
    let place = path.display();
    let bytes = crate::files::content(&path).map_err(|error| {
        Failure::new(format!("failed to read the saved plan from `{place}`"))
            .because(error)
            .hint(Advice::SaveAllPlans)
    })?;
    let text = String::from_utf8_lossy(&bytes);
    file::read(&text).map_err(|error| {
        Failure::new(format!("failed to read the saved plan from `{place}`"))
            .because(error)
            .hint(Advice::SaveFleetPlanAgain)
    })
}

fn applied_row(member: &Member, applied: &Applied) -> Row {
    let state = match applied.end {
        RunEnd::Incomplete | RunEnd::Interrupted => State::Incomplete,
        RunEnd::Complete if applied.plan.needs_decision() => State::NeedsDecision,
        RunEnd::Complete => State::Done,
    };
    let count = |status: ActionStatus| applied.summary.count(status);
    let (failed, skipped) = (count(ActionStatus::Failed), count(ActionStatus::Skipped));
    Row {
        applied: Some(AppliedRow {
            end: applied.end,
            run: applied.run.clone(),
            journal: applied.journal.display().to_string(),
            switched_to: applied.switched_to,
            made: applied.summary.results.len() - failed - skipped,
            failed,
            skipped,
        }),
        ..of_plan(member, &applied.plan, state)
    }
}
