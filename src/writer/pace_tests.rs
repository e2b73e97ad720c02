//! A thousand actions at a service that throttles whoever is too fast, in a time that passes at once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::aws::{AwsError, AwsErrorKind, CallReply, EksApi, Pace, UpdateState};
use crate::choices::{Choices, OnExisting};
use crate::journal::{Beginning, RunCommand, RunLog};
use crate::model::access_policy::CLUSTER_ADMIN;
use crate::model::{
    AccessEntry, AccessScope, ActionStatus, Arn, AuthenticationMode, ClusterId, EntryType,
    LiveEntry, PolicyAssociation,
};
use crate::plan::{Action, ActionKind, Stage};
use crate::stop::Stop;
#[path = "../../tests/tell/mod.rs"]
mod tell;

/// Calls a second that the service takes.
const LIMIT: f64 = 10.0;
/// How long it takes to answer.
const LATENCY: Duration = Duration::from_millis(50);
const ACTIONS: usize = 1000;

/// EKS with nothing but its entries and its limit; throttled calls are felt by the pace as they are at the gate.
struct Throttling {
    pace: Pace,
    bucket: Mutex<Bucket>,
    entries: Mutex<BTreeMap<String, AccessEntry>>,
}

struct Bucket {
    /// How many calls it takes at once.
    size: f64,
    left: f64,
    since: Instant,
    taken: u32,
    throttled: u32,
}

impl Throttling {
    fn new(pace: &Pace, size: f64) -> Self {
        let bucket = Bucket {
            size,
            left: size,
            since: Instant::now(),
            taken: 0,
            throttled: 0,
        };
        Self {
            pace: pace.clone(),
            bucket: Mutex::new(bucket),
            entries: Mutex::default(),
        }
    }

    /// One call, as the gate makes it.
    async fn ask(&self, operation: &str) -> Result<(), AwsError> {
        let is_taken = self.bucket.lock().unwrap().take();
        tokio::time::sleep(LATENCY).await;
        if is_taken {
            self.pace.went_through();
            return Ok(());
        }
        self.pace.slow_down(Duration::ZERO);
        Err(AwsError {
            operation: operation.to_owned(),
            kind: AwsErrorKind::Service {
                code: "ThrottlingException".to_owned(),
                message: "Rate exceeded".to_owned(),
                request_id: None,
                status: 429,
                retry_after: None,
                clues: crate::aws::Clues::default(),
            },
        })
    }

    /// A call that reads: it has its turn, and is made again by the SDK below when it is throttled.
    async fn read(&self, operation: &str) {
        loop {
            self.pace.turn().await;
            if self.ask(operation).await.is_ok() {
                return;
            }
        }
    }
}

impl Bucket {
    fn take(&mut self) -> bool {
        let passed = self.since.elapsed().as_secs_f64();
        // A nanosecond of rounding is no breach of the limit.
        self.left = (self.left + passed * LIMIT).min(self.size) + 1e-6;
        self.since = Instant::now();
        let is_taken = self.left >= 1.0;
        if is_taken {
            self.left -= 1.0;
            self.taken += 1;
        } else {
            self.throttled += 1;
        }
        is_taken
    }
}

impl EksApi for Throttling {
    async fn perform(&self, _: &str, action: &Action, _: &str) -> Result<CallReply, AwsError> {
        self.ask("eks:CreateAccessEntry").await?;
        let arn = action.kind.principal_arn().unwrap().to_string();
        let mut entries = self.entries.lock().unwrap();
        let before = entries.remove(&arn);
        let entry = action.kind.applied_to(before).unwrap();
        entries.insert(arn, entry.clone());
        Ok(CallReply {
            association: entry.access_policies.last().cloned(),
            entry: Some(entry),
            ..CallReply::default()
        })
    }

    async fn describe(&self, _: &str, _: &str) -> Result<Option<LiveEntry>, AwsError> {
        unreachable!("every answer says what was asked for")
    }

    /// A call for each page of a hundred.
    async fn list(&self, _: &str) -> Result<Vec<String>, AwsError> {
        let arns: Vec<String> = self.entries.lock().unwrap().keys().cloned().collect();
        for _ in arns.chunks(100) {
            self.read("eks:ListAccessEntries").await;
        }
        Ok(arns)
    }

    async fn policies(
        &self,
        _: &str,
        principal: &str,
    ) -> Result<Option<Vec<PolicyAssociation>>, AwsError> {
        self.read("eks:ListAssociatedAccessPolicies").await;
        let entry = self.entries.lock().unwrap().get(principal).cloned();
        Ok(entry.map(|entry| entry.access_policies))
    }

    async fn mode(&self, _: &str) -> Result<(AuthenticationMode, String), AwsError> {
        unreachable!("no mode is switched")
    }

    async fn update_state(&self, _: &str, _: &str) -> Result<UpdateState, AwsError> {
        unreachable!("no mode is switched")
    }
}

/// Two actions for each of so many administrators.
fn actions() -> Vec<Action> {
    let policy = PolicyAssociation::cluster_wide("aws", CLUSTER_ADMIN);
    let of = |index: usize| {
        let arn: Arn = format!("arn:aws:iam::111122223333:role/r{index}")
            .parse()
            .unwrap();
        [
            ActionKind::CreateAccessEntry {
                principal_arn: arn.clone(),
                entry_type: EntryType::Standard,
                username: Some(format!("r{index}")),
                kubernetes_groups: Vec::new(),
                tags: BTreeMap::new(),
            },
            ActionKind::AssociateAccessPolicy {
                principal_arn: arn,
                policy_arn: policy.policy_arn.clone(),
                access_scope: AccessScope::clone(&policy.access_scope),
            },
        ]
    };
    let kinds = (0..ACTIONS / 2).flat_map(of).enumerate();
    kinds
        .map(|(index, kind)| Action {
            id: format!("a{index}"),
            kind,
            stage: Stage::Administrators,
            mapping: None,
            why: "".into(),
        })
        .collect()
}

/// What a run came to.
struct Told {
    /// How long it took, against what the calls that were taken need at the limit.
    ratio: f64,
    /// The share of calls that were throttled.
    throttled: f64,
}

/// Runs all actions; none fails.
async fn run_at(pace: &Pace, burst: f64, what: &str) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let clock = || jiff::Timestamp::UNIX_EPOCH;
    let beginning = Beginning {
        command: RunCommand::Apply,
        cluster: ClusterId::shop(),
        caller: None,
        plan_sha256: String::new(),
        actions: ACTIONS,
        choices: Choices::default(),
        options: Vec::new(),
        plan: None,
    };
    let path = folder.path().join("journal.jsonl");
    let log = RunLog::begin(&path, "test", beginning, clock).unwrap();
    let api = Throttling::new(pace, burst);
    let run = Run {
        api: &api,
        cluster: "shop",
        pace,
        log: &log,
        before: &BTreeMap::new(),
        new_principals: &std::collections::BTreeSet::new(),
        progress: &Silent,
        stop: &Stop::default(),
        limits: Limits {
            concurrency: 8,
            fail_fast: false,
            deadline: None,
        },
        canary: None,
        on_existing: OnExisting::Keep,
        clock,
    };
    let began = Instant::now();
    let summary = super::run(&run, &actions()).await.unwrap();
    let took = began.elapsed();
    assert!(summary.is_complete(), "{:?}", summary.unverified);
    let done = summary.count(ActionStatus::Created) + summary.count(ActionStatus::Associated);
    assert_eq!(done, ACTIONS);
    assert_eq!(summary.verified, ACTIONS / 2);
    let bucket = api.bucket.into_inner().unwrap();
    let told = Told {
        ratio: took.as_secs_f64() / (f64::from(bucket.taken) / LIMIT),
        throttled: f64::from(bucket.throttled) / f64::from(bucket.taken + bucket.throttled),
    };
    tell::tell(&format!(
        "pace, {what}: {ACTIONS} actions in {} calls, {} throttled, {:.2} times the limit's own time",
        bucket.taken + bucket.throttled,
        bucket.throttled,
        told.ratio
    ));
    told
}

#[tokio::test(start_paused = true)]
async fn a_thousand_actions_at_a_given_rate_take_no_longer_than_the_rate_needs() {
    let told = run_at(&Pace::new(Some(LIMIT)), 1.0, "--max-rate 10").await;
    assert!(told.ratio <= 1.1, "{}", told.ratio);
    assert!(told.throttled == 0.0, "{}", told.throttled);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_actions_find_the_services_rate_without_a_storm_of_retries() {
    for (burst, what) in [
        (1.0, "adaptive, no bursts"),
        (LIMIT, "adaptive, bursts of 10"),
    ] {
        let told = run_at(&Pace::new(None), burst, what).await;
        assert!(told.ratio <= 1.15, "{what}: {}", told.ratio);
        assert!(told.throttled <= 0.1, "{what}: {}", told.throttled);
    }
}
