//! The rights that `export rbac` writes, before the real authorizer: enough for each command, and not one too many.

use aws_auth_migrate::sandbox::{NodeGroupSeed, SandboxCaller, Seed};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::api::folder_of;
use crate::cluster::{Cluster, binding};
use crate::plane::turn;
use crate::support::{Ran, data_seed, role};
use crate::tell::tell;

const ROLES: &str = "\
- rolearn: arn:aws:iam::111122223333:role/migrator
  username: migrator
  groups: [aws-auth-migrate]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:role/grafana
  username: grafana
  groups: [system:monitoring]
";

/// A cluster that somebody migrates who is no administrator.
fn guarded(roles: &str) -> Seed {
    let principals = [role("migrator"), role("ops"), role("grafana")];
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let mut seed = data_seed(&[("mapRoles", roles)], &principals);
    seed = seed.with_node_group(NodeGroupSeed::linux(
        "blue",
        role("managed").parse().unwrap(),
    ));
    seed.caller = SandboxCaller {
        principal: role("migrator").parse().unwrap(),
        session: "ci".to_owned(),
    };
    let name = "monitors";
    let group = "system:monitoring";
    seed.objects = vec![
        binding("ClusterRoleBinding", None, name, "view", "Group", group),
        binding("RoleBinding", Some("default"), name, "edit", "Group", group),
    ];
    seed
}

/// The objects that `export rbac` writes for a command.
async fn exported(cluster: &Cluster, command: &str) -> Vec<Value> {
    let ran = cluster
        .run_as(ADMIN, &["export", "rbac", "--for", command])
        .await;
    let text = ran.expect_code(0).stdout;
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

const ADMIN: (&str, &str) = ("arn:aws:iam::111122223333:role/Admin", "test");
const APPLY: &[&str] = &["apply", "--yes", "--enable-access-entries"];
const RENAME: &[&str] = &["--rename-group", "system:monitoring=monitoring"];

/// A command as the migrator, with the objects that were exported for it and without each single verb of them.
struct Case {
    command: &'static str,
    args: &'static [&'static str],
    /// What an administrator ran before.
    before: &'static [&'static [&'static str]],
    /// Verbs that this way does not need.
    spare: &'static [&'static str],
}

const WITHOUT_GRAFANA: &str = "\
- rolearn: arn:aws:iam::111122223333:role/migrator
  username: migrator
  groups: [aws-auth-migrate]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
";

/// Everybody keeps his names here, so that no binding matters.
const NO_NAME_CHANGES: &[&str] = &["list clusterrolebindings", "list rolebindings"];

impl Case {
    /// Runs it with some objects; the cluster is a new one.
    async fn with(&self, objects: Option<&[Value]>) -> Option<(Ran, Vec<Value>)> {
        let cluster = Cluster::start(turn().await?, guarded(WITHOUT_GRAFANA)).await;
        for args in self.before {
            let ran = cluster.run_as(ADMIN, args).await;
            ran.expect_code(0);
        }
        let all = exported(&cluster, self.command).await;
        for object in objects.unwrap_or(&all) {
            cluster.plane().admin.make(object).await;
        }
        let args = [&[self.command], self.args].concat();
        // The authenticator may not have heard of all that was done before.
        let login = crate::people::Login {
            principal: role("migrator"),
            session: "ci".to_owned(),
        };
        cluster.heard_of(&login).await;
        Some((cluster.run(&args).await, all))
    }
}

/// Objects without one verb, for each verb of each rule.
fn without_one(objects: &[Value]) -> Vec<(String, Vec<Value>)> {
    let mut less = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        for (rule, found) in object["rules"].as_array().into_iter().flatten().enumerate() {
            for (index, verb) in found["verbs"].as_array().unwrap().iter().enumerate() {
                let mut objects = objects.to_vec();
                let verbs = &mut objects[at]["rules"][rule]["verbs"];
                verbs.as_array_mut().unwrap().remove(index);
                if verbs.as_array().unwrap().is_empty() {
                    objects[at]["rules"].as_array_mut().unwrap().remove(rule);
                }
                let resource = found["resources"][0].as_str().unwrap();
                less.push((format!("{} {resource}", verb.as_str().unwrap()), objects));
            }
        }
    }
    less
}

fn said(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_runs_with_the_exported_rights_and_names_the_one_it_lacks() {
    const CUTOVER: &[&str] = &["cutover", "--yes", "--soak", "0s"];
    const KEEPING: &[&str] = &["cutover", "--yes", "--soak", "0s", "--keep-config-map"];
    let cases = [
        Case {
            command: "plan",
            args: &[],
            before: &[],
            spare: NO_NAME_CHANGES,
        },
        Case {
            command: "apply",
            args: &["--yes", "--enable-access-entries"],
            before: &[],
            spare: NO_NAME_CHANGES,
        },
        Case {
            command: "cutover",
            args: &["--yes", "--soak", "1s"],
            before: &[APPLY],
            spare: &["update configmaps"],
        },
        Case {
            command: "cutover",
            args: &["--yes", "--soak", "1s", "--keep-config-map"],
            before: &[APPLY],
            spare: &["delete configmaps"],
        },
        Case {
            command: "rollback",
            args: &["--yes"],
            before: &[APPLY, CUTOVER],
            spare: &["update configmaps"],
        },
        Case {
            command: "rollback",
            args: &["--yes"],
            before: &[APPLY, KEEPING],
            spare: &["create configmaps"],
        },
    ];
    let (mut runs, mut wrong) = (0, Vec::new());
    for case in cases {
        let Some((ran, objects)) = case.with(None).await else {
            return;
        };
        runs += 1;
        let told = said(&ran);
        if ran.code != 0 || told.contains("forbidden") {
            wrong.push(format!(
                "{} with all rights ({}): {told}",
                case.command, ran.code
            ));
        }
        for (right, less) in without_one(&objects) {
            if case.spare.contains(&right.as_str()) {
                continue;
            }
            let Some((ran, _)) = case.with(Some(&less)).await else {
                return;
            };
            runs += 1;
            let told = said(&ran);
            if !right.split(' ').all(|word| told.contains(word)) {
                wrong.push(format!(
                    "{} without `{right}` ({}): {told}",
                    case.command, ran.code
                ));
            }
        }
    }
    tell(&format!(
        "control plane: {runs} runs with exported rights, {} wrong",
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Kubernetes lets nobody bind what he does not hold himself, unless he may `bind` it.
#[tokio::test(flavor = "multi_thread")]
async fn bindings_of_a_renamed_group_are_made_only_by_who_holds_what_they_bind() {
    let Some(turn) = turn().await else {
        return;
    };
    let cluster = Cluster::start(turn, guarded(ROLES)).await;
    let admin = &cluster.plane().admin;
    for object in exported(&cluster, "apply").await {
        admin.make(&object).await;
    }
    let create = json!({
        "kind": "ClusterRole",
        "metadata": { "name": "makes-bindings" },
        "rules": [{
            "apiGroups": ["rbac.authorization.k8s.io"],
            "resources": ["clusterrolebindings", "rolebindings"],
            "verbs": ["create", "get"],
        }],
    });
    admin.make(&create).await;
    let name = "makes-bindings";
    let group = "aws-auth-migrate";
    admin
        .make(&binding(
            "ClusterRoleBinding",
            None,
            name,
            name,
            "Group",
            group,
        ))
        .await;
    let login = crate::people::Login {
        principal: role("migrator"),
        session: "ci".to_owned(),
    };
    cluster.heard_of(&login).await;
    let options = ["apply", "--yes", "--enable-access-entries", "--apply-rbac"];
    let apply = [&options[..], RENAME].concat();
    let refused = cluster.run(&apply).await;
    assert_ne!(refused.code, 0, "{refused:?}");
    let told = said(&refused);
    assert!(
        told.contains("attempting to grant RBAC permissions not currently held"),
        "{told}"
    );
    // The entry would take the access of the old name away, and no binding gives the new one any.
    let grafana = role("grafana");
    let entries = cluster.sandbox.state().entries;
    assert!(
        entries
            .iter()
            .all(|live| live.entry.principal_arn.to_string() != grafana),
        "{entries:#?}"
    );

    let bind = json!([{
        "op": "add", "path": "/rules/-", "value": {
            "apiGroups": ["rbac.authorization.k8s.io"],
            "resources": ["clusterroles"],
            // The last one is bound to the group in every cluster.
            "resourceNames": ["view", "edit", "system:monitoring"],
            "verbs": ["bind"],
        },
    }]);
    let path = format!("{}/makes-bindings", folder_of(&create));
    let kind = "application/json-patch+json";
    let (status, answer) = admin.ask("PATCH", &path, kind, Some(&bind)).await;
    assert_eq!(status, 200, "{answer:#}");
    cluster.run(&apply).await.expect_code(0);
    let entries = cluster.sandbox.state().entries;
    let made = entries
        .iter()
        .find(|live| live.entry.principal_arn.to_string() == grafana);
    assert_eq!(made.unwrap().entry.kubernetes_groups, ["monitoring"]);
}
