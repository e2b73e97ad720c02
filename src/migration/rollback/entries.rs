//! What is undone of the access entries: only what this tool did, and only where nobody has changed it since; pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{History, RunCommand};
use crate::model::{AccessEntry, LiveEntry, PolicyAssociation};
use crate::plan::compare::{differences, identity_differences};
use crate::plan::{Action, ActionKind, RUN_TAG, Stage};
use crate::writer::Status;

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
    /// Whether a run deleted the entry to make it anew.
    remade: bool,
}

impl Story {
    /// What the entry goes back to.
    ///
    /// One that was made anew with the same type was older than its principal and let nobody in; made once more it
    /// would let somebody in, so nothing is put in its place and the mapping counts again.
    fn goal(&self) -> Option<&AccessEntry> {
        let before = self.before.as_ref().map(|live| &live.entry)?;
        let is_stale = self.remade
            && self
                .after
                .as_ref()
                .is_none_or(|after| after.entry_type == before.entry_type);
        (!is_stale).then_some(before)
    }
}

/// Decides what is undone.
///
/// The story of an entry begins anew with every rollback. An entry that says neither what the runs left nor, where an
/// answer was lost, what they may have left, was changed by somebody else and stays.
#[must_use]
pub fn undo(history: &History, only_run: Option<&str>, live: &[LiveEntry]) -> Undoing {
    let mut stories: BTreeMap<String, Story> = BTreeMap::new();
    for run in &history.runs {
        if only_run.is_some_and(|only| only != run.run) {
            continue;
        }
        for call in &run.calls {
            let Some(principal) = call.action.kind.principal_arn() else {
                continue;
            };
            let principal = principal.to_string();
            if matches!(
                call.status,
                Some(Status::Failed | Status::Skipped | Status::Exists)
            ) {
                continue;
            }
            let story = stories.entry(principal).or_insert_with(|| Story {
                before: call.before.as_deref().cloned(),
                after: call.before.as_ref().map(|live| live.entry.clone()),
                unsure: Vec::new(),
                remade: false,
            });
            story.remade |= run.command == RunCommand::Apply
                && matches!(call.action.kind, ActionKind::DeleteAccessEntry { .. });
            if call.status.is_none() {
                story.unsure.push(story.after.clone());
            }
            story.after = call.action.kind.applied_to(story.after.take());
        }
        if run.command == RunCommand::Rollback {
            // What a rollback has brought back is no longer this tool's.
            stories.retain(|_, story| !same(story.goal(), story.after.as_ref()));
        }
    }
    let by_arn: BTreeMap<String, &LiveEntry> = live
        .iter()
        .map(|live| (live.entry.principal_arn.to_string(), live))
        .collect();
    let mut undoing = Undoing::default();
    for (principal, story) in &stories {
        let now = by_arn.get(principal).map(|live| &live.entry);
        let before = story.goal();
        if same(now, before) {
            continue;
        }
        let is_made_by_others =
            story.before.is_none() && now.is_some_and(|now| !now.tags.contains_key(RUN_TAG));
        let is_ours = !is_made_by_others
            && (same(now, story.after.as_ref())
                || story.unsure.iter().any(|maybe| same(now, maybe.as_ref()))
                || now
                    .zip(story.after.as_ref())
                    .is_some_and(|(now, after)| is_part(now, after)));
        if is_ours {
            undoing.actions.extend(back(principal, now, before));
        } else {
            undoing.left.push(Left {
                principal_arn: principal.clone(),
                reason: if now.is_some() {
                    "somebody has changed it since".to_owned()
                } else {
                    "somebody has deleted it since".to_owned()
                },
            });
        }
    }
    number(&mut undoing.actions);
    undoing
}

/// Decides by tags alone, where the journal is lost: an entry with this tool's tag goes when its mapping stands again
/// and still gives what the entry says.
#[must_use]
pub fn undo_by_tags(live: &[LiveEntry], stands: &BTreeSet<String>) -> Undoing {
    let mut undoing = Undoing::default();
    for live in live
        .iter()
        .filter(|live| live.entry.tags.contains_key(RUN_TAG))
    {
        let principal = live.entry.principal_arn.to_string();
        if stands.contains(&principal) {
            undoing
                .actions
                .extend(back(&principal, Some(&live.entry), None));
        } else {
            undoing.left.push(Left {
                principal_arn: principal,
                reason:
                    "the journal is lost, and no mapping in aws-auth gives what the entry gives"
                        .to_owned(),
            });
        }
    }
    number(&mut undoing.actions);
    undoing
}

fn same(a: Option<&AccessEntry>, b: Option<&AccessEntry>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => shown_as(a, b) || shown_as(b, a),
        _ => false,
    }
}

/// Whether EKS shows what was asked for, its own username filled in where none was.
fn shown_as(asked: &AccessEntry, shown: &AccessEntry) -> bool {
    differences(asked, shown).is_empty()
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
            why: "as it was before this tool".to_owned(),
        })
        .collect()
}

fn number(actions: &mut [Action]) {
    actions.sort_by_key(|action| action.stage);
    for (index, action) in actions.iter_mut().enumerate() {
        action.id = format!("r{}", index + 1);
    }
}
