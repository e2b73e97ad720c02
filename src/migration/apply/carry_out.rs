//! What happens inside a run: bindings, the mode, entries.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::refuse::{self, refuse_lockout};
use super::saved::plan_now;
use super::{Applied, Applying, as_shown, live_entries, mode};
use crate::aws::{Aws, EksApi, Pace};
use crate::digest::sha256;
use crate::error::Failure;
use crate::journal::{Beginning, Planned, RunCommand, RunEnd, RunLog};
use crate::migration::bindings;
use crate::migration::session::unfinished;
use crate::migration::survey::Survey;
use crate::model::{Arn, ClusterId, LiveEntry};
use crate::observed::Lookup;
use crate::plan::document::{ActionKind, Plan};
use crate::plan::{Action, RUN_TAG, Stage, block_refused, tell_conflicts};
use crate::writer::{self, ActionResult, Canary, Event, Guarded, Limits, Progress, Run};

/// How long after its making EKS may not know a principal yet.
const NEW_PRINCIPAL: SignedDuration = SignedDuration::from_mins(5);

impl<P: Progress> Applying<'_, P> {
    /// Opens the journal and writes down that a run begins, or that the one that was stopped resumes.
    pub(super) fn begin(
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
    pub(super) async fn carry_out(
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
    pub(super) fn run<'r, A: EksApi>(
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
pub(super) fn on_entries(actions: &[Action]) -> impl Iterator<Item = &Action> {
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
