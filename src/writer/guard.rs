//! Looks at an entry once more before it is touched: EKS itself takes no condition with a change.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use crate::aws::{AwsError, CallReply, EksApi, UpdateState};
use crate::model::{AccessEntry, AuthenticationMode, LiveEntry, PolicyAssociation};
use crate::plan::Action;
use crate::plan::compare::same;

/// EKS, but the first call for a principal is made only if its entry still is what the decision was made on.
///
/// What is left is the time between that look and the call, some milliseconds.
#[derive(Debug)]
pub struct Guarded<'a, A> {
    api: &'a A,
    /// What was seen of every entry that is not touched yet.
    seen: Mutex<BTreeMap<String, Option<AccessEntry>>>,
}

impl<'a, A: EksApi> Guarded<'a, A> {
    /// Guards the entries of the actions' principals, as they were seen: those that are `live`, and that others are not.
    pub fn new<'b>(
        api: &'a A,
        actions: impl IntoIterator<Item = &'b Action>,
        live: &BTreeMap<String, LiveEntry>,
    ) -> Self {
        let principals = actions.into_iter().filter_map(|action| {
            let principal = action.kind.principal_arn()?.to_string();
            let entry = live.get(&principal).map(|live| live.entry.clone());
            Some((principal, entry))
        });
        Self {
            api,
            seen: Mutex::new(principals.collect()),
        }
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<String, Option<AccessEntry>>> {
        self.seen
            .lock()
            .expect("no task panics while it looks an entry up")
    }
}

/// Whether an entry is as it was seen, or already as the action makes it, since its answer was lost.
fn is_as_expected(seen: Option<&AccessEntry>, now: Option<&AccessEntry>, action: &Action) -> bool {
    let tags = |entry: Option<&AccessEntry>| entry.map(|entry| entry.tags.clone());
    let untouched = same(seen, now) && tags(seen) == tags(now);
    untouched || same(action.kind.applied_to(seen.cloned()).as_ref(), now)
}

impl<A: EksApi> EksApi for Guarded<'_, A> {
    async fn perform(
        &self,
        cluster: &str,
        action: &Action,
        token: &str,
    ) -> Result<CallReply, AwsError> {
        let principal = action.kind.principal_arn().map(ToString::to_string);
        let seen = principal
            .as_ref()
            .and_then(|principal| self.seen().get(principal).cloned());
        if let (Some(principal), Some(seen)) = (principal, seen) {
            let now = self.api.describe(cluster, &principal).await?;
            let now = now.map(|live| live.entry);
            if !is_as_expected(seen.as_ref(), now.as_ref(), action) {
                return Err(AwsError::setting(
                    &format!("eks:{}", action.kind.operation()),
                    "skipped: the entry changed since it was read",
                ));
            }
            self.seen().remove(&principal);
        }
        self.api.perform(cluster, action, token).await
    }

    async fn describe(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Option<LiveEntry>, AwsError> {
        self.api.describe(cluster, principal).await
    }

    async fn list(&self, cluster: &str) -> Result<Vec<String>, AwsError> {
        self.api.list(cluster).await
    }

    async fn policies(
        &self,
        cluster: &str,
        principal: &str,
    ) -> Result<Option<Vec<PolicyAssociation>>, AwsError> {
        self.api.policies(cluster, principal).await
    }

    async fn mode(&self, cluster: &str) -> Result<(AuthenticationMode, String), AwsError> {
        self.api.mode(cluster).await
    }

    async fn update_state(&self, cluster: &str, update: &str) -> Result<UpdateState, AwsError> {
        self.api.update_state(cluster, update).await
    }
}
