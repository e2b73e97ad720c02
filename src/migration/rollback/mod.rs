//! Undoes what this tool did and only that: the ConfigMap first and the bindings last, so that nobody is without access
//! in between.

mod backups;
mod bindings;
mod config_map;
mod decide;
mod entries;
mod in_force;
mod look;
mod moves;
mod work;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::apply::live_entries;
use super::consent::{Consent, refuse_unless_as_shown};
use super::owners::Writer;
use super::session::{Clock, JournalPlace, Session, end, unfinished};
use super::survey::{Survey, Target};
use crate::aws::EksApi;
use crate::choices::{Choices, OnExisting};
use crate::error::Failure;
use crate::invocation::CommandOption;
use crate::journal::{Beginning, RunCommand, RunEnd};
use crate::kubernetes::Stored;
use crate::model::AuthenticationMode;
use crate::stop::Stop;
use crate::writer::{self, Event, Guarded, Limits, Progress, Run, RunSummary};
use look::RollbackLook;
use work::RollingBack;

pub use bindings::{BindingFate, UndoneBinding, made_bindings};
pub use config_map::{Restoring, changes, restore};
pub use decide::calls;
pub use entries::{Left, Undoing, undo, undo_by_tags};
pub use moves::{MovedMapping, Moves};

/// How long the cluster gets to read a ConfigMap that was put back, unless somebody says otherwise.
///
/// The authenticator watches it and reads it at once, but for some seconds after the API server was started.
pub const SETTLE: Duration = Duration::from_secs(20);

/// How many bindings are looked at at a time.
const BINDINGS_AT_A_TIME: usize = 8;

/// How a rollback is made.
#[derive(Debug, Clone)]
pub struct RollbackOptions {
    /// Whether it is made, or only shown.
    pub act: bool,
    /// Undo only what this run did.
    pub run: Option<String>,
    /// Whether edits by others are written over.
    pub force: bool,
    /// How long the cluster gets to read a ConfigMap that was put back before entries go, and how long one is waited for
    /// that is being deleted.
    pub settle: Duration,
    /// Where its journal is.
    pub journal: JournalPlace,
    /// How many principals to work on at a time.
    pub concurrency: usize,
}

impl RollbackOptions {
    /// The options that it has to be given again to resume.
    fn again(&self) -> Vec<CommandOption> {
        let settle = (self.settle != SETTLE).then_some(CommandOption::Settle(self.settle));
        let run = self.run.clone().map(CommandOption::OnlyRun);
        let force = self.force.then_some(CommandOption::Force);
        settle.into_iter().chain(run).chain(force).collect()
    }
}

/// What is undone, or would be.
#[derive(Debug, Clone)]
pub struct RolledBack {
    /// The cluster's name.
    pub cluster: String,
    /// The ARN of whoever runs it.
    pub caller: Option<String>,
    /// The cluster's account.
    pub account_id: String,
    /// The mode, which never goes back.
    pub mode: Option<AuthenticationMode>,
    /// How the ConfigMap comes back.
    pub config_map: Restoring,
    /// What comes and goes with it.
    pub moves: Moves,
    /// The calls to EKS, and the entries that are left alone.
    pub entries: Undoing,
    /// The bindings that `apply --apply-rbac` made.
    pub bindings: Vec<UndoneBinding>,
    /// Others that write the ConfigMap that is put back.
    pub writers: Vec<Writer>,
    /// What can't be undone.
    pub stays: Vec<String>,
    /// How the calls ended; `None` for a dry run, or where there was nothing to do.
    pub summary: Option<RunSummary>,
    /// The run's id.
    pub run: Option<String>,
    /// The journal.
    pub journal: PathBuf,
    /// How it ended; `None` for a dry run.
    pub end: Option<RunEnd>,
}

impl RolledBack {
    /// Whether there is nothing to undo.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.config_map == Restoring::Nothing
            && self.entries.actions.is_empty()
            && self
                .bindings
                .iter()
                .all(|binding| binding.fate == BindingFate::Left)
    }

    /// Whether a binding that was to go is still there.
    fn owes_bindings(&self) -> bool {
        let owed = |binding: &UndoneBinding| {
            matches!(binding.fate, BindingFate::Planned | BindingFate::Failed)
        };
        self.bindings.iter().any(owed)
    }
}

/// Shows what would be undone or, where it is to act, undoes it.
///
/// `confirm` sees what would be undone before anything is written; its refusal ends the command. The same call again
/// resumes where an earlier one was stopped.
pub async fn rollback<P: Progress>(
    target: &Target,
    options: &RollbackOptions,
    progress: &P,
    stop: &Stop,
    clock: Clock,
    confirm: impl Fn(&RolledBack) -> Result<Consent, Failure>,
) -> Result<RolledBack, Failure> {
    let session = Session::new(target, &options.journal, progress, stop, clock, None);
    let mut look = RollbackLook::of(&session, options).await?;
    if !options.act || (look.done.is_nothing() && !look.is_open) {
        return Ok(look.done);
    }
    // Where there is nothing left to undo, the run that was stopped only has to be ended.
    if !look.done.is_nothing() && confirm(&look.done)? == Consent::Answered {
        let again = RollbackLook::of(&session, options).await?;
        refuse_unless_as_shown(again.is_like(&look))?;
        look = again;
    }
    let RollbackLook {
        seen,
        kubernetes,
        id,
        mut done,
        ..
    } = look;
    let stored = seen.stored.clone();
    let held = stored.as_ref().and_then(Stored::terminating);
    if let Restoring::Back { to, .. } = &done.config_map
        && held.is_none()
    {
        work::try_out(&kubernetes, to, stored.as_ref()).await?;
    }
    let log = session.begin(Beginning {
        command: RunCommand::Rollback,
        cluster: id,
        caller: seen.caller_arn(),
        plan_sha256: seen.source.sha256.clone(),
        actions: 0,
        choices: Choices::default(),
        options: options.again(),
        plan: None,
    })?;
    done.run = Some(log.id().to_owned());
    let work = RollingBack {
        session: &session,
        kubernetes: &kubernetes,
        log: &log,
    };
    let done = Box::pin(work.carry_out(&seen, stored, options, done)).await;
    end(&log, done, |done| {
        let summary = done.summary.as_ref();
        (
            done.end.unwrap_or(RunEnd::Complete),
            summary.map(RunSummary::ending).unwrap_or_default(),
        )
    })
}

impl<P: Progress> RollingBack<'_, P> {
    /// The ConfigMap, then the entries, then the bindings.
    async fn carry_out(
        &self,
        seen: &Survey,
        stored: Option<Stored>,
        options: &RollbackOptions,
        mut done: RolledBack,
    ) -> Result<RolledBack, Failure> {
        let (log, stop, progress) = (self.log, self.session.stop, self.session.progress);
        let id = log.cluster();
        let before = live_entries(seen);
        self.answer_what_was_asked(&done, stored.as_ref(), &before)?;
        let standing = match &done.config_map {
            Restoring::Back { to, .. } => {
                self.put_back(to, stored, options).await?;
                Some(to.as_ref().clone())
            }
            Restoring::Nothing => stored.filter(|stored| stored.terminating().is_none()),
        };
        let aws = seen.aws.as_ref().expect("a live survey has AWS");
        let held = hold_while_updating(aws, &id.name, &mut done).await;
        let is_held = held.map_err(unfinished)?;
        if let Some(standing) = standing.filter(|_| !done.entries.actions.is_empty()) {
            self.until_in_force(&standing, options.settle).await?;
        }
        let actions = &done.entries.actions;
        progress.tell(&Event::started(
            id.clone(),
            actions.len(),
            (self.session.clock.now)(),
        ));
        let guarded = Guarded::new(aws, actions, &before);
        let run = Run {
            api: &guarded,
            cluster: &id.name,
            pace: aws.pace(),
            log,
            before: &before,
            new_principals: &BTreeSet::new(),
            progress,
            stop,
            limits: Limits {
                concurrency: options.concurrency,
                fail_fast: false,
                deadline: None,
            },
            canary: None,
            // What is to be put back is not there, or the rollback is not done.
            on_existing: OnExisting::Fail,
            clock: self.session.clock.now,
        };
        let summary = writer::run(&run, actions).await?;
        if summary.is_complete() && !is_held {
            self.delete_bindings(&mut done.bindings).await?;
        }
        progress.tell(&Event::finished(&summary, (self.session.clock.now)()));
        let end = if stop.is_requested() {
            RunEnd::Interrupted
        } else if summary.is_complete() && !is_held && !done.owes_bindings() {
            RunEnd::Complete
        } else {
            RunEnd::Incomplete
        };
        done.summary = Some(summary);
        done.end = Some(end);
        Ok(done)
    }
}

/// Leaves the entries alone while EKS updates the cluster; returns whether it does.
///
/// The update may be a switch to the mode API, after which the entries are all the access there is.
async fn hold_while_updating(
    api: &impl EksApi,
    cluster: &str,
    done: &mut RolledBack,
) -> Result<bool, Failure> {
    if done.entries.actions.is_empty() {
        return Ok(false);
    }
    let (mode, status) = api
        .mode(cluster)
        .await
        .map_err(|error| Failure::aws("failed to read the authentication mode", error))?;
    let is_held = mode == AuthenticationMode::Api || !matches!(status.as_str(), "" | "ACTIVE");
    if is_held {
        done.stays.push(format!(
            "the access entries stay for now: the cluster is {status} in the mode {mode}, and after a switch to API they would be the only source of access; run the same command again when the cluster is ACTIVE"
        ));
        done.entries.actions.clear();
    }
    Ok(is_held)
}
