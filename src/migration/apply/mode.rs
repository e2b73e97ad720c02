//! The mode switch, and the look at the cluster that follows it.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::Aws;
use crate::error::{Failure, FailureKind};
use crate::migration::survey::{Survey, Target, after_switch};
use crate::model::Principal;
use crate::stop::Stop;

/// How long EKS is given to make the entries of managed nodes after the switch, before the tool makes them.
const EKS_ENTRIES_WAIT: Duration = Duration::from_secs(30);
/// How long EKS is given to make the first of them.
const EKS_ENTRIES_BEGIN: Duration = Duration::from_secs(10);
/// How long nothing may change after one was made before EKS counts as done.
const EKS_ENTRIES_QUIET: Duration = Duration::from_secs(5);

/// Looks again after the switch, once EKS has made the entries that it makes itself, or has had time enough.
///
/// The cluster, the ConfigMap and the entries are read again; the rest stays as it was `seen` before.
pub(super) async fn survey_after_switch(
    target: &Target,
    aws: &Aws,
    cluster: &str,
    seen: Survey,
    stop: &Stop,
) -> Result<Survey, Failure> {
    let key = |arn: &str| Some(Principal::from_arn(&arn.parse().ok()?)?.key());
    let managed = seen.observed.node_roles.iter().flatten();
    let awaited: Vec<_> = managed
        .filter_map(|role| Some(Principal::from_arn(&role.role_arn)?.key()))
        .collect();
    let until = Instant::now() + EKS_ENTRIES_WAIT;
    let mut quiet = Instant::now() + EKS_ENTRIES_BEGIN;
    let mut known = 0;
    loop {
        let listed = aws
            .access_entry_arns(cluster)
            .await
            .map_err(|error| Failure::aws("failed to list the access entries", error))?;
        if listed.len() != known {
            known = listed.len();
            quiet = Instant::now() + EKS_ENTRIES_QUIET;
        }
        let made: BTreeSet<_> = listed.iter().filter_map(|arn| key(arn)).collect();
        let is_complete = awaited.iter().all(|role| made.contains(role));
        let now = Instant::now();
        if is_complete || now >= until || now >= quiet {
            return after_switch(target, cluster, seen, listed).await;
        }
        if stop.is_requested() {
            return Err(Failure {
                kind: FailureKind::Interrupted,
                ..Failure::new("interrupted after the mode switch").resumes()
            });
        }
        stop.sleep(Duration::from_secs(1)).await;
    }
}
