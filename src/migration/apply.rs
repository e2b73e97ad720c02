//! Makes a plan real: the mode switch first, then a new look, then the writer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::bindings::{self, MadeBinding};
use super::owners::tell_owners;
use super::survey::{Survey, Target, survey};
use crate::choices::{Choices, OnExisting};
use crate::digest::sha256;
use crate::error::{Failure, FailureKind};
use crate::finding::{Code, Severity};
use crate::journal::{ClusterId, History, Journal, Record, RunEnd};
use crate::model::{Arn, AuthenticationMode, LiveEntry, Principal};
use crate::observed::Lookup;
use crate::plan::document::{ActionKind, Outcome, Plan};
use crate::plan::{Action, Ours, RUN_TAG, Stage, block_refused, build, check_fresh};
use crate::stop::Stop;
use crate::writer::{self, Canary, Limits, Progress, Run, Summary, Switch};

/// How long EKS is given to make the entries of managed nodes after the switch, before the tool makes them.
const EKS_ENTRIES_WAIT: Duration = Duration::from_secs(30);
/// How long nothing may change meanwhile before EKS counts as done.
const EKS_ENTRIES_QUIET: Duration = Duration::from_secs(5);
/// How long after its making EKS may not know a principal yet.
const NEW_PRINCIPAL: SignedDuration = SignedDuration::from_mins(5);

/// How a plan is applied.
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// The choices that shape the plan.
    pub choices: Choices,
    /// A saved plan, to be applied exactly.
    pub saved: Option<Plan>,
    /// Whether the one-way mode switch is allowed.
    pub enable_access_entries: bool,
    /// Where the journal is; in the state folder where no place is named.
    pub journal: Option<PathBuf>,
    /// The folder for journals.
    pub state_folder: PathBuf,
    /// What this process says of itself in the journal's lock.
    pub holder: String,
    /// How many principals are worked on at a time.
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
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The plan that was applied, after the mode switch.
    pub plan: Plan,
    /// How its actions ended.
    pub summary: Summary,
    /// The bindings for renamed groups, where they were asked for.
    pub bindings: Vec<MadeBinding>,
    /// The run's id; `None` where there was nothing to do.
    pub run: Option<String>,
    /// The journal.
    pub journal: PathBuf,
    /// How it ended.
    pub end: RunEnd,
}

/// The clocks of the edge: one for records, one for signatures.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// The time for records.
    pub now: fn() -> Timestamp,
    /// The time for signatures.
    pub system: fn() -> SystemTime,
}

/// Looks, asks, and makes it so.
///
/// `confirm` sees the plan before anything is written, the mode switch included; its refusal ends the command.
pub async fn apply<P: Progress>(
    target: &Target,
    options: &ApplyOptions,
    progress: &P,
    stop: &Stop,
    clock: Clock,
    confirm: impl FnOnce(&Plan) -> Result<(), Failure>,
) -> Result<Applied, Failure> {
    let deadline = options.timeout.map(|timeout| Instant::now() + timeout);
    let seen = survey(target, (clock.system)()).await?;
    let aws = seen.aws.clone().ok_or_else(|| {
        Failure::usage("there is nothing to apply to: the plan is offline")
            .hint("name the cluster with --cluster")
    })?;
    let id = cluster_id(&seen)?;
    let path = options
        .journal
        .clone()
        .unwrap_or_else(|| journal_path(&options.state_folder, &id));
    let plan = plan_now(&seen, options, &Journal::history(&path)?, clock)?;
    refuse_what_can_not_work(&plan, options)?;
    refuse_blind_canary(&seen, options)?;
    let bindings = bindings::wanted(&seen, &options.choices)?;
    if !bindings.is_empty() || !plan.actions.is_empty() {
        confirm(&plan)?;
        stop.begin_writing();
        if stop.is_requested() {
            return Err(Failure {
                kind: FailureKind::Interrupted,
                ..Failure::new("nothing was written: it was interrupted")
            });
        }
    }
    // Before the entries, so that nobody is without a right in between.
    let bindings = bindings::make(&seen, bindings).await?;
    if plan.actions.is_empty() {
        let end = RunEnd::Complete;
        end_what_was_stopped(&path, &options.holder, clock)?;
        return Ok(Applied {
            plan,
            summary: Summary::default(),
            bindings,
            run: None,
            journal: path,
            end,
        });
    }

    let (journal, history, run_id) = begin(&path, &id, &plan, &seen, options, clock)?;
    // Whoever said yes to the plan as it was shown said yes to this, too.
    let was_accepted = refuse_lockout(&plan, false).is_err();
    let (seen, plan) = match plan
        .actions
        .iter()
        .find(|action| action.stage == Stage::Cluster)
    {
        Some(action) => {
            let ActionKind::UpdateAuthenticationMode { to, .. } = action.kind else {
                unreachable!("the cluster's own stage holds the mode switch alone")
            };
            let switch = Switch {
                api: &aws,
                cluster: &id.name,
                run: &run_id,
                action,
                to,
                journal: &journal,
                history: &history,
                progress,
                stop,
                deadline,
                clock: clock.now,
            };
            switch.make().await?;
            let seen = survey_after_switch(target, clock, stop)
                .await
                .map_err(unfinished)?;
            let plan = plan_now(&seen, options, &history, clock).map_err(unfinished)?;
            refuse_lockout(&plan, options.allow_self_lockout || was_accepted)
                .map_err(unfinished)?;
            (seen, plan)
        }
        None => (seen, plan),
    };
    let actions = tagged(&plan.actions, &run_id);
    let before = live_entries(&seen);
    let new_principals = new_principals(&seen, (clock.now)());
    let run = Run {
        api: &aws,
        cluster: &id.name,
        id: &run_id,
        journal: &journal,
        history: &history,
        before: &before,
        new_principals: &new_principals,
        progress,
        stop,
        limits: Limits {
            concurrency: options.concurrency,
            max_rate: options.max_rate,
            fail_fast: options.fail_fast,
            deadline,
        },
        canary: seen
            .kubernetes
            .as_ref()
            .zip(options.canary)
            .map(|(nodes, soak)| Canary { nodes, soak }),
        clock: clock.now,
    };
    let summary = writer::run(&run, &actions).await?;
    let mut plan = plan;
    block_refused(&mut plan, &summary.refused_principals());
    let end = if stop.is_requested() {
        RunEnd::Interrupted
    } else if summary.is_complete() {
        RunEnd::Complete
    } else {
        RunEnd::Incomplete
    };
    journal.append(&Record::End {
        run: run_id.clone(),
        time: (clock.now)(),
        end,
    })?;
    Ok(Applied {
        plan,
        summary,
        bindings,
        run: Some(run_id),
        journal: path,
        end,
    })
}

/// Opens the journal and writes down that a run begins, or that the one that was stopped goes on.
fn begin(
    path: &Path,
    id: &ClusterId,
    plan: &Plan,
    seen: &Survey,
    options: &ApplyOptions,
    clock: Clock,
) -> Result<(Journal, History, String), Failure> {
    let (journal, history) = Journal::open(path, &options.holder)?;
    let run = history.unfinished().map_or_else(
        || new_run_id((clock.now)(), &options.holder),
        |run| run.run.clone(),
    );
    journal.append(&Record::Run {
        schema: crate::journal::record::SCHEMA.to_owned(),
        run: run.clone(),
        time: (clock.now)(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster: id.clone(),
        caller: seen.caller.as_ref().map(|caller| caller.arn.to_string()),
        plan_sha256: plan_digest(plan),
        actions: plan.actions.len(),
    })?;
    Ok((journal, history, run))
}

fn refuse_blind_canary(seen: &Survey, options: &ApplyOptions) -> Result<(), Failure> {
    if options.canary.is_some() && seen.kubernetes.is_none() {
        return Err(
            Failure::usage("--canary watches the nodes, and there is no connection to the cluster's Kubernetes API")
                .hint("name the cluster without --from-file, or add --kubeconfig"),
        );
    }
    Ok(())
}

/// Builds the plan from what was seen and from what earlier runs did.
#[must_use]
pub fn plan(seen: &Survey, choices: &Choices, history: &History, now: Timestamp) -> Plan {
    let mut plan = build(
        &seen.reading,
        seen.source.clone(),
        &seen.observed,
        choices,
        &ours(history),
        now,
    );
    tell_owners(&mut plan, &seen.observed);
    plan
}

/// The plan for a verdict: what EKS has refused needs a decision, and is not planned once more.
///
/// A principal that IAM shows by now may be known to EKS by now.
#[must_use]
pub fn plan_to_judge(seen: &Survey, choices: &Choices, history: &History, now: Timestamp) -> Plan {
    let mut plan = plan(seen, choices, history, now);
    let mut refused = history.refused_principals();
    refused.retain(|arn| {
        let is_found = Principal::from_arn(arn).is_some_and(|principal| {
            matches!(seen.observed.lookup(&principal.key()), Lookup::Found { .. })
        });
        let is_planned = |action: &Action| action.kind.principal_arn() == Some(arn);
        !is_found && plan.actions.iter().any(is_planned)
    });
    block_refused(&mut plan, &refused);
    plan.actions.retain(|action| {
        let of = action.kind.principal_arn();
        of.is_none_or(|arn| !refused.contains(arn))
    });
    plan
}

/// What the journal of the cluster holds; nothing offline.
pub fn history(
    seen: &Survey,
    journal: Option<&Path>,
    state_folder: impl FnOnce() -> Result<PathBuf, Failure>,
) -> Result<History, Failure> {
    if let Some(path) = journal {
        return Ok(Journal::history(path)?);
    }
    match (&seen.aws, state_folder()) {
        (Some(_), Ok(folder)) => Ok(Journal::history(&journal_path(
            &folder,
            &cluster_id(seen)?,
        ))?),
        // Where there is no place for a journal, there is none.
        _ => Ok(History::default()),
    }
}

/// Builds the plan from what was seen, or takes the saved one when it still fits.
fn plan_now(
    seen: &Survey,
    options: &ApplyOptions,
    history: &History,
    clock: Clock,
) -> Result<Plan, Failure> {
    let fresh = plan(seen, &options.choices, history, (clock.now)());
    let Some(saved) = &options.saved else {
        return Ok(fresh);
    };
    check_fresh(
        saved,
        &fresh,
        seen.observed.entries.as_deref().unwrap_or_default(),
    )
    .map_err(|stale| {
        Failure::new("the saved plan was not applied")
            .because(stale)
            .hint("make and review a new one: `plan --out FILE`")
    })?;
    let live = live_entries(seen);
    let mut plan = saved.clone();
    let to_delete = entries_to_delete(saved, &fresh, &live);
    let mode = fresh.cluster.authentication_mode;
    plan.cluster = fresh.cluster;
    plan.actions.retain(|action| {
        let arn = action.kind.principal_arn();
        arn.is_some_and(|arn| to_delete.contains(&arn.to_string())) || !is_done(action, &live, mode)
    });
    Ok(plan)
}

/// The entries that the saved plan makes anew and that are still the old ones; all that is planned for them is to be done.
fn entries_to_delete(
    saved: &Plan,
    fresh: &Plan,
    live: &BTreeMap<String, LiveEntry>,
) -> BTreeSet<String> {
    // The look taken now knows better than a comparison: an old entry may say the same and be dead.
    let is_new = |principal: &str| {
        fresh.mappings.iter().any(|mapping| {
            let is_its = mapping
                .entry
                .as_ref()
                .is_some_and(|entry| entry.principal_arn.to_string() == principal);
            let is_begun = mapping
                .findings
                .iter()
                .any(|finding| finding.code == Code::EntryUnfinished);
            is_its && (mapping.outcome == Outcome::Unchanged || is_begun)
        })
    };
    let deletes = saved
        .actions
        .iter()
        .filter_map(|action| match &action.kind {
            ActionKind::DeleteAccessEntry { principal_arn } => Some(principal_arn.to_string()),
            _ => None,
        });
    deletes
        .filter(|principal| live.contains_key(principal) && !is_new(principal))
        .collect()
}

/// Whether the cluster already is as the action would make it.
fn is_done(
    action: &Action,
    live: &BTreeMap<String, LiveEntry>,
    mode: Option<AuthenticationMode>,
) -> bool {
    if let ActionKind::UpdateAuthenticationMode { to, .. } = action.kind {
        return mode.is_some_and(|mode| mode >= to);
    }
    let Some(arn) = action.kind.principal_arn() else {
        return false;
    };
    let entry = live.get(&arn.to_string()).map(|live| live.entry.clone());
    match &action.kind {
        // Those that are still to be deleted were told apart before.
        ActionKind::DeleteAccessEntry { .. } => true,
        kind => match (kind.applied_to(entry.clone()), entry) {
            (Some(wanted), Some(entry)) => {
                let wanted = match kind {
                    ActionKind::CreateAccessEntry { .. } => crate::model::AccessEntry {
                        access_policies: entry.access_policies.clone(),
                        ..wanted
                    },
                    _ => wanted,
                };
                crate::plan::compare::differences(&wanted, &entry).is_empty()
            }
            _ => false,
        },
    }
}

fn refuse_what_can_not_work(plan: &Plan, options: &ApplyOptions) -> Result<(), Failure> {
    let stops = [
        Code::PlatformTooOld,
        Code::OutpostCluster,
        Code::ClusterNotActive,
        Code::QuotaExceeded,
    ];
    let updating = plan.cluster.status.as_deref() == Some("UPDATING");
    for placed in &plan.findings {
        let finding = &placed.finding;
        // The mode switch itself makes a cluster UPDATING; that is waited for.
        let waits =
            finding.code == Code::ClusterNotActive && updating && options.enable_access_entries;
        if finding.severity == Severity::Error && stops.contains(&finding.code) && !waits {
            let failure = Failure::new(format!(
                "nothing was written: {} ({})",
                finding.message, finding.code
            ));
            return Err(if finding.fix.is_empty() {
                failure
            } else {
                failure.hint(finding.fix.clone())
            });
        }
        if finding.code == Code::EntriesUnknown {
            return Err(
                Failure::new(format!("nothing was written: {}", finding.message))
                    .hint(finding.fix.clone()),
            );
        }
    }
    let conflicts = plan
        .mappings
        .iter()
        .filter(|mapping| mapping.outcome == Outcome::Conflict)
        .count();
    if options.choices.on_existing == OnExisting::Fail && conflicts > 0 {
        return Err(Failure::new(format!(
            "nothing was written: {conflicts} live access entries differ from their mappings, and --on-existing fail was given"
        ))
        .hint("`plan` shows them; --on-existing keep leaves them, --on-existing update changes them"));
    }
    let switches = plan
        .actions
        .iter()
        .any(|action| action.stage == Stage::Cluster);
    if switches && !options.enable_access_entries {
        return Err(Failure::new(
            "nothing was written: the cluster is in the mode CONFIG_MAP and has no access entries",
        )
        .hint("add --enable-access-entries to switch it to API_AND_CONFIG_MAP; aws-auth stays in force, but the switch can't be undone"));
    }
    Ok(())
}

/// Something was written already, so that the same command goes on after a failure.
fn unfinished(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::Failed => Failure {
            kind: FailureKind::Incomplete,
            ..failure
                .hint("the authentication mode is switched; run the same command again to go on")
        },
        _ => failure,
    }
}

/// Refuses a plan that takes the caller's cluster-admin away, unless that was allowed.
///
/// # Errors
/// The finding, with the flag that allows it.
pub fn refuse_lockout(plan: &Plan, allowed: bool) -> Result<(), Failure> {
    let finding = plan
        .findings
        .iter()
        .map(|placed| &placed.finding)
        .find(|finding| finding.code == Code::CallerLosesAdmin);
    match finding {
        Some(finding) if !allowed => Err(Failure::new(format!(
            "nothing was written: {} ({})",
            finding.message, finding.code
        ))
        .hint(finding.fix.clone())),
        _ => Ok(()),
    }
}

/// Ends a run in the journal whose last action was done when it was stopped.
fn end_what_was_stopped(path: &Path, holder: &str, clock: Clock) -> Result<(), Failure> {
    if Journal::history(path)?.unfinished().is_none() {
        return Ok(());
    }
    let (journal, history) = Journal::open(path, holder)?;
    if let Some(run) = history.unfinished() {
        journal.append(&Record::End {
            run: run.run.clone(),
            time: (clock.now)(),
            end: RunEnd::Complete,
        })?;
    }
    Ok(())
}

/// Looks again after the switch, until EKS has made the entries that it makes itself, or has had time enough.
async fn survey_after_switch(
    target: &Target,
    clock: Clock,
    stop: &Stop,
) -> Result<Survey, Failure> {
    let until = Instant::now() + EKS_ENTRIES_WAIT;
    let (mut known, mut changed) = (0, Instant::now());
    loop {
        let seen = survey(target, (clock.system)()).await?;
        let missing = seen.observed.node_roles.iter().flatten().any(|role| {
            Principal::from_arn(&role.role_arn)
                .is_some_and(|principal| seen.observed.entry(&principal.key()).is_none())
        });
        let count = seen.observed.entries.as_ref().map_or(0, Vec::len);
        if count != known {
            (known, changed) = (count, Instant::now());
        }
        if !missing || Instant::now() >= until || changed.elapsed() >= EKS_ENTRIES_QUIET {
            return Ok(seen);
        }
        if stop.is_requested() {
            return Err(Failure {
                kind: FailureKind::Interrupted,
                ..Failure::new("interrupted after the mode switch")
                    .hint("run the same command again to go on")
            });
        }
        stop.sleep(Duration::from_secs(1)).await;
    }
}

/// What the journal says of this tool's earlier work.
#[must_use]
pub fn ours(history: &History) -> Ours {
    Ours {
        made: history.made_entries().into_keys().collect(),
        associated: history.associations(),
    }
}

/// The journal's usual place: one file for each cluster.
#[must_use]
pub fn journal_path(state_folder: &Path, id: &ClusterId) -> PathBuf {
    state_folder
        .join(&id.account_id)
        .join(&id.region)
        .join(format!("{}.jsonl", id.name))
}

/// The journal's usual place for the cluster that was seen; `None` offline.
#[must_use]
pub fn usual_journal(seen: &Survey, state_folder: &Path) -> Option<PathBuf> {
    Some(journal_path(state_folder, &cluster_id(seen).ok()?))
}

pub(super) fn cluster_id(seen: &Survey) -> Result<ClusterId, Failure> {
    let cluster = &seen.observed.cluster;
    let known = |value: &Option<String>, what: &str| {
        value
            .clone()
            .ok_or_else(|| Failure::new(format!("EKS does not tell the cluster's {what}")))
    };
    let id = ClusterId {
        account_id: known(
            &cluster
                .account_id
                .clone()
                .or_else(|| seen.caller.as_ref().map(|caller| caller.account.clone())),
            "account",
        )?,
        region: known(&cluster.region, "region")?,
        name: known(&cluster.name, "name")?,
    };
    // They name a file; EKS's own patterns hold no separator.
    let parts = [&id.account_id, &id.region, &id.name];
    if parts
        .iter()
        .any(|part| part.is_empty() || part.contains(['/', '\\', '\0']) || part.starts_with('.'))
    {
        return Err(Failure::new(
            "the cluster's account, region or name can't be used in a file name",
        ));
    }
    Ok(id)
}

pub(super) fn live_entries(seen: &Survey) -> BTreeMap<String, LiveEntry> {
    seen.observed
        .entries
        .iter()
        .flatten()
        .map(|live| (live.entry.principal_arn.to_string(), live.clone()))
        .collect()
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

/// Marks what this run makes with its id.
fn tagged(actions: &[Action], run: &str) -> Vec<Action> {
    actions
        .iter()
        .filter(|action| action.stage != Stage::Cluster)
        .cloned()
        .map(|mut action| {
            if let ActionKind::CreateAccessEntry { tags, .. } = &mut action.kind {
                tags.insert(RUN_TAG.to_owned(), run.to_owned());
            }
            action
        })
        .collect()
}

fn plan_digest(plan: &Plan) -> String {
    sha256(
        serde_json::to_string(&plan.actions)
            .expect("actions are plain data")
            .as_bytes(),
    )
}

/// A short id that sorts by time and is not made twice: the time and what tells this process from others.
pub(super) fn new_run_id(now: Timestamp, holder: &str) -> String {
    let digest = sha256(format!("{now}{holder}").as_bytes());
    format!("{}-{}", now.strftime("%Y%m%dT%H%M%SZ"), &digest[..6])
}
