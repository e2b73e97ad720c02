//! One look at the cluster, and what would be undone.

use futures_util::{StreamExt, stream};

use super::backups::{agree_with_backups, without_journal};
use super::config_map::{Restoring, changes, restore};
use super::decide::decide;
use super::entries::unlisted;
use super::{BINDINGS_AT_A_TIME, RollbackOptions, RolledBack, bindings};
use crate::error::Failure;
use crate::invocation::Advice;
use crate::journal::{History, Journal, RunCommand, RunEnd, RunHistory};
use crate::kubernetes::{Kubernetes, Stored};
use crate::migration::cutover::live;
use crate::migration::deletion::held_by;
use crate::migration::owners::writers_of;
use crate::migration::session::{Opened, Session};
use crate::migration::survey::Survey;
use crate::model::{AuthenticationMode, ClusterId};
use crate::writer::{Progress, describe_shown};

/// How many entries that are not listed are looked at at a time.
const ENTRIES_AT_A_TIME: usize = 8;

/// One look at the cluster, and what would be undone.
pub(super) struct RollbackLook {
    pub(super) seen: Survey,
    pub(super) kubernetes: Kubernetes,
    pub(super) id: ClusterId,
    /// Whether an earlier rollback was stopped.
    pub(super) is_open: bool,
    pub(super) done: RolledBack,
}

impl RollbackLook {
    pub(super) async fn of<P: Progress>(
        session: &Session<'_, P>,
        options: &RollbackOptions,
    ) -> Result<Self, Failure> {
        let mut seen = session.look().await?;
        let kubernetes = live(&seen)?;
        let Opened { id, path, history } = session.open(&seen)?;
        if options.journal.named.is_some() && !Journal::is_there(&path)? {
            return Err(
                Failure::usage(format!("there is no journal `{}`", path.display()))
                    .hint(Advice::UsualJournal),
            );
        }
        if let Some(run) = &options.run
            && !history.runs.iter().any(|known| known.run == *run)
        {
            return Err(Failure::new(format!(
                "the journal `{}` has no run `{run}`",
                path.display()
            ))
            .hint(Advice::JournalWithRun));
        }
        see_unlisted(session, &mut seen, &history, options.run.as_deref()).await?;
        let stored = seen.stored.clone();
        let held = stored.as_ref().and_then(Stored::terminating);
        // One that is being deleted counts still, and goes by itself: it is no place to leave anybody's access to.
        let standing = stored.as_ref().filter(|_| held.is_none());
        // What a rollback without the journal has begun is not a journal to go by.
        let is_lost = |run: &RunHistory| {
            run.command == RunCommand::Rollback && run.end != Some(RunEnd::Complete)
        };
        let (config_map, lost) = if history.runs.iter().all(is_lost) {
            without_journal(&path, &id, standing, options)
        } else {
            let back = restore(&history, options.run.as_deref(), standing);
            let elsewhere = (standing.is_none() && changes(&history, None).is_empty()).then(|| {
                let is = if held.is_some() {
                    "being deleted"
                } else {
                    "gone"
                };
                format!(
                    "aws-auth is {is}, and no run in the journal `{}` removed it: {}",
                    path.display(),
                    Advice::JournalOfRemoval
                )
            });
            (back, elsewhere)
        };
        if config_map != Restoring::Nothing {
            agree_with_backups(&changes(&history, options.run.as_deref()))?;
        }
        let mut done = decide(
            &seen,
            standing,
            config_map,
            &history,
            options,
            session.clock,
        )?;
        if let Some(held) = &held {
            done.stays.push(format!(
            "aws-auth has been marked for deletion since {}, {}: it applies until it is gone, and is restored after that",
            held.since,
            held_by(held)
        ));
        }
        done.journal = path.clone();
        if !done.is_nothing() || !done.entries.left.is_empty() || standing.is_none() {
            done.stays.extend(lost);
        }
        if done.config_map != Restoring::Nothing {
            done.writers = stored.as_ref().map(writers_of).unwrap_or_default();
        }
        let live = seen.observed.entries.as_deref().unwrap_or_default();
        let after = bindings::entries_after(live, &done.entries.actions);
        let made = bindings::made(&history, options.run.as_deref());
        let mut looks = stream::iter(made)
            .map(|own| {
                let kubernetes = &kubernetes;
                async move { (kubernetes.binding(&own.id).await, own) }
            })
            .buffered(BINDINGS_AT_A_TIME);
        while let Some((found, own)) = looks.next().await {
            done.bindings.extend(bindings::judge(&own, found, &after));
        }
        drop(looks);
        if let Restoring::Back { edited: true, .. } = done.config_map
            && !options.force
        {
            let backup = changes(&history, options.run.as_deref())
                .iter()
                .find_map(|change| change.backup.as_ref())
                .map_or_else(String::new, |backup| format!(" `{}`", backup.display()));
            return Err(
                Failure::new("nothing was undone: aws-auth changed since the cutover")
                    .hint(Advice::CompareWithBackup { backup }),
            );
        }
        let is_open = history.unfinished_of(RunCommand::Rollback).is_some();
        Ok(Self {
            seen,
            kubernetes,
            id,
            is_open,
            done,
        })
    }

    /// Whether another look would undo the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.done.config_map == other.done.config_map
            && self.done.entries == other.done.entries
            && self.done.bindings == other.done.bindings
    }
}

/// Looks at each entry that the last runs created and the list lacks, for as long as EKS may need to show it: what is not
/// seen would not be undone.
async fn see_unlisted<P: Progress>(
    session: &Session<'_, P>,
    seen: &mut Survey,
    history: &History,
    only_run: Option<&str>,
) -> Result<(), Failure> {
    let (Some(aws), Some(entries)) = (&seen.aws, &mut seen.observed.entries) else {
        return Ok(());
    };
    let mode = seen.observed.cluster.authentication_mode;
    if !mode.is_some_and(AuthenticationMode::has_access_entries) {
        return Ok(());
    }
    let unlisted = unlisted(history, only_run, entries);
    let cluster = seen.observed.cluster.name.as_deref().unwrap_or_default();
    let mut looks = stream::iter(&unlisted)
        .map(|principal| describe_shown(aws, cluster, principal, session.stop))
        .buffered(ENTRIES_AT_A_TIME);
    while let Some(found) = looks.next().await {
        let found = found.map_err(|error| Failure::aws("failed to read an access entry", error))?;
        entries.extend(found);
    }
    Ok(())
}
