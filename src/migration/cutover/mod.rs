//! Takes `aws-auth` away: proof first, a backup, the removal, a look at the nodes, and on request the mode API.

pub mod backup;
mod checks;
mod nodes;
pub mod remove;
mod watch;
mod write;

use std::path::PathBuf;
use std::time::Duration;

use super::apply::misfit;
use super::consent::{Consent, refuse_unless_as_shown};
use super::owners::{Writer, writers_of};
use super::session::{Clock, JournalPlace, Opened, Session, end};
use super::survey::{Survey, Target};
use super::verify::Verification;
use crate::choices::Choices;
use crate::error::{Failure, FailureKind};
use crate::invocation::{Advice, CommandOption};
use crate::journal::{Beginning, Ending, Planned, RunCommand, RunEnd};
use crate::kubernetes::{Kubernetes, KubernetesError, Terminating};
use crate::model::{AuthenticationMode, MappingId};
use crate::plan::document::SourceKind;
use crate::plan::{Action, ActionKind, Stage};
use crate::stop::Stop;
use crate::writer::{Event, EventKind, Progress, SwitchError};
use checks::Look;
use remove::Removal;
use watch::Watch;
use write::CuttingOver;

pub use nodes::Nodes;

/// How long after the last `apply` the switch to API is refused unless somebody says otherwise.
const MIN_SOAK: Duration = Duration::from_hours(1);
/// How long a ConfigMap that finalizers hold is waited for unless somebody says otherwise.
pub const SETTLE: Duration = Duration::from_mins(1);
/// How often a write is tried when somebody else is faster or the connection breaks.
pub(super) const ATTEMPTS: u32 = 5;
/// How long to wait before the next try.
pub(super) const BREATH: Duration = Duration::from_millis(300);

/// How a cutover is made.
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
    /// How long the nodes are watched after the removal; where nobody says, 90 seconds if a node role's mapping goes.
    pub soak: Option<Duration>,
    /// How long a ConfigMap that finalizers hold is waited for once its deletion is asked for.
    pub settle: Duration,
    /// How long after the last `apply` the switch is refused.
    pub min_soak: Duration,
    /// How long the whole may take, the soak apart; what has begun is finished.
    pub timeout: Option<Duration>,
    /// Whether the caller may lock itself out.
    pub allow_self_lockout: bool,
    /// Where its journal is.
    pub journal: JournalPlace,
}

impl CutoverOptions {
    /// The options that it has to be given again to resume.
    fn again(&self) -> Vec<CommandOption> {
        let flags = [
            (CommandOption::KeepConfigMap, self.keep_config_map),
            (CommandOption::ToApiMode, self.to_api_mode),
            (CommandOption::AllowSelfLockout, self.allow_self_lockout),
        ];
        let given = flags.into_iter().filter(|(_, given)| *given);
        let settle = (self.settle != SETTLE).then_some(CommandOption::Settle(self.settle));
        let min_soak = (self.to_api_mode && self.min_soak != MIN_SOAK)
            .then_some(CommandOption::MinSoak(self.min_soak));
        given
            .map(|(flag, _)| flag)
            .chain(self.soak.map(CommandOption::Soak))
            .chain(settle)
            .chain(min_soak)
            .collect()
    }
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
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct CutOver {
    /// The proof, as of the last look before the removal.
    pub verification: Verification,
    /// Whether nothing was done because the proof failed.
    pub refused: bool,
    /// The mappings that were removed.
    pub removed: Vec<MappingId>,
    /// Whether the ConfigMap was deleted, and is gone.
    pub deleted: bool,
    /// What holds the ConfigMap up, where it is being deleted and still there: it counts until it is gone.
    pub held: Option<Terminating>,
    /// Whether somebody has created the ConfigMap again right after its deletion.
    pub came_back: bool,
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
    /// Mappings that somebody added to aws-auth just before or during that switch: they grant nothing any more.
    pub added_too_late: Vec<AddedMapping>,
    /// The run's id; `None` where there was nothing to do.
    pub run: Option<String>,
    /// The journal.
    pub journal: PathBuf,
    /// How it ended.
    pub end: RunEnd,
    /// Why the switch to the mode API did not come about.
    pub failure: Option<Failure>,
}

/// Verifies, asks, and takes `aws-auth` away.
///
/// What was seen is looked at again after a question, and once more before the switch that can't be undone.
/// `confirm` is asked before the first write. The same call again resumes where an earlier one was stopped: what is
/// gone is gone, and what is left is verified again.
pub async fn cutover<P: Progress>(
    target: &Target,
    options: &CutoverOptions,
    progress: &P,
    stop: &Stop,
    clock: Clock,
    confirm: impl FnOnce(&Preview<'_>) -> Result<Consent, Failure>,
) -> Result<CutOver, Failure> {
    let session = Session::new(
        target,
        &options.journal,
        progress,
        stop,
        clock,
        options.timeout,
    );
    let seen = session.look_alone().await?;
    let kubernetes = live(&seen)?;
    let Opened { id, path, history } = session.open(&seen)?;
    let is_decided_here = !options.choices.answers.is_empty();
    let options = &CutoverOptions {
        choices: options
            .choices
            .or_as_before(history.last_choices().as_ref()),
        ..options.clone()
    };
    let mut first = Look::of(seen, options, &history, clock)?;
    // What an earlier run decided may no longer fit, which is no slip of whoever runs this one.
    if is_decided_here {
        let fit = first.verification.plan.decisions_fit();
        fit.map_err(|misfits| misfit(&misfits))?;
    }
    let mut done = CutOver::of(&first, path.clone());
    if first.refused {
        return Ok(done);
    }
    let switches = options.to_api_mode
        && first.seen.observed.cluster.authentication_mode
            == Some(AuthenticationMode::ApiAndConfigMap);
    if switches {
        first.may_switch(options, &history, (clock.now)())?;
    }
    if first.removal.is_some() || switches {
        if let (Some(chosen), Some(_), Some(stored)) =
            (&options.backup, &first.removal, &first.stored)
        {
            backup::refuse_taken(chosen, stored, &history)?;
        }
        if let (Some(removal), Some(stored)) = (&first.removal, &first.stored) {
            write::try_out(&kubernetes, removal, stored).await?;
        }
        let consent = confirm(&Preview {
            verification: &first.verification,
            removal: first.removal.as_ref(),
            writers: &done.writers,
            to_api_mode: switches,
        })?;
        if consent == Consent::Answered {
            let seen = session.look().await?;
            let look = Look::of(seen, options, &history, clock)?;
            if look.refused {
                return Ok(CutOver::of(&look, path));
            }
            refuse_unless_as_shown(look.removal == first.removal)?;
            first = look;
        }
    } else if history.unfinished_of(RunCommand::Cutover).is_none() {
        return Ok(done);
    }

    let log = session.begin(Beginning {
        command: RunCommand::Cutover,
        cluster: id.clone(),
        caller: first.seen.caller_arn(),
        plan_sha256: first.seen.source.sha256.clone(),
        actions: 0,
        choices: options.choices.clone(),
        options: options.again(),
        plan: Some(Planned::of(&first.verification.plan)),
    })?;
    done.run = Some(log.id().to_owned());
    let work = CuttingOver {
        session: &session,
        options,
        kubernetes: &kubernetes,
        log: &log,
    };
    let steps = usize::from(first.removal.is_some()) + usize::from(switches);
    progress.tell(&Event::started(id.clone(), steps, (clock.now)()));
    let done = Box::pin(work.carry_out(first, (steps, switches), done)).await;
    let made = done.as_ref().map_or(0, |done| {
        usize::from(!done.removed.is_empty()) + usize::from(done.switched)
    });
    progress.tell(&Event {
        done: made,
        total: steps,
        ..Event::new(EventKind::Finished, (clock.now)())
    });
    end(&log, done, |done| {
        let nodes = done.nodes.as_ref();
        let ending = Ending {
            lost_nodes: nodes.map(|nodes| nodes.lost.clone()).unwrap_or_default(),
            nodes: nodes.map(Nodes::watched),
            ..Ending::default()
        };
        (done.end, ending)
    })
}

impl<P: Progress> CuttingOver<'_, P> {
    /// The removal, the look at the nodes, and the switch.
    async fn carry_out(
        &self,
        first: Look,
        (steps, switches): (usize, bool),
        mut done: CutOver,
    ) -> Result<CutOver, Failure> {
        let watch = Watch::of(self, &first, &mut done).await;
        let last = Box::pin(self.remove(first, &watch, &mut done)).await?;
        if done.refused {
            done.end = RunEnd::Incomplete;
            return Ok(done);
        }
        if done.held.is_some() {
            done.end = if self.session.stop.is_requested() {
                RunEnd::Interrupted
            } else {
                RunEnd::Incomplete
            };
            return Ok(done);
        }
        done.nodes = Box::pin(watch.after(self)).await;
        if self.session.stop.is_requested() {
            done.end = RunEnd::Interrupted;
            return Ok(done);
        }
        if done.nodes.as_ref().is_some_and(Nodes::dropped) {
            done.end = RunEnd::Incomplete;
            return Ok(done);
        }
        if done.came_back {
            done.end = RunEnd::Incomplete;
        }
        if switches {
            let Some(Survey { aws, reading, .. }) =
                Box::pin(self.may_switch(&last, &mut done)).await
            else {
                return Ok(done);
            };
            let aws = aws.expect("a live survey has AWS");
            let action = to_api();
            let to = (&action, AuthenticationMode::Api);
            let switch = self.session.switch(&aws, self.log, to, steps);
            match switch.make().await {
                Ok(()) => {
                    done.switched = true;
                    done.added_too_late = self.added_since(&reading).await;
                    if !done.added_too_late.is_empty() {
                        done.end = RunEnd::Incomplete;
                    }
                }
                Err(error) => done.not_switched(error),
            }
        }
        Ok(done)
    }
}

/// A mapping that came too late.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedMapping {
    /// Which one.
    pub mapping: MappingId,
    /// Its ARN, or the account.
    pub arn: String,
}

/// The Kubernetes API through which the ConfigMap is changed.
pub(super) fn live(seen: &Survey) -> Result<Kubernetes, Failure> {
    match (&seen.kubernetes, seen.source.kind) {
        (Some(kubernetes), SourceKind::Cluster) => Ok(kubernetes.clone()),
        _ => Err(
            Failure::usage("a ConfigMap from a file can't be removed from the cluster")
                .hint(Advice::NameLiveCluster),
        ),
    }
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
        why: "aws-auth no longer grants anything".into(),
    }
}

impl CutOver {
    fn of(look: &Look, journal: PathBuf) -> Self {
        Self {
            verification: look.verification.clone(),
            refused: look.refused,
            removed: Vec::new(),
            deleted: false,
            held: None,
            came_back: false,
            backup: None,
            writers: look.stored.as_ref().map(writers_of).unwrap_or_default(),
            nodes: None,
            nodes_unseen: None,
            switched: false,
            added_too_late: Vec::new(),
            run: None,
            journal,
            end: RunEnd::Complete,
            failure: None,
        }
    }

    fn took(&mut self, removal: &Removal) {
        self.removed.clone_from(&removal.removed);
        self.deleted = removal.after.is_none();
    }

    /// The mappings are gone, nobody's access has changed by that, and only the switch is left.
    fn not_switched(&mut self, error: SwitchError) {
        let failure = match error {
            error @ SwitchError::GivenUp { .. } => Failure {
                kind: FailureKind::Incomplete,
                ..Failure::new(error.to_string()).hint(
                    "the cluster stays in API_AND_CONFIG_MAP and nobody's access changed; fix what EKS reports and run the same command again",
                )
            },
            error => error.into(),
        };
        self.end = match failure.kind {
            FailureKind::Interrupted => RunEnd::Interrupted,
            _ => RunEnd::Incomplete,
        };
        self.failure = Some(failure);
    }
}

/// Whether a look at the object shows what to do: somebody was faster, or the answer got lost.
pub(super) fn may_try_again(error: &KubernetesError) -> bool {
    error.is_conflict()
        || error.is_not_found()
        || error.is_answer_lost()
        || matches!(error, KubernetesError::Refused { code: 429, .. })
}

pub(super) fn interrupted() -> Failure {
    Failure {
        kind: FailureKind::Interrupted,
        ..Failure::new("interrupted before the ConfigMap was changed").resumes()
    }
}
