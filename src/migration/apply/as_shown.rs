//! What was shown before the mode switch is all that is carried out after it.
//!
//! After the switch `aws-auth` and the entries are read again, since EKS makes entries of its own. Whatever somebody else
//! has written meanwhile would enter the plan then, and nobody would have seen it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccessEntry, ActionError, ActionStatus, Arn, MappingId};
use crate::plan::compare::differences;
use crate::plan::document::{Plan, PlannedMapping};
use crate::plan::{Action, ActionKind};
use crate::writer::ActionResult;

/// The code of an action that was not in the plan that was shown.
const NOT_SHOWN: &str = "NotShown";

/// Takes out of a plan made after the switch what the plan that was `shown` did not have, and returns it as left open.
///
/// All of a principal's actions stay or go together: half of them could give it less than it has.
pub(super) fn leave_what_was_not_shown(plan: &mut Plan, shown: &Plan) -> Vec<ActionResult> {
    let strange: BTreeSet<Arn> = {
        let agreed = by_principal(shown);
        let planned = by_principal(plan).into_iter();
        let strange = planned.filter(|(arn, planned)| {
            let agreed = agreed.get(arn);
            !agreed.is_some_and(|agreed| planned.is_left_of(agreed))
        });
        strange.map(|(arn, _)| arn.clone()).collect()
    };
    let is_strange = |action: &Action| {
        let arn = action.kind.principal_arn();
        arn.is_some_and(|arn| strange.contains(arn))
    };
    let (left, kept): (Vec<_>, Vec<_>) = plan.actions.iter().cloned().partition(is_strange);
    let left = left.into_iter().map(|action| ActionResult {
        error: Some(ActionError {
            code: NOT_SHOWN.to_owned(),
            message: why(plan, shown, &action).to_owned(),
            request_id: None,
        }),
        status: ActionStatus::Skipped,
        action,
    });
    let left = left.collect();
    plan.actions = kept;
    left
}

/// What is planned for a principal.
#[derive(Default)]
struct PlannedFor<'a> {
    entry: Option<&'a AccessEntry>,
    calls: Vec<&'a ActionKind>,
}

impl PlannedFor<'_> {
    /// Whether nothing else becomes of the principal than what was agreed to; EKS may have done a part of it itself.
    fn is_left_of(&self, agreed: &Self) -> bool {
        let is_same = match (self.entry, agreed.entry) {
            // Tags give nothing.
            (Some(entry), Some(agreed)) => differences(entry, agreed).is_empty(),
            _ => false,
        };
        is_same && self.calls.iter().all(|call| agreed.calls.contains(call))
    }
}

fn by_principal(plan: &Plan) -> BTreeMap<&Arn, PlannedFor<'_>> {
    let mappings = plan.mappings.iter();
    let mappings: BTreeMap<MappingId, &PlannedMapping> =
        mappings.map(|mapping| (mapping.id, mapping)).collect();
    let mut all: BTreeMap<&Arn, PlannedFor<'_>> = BTreeMap::new();
    for action in &plan.actions {
        let Some(arn) = action.kind.principal_arn() else {
            continue;
        };
        let planned = all.entry(arn).or_default();
        planned.calls.push(&action.kind);
        let mapping = action.mapping.and_then(|id| mappings.get(&id));
        planned.entry = mapping.and_then(|mapping| mapping.entry.as_ref());
    }
    all
}

/// Why nobody has seen what is planned for a principal.
fn why(plan: &Plan, shown: &Plan, action: &Action) -> &'static str {
    let mut mappings = plan.mappings.iter();
    let mapping = mappings.find(|mapping| Some(mapping.id) == action.mapping);
    let was_there = mapping.is_some_and(|mapping| {
        let mut mappings = shown.mappings.iter();
        mappings.any(|known| known.arn == mapping.arn)
    });
    if was_there {
        "what is planned for it has changed since the plan was shown"
    } else {
        "its mapping was added to aws-auth after the plan was shown"
    }
}
