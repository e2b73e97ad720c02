//! How a run ended.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Ending, WatchedNodes};
use crate::model::{ActionError, ActionStatus, Arn};
use crate::plan::Action;

/// How one action ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionResult {
    /// The action.
    pub action: Action,
    /// How it ended.
    pub status: ActionStatus,
    /// What went wrong.
    pub error: Option<ActionError>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunSummary {
    /// Every action, in the plan's order.
    pub results: Vec<ActionResult>,
    /// Entries that were read back and do not say what they should, with what is wrong.
    pub unverified: Vec<(Arn, String)>,
    /// How many entries were read back.
    pub verified: usize,
    /// Why the run stopped before its end, where it did.
    pub stopped: Option<String>,
    /// The nodes that were watched after the first node role got its entry.
    pub watched: Option<WatchedNodes>,
}

impl RunSummary {
    /// The same in short, for the journal.
    #[must_use]
    pub fn ending(&self) -> Ending {
        let unverified = self.unverified.iter();
        let named = |(arn, differences): &(Arn, String)| (arn.to_string(), differences.clone());
        Ending {
            lost_nodes: Vec::new(),
            nodes: self.watched.clone(),
            verified: Some(self.verified),
            unverified: unverified.map(named).collect(),
        }
    }

    /// How many actions ended in a way.
    #[must_use]
    pub fn count(&self, status: ActionStatus) -> usize {
        self.results
            .iter()
            .filter(|result| result.status == status)
            .count()
    }

    /// Principals that EKS doesn't know: a decision for people, not a failure.
    #[must_use]
    pub fn refused_principals(&self) -> BTreeSet<Arn> {
        let refused = self.results.iter().filter(|result| result.is_refused());
        refused
            .filter_map(|result| result.action.kind.principal_arn().cloned())
            .collect()
    }

    /// Principals whose entry somebody else has made meanwhile, with how it differs: a decision for people, too.
    #[must_use]
    pub fn conflicts(&self) -> BTreeMap<Arn, String> {
        let conflicts = self.results.iter().filter(|result| result.is_conflict());
        conflicts
            .filter_map(|result| {
                let arn = result.action.kind.principal_arn()?;
                Some((arn.clone(), result.error.as_ref()?.message.clone()))
            })
            .collect()
    }

    /// Whether all was done that could be done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let (refused, conflicts) = (self.refused_principals(), self.conflicts());
        let is_undecided = |arn: &Arn| refused.contains(arn) || conflicts.contains_key(arn);
        self.unverified.is_empty()
            && self.results.iter().all(|result| {
                !matches!(result.status, ActionStatus::Failed | ActionStatus::Skipped)
                    || result.action.kind.principal_arn().is_some_and(is_undecided)
            })
    }
}

impl ActionResult {
    /// Whether there was an entry by now that says something else, and that was left as it is.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status == ActionStatus::Exists && self.error.is_some()
    }

    /// Whether EKS doesn't know the principal.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.status == ActionStatus::Failed
            && self
                .error
                .as_ref()
                .is_some_and(ActionError::is_unknown_principal)
    }
}
