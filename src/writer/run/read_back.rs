//! Verifies what was made: what an answer promised is believed once EKS lists it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::engine::{CREDENTIALS, Engine};
use super::summary::ActionResult;
use crate::aws::{AwsError, EksApi};
use crate::model::{AccessEntry, ActionStatus, Arn, LiveEntry};
use crate::plan::compare::{differences, in_words};
use crate::stop::Stop;
use crate::writer::progress::Progress;

/// How many entries a page of the list has.
///
/// Source: EKS API Reference, `ListAccessEntries`, `maxResults`.
const PAGE: usize = 100;
/// How often an entry is looked at before it counts as not shown.
const LOOKS: u32 = 8;

/// How long to wait before looking again.
fn look_again(attempt: u32) -> Duration {
    Duration::from_millis(250 << attempt.min(4))
}

/// Reads an entry that may have been created a moment ago, for as long as EKS may need to show it; `None` where it does not.
pub(crate) async fn describe_shown(
    api: &impl EksApi,
    cluster: &str,
    arn: &str,
    stop: &Stop,
) -> Result<Option<LiveEntry>, AwsError> {
    for attempt in 1..LOOKS {
        match api.describe(cluster, arn).await {
            Ok(None) => stop.sleep(look_again(attempt)).await,
            answer => return answer,
        }
    }
    api.describe(cluster, arn).await
}

impl<A: EksApi, P: Progress> Engine<'_, A, P> {
    /// Reads an entry; `None` where there is none.
    async fn describe(&self, arn: &str) -> Result<Option<LiveEntry>, AwsError> {
        self.run.api.describe(self.run.cluster, arn).await
    }

    /// Reads an entry that is known to be there, for as long as EKS may need to show it.
    pub(super) async fn describe_shown(&self, arn: &str) -> Result<Option<LiveEntry>, AwsError> {
        describe_shown(self.run.api, self.run.cluster, arn, self.run.stop).await
    }

    /// Verifies every entry that was touched: by what EKS answered, by the list and the policies, and what that leaves
    /// open by a look at the entry, for as long as EKS may need to show it.
    pub(super) async fn read_back(&self, results: &[ActionResult]) -> (usize, Vec<(Arn, String)>) {
        let mut wanted: BTreeMap<String, AccessEntry> = BTreeMap::new();
        let mut broken: BTreeSet<String> = BTreeSet::new();
        for result in results {
            let Some(arn) = result.action.kind.principal_arn() else {
                continue;
            };
            if matches!(result.status, ActionStatus::Failed | ActionStatus::Skipped)
                || result.is_conflict()
            {
                broken.insert(arn.to_string());
            }
            let before = self
                .run
                .before
                .get(&arn.to_string())
                .map(|live| &live.entry);
            let entry = wanted.remove(&arn.to_string());
            if let Some(entry) = result
                .action
                .kind
                .applied_to(entry.or_else(|| before.cloned()))
            {
                wanted.insert(arn.to_string(), entry);
            }
        }
        wanted.retain(|arn, _| !broken.contains(arn));
        // After a stop the next run compares every entry anyhow, and used-up credentials read nothing.
        if self.run.stop.is_requested() || self.halted().as_deref() == Some(CREDENTIALS) {
            return (0, Vec::new());
        }
        let proven = self.prove(&wanted).await;
        let checked: Vec<Option<(Arn, String)>> = stream::iter(wanted.values())
            .filter(|entry| {
                let is_open = !proven.contains(&entry.principal_arn.to_string());
                async move { is_open }
            })
            .map(|entry| self.read_back_one(entry))
            .buffer_unordered(self.run.limits.concurrency.max(1))
            .collect()
            .await;
        let mut wrong: Vec<_> = checked.into_iter().flatten().collect();
        wrong.sort();
        (wanted.len() - wrong.len(), wrong)
    }

    /// The entries that are proven without a look at each: their answers said what was asked for, the list of the
    /// cluster's entries has them, and their policies are listed as wanted where they have or had any.
    ///
    /// Where the list has as many pages as there are entries to prove, each is looked at instead, which shows more.
    async fn prove(&self, wanted: &BTreeMap<String, AccessEntry>) -> BTreeSet<String> {
        let made = wanted.keys();
        let made = made.filter(|arn| !self.run.before.contains_key(*arn));
        let pages = (self.run.before.len() + made.count()).div_ceil(PAGE);
        if wanted.len() <= pages {
            return BTreeSet::new();
        }
        let doubted = self.doubted.lock();
        let doubted = doubted.expect("no task panics while it holds them").clone();
        let told = wanted
            .values()
            .filter(|entry| !doubted.contains(&entry.principal_arn.to_string()));
        let (with, without): (Vec<&AccessEntry>, Vec<&AccessEntry>) = told.partition(|entry| {
            let before = self.run.before.get(&entry.principal_arn.to_string());
            let before = before.is_some_and(|live| !live.entry.access_policies.is_empty());
            before || !entry.access_policies.is_empty()
        });
        let policies = stream::iter(with)
            .map(|entry| self.has_its_policies(entry))
            .buffer_unordered(self.run.limits.concurrency.max(1))
            .filter_map(std::future::ready)
            .collect::<BTreeSet<String>>();
        let (listed, with) = tokio::join!(self.run.api.list(self.run.cluster), policies);
        // Without the list each entry is looked at.
        let listed: BTreeSet<String> = listed.unwrap_or_default().into_iter().collect();
        let without = without.iter().map(|entry| entry.principal_arn.to_string());
        let proven = without.chain(with);
        proven.filter(|arn| listed.contains(arn)).collect()
    }

    /// Whose policies are as wanted; `None` where they are not, or can't be listed.
    async fn has_its_policies(&self, wanted: &AccessEntry) -> Option<String> {
        let principal = wanted.principal_arn.to_string();
        let listed = self.run.api.policies(self.run.cluster, &principal).await;
        let live = AccessEntry {
            access_policies: listed.ok()??,
            ..wanted.clone()
        };
        differences(wanted, &live).is_empty().then_some(principal)
    }

    async fn read_back_one(&self, wanted: &AccessEntry) -> Option<(Arn, String)> {
        let arn = wanted.principal_arn.to_string();
        let mut wrong = String::new();
        for attempt in 0..LOOKS {
            if attempt > 0 {
                self.run.stop.sleep(look_again(attempt)).await;
            }
            if self.run.stop.is_requested() {
                "it was not verified: the run was interrupted".clone_into(&mut wrong);
                break;
            }
            wrong = match self.describe(&arn).await {
                Ok(Some(live)) => {
                    let differences = differences(wanted, &live.entry);
                    if differences.is_empty() {
                        return None;
                    }
                    in_words(&differences)
                }
                Ok(None) => "there is no such entry".to_owned(),
                Err(error) => {
                    if error.is_expired() || error.is_denied() {
                        if error.is_expired() {
                            self.halt(CREDENTIALS);
                        }
                        return Some((wanted.principal_arn.clone(), error.to_string()));
                    }
                    error.to_string()
                }
            };
        }
        Some((wanted.principal_arn.clone(), wrong))
    }
}

#[cfg(test)]
mod tests;
