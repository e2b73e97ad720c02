//! `export`: what it writes, run for real where it can be run.

use std::collections::BTreeSet;
use std::process::Command;

use aws_auth_migrate::model::{AccessEntry, AuthenticationMode};
use aws_auth_migrate::sandbox::{
    Caller, FargateProfileSeed, KubernetesRights, KubernetesRule, NodeGroupSeed, Rights, Seed,
};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{Ran, Tool, World, data_seed, in_api_mode, judge, read, role, seed};

const MIXED: &str = "\
- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev:{{SessionName}}
  groups: [developers, \"it's $(touch pwned) `id` ${x}\"]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters, argocd]
";

async fn mixed() -> World {
    World::start(seed(
        MIXED,
        &[&role("nodes"), &role("dev"), &role("team/ops")],
    ))
    .await
}

/// The entries of a world, without the tag that names a run.
fn entries(world: &World) -> Vec<AccessEntry> {
    let live = world.sandbox.state().entries;
    let mut entries: Vec<AccessEntry> = live.into_iter().map(|live| live.entry).collect();
    for entry in &mut entries {
        entry.tags.remove("aws-auth-migrate/run");
    }
    entries.sort_by_key(|entry| entry.principal_arn.to_string());
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_script_ends_where_apply_ends() {
    if !judge("aws", Command::new("aws").arg("--version")) {
        return;
    }
    let applied = mixed().await;
    applied.apply().run().expect_code(0);

    let world = mixed().await;
    let script = world.path("migrate.sh");
    world
        .tool("export")
        .args(&["aws-cli", "--out"])
        .arg(&script)
        .run()
        .expect_code(0);
    let run = |allow: &str| {
        let mut command = world.other("sh");
        command
            .env("ENABLE_ACCESS_ENTRIES", allow)
            .env("POLL_SECONDS", "0.2");
        command
            .arg(&script)
            .current_dir(world.folder.path())
            .output()
            .unwrap()
    };
    let refused = run("");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("ENABLE_ACCESS_ENTRIES=yes"));
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::ConfigMap);

    let done = run("yes");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(entries(&world), entries(&applied));
    assert_eq!(world.sandbox.state().mode, applied.sandbox.state().mode);

    let again = run("");
    assert!(
        again.status.success(),
        "{}",
        String::from_utf8_lossy(&again.stderr)
    );
    assert_eq!(entries(&world), entries(&applied));
    assert!(!world.path("pwned").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exists_is_imported() {
    let world = mixed().await;
    world.apply().run().expect_code(0);
    let text = world
        .tool("export")
        .arg("terraform")
        .run()
        .expect_code(0)
        .stdout;
    let ops = role("team/ops");
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
    for line in [
        "  to = aws_eks_access_entry.ops\n".to_owned(),
        format!("  id = \"shop:{ops}\"\n"),
        format!("  id = \"shop#{ops}#{policy}\"\n"),
    ] {
        assert!(text.contains(&line), "{line} is not in {text}");
    }
}

#[test]
fn an_offline_plan_and_a_saved_one_export_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("aws-auth.yaml");
    let indented: String = MIXED.lines().map(|line| format!("  {line}\n")).collect();
    std::fs::write(&manifest, format!("mapRoles: |\n{indented}")).unwrap();
    let saved = folder.path().join("plan.json");
    Tool::new(&["plan", "--out"])
        .arg(&saved)
        .arg("--from-file")
        .arg(&manifest)
        .run()
        .expect_code(0);
    for format in ["terraform", "cloudformation", "eksctl", "ack", "aws-cli"] {
        let straight = Tool::new(&["export", format, "--from-file"])
            .arg(&manifest)
            .run()
            .expect_code(0);
        let saved = Tool::new(&["export", format, "--plan"])
            .arg(&saved)
            .run()
            .expect_code(0);
        let body = |ran: &Ran| {
            ran.stdout
                .lines()
                .filter(|line| !line.contains("Made by"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(body(&straight), body(&saved));
        assert!(straight.stdout.contains("role/dev"), "{}", straight.stdout);
    }
}

#[test]
fn strange_formats_and_options_are_wrong_usage() {
    for args in [
        &["export", "pulumi", "--from-file", "-"] as &[&str],
        &["export"],
        &["export", "terraform"],
        &["export", "eksctl", "--module", "--from-file", "-"],
        &["export", "terraform", "--json", "--from-file", "-"],
        &["export", "ack", "--for", "plan", "--from-file", "-"],
    ] {
        Tool::new(args)
            .stdin("mapRoles: ''\n")
            .run()
            .expect_code(64);
    }
    let missing = Tool::new(&["export", "ack", "--plan", "/nonexistent"])
        .run()
        .expect_code(1);
    missing.expect_error(&["failed to read the plan"]);
}

const MIGRATOR: &str = "\
- rolearn: arn:aws:iam::111122223333:role/migrator
  username: migrator
  groups: [aws-auth-migrate]
- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
";

/// A cluster in which every right is needed, run by somebody who is no administrator.
fn guarded() -> Seed {
    let users = "- userarn: arn:aws:iam::111122223333:user/jo\n  username: jo\n  groups: [devs]\n";
    let principals = [
        role("migrator"),
        role("nodes"),
        role("ops"),
        "arn:aws:iam::111122223333:user/jo".to_owned(),
    ];
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let mut seed = data_seed(&[("mapRoles", MIGRATOR), ("mapUsers", users)], &principals)
        .with_node_group(NodeGroupSeed::linux(
            "blue",
            role("managed").parse().unwrap(),
        ))
        .with_fargate_profile(FargateProfileSeed {
            name: "pods".to_owned(),
            pod_execution_role: role("pods").parse().unwrap(),
            entry_at_switch: true,
        });
    seed.caller = Caller {
        principal: role("migrator").parse().unwrap(),
        session: "ci".to_owned(),
    };
    seed
}

/// The actions of an exported policy.
fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
    actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

/// The rules of exported roles.
fn rules(text: &str) -> Vec<KubernetesRule> {
    let objects = serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap());
    let list = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item.as_str().unwrap().to_owned())
            .collect()
    };
    let mut found = Vec::new();
    for object in objects {
        for rule in object["rules"].as_array().into_iter().flatten() {
            for resource in list(&rule["resources"]) {
                for verb in list(&rule["verbs"]) {
                    found.push(KubernetesRule {
                        verb,
                        resource: resource.clone(),
                        namespace: object["metadata"]["namespace"]
                            .as_str()
                            .map(ToOwned::to_owned),
                    });
                }
            }
        }
    }
    found
}

/// What `export` says the command needs.
async fn needed(seed: Seed, command: &str) -> (BTreeSet<String>, Vec<KubernetesRule>) {
    let world = World::start(seed).await;
    let export = |format: &str| {
        let ran = world.tool("export").args(&[format, "--for", command]).run();
        ran.expect_code(0)
    };
    (
        actions(&export("iam-policy").json()),
        rules(&export("rbac").stdout),
    )
}

async fn run_with(
    seed: Seed,
    command: &str,
    iam: BTreeSet<String>,
    kubernetes: Vec<KubernetesRule>,
) -> Ran {
    let world = World::start(seed.with_rights(Rights {
        iam_actions: Some(iam),
        kubernetes: KubernetesRights::Rules(kubernetes),
    }))
    .await;
    let tool = match command {
        "plan" => world.tool("plan").args(&["--output", "json"]),
        _ => world.apply(),
    };
    let ran = tokio::task::spawn_blocking(move || tool.run()).await;
    ran.unwrap()
}

async fn every_right_is_needed(seed: Seed, command: &str) {
    let (iam, kubernetes) = needed(seed.clone(), command).await;
    let said = |ran: &Ran| ran.stdout.clone() + &ran.stderr;
    let all = run_with(seed.clone(), command, iam.clone(), kubernetes.clone()).await;
    let all = said(&all.expect_code(0));
    for right in &iam {
        assert!(!all.contains(right.as_str()), "{right} is missing: {all}");
    }
    // Other updates are looked for only while the cluster is being updated.
    let always = iam.iter().filter(|right| *right != "eks:ListUpdates");
    let without_iam = always.map(|right| {
        let mut less = iam.clone();
        less.remove(right);
        let run = run_with(seed.clone(), command, less, kubernetes.clone());
        async move { (right.clone(), run.await) }
    });
    let without_kubernetes = (0..kubernetes.len()).map(|index| {
        let mut less = kubernetes.clone();
        let gone = less.remove(index);
        let run = run_with(seed.clone(), command, iam.clone(), less);
        async move { (gone.resource, run.await) }
    });
    // Side by side, since a refused command first tries again for a while.
    let (iam, kubernetes) = tokio::join!(join_all(without_iam), join_all(without_kubernetes));
    for (right, ran) in iam.into_iter().chain(kubernetes) {
        let said = said(&ran);
        assert!(
            said.contains(&right),
            "nothing tells that {right} is missing: {said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_runs_with_the_exported_rights_and_each_is_needed() {
    every_right_is_needed(in_api_mode(guarded()), "plan").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_runs_with_the_exported_rights_and_each_is_needed() {
    every_right_is_needed(guarded(), "apply").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_names_the_cluster_and_the_node_roles() {
    let world = World::start(guarded()).await;
    let out = world.path("policy.json");
    world
        .tool("export")
        .args(&["iam-policy", "--out"])
        .arg(&out)
        .run()
        .expect_code(0);
    let policy: Value = serde_json::from_str(&read(&out)).unwrap();
    for statement in policy["Statement"].as_array().unwrap() {
        for resource in statement["Resource"].as_array().unwrap() {
            assert!(
                resource.as_str().unwrap().contains(":111122223333:"),
                "{resource}"
            );
        }
    }
    let text = policy.to_string();
    assert!(
        text.contains("arn:aws:eks:eu-west-1:111122223333:cluster/shop\""),
        "{text}"
    );
    assert!(
        text.contains("arn:aws:eks:eu-west-1:111122223333:access-entry/shop/*"),
        "{text}"
    );
    let pass = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["Sid"] == "PassNodeRoles")
        .unwrap();
    assert_eq!(pass["Resource"], serde_json::json!([role("nodes")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_takes_the_exported_roles() {
    if !judge(
        "kubectl",
        Command::new("kubectl").args(["version", "--client"]),
    ) {
        return;
    }
    let world = mixed().await;
    let roles = world.path("rbac.yaml");
    Tool::new(&["export", "rbac", "--out"])
        .arg(&roles)
        .run()
        .expect_code(0);
    let output = world
        .other("kubectl")
        .args(["apply", "--dry-run=client", "--validate=false", "-f"])
        .arg(&roles)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
