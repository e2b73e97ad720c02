//! What is asked of the history.

use std::collections::{BTreeMap, BTreeSet};

use super::{CallHistory, History, RunHistory};
use crate::choices::Choices;
use crate::journal::record::{RunCommand, RunEnd};
use crate::model::{ActionStatus, Arn, ClusterId, Principal, PrincipalKey};
use crate::plan::{Action, ActionKind};

impl History {
    /// What a journal holds about one cluster; several may share a file that was named for them.
    ///
    /// A run that ended before the cluster was made was on another one of the same name.
    #[must_use]
    pub fn of(mut self, cluster: &ClusterId) -> Self {
        let name = |cluster: &ClusterId| {
            (
                cluster.account_id.clone(),
                cluster.region.clone(),
                cluster.name.clone(),
            )
        };
        let of = name(cluster);
        self.runs.retain(|run| {
            name(&run.cluster) == of && cluster.created_at.is_none_or(|made| run.last >= made)
        });
        self
    }

    /// The choices of the `apply` runs about what entries look like; the last one that made any wins.
    #[must_use]
    pub fn last_choices(&self) -> Option<Choices> {
        let applies = self
            .runs
            .iter()
            .filter(|run| run.command == RunCommand::Apply);
        applies.fold(None, |earlier: Option<Choices>, run| {
            let choices = run.choices.or_as_before(earlier.as_ref());
            Some(match earlier {
                Some(earlier) => choices.with_earlier(&earlier),
                None => choices,
            })
        })
    }

    /// What the last run of `apply` began for a principal and did not complete, in order; empty if nothing is left.
    ///
    /// A chain of calls has begun when its first call was answered, or may have been: from then on its entry hides the
    /// principal's mapping, and what the entry still lacks the principal lacks, too.
    #[must_use]
    pub fn owed(&self, principal: &PrincipalKey) -> Vec<Action> {
        let Some(run) = self.unfinished() else {
            return Vec::new();
        };
        let is_of = |call: &CallHistory| {
            let arn = call.action.kind.principal_arn();
            arn.and_then(Principal::from_arn)
                .is_some_and(|of| of.key() == *principal)
        };
        let calls: Vec<&CallHistory> = run.calls.iter().filter(|call| is_of(call)).collect();
        let Some(first) = calls.iter().rposition(|call| !call.then.is_empty()) else {
            return Vec::new();
        };
        let is_done = |action: &Action| {
            calls[first..].iter().any(|call| {
                call.action.kind == action.kind
                    && !matches!(
                        call.status,
                        None | Some(ActionStatus::Failed | ActionStatus::Skipped)
                    )
            })
        };
        let chain = calls[first];
        let has_begun = !matches!(
            chain.status,
            Some(ActionStatus::Failed | ActionStatus::Skipped)
        );
        if !has_begun {
            return Vec::new();
        }
        std::iter::once(&chain.action)
            .chain(&chain.then)
            .filter(|action| !is_done(action))
            .cloned()
            .collect()
    }

    /// Principals that EKS didn't know when it was last asked to make their entry.
    #[must_use]
    pub fn refused_principals(&self) -> BTreeSet<Arn> {
        let mut refused = BTreeSet::new();
        for call in self.runs.iter().flat_map(|run| &run.calls) {
            let ActionKind::CreateAccessEntry { principal_arn, .. } = &call.action.kind else {
                continue;
            };
            if call.refused {
                refused.insert(principal_arn.clone());
            } else if call
                .status
                .is_some_and(|status| status != ActionStatus::Failed)
            {
                refused.remove(principal_arn);
            }
        }
        refused
    }

    /// The run that `apply` resumes: the last one, unless it is complete or another command's.
    #[must_use]
    pub fn unfinished(&self) -> Option<&RunHistory> {
        self.unfinished_of(RunCommand::Apply)
    }

    /// The run that a command resumes: the last one, unless it is complete or another command's.
    #[must_use]
    pub fn unfinished_of(&self, command: RunCommand) -> Option<&RunHistory> {
        self.runs
            .last()
            .filter(|run| run.command == command && run.end != Some(RunEnd::Complete))
    }

    /// The last run of a command.
    #[must_use]
    pub fn last_of(&self, command: RunCommand) -> Option<&RunHistory> {
        self.runs.iter().rfind(|run| run.command == command)
    }

    /// Policies that the runs associated, with an answer, as principal and policy ARN; those of an entry that was
    /// deleted or that were taken off since are not among them.
    #[must_use]
    pub fn associations(&self) -> BTreeSet<(String, String)> {
        let mut known = BTreeSet::new();
        for call in self.runs.iter().flat_map(|run| &run.calls) {
            match (&call.action.kind, call.status) {
                (
                    ActionKind::AssociateAccessPolicy {
                        principal_arn,
                        policy_arn,
                        ..
                    },
                    Some(ActionStatus::Associated),
                ) => {
                    known.insert((principal_arn.to_string(), policy_arn.to_string()));
                }
                (
                    ActionKind::DisassociateAccessPolicy {
                        principal_arn,
                        policy_arn,
                    },
                    _,
                ) => {
                    known.remove(&(principal_arn.to_string(), policy_arn.to_string()));
                }
                (ActionKind::DeleteAccessEntry { principal_arn }, _) => {
                    let principal = principal_arn.to_string();
                    known.retain(|(of, _)| *of != principal);
                }
                _ => {}
            }
        }
        known
    }

    /// How often each call of a run was answered, by all that is sent with it.
    #[must_use]
    pub fn answered(&self, run: &str) -> BTreeMap<String, usize> {
        let mut answered = BTreeMap::new();
        let known = self.runs.iter().find(|known| known.run == run);
        let calls = known.map_or(&[][..], |known| &known.calls);
        for call in calls.iter().filter(|call| call.status.is_some()) {
            *answered.entry(content(&call.action.kind)).or_default() += 1;
        }
        answered
    }

    /// The tokens of calls whose answer was not written down.
    #[must_use]
    pub fn unanswered(&self) -> BTreeSet<String> {
        let calls = self.runs.iter().flat_map(|run| &run.calls);
        calls
            .filter(|call| call.status.is_none())
            .map(|call| call.token.clone())
            .collect()
    }

    /// Entries that this journal's runs made, by principal ARN, with the last run that made them.
    #[must_use]
    pub fn made_entries(&self) -> BTreeMap<String, &RunHistory> {
        let mut made = BTreeMap::new();
        for run in &self.runs {
            for call in &run.calls {
                let Some(principal) = call.action.kind.principal_arn() else {
                    continue;
                };
                match (call.action.kind.operation(), call.status) {
                    // An unanswered create may have made the entry.
                    ("CreateAccessEntry", Some(ActionStatus::Created) | None) => {
                        made.insert(principal.to_string(), run);
                    }
                    ("DeleteAccessEntry", Some(ActionStatus::Deleted)) => {
                        made.remove(&principal.to_string());
                    }
                    _ => {}
                }
            }
        }
        made
    }
}

/// The client request token for an action of a run, given how often its calls were answered before.
///
/// It is the same for the same action of the same run as long as no answer to it is known, so that a call repeated
/// after a lost answer is recognised by EKS; once the call was answered, doing it again is another call.
#[must_use]
pub(in crate::journal) fn token(
    run: &str,
    action: &Action,
    answered: &BTreeMap<String, usize>,
) -> String {
    let content = content(&action.kind);
    let answered = answered.get(&content).copied().unwrap_or_default();
    let digest = crate::digest::sha256(format!("{run}\n{answered}\n{content}").as_bytes());
    // EKS takes any text; half of the digest is enough to tell actions apart and reads better in a log.
    format!("aam-{}", &digest[..32])
}

/// What a call is known by: all that is sent with it.
fn content(kind: &ActionKind) -> String {
    serde_json::to_string(kind).expect("an action is plain data")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::journal::Record;

    const DEV: &str = "arn:aws:iam::111122223333:role/dev";

    /// A journal of one run of `apply`: each call on DEV's entry with the calls that follow it, its status and its error.
    fn history_of(calls: &[(&Value, &[&Value], &str, Option<&str>)]) -> History {
        let time = "2026-01-02T03:04:05Z";
        let run = json!({
            "record": "run", "schema": "", "run": "r", "time": time, "toolVersion": "", "caller": null,
            "cluster": {"accountId": "", "region": "", "name": ""}, "planSha256": "", "actions": 1,
        });
        let records = calls.iter().enumerate().flat_map(|(index, call)| {
            let (action, then, status, message) = call;
            let token = index.to_string();
            let error = message.map(|message| json!({"code": "InvalidParameterException", "message": message}));
            let intent = json!({
                "record": "intent", "run": "r", "time": time, "token": token, "action": action, "then": then,
            });
            let outcome = json!({
                "record": "outcome", "run": "r", "time": time, "token": token, "action": action["id"],
                "status": status, "error": error,
            });
            [intent, outcome]
        });
        let mut history = History::default();
        for record in std::iter::once(run).chain(records) {
            history.add(serde_json::from_value(record).unwrap());
        }
        history
    }

    fn create() -> Value {
        json!({
            "id": "a1", "kind": "createAccessEntry", "principalArn": DEV, "type": "STANDARD", "username": "dev",
            "kubernetesGroups": [], "tags": {}, "stage": "others", "why": "",
        })
    }

    fn associate(id: &str, policy: &str) -> Value {
        json!({
            "id": id, "kind": "associateAccessPolicy", "principalArn": DEV,
            "policyArn": format!("arn:aws:eks::aws:cluster-access-policy/{policy}"),
            "accessScope": {"type": "cluster"}, "stage": "others", "why": "",
        })
    }

    #[test]
    fn remaining_calls_are_those_of_the_last_chain_that_began() {
        let (create, view) = (create(), associate("a2", "AmazonEKSViewPolicy"));
        let (edit, admin) = (
            associate("a3", "AmazonEKSEditPolicy"),
            associate("a4", "AmazonEKSAdminPolicy"),
        );
        // The first chain was stopped before its policy; the run then planned another one.
        let history = history_of(&[
            (&create, &[&view], "created", None),
            (&edit, &[&admin], "associated", None),
        ]);
        let principal = Principal::as_matched(DEV).unwrap().key();
        let remaining: Vec<String> = history
            .owed(&principal)
            .into_iter()
            .map(|action| action.id)
            .collect();
        assert_eq!(remaining, ["a4"]);
    }

    #[test]
    fn principal_is_no_longer_refused_once_its_entry_is_created() {
        let create = create();
        let message = "The specified principalArn is invalid: invalid principal.";
        let refused = (&create, &[][..], "failed", Some(message));
        let once = history_of(&[refused]);
        assert_eq!(once.refused_principals(), [DEV.parse().unwrap()].into());
        let then_created = history_of(&[refused, (&create, &[], "created", None)]);
        assert_eq!(then_created.refused_principals(), BTreeSet::new());
    }

    #[test]
    fn a_token_is_another_one_once_its_call_was_answered() {
        let action = json!({
            "id": "a1", "kind": "deleteAccessEntry", "principalArn": "arn:aws:iam::111122223333:role/dev",
            "stage": "others", "why": "",
        });
        let time = "2026-01-02T03:04:05Z";
        let mut history = History::default();
        let mut add = |record| {
            history.add(serde_json::from_value::<Record>(record).unwrap());
            history.clone()
        };
        let began = add(json!({
            "record": "run", "schema": "", "run": "r", "time": time, "toolVersion": "", "caller": null,
            "cluster": {"accountId": "", "region": "", "name": ""}, "planSha256": "", "actions": 1,
        }));
        let parsed: Action = serde_json::from_value(action.clone()).unwrap();
        let token_of = |history: &History| token("r", &parsed, &history.answered("r"));
        let first = token_of(&began);
        let asked = add(json!({
            "record": "intent", "run": "r", "time": time, "token": first, "action": action,
        }));
        assert_eq!(token_of(&asked), first);
        assert_eq!(asked.unanswered(), [first.clone()].into());
        let answered = add(json!({
            "record": "outcome", "run": "r", "time": time, "token": first, "action": "a1", "status": "deleted",
        }));
        assert_ne!(token_of(&answered), first);
        assert_ne!(token("another", &parsed, &BTreeMap::new()), first);
        let other: Action = serde_json::from_value(associate("a1", "AmazonEKSViewPolicy")).unwrap();
        assert_ne!(token("r", &other, &BTreeMap::new()), first);
        assert!(answered.unanswered().is_empty());
    }

    /// A run that is resumed has not ended, and is what it was begun with the last time.
    #[test]
    fn a_run_that_is_resumed_has_another_part_and_no_end() {
        let (begun, ended) = ("2026-01-02T03:04:05Z", "2026-01-02T03:05:05Z");
        let run = |time: &str, options: Value| {
            json!({
                "record": "run", "schema": "", "run": "r", "time": time, "toolVersion": "", "caller": null,
                "cluster": {"accountId": "", "region": "", "name": ""}, "planSha256": "", "actions": 1,
                "choices": {"includeInert": options},
            })
        };
        let end =
            json!({"record": "end", "run": "r", "time": ended, "end": "incomplete", "summary": {}});
        let mut history = History::default();
        let mut add = |record| {
            history.add(serde_json::from_value::<Record>(record).unwrap());
            history.runs[0].clone()
        };
        add(run(begun, json!(false)));
        assert_eq!(add(end).end, Some(crate::journal::RunEnd::Incomplete));
        let resumed = add(run(ended, json!(true)));
        assert_eq!(resumed.end, None);
        assert_eq!(resumed.parts.len(), 2);
        assert!(resumed.choices.include_inert);
    }

    fn cluster(region: &str, created_at: Option<&str>) -> ClusterId {
        ClusterId {
            account_id: "111122223333".to_owned(),
            region: region.to_owned(),
            name: "shop".to_owned(),
            created_at: created_at.map(|time| time.parse().unwrap()),
        }
    }

    #[test]
    fn a_cluster_ignores_the_history_of_an_earlier_cluster_with_its_name() {
        let mut history = History::default();
        for (run, region) in [("here", "eu-west-1"), ("elsewhere", "eu-west-2")] {
            history.add(Record::Run {
                schema: String::new(),
                run: run.to_owned(),
                time: "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap(),
                tool_version: String::new(),
                cluster: cluster(region, None),
                caller: None,
                plan_sha256: String::new(),
                actions: 0,
                choices: Choices::default(),
                options: Vec::new(),
                command: RunCommand::Apply,
                holder: None,
                plan: None,
            });
        }
        let runs = |made: Option<&str>| {
            let runs = history.clone().of(&cluster("eu-west-1", made)).runs;
            runs.into_iter().map(|run| run.run).collect::<Vec<_>>()
        };
        assert_eq!(runs(None), ["here"]);
        assert_eq!(runs(Some("2026-02-01T00:00:00Z")), ["here"]);
        // The run was on a cluster that has been deleted since.
        assert!(runs(Some("2026-04-01T00:00:00Z")).is_empty());
    }
}
