//! Takes `aws-auth` away: proof first, a backup, the removal, a look at the nodes, and on request the mode API.

pub mod backup;
mod nodes;
pub mod remove;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::apply::{self, Clock, cluster_id, journal_path};
use super::owners::{Writer, writers_of};
use super::survey::{Survey, Target, survey};
use super::verify::{Readiness, Verification, verify};
use super::who::{Way, who};
use crate::choices::Choices;
use crate::error::{Failure, FailureKind};
use crate::journal::{Beginning, History, Journal, RunCommand, RunEnd, RunLog};
use crate::kubernetes::{Kubernetes, KubernetesError, Stored};
use crate::model::{AuthenticationMode, MappingId};
use crate::plan::document::SourceKind;
use crate::plan::{Action, ActionKind, Stage};
use crate::stop::Stop;
use crate::writer::{Progress, Status, Switch};
use remove::{Removal, removal};

pub use nodes::Nodes;

/// How often a write is tried when somebody else is faster or the connection breaks.
const ATTEMPTS: u32 = 5;
/// How long to wait before the next try.
pub(super) const BREATH: Duration = Duration::from_millis(300);

/// How a cut-over is made.
#[derive(Debug, Clone)]
pub struct CutoverOptions {
    /// The choices that shape the plan; with `--only` or `--exclude` just what is proven among them goes.
    pub choices: Choices,
    /// Where the backup is written; beside the journal where no place is named.
    pub backup: Option<PathBuf>,
    /// Whether the ConfigMap stays, empty.
    pub keep_config_map: bool,
    /// Whether the one-way switch to the mode API follows.
    pub to_api_mode: bool,
    /// How long the nodes are watched after the removal.
    pub soak: Duration,
    /// How long after the last `apply` the switch is refused.
    pub min_soak: Duration,
    /// Whether the caller may lock itself out.
    pub allow_self_lockout: bool,
    /// Where the journal is; in the state folder where no place is named.
    pub journal: Option<PathBuf>,
    /// The folder for journals.
    pub state_folder: PathBuf,
    /// What this process says of itself in the journal's lock.
    pub holder: String,
}

/// What is about to be done, for the question before it.
#[derive(Debug)]
pub struct Preview<'a> {
    /// The proof.
    pub verification: &'a Verification,
    /// What goes; `None` where nothing is left to take away.
    pub removal: Option<&'a Removal>,
    /// Others that write the ConfigMap.
    pub writers: &'a [Writer],
    /// Whether the one-way switch follows.
    pub to_api_mode: bool,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct CutOver {
    /// The proof, as of the last look before the removal.
    pub verification: Verification,
    /// Whether nothing was done because the proof failed.
    pub refused: bool,
    /// The mappings that were removed.
    pub removed: Vec<MappingId>,
    /// Whether the ConfigMap was deleted.
    pub deleted: bool,
    /// The backup.
    pub backup: Option<PathBuf>,
    /// Others that write the ConfigMap.
    pub writers: Vec<Writer>,
    /// Ready nodes before and after; `None` where they can't be listed.
    pub nodes: Option<Nodes>,
    /// Why the nodes could not be looked at, where they could not.
    pub nodes_unseen: Option<String>,
    /// Whether the cluster is in the mode API now because of this run.
    pub switched: bool,
    /// The run's id; `None` where there was nothing to do.
    pub run: Option<String>,
    /// The journal.
    pub journal: PathBuf,
    /// How it ended.
    pub end: RunEnd,
}

/// Verifies, asks, and takes `aws-auth` away.
///
/// `confirm` is asked before the first write. The same call again goes on where an earlier one was stopped: what is
/// gone is gone, and what is left is verified anew.
pub async fn cutover<P: Progress>(
    target: &Target,
    options: &CutoverOptions,
    progress: &P,
    stop: &Stop,
    clock: Clock,
    confirm: impl FnOnce(&Preview<'_>) -> Result<(), Failure>,
) -> Result<CutOver, Failure> {
    let seen = survey(target, (clock.system)()).await?;
    let kubernetes = live(&seen)?;
    let id = cluster_id(&seen)?;
    let path = options
        .journal
        .clone()
        .unwrap_or_else(|| journal_path(&options.state_folder, &id));
    let history = Journal::history(&path)?;
    let first = Look::of(seen, options, &history, clock).await?;
    let mut done = CutOver {
        verification: first.verification.clone(),
        refused: first.refused,
        removed: Vec::new(),
        deleted: false,
        backup: None,
        writers: first.stored.as_ref().map(writers_of).unwrap_or_default(),
        nodes: None,
        nodes_unseen: None,
        switched: false,
        run: None,
        journal: path.clone(),
        end: RunEnd::Complete,
    };
    if first.refused {
        return Ok(done);
    }
    let switch_to_come = options.to_api_mode
        && first.seen.observed.cluster.authentication_mode
            == Some(AuthenticationMode::ApiAndConfigMap);
    if switch_to_come {
        first.may_switch(options, &history, (clock.now)())?;
    }
    if first.removal.is_none() && !switch_to_come {
        return Ok(done);
    }
    confirm(&Preview {
        verification: &first.verification,
        removal: first.removal.as_ref(),
        writers: &done.writers,
        to_api_mode: switch_to_come,
    })?;

    let log = begin(
        &path,
        &options.holder,
        &first.seen,
        RunCommand::Cutover,
        clock,
    )?;
    done.run = Some(log.id().to_owned());
    let before = kubernetes
        .ready_nodes()
        .await
        .map_err(|error| done.nodes_unseen = Some(error.to_string()))
        .ok();
    let work = Work {
        target,
        options,
        kubernetes: &kubernetes,
        log: &log,
        stop,
        clock,
    };
    let last = Box::pin(work.remove(first, &mut done)).await?;
    if done.refused {
        done.end = RunEnd::Incomplete;
        return work.end(done);
    }
    done.nodes = match before {
        Some(before) => nodes::watch(&kubernetes, before, options.soak, stop).await,
        None => None,
    };
    if stop.is_requested() {
        done.end = RunEnd::Interrupted;
        return work.end(done);
    }
    if done.nodes.is_some_and(|nodes| nodes.dropped()) {
        done.end = RunEnd::Incomplete;
        return work.end(done);
    }
    if switch_to_come {
        let aws = last.seen.aws.clone().expect("a live survey has AWS");
        let action = to_api();
        let name = id.name.as_str();
        let switch = Switch {
            api: &aws,
            cluster: name,
            action: &action,
            to: AuthenticationMode::Api,
            log: &log,
            progress,
            stop,
            deadline: None,
            clock: clock.now,
        };
        switch.make().await?;
        done.switched = true;
    }
    work.end(done)
}

/// The Kubernetes API through which the ConfigMap is changed.
pub(super) fn live(seen: &Survey) -> Result<Kubernetes, Failure> {
    match (&seen.kubernetes, seen.source.kind) {
        (Some(kubernetes), SourceKind::Cluster) => Ok(kubernetes.clone()),
        _ => Err(
            Failure::usage("the ConfigMap of a file can't be changed in the cluster")
                .hint("name the cluster with --cluster or --kubeconfig, without --from-file"),
        ),
    }
}

/// Opens the journal and writes down that a run begins, or goes on.
pub(super) fn begin(
    path: &Path,
    holder: &str,
    seen: &Survey,
    command: RunCommand,
    clock: Clock,
) -> Result<RunLog, Failure> {
    let beginning = Beginning {
        command,
        cluster: cluster_id(seen)?,
        caller: seen.caller.as_ref().map(|caller| caller.arn.to_string()),
        plan_sha256: seen.source.sha256.clone(),
        actions: 0,
    };
    Ok(RunLog::begin(path, holder, beginning, clock.now)?)
}

fn to_api() -> Action {
    Action {
        id: "to-api".to_owned(),
        kind: ActionKind::UpdateAuthenticationMode {
            from: AuthenticationMode::ApiAndConfigMap,
            to: AuthenticationMode::Api,
        },
        mapping: None,
        stage: Stage::Cluster,
        why: "nothing in aws-auth counts any more".to_owned(),
    }
}

/// One look at the cluster, with what follows from it.
struct Look {
    seen: Survey,
    stored: Option<Stored>,
    verification: Verification,
    removal: Option<Removal>,
    refused: bool,
}

impl Look {
    async fn of(
        seen: Survey,
        options: &CutoverOptions,
        history: &History,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let plan = apply::plan_to_judge(&seen, &options.choices, history, (clock.now)());
        let verification = verify(plan, &seen.reading, &seen.observed);
        let is_partial = is_partial(&options.choices);
        let in_config_map_mode =
            seen.observed.cluster.authentication_mode == Some(AuthenticationMode::ConfigMap);
        let refused =
            verification.verdict != Readiness::Safe && (!is_partial || in_config_map_mode);
        let mut look = Self {
            stored: None,
            removal: None,
            refused,
            verification,
            seen,
        };
        if refused {
            return Ok(look);
        }
        let Some(aws_auth) = &look.seen.aws_auth else {
            return Ok(look);
        };
        look.stored = live(&look.seen)?.stored().await?;
        look.removal = removal(
            &look.verification,
            aws_auth,
            &look.seen.reading,
            &look.seen.observed,
            is_partial,
            options.keep_config_map,
        )?;
        look.keeps_the_caller(options)?;
        Ok(look)
    }

    /// Whether the object that would be written is the one that was verified.
    fn is_current(&self) -> bool {
        match (&self.seen.aws_auth, &self.stored) {
            (Some(seen), Some(stored)) => stored.aws_auth().data == seen.data,
            (None, None) => true,
            _ => false,
        }
    }

    /// Refuses to take the caller's own access away.
    fn keeps_the_caller(&self, options: &CutoverOptions) -> Result<(), Failure> {
        let Some(removal) = self
            .removal
            .as_ref()
            .filter(|_| !options.allow_self_lockout)
        else {
            return Ok(());
        };
        if self.loses_the_caller(|by| removal.after.is_none() || removal.removed.contains(by)) {
            return Err(locked_out());
        }
        Ok(())
    }

    fn loses_the_caller(&self, goes: impl Fn(&MappingId) -> bool) -> bool {
        let caller = self
            .seen
            .caller
            .as_ref()
            .map(|caller| caller.arn.to_string());
        let known = caller.and_then(|arn| who(&arn, &self.seen.reading, &self.seen.observed).ok());
        match known.map(|known| known.way) {
            Some(Way::Mapping { mapping }) => goes(&mapping),
            Some(Way::Undefined { among }) => among.iter().any(goes),
            _ => false,
        }
    }

    /// Whether the one-way switch may follow.
    fn may_switch(
        &self,
        options: &CutoverOptions,
        history: &History,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if is_partial(&options.choices) {
            return Err(Failure::usage(
                "nothing was written: --to-api-mode ends aws-auth for everybody, --only and --exclude do not go with it",
            ));
        }
        if !options.allow_self_lockout && self.loses_the_caller(|_| true) {
            return Err(locked_out());
        }
        let Some(applied) = history.last_of(RunCommand::Apply) else {
            return Ok(());
        };
        let age = now.duration_since(applied.last);
        let wanted =
            jiff::SignedDuration::try_from(options.min_soak).unwrap_or(jiff::SignedDuration::MAX);
        if age < wanted {
            return Err(Failure::new(format!(
                "nothing was written: the last `apply` was {} minutes ago, and the switch to the mode API can't be undone",
                age.as_mins()
            ))
            .hint(format!(
                "wait until {} minutes have passed and watch who is refused, or lower --min-soak",
                wanted.as_mins()
            )));
        }
        Ok(())
    }
}

fn is_partial(choices: &Choices) -> bool {
    !choices.only.is_empty() || !choices.exclude.is_empty()
}

fn locked_out() -> Failure {
    Failure::new("nothing was written: the caller itself gets in by a mapping that would go, and has no access entry")
        .hint("give the caller an access entry first, or add --allow-self-lockout")
}

/// What the removal needs.
struct Work<'a> {
    target: &'a Target,
    options: &'a CutoverOptions,
    kubernetes: &'a Kubernetes,
    log: &'a RunLog,
    stop: &'a Stop,
    clock: Clock,
}

impl Work<'_> {
    /// Backs up and removes; looks again whenever somebody else has written the ConfigMap meanwhile.
    async fn remove(&self, mut look: Look, done: &mut CutOver) -> Result<Look, Failure> {
        let mut asked = None;
        for _ in 0..ATTEMPTS {
            done.verification = look.verification.clone();
            done.refused = look.refused;
            if look.refused {
                return Ok(look);
            }
            if look.is_current() {
                let (Some(removal), Some(stored)) = (&look.removal, &look.stored) else {
                    // Nothing is left to take away, perhaps because the answer to the last write was lost.
                    if let Some((removal, status)) = asked {
                        self.outcome(status, None)?;
                        done.took(&removal);
                    }
                    return Ok(look);
                };
                if self.stop.is_requested() {
                    return Err(interrupted());
                }
                done.backup = Some(backup::write(&self.backup_path(), stored)?);
                let status = if removal.after.is_some() {
                    Status::Updated
                } else {
                    Status::Deleted
                };
                self.log.config_map_intent(
                    Some(stored.json()),
                    removal.after.clone(),
                    done.backup.clone(),
                )?;
                let written = match &removal.after {
                    Some(data) => self.kubernetes.replace_data(stored, data.clone()).await,
                    None => self.kubernetes.delete(stored).await,
                };
                match written {
                    Ok(()) => {
                        self.outcome(status, None)?;
                        done.took(removal);
                        return Ok(look);
                    }
                    Err(error) if may_try_again(&error) => asked = Some((removal.clone(), status)),
                    Err(error) => {
                        self.outcome(Status::Failed, Some(error.to_string()))?;
                        self.end_as(RunEnd::Incomplete)?;
                        return Err(error.into());
                    }
                }
            }
            tokio::time::sleep(BREATH).await;
            let seen = survey(self.target, (self.clock.system)()).await?;
            look = Look::of(seen, self.options, self.log.history(), self.clock).await?;
        }
        self.end_as(RunEnd::Incomplete)?;
        Err(Failure {
            kind: FailureKind::Incomplete,
            ..Failure::new(format!(
                "the ConfigMap was not written: in {ATTEMPTS} tries somebody else was faster or the connection broke"
            ))
            .hint("find out who writes aws-auth (`status --preflight`), then run the same command again")
        })
    }

    /// Where the backup goes. Of a run that is taken up again each state has its own, so that none is written over.
    fn backup_path(&self) -> PathBuf {
        let earlier = self
            .log
            .history()
            .runs
            .iter()
            .flat_map(|run| &run.config_map)
            .filter(|change| change.backup.is_some())
            .count();
        if let Some(path) = &self.options.backup {
            return path.clone();
        }
        let journal = self.log.path();
        let stem = journal
            .file_stem()
            .map_or_else(|| "cluster".into(), |stem| stem.to_string_lossy());
        let name = format!("{stem}.aws-auth.{}.{earlier}.yaml", self.log.id());
        journal.parent().unwrap_or(Path::new(".")).join(name)
    }

    fn outcome(&self, status: Status, error: Option<String>) -> Result<(), Failure> {
        Ok(self.log.config_map_outcome(status, error)?)
    }

    fn end_as(&self, end: RunEnd) -> Result<(), Failure> {
        Ok(self.log.end(end)?)
    }

    fn end(&self, done: CutOver) -> Result<CutOver, Failure> {
        self.end_as(done.end)?;
        Ok(done)
    }
}

impl CutOver {
    fn took(&mut self, removal: &Removal) {
        self.removed.clone_from(&removal.removed);
        self.deleted = removal.after.is_none();
    }
}

/// Whether a look at the object tells what to do: somebody was faster, or the answer got lost.
pub(super) fn may_try_again(error: &KubernetesError) -> bool {
    let is_server_fault =
        matches!(error, KubernetesError::Refused { code, .. } if *code >= 500 || *code == 429);
    error.is_conflict()
        || error.is_not_found()
        || is_server_fault
        || matches!(error, KubernetesError::Unreachable { .. })
}

pub(super) fn interrupted() -> Failure {
    Failure {
        kind: FailureKind::Interrupted,
        ..Failure::new("interrupted before the ConfigMap was changed")
            .hint("run the same command again to go on")
    }
}
