//! What becomes of the bindings that `apply --apply-rbac` made: they go once no access entry needs them; pure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::journal::{History, RunCommand};

use crate::kubernetes::{KubernetesError, StoredBinding};
use crate::model::{AccessEntry, ActionStatus, BindingId, LiveEntry};
use crate::plan::Action;
use crate::text::shell_word;

/// A binding that an earlier run made, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoneBinding {
    /// Which one.
    #[serde(flatten)]
    pub id: BindingId,
    /// What becomes of it.
    pub fate: BindingFate,
    /// Why it is not deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The object as it was seen; `None` where it could not be read.
    #[serde(skip)]
    pub(super) stored: Option<StoredBinding>,
}

/// What becomes of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Fate")]
pub enum BindingFate {
    /// It goes, after the entries.
    Planned,
    /// It is gone.
    Deleted,
    /// It stays: somebody has changed it, or an entry needs it.
    Left,
    /// It could not be read or deleted.
    Failed,
}

/// A binding that the journal calls this tool's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OwnBinding {
    /// Which one.
    pub id: BindingId,
    /// The object as it was asked for.
    object: Value,
    /// Its `metadata.uid`; `None` where the answer was lost, so that this tool may have made it.
    uid: Option<String>,
}

/// The bindings that runs of `apply` made and no rollback has deleted.
pub(super) fn made(history: &History, only_run: Option<&str>) -> Vec<OwnBinding> {
    let mut made: BTreeMap<&BindingId, OwnBinding> = BTreeMap::new();
    for run in &history.runs {
        let counts = only_run.is_none_or(|only| only == run.run);
        for change in &run.bindings {
            let own = || OwnBinding {
                id: change.id.clone(),
                object: (*change.object).clone(),
                uid: change.uid.clone(),
            };
            match (run.command, change.status) {
                (RunCommand::Apply, Some(ActionStatus::Created)) if counts => {
                    made.insert(&change.id, own());
                }
                (RunCommand::Apply, None) if counts => {
                    made.entry(&change.id).or_insert_with(own);
                }
                (RunCommand::Rollback, Some(ActionStatus::Deleted)) => {
                    made.remove(&change.id);
                }
                _ => {}
            }
        }
    }
    made.into_values().collect()
}

/// The objects of all bindings that runs of `apply` made and no rollback has deleted.
#[must_use]
pub fn made_bindings(history: &History) -> Vec<Value> {
    let own = made(history, None).into_iter();
    own.map(|own| own.object).collect()
}

/// The entries as they are once the actions are done.
pub(super) fn entries_after(live: &[LiveEntry], actions: &[Action]) -> Vec<AccessEntry> {
    let mut entries: BTreeMap<String, Option<AccessEntry>> = live
        .iter()
        .map(|live| {
            (
                live.entry.principal_arn.to_string(),
                Some(live.entry.clone()),
            )
        })
        .collect();
    for action in actions {
        if let Some(principal) = action.kind.principal_arn() {
            let entry = entries.entry(principal.to_string()).or_default();
            *entry = action.kind.applied_to(entry.take());
        }
    }
    entries.into_values().flatten().collect()
}

/// Decides about one binding, given what was found in its place; `None` where it is gone.
pub(super) fn judge(
    own: &OwnBinding,
    found: Result<Option<StoredBinding>, KubernetesError>,
    after: &[AccessEntry],
) -> Option<UndoneBinding> {
    let (fate, reason, stored) = match found {
        Ok(None) => return None,
        Ok(Some(stored)) => match why_it_stays(own, &stored, after) {
            Some(reason) => (BindingFate::Left, Some(reason), Some(stored)),
            None => (BindingFate::Planned, None, Some(stored)),
        },
        Err(error) => (BindingFate::Failed, Some(by_hand(&own.id, &error)), None),
    };
    Some(UndoneBinding {
        id: own.id.clone(),
        fate,
        reason,
        stored,
    })
}

fn why_it_stays(own: &OwnBinding, stored: &StoredBinding, after: &[AccessEntry]) -> Option<String> {
    let is_ours = match &own.uid {
        Some(uid) => stored.uid() == Some(uid),
        None => stored.is_written_by_this_tool_alone(),
    };
    if !is_ours {
        return Some("it was created by somebody else".to_owned());
    }
    if !stored.gives_as(&own.object) {
        return Some("it was changed since".to_owned());
    }
    let needs = |entry: &&AccessEntry| {
        let groups = &entry.kubernetes_groups;
        stored
            .groups()
            .any(|group| groups.iter().any(|has| has == group))
    };
    let entry = after.iter().find(needs)?;
    Some(format!(
        "the access entry of `{}`, which stays, needs it",
        entry.principal_arn
    ))
}

/// Why a binding could not be dealt with, and how it is deleted without this tool.
pub(super) fn by_hand(id: &BindingId, error: &KubernetesError) -> String {
    let namespace = id.namespace.as_ref().map_or_else(String::new, |namespace| {
        format!(" --namespace {}", shell_word(namespace))
    });
    format!(
        "{error}; by hand: kubectl delete {}{namespace} {}",
        id.kind.to_lowercase(),
        shell_word(&id.name)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(uid: &str, group: &str, manager: &str) -> Value {
        json!({
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "b", "uid": uid, "managedFields": [{"manager": manager}]},
            "roleRef": {"kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "Group", "name": group}],
        })
    }

    fn fate(uid: Option<&str>, now: Value, after: &[AccessEntry]) -> BindingFate {
        let asked = object("", "monitoring", "");
        let own = OwnBinding {
            id: BindingId::of(&asked),
            object: asked,
            uid: uid.map(str::to_owned),
        };
        let found = Ok(Some(StoredBinding::from_json(now)));
        judge(&own, found, after).unwrap().fate
    }

    #[test]
    fn only_what_nobody_touched_and_nobody_needs_goes() {
        let ours = || object("1", "monitoring", "aws-auth-migrate");
        assert_eq!(fate(Some("1"), ours(), &[]), BindingFate::Planned);
        assert_eq!(fate(Some("2"), ours(), &[]), BindingFate::Left);
        let changed = object("1", "everybody", "aws-auth-migrate");
        assert_eq!(fate(Some("1"), changed, &[]), BindingFate::Left);
        let mut entry = AccessEntry {
            principal_arn: "arn:aws:iam::111122223333:role/a".parse().unwrap(),
            entry_type: crate::model::EntryType::Standard,
            username: None,
            kubernetes_groups: vec!["others".to_owned()],
            tags: BTreeMap::new(),
            access_policies: Vec::new(),
        };
        assert_eq!(
            fate(Some("1"), ours(), &[entry.clone()]),
            BindingFate::Planned
        );
        entry.kubernetes_groups.push("monitoring".to_owned());
        assert_eq!(fate(Some("1"), ours(), &[entry]), BindingFate::Left);
    }

    #[test]
    fn a_lost_answer_is_resolved_by_reading_the_entry() {
        let by = |manager| fate(None, object("1", "monitoring", manager), &[]);
        assert_eq!(by("aws-auth-migrate"), BindingFate::Planned);
        assert_eq!(by("kubectl-client-side-apply"), BindingFate::Left);
    }
}
