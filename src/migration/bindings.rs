//! The bindings that new names need, created beside the ones that are there.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{Survey, apply, rollback};
use crate::access::emit_rbac;
use crate::choices::Choices;
use crate::error::{Failure, FailureKind};
use crate::invocation::Advice;
use crate::journal::{History, RunLog};
use crate::kubernetes::{Kubernetes, KubernetesError, Made};
use crate::model::{ActionStatus, BindingId};
use crate::plan::Plan;
use crate::rights::For;
use crate::stop::Stop;
use crate::writer::{Event, EventKind, Progress};

/// What a failure before the first entry leaves behind.
const NO_ENTRY: &str = "no access entry was created";

/// A binding that was made for a renamed group, or was there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MadeBinding {
    /// Which one.
    #[serde(flatten)]
    pub id: BindingId,
    /// Whether it was made now.
    pub status: Made,
}

/// The objects that the renamed groups need; none where no group is renamed, or bindings are not asked for.
///
/// # Errors
/// Which bindings there are has to be known, and there has to be a Kubernetes API to make them in.
pub fn wanted(seen: &Survey, choices: &Choices, plan: &Plan) -> Result<Vec<Value>, Failure> {
    let used = plan.renames_in_use();
    if !choices.bind_renamed || used.is_empty() {
        return Ok(Vec::new());
    }
    let rbac = seen.observed.rbac.as_ref().ok_or_else(|| {
        Failure::new(
            "the bindings of the old names are unknown, so none can be created for the new ones",
        )
        .hint(Advice::PassRbac)
    })?;
    let objects = emit_rbac(used.renames(), rbac);
    if !objects.is_empty() && seen.kubernetes.is_none() {
        return Err(Failure::usage(
            "the ConfigMap is from a file, so there is no Kubernetes API to create bindings in",
        )
        .and_nothing_written()
        .hint(Advice::EmitRbac));
    }
    Ok(objects)
}

/// The bindings that a command would make or delete: those that renamed groups and usernames need, and for a rollback
/// those that are made already.
#[must_use]
pub fn touched(
    seen: &Survey,
    choices: &Choices,
    history: &History,
    command: For,
    now: Timestamp,
) -> Vec<Value> {
    let needed = || {
        // Without its bindings a new name would be blocked, and need none.
        let choices = Choices {
            bind_renamed: true,
            ..choices.clone()
        };
        let used = apply::plan(seen, &choices, history, now).renames_in_use();
        let rbac = seen.observed.rbac.as_ref();
        rbac.map(|rbac| emit_rbac(used.renames(), rbac))
            .unwrap_or_default()
    };
    match command {
        For::Apply => needed(),
        For::Rollback => {
            let mut objects = rollback::made_bindings(history);
            let known: Vec<BindingId> = objects.iter().map(BindingId::of).collect();
            let more = needed().into_iter();
            objects.extend(more.filter(|object| !known.contains(&BindingId::of(object))));
            objects
        }
        For::Plan | For::Cutover => Vec::new(),
    }
}

/// What making bindings needs.
pub(super) struct Making<'a, P> {
    /// Where every binding is written down.
    pub(super) log: &'a RunLog,
    /// Who is notified.
    pub(super) progress: &'a P,
    /// Whether to stop.
    pub(super) stop: &'a Stop,
    /// The clock.
    pub(super) now: fn() -> Timestamp,
}

impl<P: Progress> Making<'_, P> {
    /// Makes the objects, one after the other; one that is there and equal is fine, another of its name is an error.
    pub(super) async fn make(
        &self,
        kubernetes: Option<&Kubernetes>,
        objects: Vec<Value>,
    ) -> Result<Vec<MadeBinding>, Failure> {
        let mut made = Vec::new();
        let Some(kubernetes) = kubernetes else {
            return Ok(made);
        };
        for object in objects {
            if self.stop.is_requested() {
                return Err(Failure {
                    kind: FailureKind::Interrupted,
                    ..Failure::new("interrupted before all bindings were created")
                        .resumes_after(NO_ENTRY)
                });
            }
            made.push(self.make_one(kubernetes, &object).await?);
        }
        Ok(made)
    }

    async fn make_one(
        &self,
        kubernetes: &Kubernetes,
        object: &Value,
    ) -> Result<MadeBinding, Failure> {
        let id = BindingId::of(object);
        self.log.binding_intent(object)?;
        let there = match kubernetes.make_binding(object.clone()).await {
            Ok(there) => there,
            Err(error) => {
                // Without an answer it may be made.
                if !error.is_answer_lost() {
                    let why = Some(error.to_string());
                    self.log
                        .binding_outcome(&id, ActionStatus::Failed, None, None, why)?;
                }
                // Nothing helps but what its own hint says.
                let is_fruitless = matches!(error, KubernetesError::NoRole { .. });
                let failure = Failure::from(error);
                return Err(if is_fruitless {
                    failure.hint(NO_ENTRY)
                } else {
                    failure.resumes_after(NO_ENTRY)
                });
            }
        };
        // One that is there may be what this run made before it was stopped.
        let is_ours = there.made == Made::Created || self.was_made(&id, there.uid.as_deref());
        let status = if is_ours {
            ActionStatus::Created
        } else {
            ActionStatus::Exists
        };
        self.log
            .binding_outcome(&id, status, there.uid, there.resource_version, None)?;
        self.progress.tell(&Event {
            status: Some(match there.made {
                Made::Created => ActionStatus::Created,
                Made::Exists => ActionStatus::Exists,
            }),
            binding: Some(id.clone()),
            ..Event::new(EventKind::Action, (self.now)())
        });
        Ok(MadeBinding {
            id,
            status: there.made,
        })
    }

    /// Whether this run made the binding before it was stopped: its answer says so, or was lost.
    fn was_made(&self, id: &BindingId, uid: Option<&str>) -> bool {
        let runs = self.log.history().runs.iter();
        runs.filter(|run| run.run == self.log.id())
            .flat_map(|run| &run.bindings)
            .filter(|change| change.id == *id)
            .any(|change| match change.status {
                None => true,
                Some(ActionStatus::Created) => change.uid.as_deref() == uid,
                Some(_) => false,
            })
    }
}
