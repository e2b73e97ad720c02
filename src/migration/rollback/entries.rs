//! What is undone of the access entries: only what this tool did, and only where nobody has changed it since; pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{CallHistory, History, RunCommand, RunEnd, RunHistory};
use crate::model::{AccessEntry, ActionStatus, EntryType, LiveEntry, PolicyAssociation, Principal};
use crate::plan::compare::{identity_differences, same};
use crate::plan::{Action, ActionKind, RUN_TAG, Stage};

/// An entry that is left alone, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Whose entry.
    pub principal_arn: String,
    /// Why.
    pub reason: String,
}

/// What is done to the entries, and what is left alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Undoing {
    /// The calls, in order.
    pub actions: Vec<Action>,
    /// Entries that are left alone.
    pub left: Vec<Left>,
    /// Principals whose entry was older than they are: it let nobody in and is not put back.
    pub dead: Vec<String>,
}

impl Undoing {
    /// Lets what is done to this principal's entry come after everything else: whoever goes back keeps its own way in for
    /// as long as it is needed.
    pub(super) fn put_last(&mut self, principal: &Principal) {
        let is_its = |action: &Action| {
            let of = action.kind.principal_arn().and_then(Principal::from_arn);
            of.is_some_and(|of| of.key() == principal.key())
        };
        for action in self.actions.iter_mut().filter(|action| is_its(action)) {
            action.stage = Stage::Caller;
        }
        number(&mut self.actions);
    }

    /// Adds what is undone of other entries.
    pub(super) fn join(&mut self, other: Self) {
        self.actions.extend(other.actions);
        self.left.extend(other.left);
        self.dead.extend(other.dead);
        number(&mut self.actions);
    }
}

/// What the runs made of one principal's entry.
#[derive(Debug, Clone, Default)]
struct Story {
    /// The entry before the first of them; `None` where there was none.
    before: Option<LiveEntry>,
    /// The entry after the last of them.
    after: Option<AccessEntry>,
    /// Calls of which no answer is known: the entry may be as before each of them.
    unsure: Vec<Option<AccessEntry>>,
    /// Whether `apply` deleted the entry to re-create it.
    remade: bool,
    /// The type that `apply` gave it then; `None` where that call was not reached.
    remade_as: Option<EntryType>,
}

impl Story {
    fn of(call: &CallHistory) -> Self {
        Self {
            before: call.before.as_deref().cloned(),
            after: call.before.as_ref().map(|live| live.entry.clone()),
            ..Self::default()
        }
    }

    fn tell(&mut self, call: &CallHistory, command: RunCommand) {
        match &call.action.kind {
            ActionKind::DeleteAccessEntry { .. } if command == RunCommand::Apply => {
                self.remade = true;
            }
            ActionKind::CreateAccessEntry { entry_type, .. }
                if command == RunCommand::Apply && self.remade =>
            {
                self.remade_as = Some(entry_type.clone());
            }
            _ => {}
        }
        if call.status.is_none() {
            self.unsure.push(self.after.clone());
        }
        self.after = call.action.kind.applied_to(self.after.take());
    }

    /// Whether the entry was deleted although its type was right: it was older than its principal.
    ///
    /// Where IAM does not tell, the type does: an entry is re-created only because of its type or its age.
    fn was_dead(&self, is_dead: &impl Fn(&LiveEntry) -> bool) -> bool {
        self.before.as_ref().is_some_and(|before| {
            self.remade
                && (is_dead(before) || self.remade_as.as_ref() == Some(&before.entry.entry_type))
        })
    }

    /// What the entry goes back to.
    ///
    /// A dead one let nobody in, and EKS binds what is made now to the principal of now: made once more it would give
    /// somebody access that it did not give. So nothing is put in its place, and the mapping counts again as it did.
    fn goal(&self, is_dead: &impl Fn(&LiveEntry) -> bool) -> Option<&AccessEntry> {
        let before = self.before.as_ref().map(|live| &live.entry)?;
        (!self.was_dead(is_dead)).then_some(before)
    }

    /// Whether an entry as it is now is this tool's work, and so its to undo.
    fn is_ours(&self, now: Option<&AccessEntry>) -> bool {
        let is_made_by_others =
            self.before.is_none() && now.is_some_and(|now| !now.tags.contains_key(RUN_TAG));
        !is_made_by_others
            && (same(now, self.after.as_ref())
                || self.unsure.iter().any(|maybe| same(now, maybe.as_ref()))
                || now
                    .zip(self.after.as_ref())
                    .is_some_and(|(now, after)| is_part(now, after)))
    }
}

/// Decides what is undone.
///
/// The history of an entry starts over with every rollback that brought it back. An entry that says neither what the runs
/// left nor, where an answer was lost, what they may have left, was changed by somebody else and stays. `is_dead` says
/// whether an entry is older than its principal, as far as IAM is known.
#[must_use]
pub fn undo(
    history: &History,
    only_run: Option<&str>,
    live: &[LiveEntry],
    is_dead: &impl Fn(&LiveEntry) -> bool,
) -> Undoing {
    let by_arn: BTreeMap<String, &LiveEntry> = live
        .iter()
        .map(|live| (live.entry.principal_arn.to_string(), live))
        .collect();
    let mut undoing = Undoing::default();
    for (principal, story) in &stories(history, only_run, is_dead) {
        let now = by_arn.get(principal).map(|live| &live.entry);
        let goal = story.goal(is_dead);
        if same(now, goal) {
            continue;
        }
        if story.is_ours(now) {
            undoing.actions.extend(back(principal, now, goal));
            if story.was_dead(is_dead) {
                undoing.dead.push(principal.clone());
            }
        } else {
            undoing.left.push(Left {
                principal_arn: principal.clone(),
                reason: if now.is_some() {
                    "it was changed since".to_owned()
                } else {
                    "it was deleted since".to_owned()
                },
            });
        }
    }
    number(&mut undoing.actions);
    undoing
}

/// What the runs made of every entry that is not back yet, by principal ARN.
fn stories(
    history: &History,
    only_run: Option<&str>,
    is_dead: &impl Fn(&LiveEntry) -> bool,
) -> BTreeMap<String, Story> {
    let mut stories: BTreeMap<String, Story> = BTreeMap::new();
    let runs = history.runs.iter();
    for run in runs.filter(|run| only_run.is_none_or(|only| only == run.run)) {
        let mut unanswered = BTreeSet::new();
        for call in &run.calls {
            let Some(principal) = call.action.kind.principal_arn() else {
                continue;
            };
            let was_done = !matches!(
                call.status,
                Some(ActionStatus::Failed | ActionStatus::Skipped | ActionStatus::Exists)
            );
            // What a rollback takes away that no run here has made, it takes away by its tag: that is not to be undone.
            let principal = principal.to_string();
            let is_known = run.command != RunCommand::Rollback || stories.contains_key(&principal);
            if was_done && is_known {
                if call.status.is_none() {
                    unanswered.insert(principal.clone());
                }
                let story = stories.entry(principal);
                story
                    .or_insert_with(|| Story::of(call))
                    .tell(call, run.command);
            }
        }
        if run.command == RunCommand::Rollback {
            // What a rollback has brought back is no longer this tool's; without an answer that is not known.
            stories.retain(|principal, story| {
                unanswered.contains(principal) || !same(story.goal(is_dead), story.after.as_ref())
            });
        }
    }
    stories
}

/// The principals for whom one of the last runs created an entry, or may have, that is not listed.
///
/// EKS may need some time to list an entry. A run that ended complete has waited for that, so that only the runs after it
/// are in question; clocks are not, since they jump.
pub(super) fn unlisted(
    history: &History,
    only_run: Option<&str>,
    live: &[LiveEntry],
) -> Vec<String> {
    let listed: BTreeSet<String> = live
        .iter()
        .map(|live| live.entry.principal_arn.to_string())
        .collect();
    let runs = history.runs.iter().rev();
    let recent: BTreeSet<String> = runs
        .take_while(|run| run.end != Some(RunEnd::Complete))
        .flat_map(|run| &run.calls)
        .filter(|call| matches!(call.action.kind, ActionKind::CreateAccessEntry { .. }))
        .filter_map(|call| call.action.kind.principal_arn().map(ToString::to_string))
        .filter(|principal| !listed.contains(principal))
        .collect();
    if recent.is_empty() {
        return Vec::new();
    }
    stories(history, only_run, &|_| false)
        .into_iter()
        .filter(|(principal, story)| story.after.is_some() && recent.contains(principal))
        .map(|(principal, _)| principal)
        .collect()
}

/// Decides by tags alone, where the journal is lost or elsewhere: an entry with this tool's tag goes when its mapping
/// is there again and still gives what the entry says.
#[must_use]
pub fn undo_by_tags(live: &[LiveEntry], proven: &BTreeSet<String>) -> Undoing {
    let mut undoing = Undoing::default();
    for live in live
        .iter()
        .filter(|live| live.entry.tags.contains_key(RUN_TAG))
    {
        let principal = live.entry.principal_arn.to_string();
        if proven.contains(&principal) {
            undoing
                .actions
                .extend(back(&principal, Some(&live.entry), None));
        } else {
            undoing.left.push(Left {
                principal_arn: principal,
                reason: "the journal of the run that created it is not here, and no mapping in aws-auth grants the same access"
                    .to_owned(),
            });
        }
    }
    number(&mut undoing.actions);
    undoing
}

/// The calls of a run that were done as far as their entries show, although no answer to them is known.
///
/// What an entry was before such a call is what the run found and its answered calls made of it.
pub(super) fn done_without_answer<'a>(
    run: &'a RunHistory,
    live: &BTreeMap<String, LiveEntry>,
) -> Vec<&'a CallHistory> {
    let mut known: BTreeMap<String, Option<AccessEntry>> = BTreeMap::new();
    let mut done = Vec::new();
    for call in &run.calls {
        let Some(principal) = call.action.kind.principal_arn().map(ToString::to_string) else {
            continue;
        };
        if matches!(
            call.status,
            Some(ActionStatus::Failed | ActionStatus::Skipped)
        ) {
            continue;
        }
        let before = known
            .remove(&principal)
            .unwrap_or_else(|| call.before.as_ref().map(|live| live.entry.clone()));
        let after = call.action.kind.applied_to(before.clone());
        let now = live.get(&principal).map(|live| &live.entry);
        let is_done = call.status.is_some() || same(now, after.as_ref());
        if is_done && call.status.is_none() {
            done.push(call);
        }
        known.insert(principal, if is_done { after } else { before });
    }
    done
}

/// Whether an entry is this tool's, made but not finished.
fn is_part(now: &AccessEntry, after: &AccessEntry) -> bool {
    now.tags.contains_key(RUN_TAG) && crate::plan::compare::is_beginning_of(now, after)
}

/// The calls that bring an entry back; more is given before anything is taken away.
fn back(principal: &str, now: Option<&AccessEntry>, before: Option<&AccessEntry>) -> Vec<Action> {
    let Ok(principal_arn) = principal.parse::<crate::model::Arn>() else {
        return Vec::new();
    };
    let stage = match now.or(before) {
        Some(entry) if entry.entry_type.is_node() => Stage::Nodes,
        Some(entry)
            if entry
                .access_policies
                .iter()
                .any(PolicyAssociation::is_cluster_admin) =>
        {
            Stage::Administrators
        }
        _ => Stage::Others,
    };
    let delete = || ActionKind::DeleteAccessEntry {
        principal_arn: principal_arn.clone(),
    };
    let associate = |policy: &PolicyAssociation| ActionKind::AssociateAccessPolicy {
        principal_arn: principal_arn.clone(),
        policy_arn: policy.policy_arn.clone(),
        access_scope: policy.access_scope.clone(),
    };
    let create = |entry: &AccessEntry| ActionKind::CreateAccessEntry {
        principal_arn: principal_arn.clone(),
        entry_type: entry.entry_type.clone(),
        username: entry
            .username
            .clone()
            .filter(|_| !entry.entry_type.is_node()),
        kubernetes_groups: if entry.entry_type.is_node() {
            Vec::new()
        } else {
            entry.kubernetes_groups.clone()
        },
        tags: entry.tags.clone(),
    };
    let kinds: Vec<ActionKind> = match (now, before) {
        (Some(_), None) => vec![delete()],
        (None, Some(before)) => std::iter::once(create(before))
            .chain(before.access_policies.iter().map(associate))
            .collect(),
        (Some(now), Some(before)) if now.entry_type != before.entry_type => {
            [delete(), create(before)]
                .into_iter()
                .chain(before.access_policies.iter().map(associate))
                .collect()
        }
        (Some(now), Some(before)) => {
            let missing = before
                .access_policies
                .iter()
                .filter(|policy| !now.access_policies.contains(policy));
            let mut kinds: Vec<ActionKind> = missing.map(associate).collect();
            if !identity_differences(before, now).is_empty() {
                kinds.push(ActionKind::UpdateAccessEntry {
                    principal_arn: principal_arn.clone(),
                    username: before.username.clone(),
                    kubernetes_groups: before.kubernetes_groups.clone(),
                });
            }
            let had = |policy: &PolicyAssociation| {
                before
                    .access_policies
                    .iter()
                    .any(|known| known.policy_arn == policy.policy_arn)
            };
            let extra = now.access_policies.iter().filter(|policy| !had(policy));
            kinds.extend(extra.map(|policy| ActionKind::DisassociateAccessPolicy {
                principal_arn: principal_arn.clone(),
                policy_arn: policy.policy_arn.clone(),
            }));
            kinds
        }
        (None, None) => Vec::new(),
    };
    kinds
        .into_iter()
        .map(|kind| Action {
            id: String::new(),
            kind,
            mapping: None,
            stage,
            why: "as it was before this tool's changes".into(),
        })
        .collect()
}

fn number(actions: &mut [Action]) {
    actions.sort_by_key(|action| action.stage);
    for (index, action) in actions.iter_mut().enumerate() {
        action.id = format!("r{}", index + 1);
    }
}

#[cfg(test)]
mod tests;
