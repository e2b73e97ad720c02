//! The whole way, there and back, for the shapes that `aws-auth` has; who is who is asked before and after every step.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use aws_auth_migrate::model::{Arn, AuthenticationMode, Principal};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::people::{Identity, Login, Seen};
use crate::plane::{Turn, turn};
use crate::shapes::{Shape, shapes};
use crate::support::{Ran, Tool};
use crate::tell::tell;

/// How long the authenticator may take to hear of a change.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names of sessions: a person, an e-mail address, an instance, and what only looks like one.
const SESSIONS: [&str; 4] = ["jane", "jo@example.com", "i-0123456789abcdef0", "i-0123"];

/// Verbs, API groups, resources and namespaces that somebody may or may not.
const MATRIX: [(&str, &str, &str, &str); 12] = [
    ("get", "", "pods", "default"),
    ("list", "", "pods", "kube-system"),
    ("create", "", "pods", "default"),
    ("delete", "apps", "deployments", "default"),
    ("get", "", "secrets", "default"),
    ("get", "", "secrets", "kube-system"),
    ("list", "", "nodes", ""),
    ("create", "", "namespaces", ""),
    ("update", "", "configmaps", "kube-system"),
    (
        "create",
        "rbac.authorization.k8s.io",
        "clusterrolebindings",
        "",
    ),
    ("impersonate", "", "users", ""),
    (
        "list",
        "rbac.authorization.k8s.io",
        "rolebindings",
        "kube-public",
    ),
];

/// What was counted.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Count {
    shapes: usize,
    steps: usize,
    reviews: usize,
    questions: usize,
}

impl Count {
    fn add(&mut self, walked: Self) {
        self.shapes += 1;
        self.steps += walked.steps;
        self.reviews += walked.reviews;
        self.questions += walked.questions;
    }
}

impl Cluster {
    /// Runs a command off the threads that serve it.
    pub(crate) async fn run(&self, args: &[&str]) -> Ran {
        run(self.tool(args)).await
    }

    /// Runs a command as somebody else.
    pub(crate) async fn run_as(&self, who: (&str, &str), args: &[&str]) -> Ran {
        run(self.tool_as(who, args)).await
    }

    /// Waits until the API server lets somebody in.
    pub(crate) async fn heard_of(&self, login: &Login) {
        let end = Instant::now() + PATIENCE;
        while self.review(login).await.is_none() {
            assert!(
                Instant::now() < end,
                "{login:?} is not let in:\n{}",
                self.last_words()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What `verify --principal` says of everybody.
    async fn promised(&self, logins: &[Login]) -> Seen {
        let mut principals: Vec<String> =
            logins.iter().map(|login| login.principal.clone()).collect();
        principals.dedup();
        let asked = principals.into_iter().map(|arn| {
            let tool = self.tool(&["verify", "--output", "json", "--principal", &arn]);
            async move {
                let ran = run(tool).await.expect_code(0);
                (arn, ran.json()["access"]["before"].clone())
            }
        });
        let answers: BTreeMap<String, Value> = stream::iter(asked.collect::<Vec<_>>())
            .buffer_unordered(2)
            .collect()
            .await;
        let promised = |login: &Login| Identity::promised(&answers[&login.principal], login);
        logins
            .iter()
            .map(|login| (login.clone(), promised(login)))
            .collect()
    }

    /// Who everybody is to the API server.
    async fn seen(&self, logins: &[Login]) -> Seen {
        let mut seen = Seen::new();
        for login in logins {
            seen.insert(login.clone(), self.review(login).await);
        }
        seen
    }

    /// Holds what the tool says of everybody against the API server, which may take a moment to hear of a change.
    pub(crate) async fn agrees(&self, logins: &[Login], step: &str, count: &mut Count) -> Seen {
        let promised = self.promised(logins).await;
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.seen(logins).await;
            if seen == promised {
                count.steps += 1;
                count.reviews += logins.len();
                let by_sandbox = self.admitted(logins).await;
                let differ = differences(&by_sandbox, &seen, ["sandbox", "real"]);
                assert!(
                    differ.is_empty(),
                    "{step}:
{differ}"
                );
                return seen;
            }
            if Instant::now() > end {
                let differ = differences(&promised, &seen, ["verify", "real"]);
                panic!("{step}:\n{differ}\n{}", self.last_words());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Whom the sandbox would let in as whom, had it the real `aws-auth`.
    async fn admitted(&self, logins: &[Login]) -> Seen {
        let aws_auth = self.aws_auth().await;
        let data = aws_auth.map(|object| object["data"].clone());
        let data: Option<BTreeMap<String, String>> =
            data.map(|data| serde_json::from_value(data).unwrap_or_default());
        self.sandbox.edit(|world| {
            match &data {
                Some(data) => world.put_aws_auth(self.name(), data),
                None => world.delete_aws_auth(self.name()),
            }
            let admitted = |login: &Login| {
                let arn: Arn = login.principal.parse().unwrap();
                let principal = Principal::from_arn(&arn).unwrap();
                let known = world.admits(self.name(), &principal, &login.session)?;
                let key = |text: &String| text.replace("AKIAIOSFODNN7EXAMPLE", "{{AccessKeyID}}");
                let identity = Identity {
                    username: key(&known.username),
                    groups: known
                        .groups
                        .iter()
                        .filter(|group| *group != "system:authenticated" && !group.is_empty())
                        .map(key)
                        .collect(),
                    policies: known
                        .policies
                        .iter()
                        .map(|policy| policy.with_scope())
                        .collect(),
                };
                Some(identity.plain())
            };
            logins
                .iter()
                .map(|login| (login.clone(), admitted(login)))
                .collect()
        })
    }

    /// What everybody may do, by the real authorizer.
    async fn rights(&self, seen: &Seen, count: &mut Count) -> BTreeMap<Login, Vec<bool>> {
        let mut rights = BTreeMap::new();
        for (login, identity) in seen {
            let mut row = Vec::new();
            for question in MATRIX {
                row.push(match identity {
                    Some(identity) => self.may(identity, question).await,
                    None => false,
                });
                count.questions += usize::from(identity.is_some());
            }
            rights.insert(login.clone(), row);
        }
        rights
    }

    /// Whether the real authorizer allows something.
    async fn may(
        &self,
        identity: &Identity,
        (verb, group, resource, namespace): (&str, &str, &str, &str),
    ) -> bool {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": identity.username,
                "groups": identity.all_groups(),
                "resourceAttributes": {
                    "verb": verb, "group": group, "resource": resource, "namespace": namespace,
                },
            },
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let (status, answer) = self.plane().admin.post(path, &review).await;
        assert_eq!(status, 201, "{answer:#}");
        answer["status"]["allowed"].as_bool().unwrap()
    }
}

pub(crate) async fn run(tool: Tool) -> Ran {
    tokio::task::spawn_blocking(|| tool.run()).await.unwrap()
}

/// Those of whom two have different opinions.
fn differences(left: &Seen, right: &Seen, [l, r]: [&str; 2]) -> String {
    let differ = left.iter().filter(|(login, seen)| right[login] != **seen);
    differ
        .map(|(login, seen)| format!("{login:?}\n  {l}: {seen:?}\n  {r}: {:?}\n", right[login]))
        .collect()
}

/// Everybody has the same access as before, by whatever name administrators have theirs.
#[track_caller]
pub(crate) fn same(before: &Seen, seen: &Seen, step: &str) {
    let (before, seen) = (at_heart(before.clone()), at_heart(seen.clone()));
    let differ = differences(&before, &seen, ["before", "now"]);
    assert!(differ.is_empty(), "{step}:\n{differ}");
}

fn at_heart(seen: Seen) -> Seen {
    let same = |identity: Option<Identity>| identity.map(Identity::at_heart);
    seen.into_iter()
        .map(|(login, identity)| (login, same(identity)))
        .collect()
}

/// Walks the whole way with one shape.
async fn walk(turn: Turn, shape: Shape) -> Count {
    let mut walked = Count::default();
    let count = &mut walked;
    let cluster = Cluster::start(turn, (shape.seed)()).await;
    let logins = Cluster::logins(shape.principals, &SESSIONS);
    let step = |step: &str| format!("{}, {step}", shape.name);
    let before = cluster.agrees(&logins, &step("before"), count).await;
    let rights = cluster.rights(&before, count).await;
    let config_map = cluster
        .aws_auth()
        .await
        .map(|object| object["data"].clone());
    let expected = before.iter().map(|(login, identity)| {
        let moved = |identity| (shape.moved)(login, identity);
        (login.clone(), identity.clone().map(moved))
    });
    let expected = at_heart(expected.collect());
    let holds = |seen: Seen, step: String| {
        let differ = differences(&expected, &at_heart(seen), ["promised", "real"]);
        assert!(differ.is_empty(), "{step}:\n{differ}");
    };

    cluster
        .run(&["plan", "--output", "json"])
        .await
        .expect_code(0);
    let seen = cluster.agrees(&logins, &step("after plan"), count).await;
    assert_eq!(seen, before, "{}", step("a plan changed something"));

    let apply = [
        "apply",
        "--yes",
        "--enable-access-entries",
        "--progress",
        "none",
    ];
    let apply = [&apply[..], shape.apply].concat();
    cluster.run(&apply).await.expect_code(shape.codes.0);
    let seen = cluster.agrees(&logins, &step("after apply"), count).await;
    holds(seen, step("after apply"));

    cluster.run(&["verify"]).await.expect_code(shape.codes.1);
    cluster.agrees(&logins, &step("after verify"), count).await;

    let cutover = ["cutover", "--yes", "--progress", "none", "--soak", "0s"];
    cluster.run(&cutover).await.expect_code(shape.codes.1);
    let seen = cluster.agrees(&logins, &step("after cutover"), count).await;
    let rights_after = cluster.rights(&seen, count).await;
    holds(seen, step("after cutover"));
    assert_eq!(rights_after, rights, "{}", step("what everybody may do"));

    cluster
        .run(&["rollback", "--yes", "--progress", "none"])
        .await
        .expect_code(0);
    let seen = cluster
        .agrees(&logins, &step("after rollback"), count)
        .await;
    assert_eq!(
        at_heart(seen),
        at_heart(before.clone()),
        "{}",
        step("after rollback")
    );
    let restored = cluster
        .aws_auth()
        .await
        .map(|object| object["data"].clone());
    assert_eq!(restored, config_map, "{}", step("after rollback"));

    if shape.to_api {
        cluster.run(&apply).await.expect_code(shape.codes.0);
        let to_api = [&cutover[..], &["--to-api-mode", "--min-soak", "0s"]].concat();
        cluster.run(&to_api).await.expect_code(0);
        assert_eq!(cluster.sandbox.state().mode, AuthenticationMode::Api);
        let seen = cluster
            .agrees(&logins, &step("in the mode API"), count)
            .await;
        let rights_after = cluster.rights(&seen, count).await;
        holds(seen, step("in the mode API"));
        assert_eq!(rights_after, rights, "{}", step("in the mode API"));
    }
    walked
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_who_the_tool_says_before_and_after_every_step() {
    let mut count = Count::default();
    let mut failed = Vec::new();
    for shape in shapes() {
        let Some(turn) = turn().await else {
            return;
        };
        let name = shape.name;
        // One shape that fails does not hide what the others would show.
        match AssertUnwindSafe(walk(turn, shape)).catch_unwind().await {
            Ok(walked) => count.add(walked),
            Err(_) => failed.push(name),
        }
    }
    tell(&format!(
        "control plane: {} shapes, {} steps, {} reviews of real tokens, {} questions to the authorizer; failed: {failed:?}",
        count.shapes, count.steps, count.reviews, count.questions
    ));
    assert!(failed.is_empty(), "{failed:?}");
}
