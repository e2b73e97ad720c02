//! Makes a plan real: the bindings and the mode switch first, then a new look, then the writer.

mod as_shown;
mod carry_out;
mod mode;
mod options;
mod own_entry;
mod planned;
mod refuse;
mod saved;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::bindings::{self, MadeBinding};
use super::consent::{Consent, refuse_unless_as_shown};
use super::session::{Clock, Opened, Session, end};
use super::survey::{Survey, Target};
use crate::error::{Failure, FailureKind};
use crate::invocation::Advice;
use crate::journal::{RunEnd, RunLog};
use crate::model::{AuthenticationMode, ClusterId};
use crate::plan::Action;
use crate::plan::document::{Misfits, Plan};
use crate::stop::Stop;
use crate::writer::{Event, Progress, RunSummary};

use carry_out::on_entries;
pub use options::ApplyOptions;
pub(super) use planned::live_entries;
pub use planned::{ours, plan, plan_to_judge};
pub use refuse::refuse_lockout;
use saved::plan_now;

/// What is about to be done, for the question before the first write.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// A plan, and the bindings for renamed groups that are made first.
    Plan {
        /// The plan, the mode switch included.
        plan: &'a Plan,
        /// The manifests.
        bindings: &'a [Value],
    },
    /// What an earlier run began for the caller itself and did not complete, without which `aws-auth` can't be read.
    Owed {
        /// Which cluster.
        cluster: &'a ClusterId,
        /// The calls.
        actions: &'a [Action],
    },
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The plan that was applied, after the mode switch.
    pub plan: Plan,
    /// How its actions ended.
    pub summary: RunSummary,
    /// The bindings for renamed groups, where they were asked for.
    pub bindings: Vec<MadeBinding>,
    /// The mode that the cluster was switched to.
    pub switched_to: Option<AuthenticationMode>,
    /// The run's id; `None` where there was nothing to do.
    pub run: Option<String>,
    /// The journal.
    pub journal: PathBuf,
    /// How it ended.
    pub end: RunEnd,
    /// How long it took, from the answer to the question to the end.
    pub took: Duration,
    /// How many requests went to AWS, those of looking and repeated ones included.
    pub calls: usize,
    /// How many of them repeated another one.
    pub retries: usize,
}

/// Looks, asks, and makes it so.
///
/// `confirm` sees what is about to be done before anything is written, the mode switch included; its refusal ends the
/// command.
pub async fn apply<P: Progress>(
    target: &Target,
    options: &ApplyOptions,
    progress: &P,
    stop: &Stop,
    clock: Clock,
    confirm: impl Fn(Question<'_>) -> Result<Consent, Failure>,
) -> Result<Applied, Failure> {
    let mut target = target.clone();
    target.aws.pace = target.aws.pace.limited(options.max_rate);
    let session = Session::new(
        &target,
        &options.journal,
        progress,
        stop,
        clock,
        options.timeout,
    );
    let work = Applying { session, options };
    let mut seen = match work.session.look_alone().await {
        Ok(seen) => seen,
        Err(failure) => Box::pin(own_entry::finish(&work, failure, &confirm)).await?,
    };
    let aws = seen.aws.clone().ok_or_else(|| {
        Failure::usage("there is nothing to apply to: the plan is offline")
            .hint(Advice::NameCluster)
    })?;
    let Opened { id, path, history } = work.session.open(&seen)?;
    let mut plan = plan_now(&seen, options, &history, clock)?;
    let fit = if options.shared_decisions {
        plan.shared_decisions_fit()
    } else {
        plan.decisions_fit()
    };
    fit.map_err(|misfits| misfit(&misfits))?;
    refuse::what_can_not_work(&plan, options)?;
    refuse::blind_canary(&seen, options)?;
    let bindings = bindings::wanted(&seen, &options.choices, &plan)?;
    let is_nothing = bindings.is_empty() && plan.actions.is_empty();
    if !is_nothing {
        let consent = confirm(Question::Plan {
            plan: &plan,
            bindings: &bindings,
        })?;
        if consent == Consent::Answered {
            (seen, plan) = work.look_again(&plan, &bindings).await?;
        }
        stop.begin_writing();
        if stop.is_requested() {
            return Err(Failure {
                kind: FailureKind::Interrupted,
                ..Failure::new("interrupted before anything was written")
            });
        }
    }
    let began = Instant::now();
    let mut applied = if is_nothing {
        RunLog::end_what_was_stopped(&path, &id, &options.journal.holder, clock.now)?;
        Applied {
            plan,
            summary: RunSummary::default(),
            bindings: Vec::new(),
            switched_to: None,
            run: None,
            journal: path,
            end: RunEnd::Complete,
            took: Duration::ZERO,
            calls: 0,
            retries: 0,
        }
    } else {
        let calls = on_entries(&plan.actions).count();
        progress.tell(&Event::started(id.clone(), calls, (clock.now)()));
        let log = work.begin(&id, &plan.actions, seen.caller.as_ref(), Some(&plan))?;
        let applied = Box::pin(work.carry_out(&aws, &id, &log, seen, plan, bindings)).await;
        end(&log, applied, |applied| {
            (applied.end, applied.summary.ending())
        })?
    };
    applied.took = began.elapsed();
    applied.calls = aws.pace().calls();
    applied.retries = aws.pace().retries();
    Ok(applied)
}

/// What every step needs.
struct Applying<'a, P> {
    session: Session<'a, P>,
    options: &'a ApplyOptions,
}

impl<P: Progress> Applying<'_, P> {
    /// Looks at the cluster once more after a question, whose answer is worth something only for what was shown.
    async fn look_again(
        &self,
        shown: &Plan,
        bindings: &[Value],
    ) -> Result<(Survey, Plan), Failure> {
        let seen = self.session.look().await?;
        let history = self.session.open(&seen)?.history;
        let plan = plan_now(&seen, self.options, &history, self.session.clock)?;
        let is_same = plan.actions == shown.actions
            && bindings::wanted(&seen, &self.options.choices, &plan)? == bindings;
        refuse_unless_as_shown(is_same)?;
        Ok((seen, plan))
    }
}

/// A decision that does not fit is a slip of whoever wrote it: nothing is done.
#[must_use]
pub fn misfit(misfits: &Misfits) -> Failure {
    Failure::usage(format!("nothing was written: {misfits}")).hint(Advice::WriteDecisions)
}
