//! A caller whose own access entry hides its mapping: begun and not finished, it lets the caller read nothing.
//!
//! Source: EKS User Guide, "Grant IAM users and roles access to Kubernetes APIs": with an access entry, the mapping in
//! aws-auth no longer counts.

use std::collections::BTreeMap;

use super::cluster_id::id_of;
use crate::aws::{Aws, Caller, LookupRoles, PrincipalSource};
use crate::error::Failure;
use crate::kubernetes::KubernetesError;
use crate::model::{Arn, Cluster, ClusterId, Principal};
use crate::observed::Lookup;
use crate::plan::RUN_TAG;
use crate::writer;

/// Why the caller can't read `aws-auth`.
#[derive(Debug, thiserror::Error)]
#[error(
    "the access entry of `{principal_arn}`, created by run {run} of this tool, has no access policy and overrides the mapping in aws-auth"
)]
pub(super) struct LockedOut {
    pub(super) principal_arn: Arn,
    /// The run that made the entry, by its tag.
    pub(super) run: String,
    pub(super) principal: Principal,
    pub(super) cluster: ClusterId,
    pub(super) aws: Aws,
    pub(super) caller: Caller,
}

impl LockedOut {
    /// Says why `aws-auth` can't be read, where that is it; else what the Kubernetes API said.
    pub(super) async fn explain(
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
            "or delete the entry, so that the mapping applies again: {}",
            writer::delete_entry_command(&locked.cluster, &locked.principal_arn.to_string())
        );
        // The entry may be complete as well, and its groups lack the right: then the first hint is the way out.
        Failure::from(error)
            .because(locked)
            .hint("if that run was stopped, run `apply` on the machine that has its journal: it completes the entry first")
            .hint(give_back)
            .hint("or have a cluster administrator run `apply`")
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
}
