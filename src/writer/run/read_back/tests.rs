use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::super::{Limits, Run, RunSummary, run};
use crate::aws::{AwsError, CallReply, EksApi, Pace, UpdateState};
use crate::choices::{Choices, OnExisting};
use crate::journal::{Beginning, RunCommand, RunLog};
use crate::model::access_policy::CLUSTER_ADMIN;
use crate::model::{
    AccessEntry, Arn, AuthenticationMode, ClusterId, EntryType, LiveEntry, PolicyAssociation,
};
use crate::plan::{Action, ActionKind, Stage};
use crate::stop::Stop;
use crate::writer::Silent;

/// EKS as its entries, with what somebody does to them after the last call that changes something.
#[derive(Default)]
struct Fake {
    entries: Mutex<BTreeMap<String, AccessEntry>>,
    reads: Mutex<Vec<String>>,
    /// Whether answers say nothing of the entry.
    is_silent: bool,
    /// Whether the list is refused.
    is_unlisted: bool,
    /// What somebody else does in between.
    meanwhile: Option<fn(&mut BTreeMap<String, AccessEntry>)>,
}

impl Fake {
    fn read(&self, what: &str) {
        self.reads.lock().unwrap().push(what.to_owned());
    }

    fn reads(&self) -> Vec<String> {
        self.reads.lock().unwrap().clone()
    }

    /// A read, after what somebody else has done.
    fn at_the_end<T>(
        &self,
        what: &str,
        read: impl FnOnce(&BTreeMap<String, AccessEntry>) -> T,
    ) -> T {
        let mut entries = self.entries.lock().unwrap();
        if let Some(meanwhile) = self.meanwhile {
            meanwhile(&mut entries);
        }
        self.read(what);
        read(&entries)
    }
}

impl EksApi for Fake {
    async fn perform(&self, _: &str, action: &Action, _: &str) -> Result<CallReply, AwsError> {
        let arn = action.kind.principal_arn().unwrap().to_string();
        let mut entries = self.entries.lock().unwrap();
        let entry = action.kind.applied_to(entries.remove(&arn)).unwrap();
        entries.insert(arn, entry.clone());
        if self.is_silent {
            return Ok(CallReply::default());
        }
        Ok(CallReply {
            association: entry.access_policies.last().cloned(),
            entry: Some(entry),
            ..CallReply::default()
        })
    }

    async fn describe(&self, _: &str, principal: &str) -> Result<Option<LiveEntry>, AwsError> {
        let entry = self.at_the_end(&format!("describe {principal}"), |entries| {
            entries.get(principal).cloned()
        });
        Ok(entry.map(|entry| LiveEntry {
            entry,
            access_entry_arn: None,
            created_at: None,
            modified_at: None,
        }))
    }

    async fn list(&self, _: &str) -> Result<Vec<String>, AwsError> {
        let arns = self.at_the_end("list", |entries| entries.keys().cloned().collect());
        if self.is_unlisted {
            return Err(AwsError::strange("eks:ListAccessEntries", "it is refused"));
        }
        Ok(arns)
    }

    async fn policies(
        &self,
        _: &str,
        principal: &str,
    ) -> Result<Option<Vec<PolicyAssociation>>, AwsError> {
        Ok(
            self.at_the_end(&format!("policies {principal}"), |entries| {
                let entry = entries.get(principal);
                entry.map(|entry| entry.access_policies.clone())
            }),
        )
    }

    async fn mode(&self, _: &str) -> Result<(AuthenticationMode, String), AwsError> {
        unreachable!("no mode is switched")
    }

    async fn update_state(&self, _: &str, _: &str) -> Result<UpdateState, AwsError> {
        unreachable!("no mode is switched")
    }
}

fn arn(name: &str) -> Arn {
    format!("arn:aws:iam::111122223333:role/{name}")
        .parse()
        .unwrap()
}

/// An entry for each name; those that begin with `admin` get the policy of administrators.
fn actions(names: &[&str]) -> Vec<Action> {
    let policy = PolicyAssociation::cluster_wide("aws", CLUSTER_ADMIN);
    let mut kinds = Vec::new();
    for name in names {
        kinds.push(ActionKind::CreateAccessEntry {
            principal_arn: arn(name),
            entry_type: EntryType::Standard,
            username: Some((*name).to_owned()),
            kubernetes_groups: vec!["developers".to_owned()],
            tags: BTreeMap::new(),
        });
        if name.starts_with("admin") {
            kinds.push(ActionKind::AssociateAccessPolicy {
                principal_arn: arn(name),
                policy_arn: policy.policy_arn.clone(),
                access_scope: policy.access_scope.clone(),
            });
        }
    }
    let numbered = kinds.into_iter().enumerate();
    numbered
        .map(|(index, kind)| Action {
            id: format!("a{index}"),
            kind,
            stage: Stage::Others,
            mapping: None,
            why: "".into(),
        })
        .collect()
}

async fn made(api: &Fake, names: &[&str]) -> RunSummary {
    let folder = tempfile::tempdir().unwrap();
    let beginning = Beginning {
        command: RunCommand::Apply,
        cluster: ClusterId::shop(),
        caller: None,
        plan_sha256: String::new(),
        actions: 0,
        choices: Choices::default(),
        options: Vec::new(),
        plan: None,
    };
    let clock = || jiff::Timestamp::UNIX_EPOCH;
    let path = folder.path().join("journal.jsonl");
    let log = RunLog::begin(&path, "test", beginning, clock).unwrap();
    let (pace, stop) = (Pace::default(), Stop::default());
    let it = Run {
        api,
        cluster: "shop",
        pace: &pace,
        log: &log,
        before: &BTreeMap::new(),
        new_principals: &BTreeSet::new(),
        progress: &Silent,
        stop: &stop,
        limits: Limits {
            concurrency: 1,
            fail_fast: false,
            deadline: None,
        },
        canary: None,
        on_existing: OnExisting::Keep,
        clock,
    };
    run(&it, &actions(names)).await.unwrap()
}

const NAMES: [&str; 3] = ["admin", "dev", "ci"];

/// Each entry was once read back by two calls of its own.
#[tokio::test(start_paused = true)]
async fn the_list_and_the_policies_of_those_that_have_any_prove_all_entries() {
    let api = Fake::default();
    let summary = made(&api, &NAMES).await;
    assert_eq!((summary.verified, summary.unverified), (3, Vec::new()));
    let policies = format!("policies {}", arn("admin"));
    assert_eq!(api.reads(), ["list".to_owned(), policies]);
}

#[tokio::test(start_paused = true)]
async fn one_entry_is_looked_at_and_costs_no_more_than_the_list() {
    let api = Fake::default();
    assert_eq!(made(&api, &["dev"]).await.verified, 1);
    assert_eq!(api.reads(), [format!("describe {}", arn("dev"))]);
}

#[tokio::test(start_paused = true)]
async fn what_no_answer_has_shown_is_looked_at() {
    let api = Fake {
        is_silent: true,
        ..Fake::default()
    };
    assert_eq!(made(&api, &NAMES).await.verified, 3);
    let looks = api.reads().into_iter();
    assert_eq!(looks.filter(|read| read.starts_with("describe")).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn without_the_list_every_entry_is_looked_at() {
    let api = Fake {
        is_unlisted: true,
        ..Fake::default()
    };
    assert_eq!(made(&api, &NAMES).await.verified, 3);
    let looks = api.reads().into_iter();
    assert_eq!(looks.filter(|read| read.starts_with("describe")).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_somebody_deletes_meanwhile_is_found_missing() {
    let api = Fake {
        meanwhile: Some(|entries| drop(entries.remove(&arn("dev").to_string()))),
        ..Fake::default()
    };
    let summary = made(&api, &NAMES).await;
    let missing = (arn("dev"), "there is no such entry".to_owned());
    assert_eq!((summary.verified, summary.unverified), (2, vec![missing]));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_somebody_takes_off_meanwhile_is_found_missing() {
    let api = Fake {
        meanwhile: Some(|entries| {
            let admin = entries.get_mut(&arn("admin").to_string());
            admin.unwrap().access_policies.clear();
        }),
        ..Fake::default()
    };
    let summary = made(&api, &NAMES).await;
    assert_eq!(summary.verified, 2);
    let (of, why) = &summary.unverified[0];
    assert_eq!(*of, arn("admin"));
    assert!(why.contains("it lacks the policy"), "{why}");
}
