//! Reads back what was made: what an answer promised is believed once EKS shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::engine::{CREDENTIALS, Engine};
use super::summary::ActionResult;
use crate::aws::{AwsError, EksApi};
use crate::model::{AccessEntry, ActionStatus, Arn, LiveEntry};
use crate::writer::progress::Progress;

/// How often an entry is looked at before it counts as not shown.
const LOOKS: u32 = 8;

/// How long to wait before looking again.
fn look_again(attempt: u32) -> Duration {
    Duration::from_millis(250 << attempt.min(4))
}

impl<A: EksApi, P: Progress> Engine<'_, A, P> {
    /// Reads an entry; `None` where there is none.
    async fn describe(&self, arn: &str) -> Result<Option<LiveEntry>, AwsError> {
        self.run.api.describe(self.run.cluster, arn).await
    }

    /// Reads an entry that is known to be there, for as long as EKS may need to show it.
    pub(super) async fn describe_shown(&self, arn: &str) -> Result<Option<LiveEntry>, AwsError> {
        for attempt in 1..LOOKS {
            match self.describe(arn).await {
                Ok(None) => self.run.stop.sleep(look_again(attempt)).await,
                answer => return answer,
            }
        }
        self.describe(arn).await
    }

    /// Reads every entry that was touched back, for as long as EKS may need to show it.
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
        let checked: Vec<Option<(Arn, String)>> = stream::iter(wanted.values())
            .map(|entry| self.read_back_one(entry))
            .buffer_unordered(self.run.limits.concurrency.max(1))
            .collect()
            .await;
        let mut wrong: Vec<_> = checked.iter().flatten().cloned().collect();
        wrong.sort();
        (checked.len() - wrong.len(), wrong)
    }

    async fn read_back_one(&self, wanted: &AccessEntry) -> Option<(Arn, String)> {
        let arn = wanted.principal_arn.to_string();
        let mut wrong = String::new();
        for attempt in 0..LOOKS {
            if attempt > 0 {
                self.run.stop.sleep(look_again(attempt)).await;
            }
            if self.run.stop.is_requested() {
                "it was not read back, since the run was interrupted".clone_into(&mut wrong);
                break;
            }
            wrong = match self.describe(&arn).await {
                Ok(Some(live)) => {
                    let differences = crate::plan::compare::differences(wanted, &live.entry);
                    if differences.is_empty() {
                        return None;
                    }
                    crate::plan::compare::in_words(&differences)
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
