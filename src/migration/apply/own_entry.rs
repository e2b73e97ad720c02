//! The caller's own access entry, begun and not finished: it hides the caller's mapping and lets it read nothing.
//!
//! Source: EKS User Guide, "Grant IAM users and roles access to Kubernetes APIs": with an access entry, the mapping in
//! aws-auth no longer counts.

use std::time::Duration;

use super::{Applying, Question};
use crate::error::{Failure, FailureKind};
use crate::journal::Journal;
use crate::migration::Consent;
use crate::migration::locked_out::LockedOut;
use crate::migration::survey::Survey;
use crate::writer::{self, Progress};

/// How often the cluster is asked again once the caller's entry is complete: its authorizer learns of it a bit later.
const LOOKS: u32 = 15;

/// Completes the caller's remaining calls from the journal, through AWS alone, and then reads the cluster.
///
/// Only the caller's own entry: whoever may associate a policy may give it to itself, while what was planned for
/// others may no longer be what their mappings say.
pub(super) async fn finish<P: Progress>(
    work: &Applying<'_, P>,
    failure: Failure,
    confirm: &impl Fn(Question<'_>) -> Result<Consent, Failure>,
) -> Result<Survey, Failure> {
    let source = failure.source.as_deref();
    let Some(locked) = source.and_then(|source| source.downcast_ref::<LockedOut>()) else {
        return Err(failure);
    };
    let path = work.session.journal.journal_of(&locked.cluster);
    let history = Journal::history(&path, &locked.cluster)?;
    let actions = history.owed(&locked.principal.key());
    if actions.is_empty() {
        return Err(failure);
    }
    confirm(Question::Owed {
        cluster: &locked.cluster,
        actions: &actions,
    })?;
    // The journal is free again when this is done, for the run that resumes.
    let log = work.begin(&locked.cluster, &actions, Some(&locked.caller), None)?;
    let summary = writer::run(
        &work.run(&locked.aws, locked.aws.pace(), &locked.cluster.name, &log),
        &actions,
    )
    .await?;
    drop(log);
    if !summary.is_complete() {
        let why = summary
            .results
            .iter()
            .find_map(|result| result.error.as_ref());
        let why = why.map_or_else(String::new, |error| {
            format!(": {}: {}", error.code, error.message)
        });
        let kind = if work.session.stop.is_requested() {
            FailureKind::Interrupted
        } else {
            FailureKind::Incomplete
        };
        return Err(Failure {
            kind,
            what: format!("the caller's own access entry was not completed{why}"),
            ..failure
        });
    }
    Box::pin(look_until_let_in(work)).await
}

async fn look_until_let_in<P: Progress>(work: &Applying<'_, P>) -> Result<Survey, Failure> {
    let mut looks = 1;
    loop {
        let seen = work.session.look().await;
        if seen.is_ok() || looks == LOOKS || work.session.stop.is_requested() {
            return seen;
        }
        looks += 1;
        work.session.stop.sleep(Duration::from_secs(1)).await;
    }
}
