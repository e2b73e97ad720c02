//! The caller's own access entry, begun and not finished: it hides the caller's mapping and lets it read nothing.
//!
//! Source: EKS User Guide, "Grant IAM users and roles access to Kubernetes APIs": with an access entry, the mapping in
//! aws-auth no longer counts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Question, Work, id_of};
use crate::aws::{Aws, Caller, LookupRoles, PrincipalSource};
use crate::error::{Failure, FailureKind};
use crate::journal::Journal;
use crate::kubernetes::KubernetesError;
use crate::migration::Consent;
use crate::migration::survey::{Survey, survey};
use crate::model::{Arn, Cluster, ClusterId, Principal};
use crate::observed::Lookup;
use crate::plan::{Action, RUN_TAG};
use crate::writer::{self, Progress};

/// How often the cluster is asked again once the caller's entry is complete: its authorizer learns of it a bit later.
const LOOKS: u32 = 15;

/// Why the caller can't read `aws-auth`.
#[derive(Debug, thiserror::Error)]
#[error(
    "the access entry of `{principal_arn}`, made by the run {run} of this tool, has no access policy and hides the \
     mapping in aws-auth"
)]
pub(in crate::migration) struct LockedOut {
    principal_arn: Arn,
    /// The run that made the entry, by its tag.
    run: String,
    principal: Principal,
    cluster: ClusterId,
    aws: Aws,
    caller: Caller,
}

impl LockedOut {
    /// Says why `aws-auth` can't be read, where that is it; else what the Kubernetes API said.
    pub(in crate::migration) async fn explain(
        error: KubernetesError,
        aws: &Aws,
        cluster: &Cluster,
        caller: &Caller,
    ) -> Failure {
        // A token of the wrong time is nobody's, and neither is a certificate valid then.
        if let (Some(hint), false) = (
            aws.clock_hint(),
            matches!(error, KubernetesError::Forbidden { .. }),
        ) {
            return Failure::new(error.to_string()).hint(hint);
        }
        let is_refused = matches!(
            error,
            KubernetesError::Forbidden { .. } | KubernetesError::Unauthorized { .. }
        );
        let locked = match (is_refused, id_of(cluster, Some(caller))) {
            (true, Ok(id)) => Self::of(aws, id, caller).await,
            _ => None,
        };
        let Some(locked) = locked else {
            return error.into();
        };
        let give_back = format!(
            "or give the mapping back: {}",
            writer::delete_entry_command(&locked.cluster, &locked.principal_arn.to_string())
        );
        // The entry may be complete as well, and its groups lack the right: then the first hint is the way out.
        Failure::from(error)
            .because(locked)
            .hint("if that run was stopped, run `apply` where its journal is: it finishes the entry first")
            .hint(give_back)
            .hint("or let somebody with cluster-admin run `apply`")
    }

    /// Looks at the caller's own entry; what can't be looked at explains nothing.
    async fn of(aws: &Aws, cluster: ClusterId, caller: &Caller) -> Option<Self> {
        let principal = caller.principal.clone()?;
        let source = PrincipalSource {
            own_account: &caller.account,
            lookup_roles: &LookupRoles::new(),
        };
        // A session does not tell the path of its role, the entry has it.
        let found = aws.look_up(std::slice::from_ref(&principal), &source).await;
        let arn = match found
            .unwrap_or_else(|_| BTreeMap::new())
            .remove(&principal.key())
        {
            Some(Lookup::Found { arn, .. }) => arn,
            _ => principal.arn(),
        };
        let live = aws.access_entry(&cluster.name, &arn.to_string()).await;
        let entry = live.ok()??.entry;
        let run = entry.tags.get(RUN_TAG)?.clone();
        entry.access_policies.is_empty().then_some(Self {
            principal_arn: arn,
            run,
            principal,
            cluster,
            aws: aws.clone(),
            caller: caller.clone(),
        })
    }

    fn owed(&self, history: &crate::journal::History) -> Vec<Action> {
        history.owed(&self.principal.key())
    }
}

/// Finishes what the journal says is owed to the caller, through AWS alone, and looks at the cluster then.
///
/// Only the caller's own entry: whoever may associate a policy may give it to itself, while what was planned for
/// others may no longer be what their mappings say.
pub(super) async fn finish<P: Progress>(
    work: &Work<'_, P>,
    failure: Failure,
    confirm: &impl Fn(Question<'_>) -> Result<Consent, Failure>,
) -> Result<Survey, Failure> {
    let source = failure.source.as_deref();
    let Some(locked) = source.and_then(|source| source.downcast_ref::<LockedOut>()) else {
        return Err(failure);
    };
    let path = work.options.journal_of(&locked.cluster);
    let actions = locked.owed(&Journal::history(&path, &locked.cluster)?);
    if actions.is_empty() {
        return Err(failure);
    }
    confirm(Question::Owed {
        cluster: &locked.cluster,
        actions: &actions,
    })?;
    work.stop.begin_writing();
    // The journal is free again when this is done, for the run that goes on.
    let log = work.begin(&locked.cluster, &actions, Some(&locked.caller))?;
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
        let kind = if work.stop.is_requested() {
            FailureKind::Interrupted
        } else {
            FailureKind::Incomplete
        };
        return Err(Failure {
            kind,
            what: format!("the caller's own access entry was not finished{why}"),
            ..failure
        });
    }
    Box::pin(look_until_let_in(work)).await
}

async fn look_until_let_in<P: Progress>(work: &Work<'_, P>) -> Result<Survey, Failure> {
    let mut looks = 1;
    loop {
        let seen = survey(work.target, work.clock.system).await;
        if seen.is_ok() || looks == LOOKS || work.stop.is_requested() {
            return seen;
        }
        looks += 1;
        work.stop.sleep(Duration::from_secs(1)).await;
    }
}
