//! Makes a plan real: the bindings and the mode switch first, then a new look, then the writer.

mod as_shown;
mod mode;
mod own_entry;
mod planned;
mod refuse;
mod saved;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use super::bindings::{self, MadeBinding};
use super::consent::{Consent, refuse_unless_as_shown};
use super::session::{Clock, JournalPlace, Opened, Session, end, unfinished};
use super::survey::{Survey, Target};
use crate::aws::{Aws, EksApi, Pace};
use crate::choices::Choices;
use crate::digest::sha256;
use crate::error::{Failure, FailureKind};
use crate::invocation::{Advice, CommandOption};
use crate::journal::{Beginning, Planned, RunCommand, RunEnd, RunLog};
use crate::model::{Arn, AuthenticationMode, ClusterId, LiveEntry};
use crate::observed::Lookup;
use crate::plan::document::{ActionKind, Misfits, Plan};
use crate::plan::{Action, RUN_TAG, Stage, block_refused, tell_conflicts};
use crate::stop::Stop;
use crate::writer::{
    self, ActionResult, Canary, Event, Guarded, Limits, Progress, Run, RunSummary,
};

pub(super) use planned::live_entries;
pub use planned::{ours, plan, plan_to_judge};
pub use refuse::refuse_lockout;
use saved::plan_now;

/// How long after its making EKS may not know a principal yet.
const NEW_PRINCIPAL: SignedDuration = SignedDuration::from_mins(5);

/// How a plan is applied.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// The choices that shape the plan; those of the saved plan where there is one.
    pub choices: Choices,
    /// A saved plan, to be applied exactly.
    pub saved: Option<Plan>,
    /// Whether the one-way mode switch is allowed.
    pub enable_access_entries: bool,
    /// Where its journal is.
    pub journal: JournalPlace,
    /// How many principals to work on at a time.
    pub concurrency: usize,
    /// Calls per second at most.
    pub max_rate: Option<f64>,
    /// Whether the first failure stops the run.
    pub fail_fast: bool,
    /// How long the run may take.
    pub timeout: Option<Duration>,
    /// How long the nodes are watched after the first node role got its entry; not at all where there is none.
    pub canary: Option<Duration>,
    /// Whether the caller may lose the cluster-admin that it has today.
    pub allow_self_lockout: bool,
    /// Whether the decisions are shared with other clusters, so that one that matches nothing here is no slip.
    pub shared_decisions: bool,
}

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

impl Default for ApplyOptions {
    /// Nothing is decided for anybody, and the mode is not switched.
    fn default() -> Self {
        Self {
            choices: Choices::default(),
            saved: None,
            enable_access_entries: false,
            journal: JournalPlace::default(),
            concurrency: 8,
            max_rate: None,
            fail_fast: false,
            timeout: None,
            canary: None,
            allow_self_lockout: false,
            shared_decisions: false,
        }
    }
}

impl ApplyOptions {
    /// The options that it has to be given again to resume.
    fn again(&self) -> Vec<CommandOption> {
        let flags = [
            (CommandOption::ApplyRbac, self.choices.bind_renamed),
            (CommandOption::AllowSelfLockout, self.allow_self_lockout),
            (CommandOption::FailFast, self.fail_fast),
        ];
        let flags = flags.into_iter().filter(|(_, given)| *given);
        flags
            .map(|(flag, _)| flag)
            .chain(self.canary.map(CommandOption::Canary))
            .chain(self.max_rate.map(CommandOption::MaxRate))
            .collect()
    }
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

    /// Opens the journal and writes down that a run begins, or that the one that was stopped resumes.
    fn begin(
        &self,
        id: &ClusterId,
        actions: &[Action],
        caller: Option<&crate::aws::Caller>,
        plan: Option<&Plan>,
    ) -> Result<RunLog, Failure> {
        self.session.begin(Beginning {
            command: RunCommand::Apply,
            cluster: id.clone(),
            caller: caller.map(|caller| caller.arn.to_string()),
            plan_sha256: digest(actions),
            actions: actions.len(),
            choices: self.options.choices.clone(),
            options: self.options.again(),
            plan: plan.map(Planned::of),
        })
    }

    /// Bindings first, so that nobody is without a right in between; then the mode, then the entries.
    async fn carry_out(
        &self,
        aws: &Aws,
        id: &ClusterId,
        log: &RunLog,
        seen: Survey,
        plan: Plan,
        bindings: Vec<Value>,
    ) -> Result<Applied, Failure> {
        let making = bindings::Making {
            log,
            progress: self.session.progress,
            stop: self.session.stop,
            now: self.session.clock.now,
        };
        let bindings = making.make(seen.kubernetes.as_ref(), bindings).await?;
        let mode_before = plan.cluster.authentication_mode;
        let (seen, mut plan, left) = Box::pin(self.switch(aws, id, log, seen, plan)).await?;
        let mode = seen.observed.cluster.authentication_mode;
        let before = live_entries(&seen);
        let new_principals = new_principals(&seen, (self.session.clock.now)());
        let canary = seen.kubernetes.as_ref().zip(self.options.canary);
        // Where there was no entry, EKS itself says when there is one by now, and it is compared then.
        let is_there = |action: &&Action| {
            let principal = action.kind.principal_arn();
            principal.is_some_and(|arn| before.contains_key(&arn.to_string()))
        };
        let guarded = Guarded::new(aws, plan.actions.iter().filter(is_there), &before);
        let run = Run {
            before: &before,
            new_principals: &new_principals,
            canary: canary.map(|(nodes, soak)| Canary { nodes, soak }),
            ..self.run(&guarded, aws.pace(), &id.name, log)
        };
        let mut summary = writer::run(&run, &tagged(&plan.actions, log.id())).await?;
        plan.actions
            .extend(left.iter().map(|left| left.action.clone()));
        summary.results.extend(left);
        self.session
            .progress
            .tell(&Event::finished(&summary, (self.session.clock.now)()));
        block_refused(&mut plan, &summary.refused_principals());
        tell_conflicts(&mut plan, &summary.conflicts());
        let end = if self.session.stop.is_requested() {
            RunEnd::Interrupted
        } else if summary.is_complete() {
            RunEnd::Complete
        } else {
            RunEnd::Incomplete
        };
        Ok(Applied {
            plan,
            summary,
            bindings,
            switched_to: mode.filter(|mode| Some(*mode) != mode_before),
            run: Some(log.id().to_owned()),
            journal: log.path().to_owned(),
            end,
            took: Duration::ZERO,
            calls: 0,
            retries: 0,
        })
    }

    /// A run of the writer that knows of no live entries and watches no nodes.
    fn run<'r, A: EksApi>(
        &'r self,
        api: &'r A,
        pace: &'r Pace,
        cluster: &'r str,
        log: &'r RunLog,
    ) -> Run<'r, A, P> {
        const NO_ENTRIES: &BTreeMap<String, LiveEntry> = &BTreeMap::new();
        const NO_PRINCIPALS: &BTreeSet<Arn> = &BTreeSet::new();
        Run {
            api,
            cluster,
            pace,
            log,
            before: NO_ENTRIES,
            new_principals: NO_PRINCIPALS,
            progress: self.session.progress,
            stop: self.session.stop,
            limits: Limits {
                concurrency: self.options.concurrency,
                fail_fast: self.options.fail_fast,
                deadline: self.session.deadline,
            },
            canary: None,
            on_existing: self.options.choices.on_existing,
            clock: self.session.clock.now,
        }
    }

    /// Switches the mode where the plan has it so, and looks and plans again; what nobody has seen is left open.
    async fn switch(
        &self,
        aws: &Aws,
        id: &ClusterId,
        log: &RunLog,
        seen: Survey,
        plan: Plan,
    ) -> Result<(Survey, Plan, Vec<ActionResult>), Failure> {
        let mut actions = plan.actions.iter();
        let Some(action) = actions.find(|action| action.stage == Stage::Cluster) else {
            return Ok((seen, plan, Vec::new()));
        };
        let ActionKind::UpdateAuthenticationMode { to, .. } = action.kind else {
            unreachable!("the cluster's own stage holds the mode switch alone")
        };
        // Whoever said yes to the plan as it was shown said yes to this, too.
        let was_accepted = refuse_lockout(&plan, false).is_err();
        let total = on_entries(&plan.actions).count();
        let switch = self.session.switch(aws, log, (action, to), total);
        switch.make().await?;
        let seen =
            mode::survey_after_switch(self.session.target, aws, &id.name, seen, self.session.stop)
                .await
                .map_err(unfinished)?;
        let shown = plan;
        let mut plan =
            plan_now(&seen, self.options, log.history(), self.session.clock).map_err(unfinished)?;
        refuse_lockout(&plan, self.options.allow_self_lockout || was_accepted)
            .and_then(|()| refuse::what_can_not_work(&plan, self.options))
            .map_err(|failure| unfinished(failure.too_late("no access entry was written")))?;
        let left = as_shown::leave_what_was_not_shown(&mut plan, &shown);
        Ok((seen, plan, left))
    }
}

/// A decision that does not fit is a slip of whoever wrote it: nothing is done.
#[must_use]
pub fn misfit(misfits: &Misfits) -> Failure {
    Failure::usage(format!("nothing was written: {misfits}")).hint(Advice::WriteDecisions)
}

fn new_principals(seen: &Survey, now: Timestamp) -> BTreeSet<Arn> {
    let is_new = |created: &Timestamp| now.duration_since(*created) < NEW_PRINCIPAL;
    seen.observed
        .principals
        .values()
        .filter_map(|lookup| match lookup {
            Lookup::Found {
                arn,
                created_at: Some(created),
            } if is_new(created) => Some(arn.clone()),
            _ => None,
        })
        .collect()
}

/// The actions on entries; the switch is made before them.
fn on_entries(actions: &[Action]) -> impl Iterator<Item = &Action> {
    actions
        .iter()
        .filter(|action| action.stage != Stage::Cluster)
}

/// Marks what this run makes with its id.
fn tagged(actions: &[Action], run: &str) -> Vec<Action> {
    on_entries(actions)
        .cloned()
        .map(|mut action| {
            if let ActionKind::CreateAccessEntry { tags, .. } = &mut action.kind {
                tags.insert(RUN_TAG.to_owned(), run.to_owned());
            }
            action
        })
        .collect()
}

fn digest(actions: &[Action]) -> String {
    let text = serde_json::to_string(actions).expect("actions are plain data");
    sha256(text.as_bytes())
}
