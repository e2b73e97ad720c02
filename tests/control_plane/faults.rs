//! What only a real API server does: immutable objects, finalizers, admission policies, pages that expire, and dying.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use aws_auth_migrate::sandbox::{Phase, Seed};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::api::folder_of;
use crate::cluster::{AWS_AUTH, Cluster, binding};
use crate::people::Login;
use crate::plane::turn;
use crate::support::{Ran, data_seed, role};
use crate::tell::tell;

const ROLES: &str = "\
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev
  groups: [devs]
";
const PRINCIPALS: &[&str] = &[
    "arn:aws:iam::111122223333:role/ops",
    "arn:aws:iam::111122223333:role/dev",
];
const APPLY: &[&str] = &[
    "apply",
    "--yes",
    "--enable-access-entries",
    "--progress",
    "none",
];
const CUTOVER: &[&str] = &["cutover", "--yes", "--progress", "none", "--soak", "0s"];
const KEEPING: &[&str] = &[
    "cutover",
    "--yes",
    "--progress",
    "none",
    "--soak",
    "0s",
    "--keep-config-map",
];
const ROLLBACK: &[&str] = &["rollback", "--yes", "--progress", "none"];

fn two() -> Seed {
    data_seed(&[("mapRoles", ROLES)], PRINCIPALS)
}

fn said(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr)
}

/// Waits until the login is whom the authenticator makes of it.
async fn until_let_in(cluster: &Cluster, role_name: &str) {
    let login = Login {
        principal: role(role_name),
        session: "jane".to_owned(),
    };
    cluster.heard_of(&login).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immutable_aws_auth_is_deleted_and_restored_but_never_half_written() {
    let Some(turn) = turn().await else {
        return;
    };
    let cluster = Cluster::start(turn, two()).await;
    let admin = &cluster.plane().admin;
    let (status, _) = admin.merge(AWS_AUTH, &json!({ "immutable": true })).await;
    assert_eq!(status, 200);
    let before = cluster.aws_auth().await.unwrap();
    cluster.run(APPLY).await.expect_code(0);

    // Kubernetes lets nobody change the data, so the mappings can't be taken out.
    let kept = cluster.run(KEEPING).await;
    assert_ne!(kept.code, 0, "{kept:?}");
    assert!(said(&kept).contains("immutable"), "{}", said(&kept));
    let after = cluster.aws_auth().await.unwrap();
    assert_eq!(after["data"], before["data"]);

    cluster.run(CUTOVER).await.expect_code(0);
    assert_eq!(cluster.aws_auth().await, None);
    cluster.run(ROLLBACK).await.expect_code(0);
    let restored = cluster.aws_auth().await.unwrap();
    assert_eq!(
        (&restored["data"], &restored["immutable"]),
        (&before["data"], &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aws_auth_that_a_finalizer_holds_back_is_not_called_deleted() {
    let Some(turn) = turn().await else {
        return;
    };
    let cluster = Cluster::start(turn, two()).await;
    let admin = &cluster.plane().admin;
    let held = json!({ "metadata": { "finalizers": ["example.com/backup"] } });
    let (status, _) = admin.merge(AWS_AUTH, &held).await;
    assert_eq!(status, 200);
    cluster.run(APPLY).await.expect_code(0);
    let ran = cluster.run(CUTOVER).await;
    let left = cluster.aws_auth().await.unwrap();
    assert!(
        left["metadata"]["deletionTimestamp"].is_string(),
        "{left:#}"
    );
    assert_ne!(ran.code, 0, "{}", said(&ran));
    assert!(said(&ran).contains("finalizer"), "{}", said(&ran));
    assert!(said(&ran).contains("example.com/backup"), "{}", said(&ran));

    // Deleting the entries now would lock everybody out as soon as the ConfigMap goes.
    let entries = cluster.sandbox.state().entries;
    let ran = cluster.run(ROLLBACK).await.expect_code(4);
    assert!(said(&ran).contains("marked for deletion"), "{}", said(&ran));
    assert_eq!(cluster.sandbox.state().entries, entries);

    // Once it is let go, the same command finds it gone.
    let free = json!({ "metadata": { "finalizers": null } });
    let (status, _) = admin.merge(AWS_AUTH, &free).await;
    assert_eq!(status, 200);
    assert_eq!(cluster.aws_auth().await, None);
    cluster.run(CUTOVER).await.expect_code(0);
    cluster.run(ROLLBACK).await.expect_code(0);
    let restored = cluster.aws_auth().await.unwrap();
    assert_eq!(restored["data"]["mapRoles"], ROLES);
}

/// A policy that refuses some operations on the ConfigMap.
fn policy(operations: &[&str]) -> [Value; 2] {
    let kind = "admissionregistration.k8s.io/v1";
    let rule = json!({
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": operations,
        "resources": ["configmaps"],
        "resourceNames": ["aws-auth"],
        "scope": "Namespaced",
    });
    [
        json!({
            "apiVersion": kind,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": { "name": "keep-aws-auth" },
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": { "resourceRules": [rule] },
                "validations": [{ "expression": "false", "message": "ask the platform team first" }],
            },
        }),
        json!({
            "apiVersion": kind,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": { "name": "keep-aws-auth" },
            "spec": { "policyName": "keep-aws-auth", "validationActions": ["Deny"] },
        }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_refuses_the_removal_is_quoted_and_nothing_is_removed() {
    for (cutover, operation) in [(CUTOVER, "DELETE"), (KEEPING, "UPDATE")] {
        let Some(turn) = turn().await else {
            return;
        };
        let cluster = Cluster::start(turn, two()).await;
        let admin = &cluster.plane().admin;
        cluster.run(APPLY).await.expect_code(0);
        let objects = policy(&[operation]);
        for object in &objects {
            admin.make(object).await;
        }
        // A policy takes hold some time after it was made.
        for _ in 0..600 {
            let (status, _) = match operation {
                "DELETE" => {
                    admin
                        .ask(
                            "DELETE",
                            &format!("{AWS_AUTH}?dryRun=All"),
                            "application/json",
                            None,
                        )
                        .await
                }
                _ => {
                    admin
                        .merge(
                            &format!("{AWS_AUTH}?dryRun=All"),
                            &json!({ "data": { "x": "y" } }),
                        )
                        .await
                }
            };
            if status == 422 || status == 403 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let before = cluster.aws_auth().await.unwrap();
        let refused = cluster.run(cutover).await;
        assert_ne!(refused.code, 0, "{refused:?}");
        assert!(
            said(&refused).contains("ask the platform team first"),
            "{}",
            said(&refused)
        );
        assert_eq!(cluster.aws_auth().await.unwrap()["data"], before["data"]);
        for object in objects.iter().rev() {
            let path = format!("{}/keep-aws-auth", folder_of(object));
            admin.delete(&path).await;
        }
        for _ in 0..600 {
            let ran = cluster.run(cutover).await;
            if ran.code == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        cluster.run(ROLLBACK).await.expect_code(0);
        assert_eq!(cluster.aws_auth().await.unwrap()["data"], before["data"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_writer_loses_nothing_to_the_cut_over() {
    let Some(turn) = turn().await else {
        return;
    };
    let cluster = Cluster::start(turn, two()).await;
    cluster.run(APPLY).await.expect_code(0);
    let admin = cluster.plane().admin.clone();
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, writes) = (Arc::clone(&stop), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&writes);
    let writer = tokio::spawn(async move {
        while !stopped.load(Ordering::SeqCst) {
            let write = counted.load(Ordering::SeqCst) + 1;
            let change = json!({ "metadata": { "annotations": { "write": write.to_string() } } });
            let (status, _) = admin.merge(AWS_AUTH, &change).await;
            assert_eq!(status, 200);
            counted.store(write, Ordering::SeqCst);
        }
    });
    let ran = cluster.run(KEEPING).await;
    stop.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    let left = cluster.aws_auth().await.unwrap();
    let write = writes.load(Ordering::SeqCst).to_string();
    assert_eq!(left["metadata"]["annotations"]["write"], write);
    tell(&format!(
        "control plane: {write} writes beside a cutover, which ended with {}",
        ran.code
    ));
    if ran.code != 0 {
        assert_eq!(left["data"]["mapRoles"], ROLES, "{}", said(&ran));
        cluster.run(KEEPING).await.expect_code(0);
    }
    let left = cluster.aws_auth().await.unwrap();
    assert_eq!(left["metadata"]["annotations"]["write"], write);
    let roles = left["data"]["mapRoles"].as_str().unwrap_or_default();
    assert!(!roles.contains("rolearn"), "{left:#}");
}

/// The managers under which others write, as the real API server records them.
#[tokio::test(flavor = "multi_thread")]
async fn other_writers_are_known_by_what_the_api_server_records_of_them() {
    let Some(turn) = turn().await else {
        return;
    };
    let mut seed = two();
    seed.aws_auth = None;
    let cluster = Cluster::start(turn, seed).await;
    let plane = cluster.plane();
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": "aws-auth", "namespace": "kube-system" },
        "data": { "mapRoles": ROLES },
    });
    let folder = "/api/v1/namespaces/kube-system/configmaps";
    let writers = async || {
        let ran = cluster
            .run(&["status", "--preflight", "--output", "json"])
            .await;
        said(&ran)
    };
    // Terraform's provider sets no manager, and is known by its user agent.
    let terraform = "HashiCorp/1.0 Terraform/1.9.0";
    for (user_agent, query, names) in [
        (terraform, "", "HashiCorp"),
        ("kubectl/v1.33.0", "?fieldManager=kubectl-create", ""),
        ("x", "?fieldManager=argocd-controller", "argocd-controller"),
        (
            "x",
            "?fieldManager=kustomize-controller",
            "kustomize-controller",
        ),
    ] {
        let (status, _) = plane
            .admin
            .ask_as(user_agent, "POST", &format!("{folder}{query}"), &manifest)
            .await;
        assert_eq!(status, 201);
        let told = writers().await;
        let managers = cluster.aws_auth().await.unwrap()["metadata"]["managedFields"].clone();
        if names.is_empty() {
            assert!(!told.contains("AAM607"), "{told}\n{managers:#}");
        } else {
            assert!(
                told.contains("AAM607"),
                "{user_agent} {query}: {told}\n{managers:#}"
            );
            assert!(managers.to_string().contains(names), "{managers:#}");
        }
        plane.admin.delete(AWS_AUTH).await;
    }
}

/// Deletes the past of etcd again and again, so that a list in pages loses its place.
#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_bindings_are_read_though_their_pages_expire() {
    let Some(turn) = turn().await else {
        return;
    };
    let roles = "\
- rolearn: arn:aws:iam::111122223333:role/grafana
  username: grafana
  groups: [system:monitoring]
";
    let seed = data_seed(&[("mapRoles", roles)], &[&role("grafana")]);
    let cluster = Cluster::start(turn, seed).await;
    let admin = cluster.plane().admin.clone();
    let objects = (0..5_000).map(|number| {
        let group = match number {
            0 | 2_500 | 4_999 => "system:monitoring",
            _ => "nobody",
        };
        let name = format!("binding-{number:04}");
        binding(
            "RoleBinding",
            Some("default"),
            &name,
            "view",
            "Group",
            group,
        )
    });
    stream::iter(objects)
        .for_each_concurrent(16, |object| {
            let admin = admin.clone();
            async move { admin.make(&object).await }
        })
        .await;
    let etcd = cluster.plane().etcd().await;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let compacting = tokio::spawn(async move {
        let mut times = 0;
        while !stopped.load(Ordering::SeqCst) {
            let change = json!({ "metadata": { "annotations": { "time": times.to_string() } } });
            admin.merge(AWS_AUTH, &change).await;
            let (_, range) = etcd.post("/v3/kv/range", &json!({ "key": "AA==" })).await;
            let revision = &range["header"]["revision"];
            let compaction = json!({ "revision": revision });
            let (status, _) = etcd.post("/v3/kv/compaction", &compaction).await;
            times += usize::from(status == 200);
        }
        times
    });
    let rbac = cluster.folder.path().join("rbac.yaml");
    let mut plan = vec![
        "plan",
        "--rename-group",
        "system:monitoring=monitoring",
        "-vv",
    ];
    plan.extend(["--emit-rbac", rbac.to_str().unwrap()]);
    let ran = cluster.run(&plan).await;
    stop.store(true, Ordering::SeqCst);
    let times = compacting.await.unwrap();
    let told = said(&ran);
    assert_eq!(ran.code, 0, "{told}");
    let expired = told.matches("the list expired between two pages").count();
    tell(&format!(
        "control plane: 5000 bindings, {times} compactions, {expired} lists begun again"
    ));
    assert!(expired > 0, "{told}");
    let rbac = std::fs::read_to_string(rbac).unwrap();
    for name in ["binding-0000", "binding-2500", "binding-4999"] {
        assert!(rbac.contains(name), "{rbac}");
    }
}

/// The API server dies at a request to AWS, is down until the command has ended, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_dies_in_the_middle_of_a_command_loses_nobody() {
    let mut kills = 0;
    for at in [2, 7, 14] {
        let Some(turn) = turn().await else {
            return;
        };
        let mut cluster = Cluster::start(turn, two()).await;
        let logins = Cluster::logins(PRINCIPALS, &["jane"]);
        let mut count = crate::arc::Count::default();
        let before = cluster.agrees(&logins, "before", &mut count).await;
        let data = cluster.aws_auth().await.unwrap()["data"].clone();
        // How many requests to AWS are still to come before the kill; 0 is none at all.
        let left = Arc::new(AtomicUsize::new(0));
        let victim = Arc::new(std::sync::Mutex::new(cluster.plane().api_server_pid()));
        let (counted, pid) = (Arc::clone(&left), Arc::clone(&victim));
        cluster.sandbox.on_request(move |phase, request| {
            if phase != Phase::Before || request.operation == "GetCallerIdentity" {
                return;
            }
            let last = counted
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                })
                .is_ok_and(|left| left == 1);
            if last {
                let pid = pid.lock().unwrap().clone();
                Command::new("kill").args(["-9", &pid]).status().unwrap();
            }
        });
        for args in [&["plan"][..], APPLY, &["verify"], CUTOVER, ROLLBACK] {
            left.store(at, Ordering::SeqCst);
            let ran = cluster.run(args).await;
            let died = left.swap(0, Ordering::SeqCst) == 0;
            kills += usize::from(died);
            if died {
                // A run that had no more to ask the API server has ended well.
                assert!(!said(&ran).contains("panicked"), "{}", said(&ran));
                cluster.plane_mut().kill_api_server();
                cluster.plane_mut().start_api_server().await;
                *victim.lock().unwrap() = cluster.plane().api_server_pid();
                until_let_in(&cluster, "ops").await;
                let step = format!("{args:?} killed at {at}");
                let seen = cluster.agrees(&logins, &step, &mut count).await;
                crate::arc::same(&before, &seen, &step);
                cluster.run(args).await.expect_code(0);
            } else {
                assert_eq!(ran.code, 0, "{}", said(&ran));
            }
            let step = format!("{args:?} again, killed at {at}");
            let seen = cluster.agrees(&logins, &step, &mut count).await;
            crate::arc::same(&before, &seen, &step);
        }
        assert_eq!(cluster.aws_auth().await.unwrap()["data"], data);
        assert!(
            cluster.sandbox.state().entries.iter().all(|live| {
                !PRINCIPALS.contains(&live.entry.principal_arn.to_string().as_str())
            })
        );
    }
    tell(&format!(
        "control plane: killed {kills} times in the middle of a command, nobody lost"
    ));
}
