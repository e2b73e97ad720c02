//! What is refused before the first write.

use super::ApplyOptions;
use crate::choices::OnExisting;
use crate::error::Failure;
use crate::finding::Severity;
use crate::invocation::{Advice, Flag};
use crate::migration::Survey;
use crate::plan::document::{Outcome, Plan};
use crate::plan::{Obstacle, Stage};

pub(super) fn blind_canary(seen: &Survey, options: &ApplyOptions) -> Result<(), Failure> {
    if options.canary.is_some() && seen.kubernetes.is_none() {
        return Err(Failure::usage(format!(
            "{} watches the nodes, and there is no connection to the cluster's Kubernetes API",
            Flag::Canary
        ))
        .hint(Advice::WatchLiveCluster));
    }
    Ok(())
}

pub(super) fn what_can_not_work(plan: &Plan, options: &ApplyOptions) -> Result<(), Failure> {
    let updating = plan.cluster.status.as_deref() == Some("UPDATING");
    for (obstacle, finding) in plan.obstacles() {
        let stops = match obstacle {
            Obstacle::NoEntries => true,
            // The mode switch itself makes a cluster UPDATING; that is waited for.
            Obstacle::NotActive => !(updating && options.enable_access_entries),
            _ => false,
        };
        if finding.severity == Severity::Error && stops {
            let failure = Failure::refused(format!("{} ({})", finding.message, finding.code));
            return Err(if finding.fix.is_empty() {
                failure
            } else {
                failure.hint(finding.fix.clone())
            });
        }
        if obstacle == Obstacle::EntriesUnknown {
            return Err(Failure::refused(finding.message.clone()).hint(finding.fix.clone()));
        }
    }
    let conflicts = plan
        .mappings
        .iter()
        .filter(|mapping| mapping.outcome == Outcome::Conflict)
        .count();
    if options.choices.on_existing == OnExisting::Fail && conflicts > 0 {
        return Err(Failure::refused(format!(
            "{conflicts} live access entries differ from their mappings, and {} is fail",
            Flag::OnExisting
        ))
        .hint(Advice::UpdateOrKeepAll));
    }
    let switches = plan
        .actions
        .iter()
        .any(|action| action.stage == Stage::Cluster);
    if switches && !options.enable_access_entries {
        return Err(Failure::refused(
            "the cluster is in the mode CONFIG_MAP, which does not support access entries",
        )
        .hint(Advice::AllowModeSwitch));
    }
    Ok(())
}

/// Refuses a plan that takes the caller's cluster-admin away, unless that was allowed.
///
/// # Errors
/// The finding, with the flag that allows it.
pub fn refuse_lockout(plan: &Plan, allowed: bool) -> Result<(), Failure> {
    match plan.obstacle(Obstacle::CallerLosesAdmin) {
        Some(finding) if !allowed => Err(Failure::refused(format!(
            "{} ({})",
            finding.message, finding.code
        ))
        .hint(finding.fix.clone())),
        _ => Ok(()),
    }
}
