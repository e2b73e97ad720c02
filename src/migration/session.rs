//! One run on one cluster: look, open the journal, look again after a question, begin, end.
//!
//! `apply`, `cutover` and `rollback` are what happens inside.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::time::Instant;

use super::holder;
use super::journal_path::{self, cluster_id, journal_of};
use super::survey::{Survey, Target, survey};
use crate::aws::EksApi;
use crate::error::{Failure, FailureKind};
use crate::journal::{Beginning, Ending, History, Journal, RunEnd, RunLog};
use crate::model::{AuthenticationMode, ClusterId};
use crate::plan::Action;
use crate::stop::Stop;
use crate::writer::{Progress, Switch};

/// The clocks of the edge: one for records, one for signatures.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The time for records.
    pub now: fn() -> Timestamp,
    /// The time for signatures.
    pub system: fn() -> SystemTime,
}

/// Where a run keeps its journal.
#[derive(Debug, Clone, Default)]
pub struct JournalPlace {
    /// The journal that was named.
    pub named: Option<PathBuf>,
    /// The folder for journals, where none was named.
    pub folder: PathBuf,
    /// What this process says of itself in the journal's lock.
    pub holder: String,
}

impl JournalPlace {
    /// The journal of a cluster: the one that was named, or the usual one.
    #[must_use]
    pub fn journal_of(&self, id: &ClusterId) -> PathBuf {
        journal_of(self.named.as_deref(), &self.folder, id)
    }

    /// What the journal of the cluster that was seen holds; nothing where there is none yet.
    pub fn history(&self, seen: &Survey) -> Result<History, Failure> {
        journal_path::history(seen, self.named.as_deref(), || Ok(self.folder.clone()))
    }
}

/// What every run on a cluster needs, whatever it does there.
pub(super) struct Session<'a, P> {
    pub(super) target: &'a Target,
    pub(super) journal: &'a JournalPlace,
    pub(super) progress: &'a P,
    pub(super) stop: &'a Stop,
    pub(super) clock: Clock,
    /// When no more is begun.
    pub(super) deadline: Option<Instant>,
}

/// The cluster that a run is about, and what its journal holds of earlier runs.
pub(super) struct Opened {
    pub(super) id: ClusterId,
    pub(super) path: PathBuf,
    pub(super) history: History,
}

impl<'a, P: Progress> Session<'a, P> {
    /// A session whose time, where it is limited, begins now.
    pub(super) fn new(
        target: &'a Target,
        journal: &'a JournalPlace,
        progress: &'a P,
        stop: &'a Stop,
        clock: Clock,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            target,
            journal,
            progress,
            stop,
            clock,
            deadline: timeout.map(|timeout| Instant::now() + timeout),
        }
    }

    /// Looks at the cluster.
    pub(super) async fn look(&self) -> Result<Survey, Failure> {
        survey(self.target, self.clock.system).await
    }

    /// Looks at the cluster once nobody else holds its journal in a store.
    pub(super) async fn look_alone(&self) -> Result<Survey, Failure> {
        let seen = self.look().await?;
        let Ok(id) = cluster_id(&seen) else {
            return Ok(seen);
        };
        let (journal, pace) = (self.journal.journal_of(&id), &self.target.aws.pace);
        if holder::wait(&journal, pace, self.stop, self.deadline).await? {
            // Whoever held the journal has written since.
            return self.look().await;
        }
        Ok(seen)
    }

    /// Opens the journal of the cluster that was seen, to read it.
    pub(super) fn open(&self, seen: &Survey) -> Result<Opened, Failure> {
        let id = cluster_id(seen)?;
        let path = self.journal.journal_of(&id);
        let history = Journal::history(&path, &id)?;
        Ok(Opened { id, path, history })
    }

    /// Begins a run, or continues the one that was stopped: from here on a stop waits for what is under way.
    pub(super) fn begin(&self, run: Beginning) -> Result<RunLog, Failure> {
        self.stop.begin_writing();
        let path = self.journal.journal_of(&run.cluster);
        Ok(RunLog::begin(
            &path,
            &self.journal.holder,
            run,
            self.clock.now,
        )?)
    }

    /// Whether the time that was given is over.
    pub(super) fn is_over(&self) -> bool {
        self.deadline.is_some_and(|at| Instant::now() >= at)
    }

    /// The switch to a mode, as a step of a run with so many of them.
    pub(super) fn switch<'s, A: EksApi>(
        &'s self,
        api: &'s A,
        log: &'s RunLog,
        (action, to): (&'s Action, AuthenticationMode),
        total: usize,
    ) -> Switch<'s, A, P> {
        Switch {
            api,
            cluster: &log.cluster().name,
            action,
            to,
            log,
            total,
            progress: self.progress,
            stop: self.stop,
            deadline: self.deadline,
            clock: self.clock.now,
        }
    }
}

/// Adds to a failure that something was written already, so that the same command resumes.
pub(super) fn unfinished(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::Failed => Failure {
            kind: FailureKind::Incomplete,
            ..failure.resumes_after("something was written already")
        },
        _ => failure,
    }
}

/// Records how a run ended, and what was seen by then; of two failures the first is reported.
pub(super) fn end<T>(
    log: &RunLog,
    outcome: Result<T, Failure>,
    ending: impl FnOnce(&T) -> (RunEnd, Ending),
) -> Result<T, Failure> {
    match outcome {
        Ok(done) => {
            let (end, ending) = ending(&done);
            log.end_as(end, ending)?;
            Ok(done)
        }
        Err(failure) => {
            // Where the journal can't be written any more, that is the failure already.
            let _ = log.end(failure.kind.into());
            Err(failure)
        }
    }
}
