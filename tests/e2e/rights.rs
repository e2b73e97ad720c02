//! The least rights: a command runs with exactly those that `export` names, and says which one it misses.

use std::process::Command;

use aws_auth_migrate::sandbox::{
    FargateProfileSeed, KubernetesRights, KubernetesRule, NodeGroupSeed, Policy, Rights,
    SandboxCaller, Seed,
};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::rbac::{AUDIT, RENAME};
use crate::support::{Ran, Tool, World, data_seed, in_api_mode, judge, read, role};

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
fn guarded(objects: Vec<Value>) -> Seed {
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
    seed.objects = objects;
    seed.caller = SandboxCaller {
        principal: role("migrator").parse().unwrap(),
        session: "ci".to_owned(),
    };
    seed
}

/// The same cluster with a group that is renamed, bound everywhere and in one namespace.
fn renaming(objects: Vec<Value>) -> Seed {
    let mut seed = guarded(objects);
    let data = &mut seed.aws_auth.as_mut().unwrap().data;
    data.get_mut("mapRoles").unwrap().push_str(AUDIT);
    let seed = seed.with_principals([role("audit").as_str()]);
    let binding = |kind: &str, role_kind: &str, metadata: Value| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": "watching"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:monitoring"}],
        })
    };
    let role = |kind: &str, metadata: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": []});
    let inside = || json!({"name": "watching", "namespace": "dev"});
    Seed {
        objects: [
            role("ClusterRole", json!({"name": "watching"})),
            role("Role", inside()),
            binding(
                "ClusterRoleBinding",
                "ClusterRole",
                json!({"name": "watching"}),
            ),
            binding("RoleBinding", "Role", inside()),
        ]
        .into_iter()
        .chain(seed.objects)
        .collect(),
        ..seed
    }
}

/// A command, and the cluster that it is run on.
#[derive(Clone, Copy)]
struct Case {
    command: &'static str,
    args: &'static [&'static str],
    /// Whether the cluster has access entries from the beginning.
    entries: bool,
    /// The commands that were run before, by somebody who may do all.
    before: &'static [&'static [&'static str]],
    /// Rights that this case does not come to use.
    spare: &'static [&'static str],
    /// The choices of the command, and of the export.
    choices: &'static [&'static str],
}

const APPLY: &[&str] = &["apply", "--yes", "--progress", "none"];
const CUTOVER: &[&str] = &["cutover", "--yes"];
const KEEPING: &[&str] = &["cutover", "--yes", "--keep-config-map"];

impl Case {
    async fn world(&self, objects: &[Value]) -> World {
        let seed = if self.choices.is_empty() {
            guarded(objects.to_vec())
        } else {
            renaming(objects.to_vec())
        };
        let seed = if self.entries {
            in_api_mode(seed)
        } else {
            seed
        };
        let world = World::start(seed).await;
        for args in self.before {
            run(world.tool(args[0]).args(&args[1..]))
                .await
                .expect_code(0);
        }
        world
    }

    async fn export(&self, world: &World, format: &str) -> String {
        let tool = world.tool("export").args(&[format, "--for", self.command]);
        let tool = tool.args(self.choices);
        run(tool).await.expect_code(0).stdout
    }

    async fn with(&self, policy: &Value, objects: &[Value]) -> Ran {
        let world = self.world(objects).await;
        let rights = Rights {
            iam: Some(Policy::read(policy).unwrap()),
            kubernetes: KubernetesRights::Rbac,
        };
        world.sandbox.edit(|world| world.set_rights(rights));
        run(world.tool(self.command).args(self.args)).await
    }

    /// Runs the command with all rights that it needs, then with all but one, for each of them.
    async fn each_right_is_needed(&self) {
        let world = self.world(&[]).await;
        let policy: Value = serde_json::from_str(&self.export(&world, "iam-policy").await).unwrap();
        let objects: Vec<Value> =
            serde_yaml::Deserializer::from_str(&self.export(&world, "rbac").await)
                .map(|document| Value::deserialize(document).unwrap())
                .collect();
        let all = self.with(&policy, &objects).await.expect_code(0);
        assert!(!said(&all).contains("not authorized"), "{}", said(&all));
        assert!(!said(&all).contains("is forbidden"), "{}", said(&all));

        let of_aws = without_one(&policy, "Action")
            .into_iter()
            .map(|(right, less)| (vec![right], less, objects.clone()));
        let of_kubernetes = without_one(&Value::Array(objects.clone()), "verbs")
            .into_iter()
            .map(|(right, less)| {
                let words = right.split(' ').map(ToOwned::to_owned).collect();
                (words, policy.clone(), less.as_array().unwrap().clone())
            });
        let less = of_aws.chain(of_kubernetes).filter(|(words, ..)| {
            let right = words.join(" ");
            !self.spare.contains(&right.as_str())
        });
        let runs = less.map(|(words, policy, objects)| async move {
            (words, self.with(&policy, &objects).await)
        });
        let mut untold = Vec::new();
        for (words, ran) in join_all(runs).await {
            let said = said(&ran);
            if !words.iter().all(|word| said.contains(word.as_str())) {
                untold.push(format!(
                    "{} is missing ({}): {said}",
                    words.join(" "),
                    ran.code
                ));
            }
        }
        assert!(
            untold.is_empty(),
            "nothing tells that {}",
            untold.join("\n")
        );
    }
}

async fn run(tool: Tool) -> Ran {
    let ran = tokio::task::spawn_blocking(move || tool.run()).await;
    ran.unwrap()
}

fn said(ran: &Ran) -> String {
    ran.stdout.clone() + &ran.stderr
}

/// A document without one of the texts in lists of this name, for each of them.
fn without_one(document: &Value, list: &str) -> Vec<(String, Value)> {
    fn lists(value: &Value, name: &str, at: &str, found: &mut Vec<(String, usize)>) {
        match value {
            Value::Object(fields) => {
                for (key, inner) in fields {
                    let at = format!("{at}/{key}");
                    match inner.as_array() {
                        Some(items) if key == name => {
                            found.extend((0..items.len()).map(|index| (at.clone(), index)));
                        }
                        _ => lists(inner, name, &at, found),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    lists(item, name, &format!("{at}/{index}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    lists(document, list, "", &mut found);
    let less = found.into_iter().map(|(at, index)| {
        let mut less = document.clone();
        let gone = less.pointer_mut(&at).unwrap().as_array_mut().unwrap();
        let gone = gone.remove(index).as_str().unwrap().to_owned();
        // In Kubernetes a verb says little without its resource.
        let beside = at.replace("/verbs", "/resources/0");
        let resource = less.pointer(&beside).and_then(Value::as_str);
        let name = resource.map_or(gone.clone(), |resource| format!("{gone} {resource}"));
        (name, less.clone())
    });
    less.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_runs_with_the_exported_rights_and_each_is_needed() {
    let case = Case {
        command: "plan",
        args: &["--output", "json"],
        entries: true,
        before: &[],
        spare: &[],
        choices: &[],
    };
    case.each_right_is_needed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_runs_with_the_exported_rights_and_each_is_needed() {
    let case = Case {
        command: "apply",
        args: &["--yes", "--enable-access-entries", "--output", "json"],
        entries: false,
        before: &[],
        spare: &[],
        choices: &[],
    };
    case.each_right_is_needed().await;
}

/// It reads what `plan` reads, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn report_runs_with_the_rights_of_plan() {
    let case = Case {
        command: "plan",
        args: &[],
        entries: true,
        before: &[APPLY],
        spare: &[],
        choices: &[],
    };
    let world = case.world(&[]).await;
    let policy: Value = serde_json::from_str(&case.export(&world, "iam-policy").await).unwrap();
    let objects = case.export(&world, "rbac").await;
    let objects: Vec<Value> = serde_yaml::Deserializer::from_str(&objects)
        .map(|document| Value::deserialize(document).unwrap())
        .collect();
    let world = case.world(&objects).await;
    let rights = Rights {
        iam: Some(Policy::read(&policy).unwrap()),
        kubernetes: KubernetesRights::Rbac,
    };
    world.sandbox.edit(|world| world.set_rights(rights));
    let ran = run(world.tool("report")).await.expect_code(0);
    assert!(!said(&ran).contains("not authorized"), "{}", said(&ran));
    assert!(!said(&ran).contains("is forbidden"), "{}", said(&ran));
    assert!(ran.stdout.contains("Safe to cut over"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn cutover_runs_with_the_exported_rights_and_each_is_needed() {
    let deleting = Case {
        command: "cutover",
        args: &["--yes", "--to-api-mode", "--min-soak", "0s"],
        entries: true,
        before: &[APPLY],
        spare: &["update configmaps"],
        choices: &[],
    };
    deleting.each_right_is_needed().await;
    let keeping = Case {
        args: &[
            "--yes",
            "--keep-config-map",
            "--to-api-mode",
            "--min-soak",
            "0s",
        ],
        spare: &["delete configmaps"],
        ..deleting
    };
    keeping.each_right_is_needed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_runs_with_the_exported_rights_and_each_is_needed() {
    let creating = Case {
        command: "rollback",
        args: &["--yes"],
        entries: true,
        before: &[APPLY, CUTOVER],
        spare: &["update configmaps"],
        choices: &[],
    };
    creating.each_right_is_needed().await;
    let updating = Case {
        before: &[APPLY, KEEPING],
        spare: &["create configmaps"],
        ..creating
    };
    updating.each_right_is_needed().await;
}

const BIND: &[&str] = &[
    "apply",
    "--yes",
    "--progress",
    "none",
    "--output",
    "json",
    "--apply-rbac",
    "--rename-group",
    "system:monitoring=monitoring",
];

#[tokio::test(flavor = "multi_thread")]
async fn apply_makes_bindings_with_the_exported_rights_and_each_is_needed() {
    let case = Case {
        command: "apply",
        args: &BIND[1..],
        entries: true,
        before: &[],
        // None of the bindings is there before.
        spare: &["get clusterrolebindings", "get rolebindings"],
        choices: &RENAME,
    };
    case.each_right_is_needed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_deletes_bindings_with_the_exported_rights_and_each_is_needed() {
    let case = Case {
        command: "rollback",
        args: &["--yes"],
        entries: true,
        before: &[BIND],
        spare: &["update configmaps", "create configmaps"],
        choices: &RENAME,
    };
    case.each_right_is_needed().await;
}

/// What a preflight says of the rights on bindings and on the roles that they bind.
#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_asks_whether_the_very_roles_may_be_bound() {
    let world = World::start(in_api_mode(renaming(Vec::new()))).await;
    let preflight = |rights: KubernetesRights| {
        let rights = Rights {
            kubernetes: rights,
            ..Rights::default()
        };
        world.sandbox.edit(|world| world.set_rights(rights));
        let status = world.tool("status").args(&RENAME);
        let args = ["--preflight", "--for", "apply", "--output", "json"];
        let found = status.args(&args).run().expect_code(0).json();
        let rights = found["preflight"]["rights"].as_array().unwrap().clone();
        rights
            .into_iter()
            .filter(|right| right["right"].as_str().unwrap().starts_with("bind "))
            .map(|right| {
                let text = |field: &str| right[field].as_str().unwrap().to_owned();
                [text("right"), text("on"), text("state")].join(" ")
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        preflight(KubernetesRights::Everything),
        [
            "bind clusterroles watching allowed",
            "bind roles dev/watching allowed"
        ]
    );
    let reads = ["get", "list"].map(|verb| KubernetesRule::new(verb, "*"));
    assert_eq!(
        preflight(KubernetesRights::Rules(reads.to_vec())),
        [
            "bind clusterroles watching missing",
            "bind roles dev/watching missing"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_names_the_cluster_and_the_node_roles() {
    let world = World::start(guarded(Vec::new())).await;
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
    let world = World::start(guarded(Vec::new())).await;
    for command in ["plan", "apply", "cutover", "rollback"] {
        let roles = world.path("rbac.yaml");
        Tool::new(&["export", "rbac", "--for", command, "--out"])
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
}
