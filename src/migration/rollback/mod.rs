//! Undoes what this tool did and only that: the ConfigMap first, so that nobody is without access in between.

mod config_map;
mod entries;
mod guard;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::apply::{self, Clock, cluster_id, journal_path, live_entries};
use super::cutover::{BREATH, begin, interrupted, live, may_try_again};
use super::survey::{Survey, Target, survey};
use super::verify::canonical;
use crate::access::before::{Answer, Authenticator};
use crate::choices::Choices;
use crate::error::{Failure, FailureKind};
use crate::finding::Code;
use crate::journal::{Answered, History, Journal, RunCommand, RunEnd, RunLog};
use crate::kubernetes::{Kubernetes, Stored};
use crate::model::{AuthenticationMode, LiveEntry, Principal};
use crate::plan::document::Outcome;
use crate::plan::{Action, ActionKind, is_stale};
use crate::reader;
use crate::stop::Stop;
use crate::writer::{self, EksApi, Event, Limits, Progress, Run, Status, Summary};
use guard::Guarded;

pub use config_map::{Restoring, changes, restore};
pub use entries::{Left, Undoing, undo, undo_by_tags};

const ATTEMPTS: u32 = 5;

/// How a rollback is made.
#[derive(Debug, Clone)]
pub struct RollbackOptions {
    /// Whether it is made, or only shown.
    pub act: bool,
    /// Undo only what this run did.
    pub run: Option<String>,
    /// Whether edits by others are written over.
    pub force: bool,
    /// Where the journal is; in the state folder where no place is named.
    pub journal: Option<PathBuf>,
    /// The folder for journals.
    pub state_folder: PathBuf,
    /// What this process says of itself in the journal's lock.
    pub holder: String,
    /// How many principals are worked on at a time.
    pub concurrency: usize,
}

/// What is undone, or would be.
#[derive(Debug, Clone)]
pub struct RolledBack {
    /// The cluster's name.
    pub cluster: String,
    /// The mode, which never goes back.
    pub mode: Option<AuthenticationMode>,
    /// How the ConfigMap comes back.
    pub config_map: Restoring,
    /// The calls to EKS, and the entries that are left alone.
    pub entries: Undoing,
    /// What can't be undone.
    pub stays: Vec<String>,
    /// How the calls ended; `None` for a dry run, or where there was nothing to do.
    pub summary: Option<Summary>,
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
        self.config_map == Restoring::Nothing && self.entries.actions.is_empty()
    }
}

/// Shows what would be undone or, where it is to act, undoes it.
///
/// The same call again goes on where an earlier one was stopped: what is back is back.
pub async fn rollback<P: Progress>(
    target: &Target,
    options: &RollbackOptions,
    progress: &P,
    stop: &Stop,
    clock: Clock,
) -> Result<RolledBack, Failure> {
    let seen = survey(target, (clock.system)()).await?;
    let kubernetes = live(&seen)?;
    let id = cluster_id(&seen)?;
    let path = options
        .journal
        .clone()
        .unwrap_or_else(|| journal_path(&options.state_folder, &id));
    let history = Journal::history(&path)?;
    if let Some(run) = &options.run
        && !history.runs.iter().any(|known| known.run == *run)
    {
        return Err(Failure::new(format!(
            "the journal `{}` holds no run `{run}`",
            path.display()
        ))
        .hint("`status` names the last run; name another journal with --journal"));
    }
    let stored = kubernetes.stored().await?;
    let mut done = decide(&seen, stored.as_ref(), &history, options, clock)?;
    done.journal = path.clone();
    if let Restoring::Back { edited: true, .. } = done.config_map
        && !options.force
    {
        return Err(Failure::new(
            "nothing was undone: somebody has changed aws-auth since the cut-over",
        )
        .hint("compare it with the backup; --force puts the backup in its place"));
    }
    let is_open = history.unfinished_of(RunCommand::Rollback).is_some();
    if !options.act || (done.is_nothing() && !is_open) {
        return Ok(done);
    }

    stop.begin_writing();
    let log = begin(&path, &options.holder, &seen, RunCommand::Rollback, clock)?;
    done.run = Some(log.id().to_owned());
    let work = Work {
        kubernetes: &kubernetes,
        log: &log,
        stop,
    };
    work.answer_what_was_asked(&done)?;
    if let Restoring::Back { to, .. } = &done.config_map {
        work.put_back(to, stored, options.force).await?;
    }
    let aws = seen.aws.as_ref().expect("a live survey has AWS");
    let is_held = hold_while_updating(aws, &id.name, &mut done).await?;
    let before = live_entries(&seen);
    let actions = &done.entries.actions;
    progress.tell(&Event::started(id.clone(), actions.len(), (clock.now)()));
    let guarded = Guarded::new(aws, actions, &before);
    let run = Run {
        api: &guarded,
        cluster: &id.name,
        pace: aws.pace(),
        log: &log,
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
        clock: clock.now,
    };
    let summary = writer::run(&run, actions).await?;
    progress.tell(&Event::finished(&summary, (clock.now)()));
    let end = if stop.is_requested() {
        RunEnd::Interrupted
    } else if summary.is_complete() && !is_held {
        RunEnd::Complete
    } else {
        RunEnd::Incomplete
    };
    log.end(end)?;
    done.summary = Some(summary);
    done.end = Some(end);
    Ok(done)
}

/// Leaves the entries alone while EKS updates the cluster; tells whether it does.
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
            "the access entries stay for now: the cluster is {status} in the mode {mode}, and a switch to API would \
             leave nobody another way in; run the same command again when that is over"
        ));
        done.entries.actions.clear();
    }
    Ok(is_held)
}

/// Decides what is undone, given what was seen.
fn decide(
    seen: &Survey,
    stored: Option<&Stored>,
    history: &History,
    options: &RollbackOptions,
    clock: Clock,
) -> Result<RolledBack, Failure> {
    let only_run = options.run.as_deref();
    let mode = seen.observed.cluster.authentication_mode;
    let config_map = restore(history, only_run, stored);
    if only_run.is_some() && changes(history, None).len() > changes(history, only_run).len() {
        return Err(Failure::new(
            "nothing was undone: aws-auth was cut over by another run, and without it the entries are all the access there is",
        )
        .hint("roll back everything (without --run), or the cut-over first"));
    }
    let live = entries_to_undo(seen)?;
    let mut entries = if history.runs.is_empty() {
        undo_by_tags(&live, &standing(seen, clock))
    } else {
        undo(history, only_run, &live, &|live| is_dead(seen, live))
    };
    let mut stays: Vec<String> = entries.dead.iter().map(|principal| format!(
        "the access entry that `{principal}` had before is not put back: it was older than its principal and let nobody in, \
         and made anew it would let somebody in"
    )).collect();
    if mode == Some(AuthenticationMode::Api) {
        stays.push(
            "the mode API can't be undone: the cluster reads aws-auth never again, so the access entries stay, \
             and a ConfigMap that is put back has no effect"
                .to_owned(),
        );
        entries = Undoing::default();
    } else if mode == Some(AuthenticationMode::ApiAndConfigMap) {
        stays.push("the mode API_AND_CONFIG_MAP can't be undone; aws-auth counts in it for everybody without an access entry".to_owned());
        if !options.force {
            keep_what_nobody_else_gives(&mut entries, seen, &config_map);
        }
    }
    Ok(RolledBack {
        cluster: seen.observed.cluster.name.clone().unwrap_or_default(),
        mode,
        config_map,
        entries,
        stays,
        summary: None,
        run: None,
        journal: PathBuf::new(),
        end: None,
    })
}

/// The live entries; without them nobody could tell what there is to undo.
fn entries_to_undo(seen: &Survey) -> Result<Vec<LiveEntry>, Failure> {
    seen.observed.entries.clone().ok_or_else(|| {
        let unknown = seen
            .reading
            .diagnostics
            .iter()
            .map(|diagnostic| &diagnostic.finding)
            .find(|finding| finding.code == Code::EntriesUnknown);
        let (reason, fix) = unknown.map_or_else(
            || ("the live access entries can't be read".to_owned(), None),
            |finding| (finding.message.clone(), Some(finding.fix.clone())),
        );
        let failure = Failure::new(format!("nothing was undone: {reason}"));
        match fix {
            Some(fix) => failure.hint(fix),
            None => failure,
        }
    })
}

/// The calls to EKS that a rollback of all runs in the journal would make now.
#[must_use]
pub fn calls(seen: &Survey, history: &History) -> Vec<Action> {
    let live = seen.observed.entries.as_deref().unwrap_or_default();
    undo(history, None, live, &|live| is_dead(seen, live)).actions
}

/// Whether an entry is older than the principal of its ARN, as far as IAM tells.
fn is_dead(seen: &Survey, live: &LiveEntry) -> bool {
    Principal::from_arn(&live.entry.principal_arn)
        .is_some_and(|principal| is_stale(seen.observed.lookup(&principal.key()), live))
}

/// The principals whose entry says what a mapping that stands says, too.
fn standing(seen: &Survey, clock: Clock) -> BTreeSet<String> {
    let plan = apply::plan(
        seen,
        &Choices::default(),
        &History::default(),
        (clock.now)(),
    );
    let unchanged = plan.mappings.into_iter();
    unchanged
        .filter(|mapping| mapping.outcome == Outcome::Unchanged)
        .filter_map(|mapping| Some(mapping.entry?.principal_arn.to_string()))
        .collect()
}

/// Leaves entries whose principals would get in by nothing else once they are gone.
fn keep_what_nobody_else_gives(entries: &mut Undoing, seen: &Survey, config_map: &Restoring) {
    let restored = match config_map {
        Restoring::Back { to, .. } => Some(to.aws_auth()),
        Restoring::Nothing => seen.aws_auth.clone(),
    };
    let reading = reader::read(&restored.unwrap_or_default().text());
    let authenticator = Authenticator::new(&reading);
    let mut kept = BTreeSet::new();
    for action in &entries.actions {
        if let ActionKind::DeleteAccessEntry { principal_arn } = &action.kind
            && let Some(principal) = Principal::from_arn(principal_arn)
            && authenticator.answer(&canonical(&principal)) == Answer::Refused
        {
            kept.insert(principal_arn.to_string());
        }
    }
    entries.actions.retain(|action| {
        let of = action.kind.principal_arn().map(ToString::to_string);
        of.is_none_or(|of| !kept.contains(&of))
    });
    entries.left.extend(kept.into_iter().map(|principal_arn| Left {
        principal_arn,
        reason: "no mapping in aws-auth lets it in, so it would lose its access (--force deletes it)".to_owned(),
    }));
}

struct Work<'a> {
    kubernetes: &'a Kubernetes,
    log: &'a RunLog,
    stop: &'a Stop,
}

impl Work<'_> {
    /// Writes the answers down that an earlier part of this run did not live to see: what needs no undoing now was done.
    fn answer_what_was_asked(&self, left_to_do: &RolledBack) -> Result<(), Failure> {
        let Some(known) = self.log.earlier() else {
            return Ok(());
        };
        let is_open = known.config_map.last().map(|change| change.status) == Some(None);
        if is_open && left_to_do.config_map == Restoring::Nothing {
            self.outcome(Status::Updated, None)?;
        }
        let open: BTreeSet<_> = left_to_do
            .entries
            .actions
            .iter()
            .filter_map(|action| action.kind.principal_arn())
            .collect();
        for call in known.calls.iter().filter(|call| call.status.is_none()) {
            let is_back = call
                .action
                .kind
                .principal_arn()
                .is_some_and(|principal| !open.contains(principal));
            if is_back {
                let status = writer::done_status(&call.action.kind);
                self.log
                    .outcome(&call.token, &call.action, status, Answered::default())?;
            }
        }
        Ok(())
    }

    /// Puts the ConfigMap back; looks again when the answer is lost, and gives up when somebody else writes it.
    async fn put_back(
        &self,
        to: &Stored,
        mut now: Option<Stored>,
        force: bool,
    ) -> Result<(), Failure> {
        let seen = now.as_ref().map(|stored| stored.aws_auth().data);
        let wanted: BTreeMap<String, String> = to.aws_auth().data;
        for _ in 0..ATTEMPTS {
            if self.stop.is_requested() {
                self.log.end(RunEnd::Interrupted)?;
                return Err(interrupted());
            }
            let before = now.as_ref().map(Stored::json);
            self.log
                .config_map_intent(before, Some(wanted.clone()), None, None)?;
            let written = match &now {
                Some(stored) => self.kubernetes.replace_data(stored, wanted.clone()).await,
                None => self.kubernetes.create(to).await,
            };
            match written {
                Ok(()) => return self.outcome(Status::Updated, None),
                Err(error) if may_try_again(&error) => {}
                Err(error) => {
                    self.outcome(Status::Failed, Some(error.to_string()))?;
                    self.log.end(RunEnd::Incomplete)?;
                    return Err(error.into());
                }
            }
            tokio::time::sleep(BREATH).await;
            now = self.kubernetes.stored().await?;
            let found = now.as_ref().map(|stored| stored.aws_auth().data);
            if found.as_ref() == Some(&wanted) {
                return self.outcome(Status::Updated, None);
            }
            if found != seen && !force {
                let edited = "somebody has changed aws-auth meanwhile";
                self.outcome(Status::Failed, Some(edited.to_owned()))?;
                self.log.end(RunEnd::Incomplete)?;
                return Err(Failure::new(format!("nothing was undone: {edited}"))
                    .hint("compare it with the backup; --force puts the backup in its place"));
            }
        }
        self.log.end(RunEnd::Incomplete)?;
        Err(Failure {
            kind: FailureKind::Incomplete,
            ..Failure::new(format!("aws-auth was not put back in {ATTEMPTS} tries"))
                .hint("run the same command again to go on")
        })
    }

    fn outcome(&self, status: Status, error: Option<String>) -> Result<(), Failure> {
        Ok(self.log.config_map_outcome(status, error)?)
    }
}
