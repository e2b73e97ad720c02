//! `status`: the state of the cluster at every step.

use aws_auth_migrate::sandbox::{Fault, FaultKind, KubernetesRights, Policy, Rights};
use serde_json::Value;

use crate::cutover::{TWO, cutover};
use crate::support::{World, in_api_mode, role, seed};

fn status(world: &World) -> Value {
    let args = ["--output", "json", "--preflight"];
    world.tool("status").args(&args).run().expect_code(0).json()
}

#[track_caller]
fn expect_next(status: &Value, verb: &str) {
    let next = status["next"].as_str().unwrap();
    assert!(next.starts_with(verb), "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_names_the_one_that_follows() {
    let world = World::start(seed(TWO, &[&role("ops"), &role("dev")])).await;
    let before = status(&world);
    assert_eq!(before["authenticationMode"], "CONFIG_MAP");
    assert_eq!(before["lastRun"], Value::Null);
    expect_next(&before, "aws-auth-migrate apply");
    world.apply().run().expect_code(0);
    let applied = status(&world);
    assert_eq!(applied["entries"]["ours"], 2);
    assert_eq!(applied["lastRun"]["command"], "apply");
    expect_next(&applied, "aws-auth-migrate cutover");
    cutover(&world, &[]).expect_code(0);
    let gone = status(&world);
    assert_eq!(gone["hasAwsAuth"], false);
    assert!(gone["next"].as_str().unwrap().ends_with("--to-api-mode"));
    world.tool("rollback").arg("--yes").run().expect_code(0);
    let back = status(&world);
    assert_eq!(back["lastRun"]["command"], "rollback");
    assert_eq!(back["entries"]["ours"], 0);
    expect_next(&back, "aws-auth-migrate apply");
    world.apply().run().expect_code(0);
    cutover(&world, &["--to-api-mode", "--min-soak", "0s"]).expect_code(0);
    expect_next(&status(&world), "nothing");
    let ran = world.tool("status").run().expect_code(0);
    assert!(ran.stdout.contains("Mode          API\n"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_gone_or_whose_mapping_is_gone_is_drift() {
    let world = crate::cutover::applied().await;
    assert_eq!(status(&world)["drift"], serde_json::json!([]));
    let without_dev = TWO.split("# devs").next().unwrap().to_owned();
    let data = [("mapRoles".to_owned(), without_dev)].into();
    world
        .sandbox
        .edit(|world| world.put_aws_auth(crate::support::CLUSTER, &data));
    let drift = status(&world)["drift"].clone();
    assert!(
        drift[0].as_str().unwrap().starts_with(&role("dev"))
            && drift.to_string().contains("still grants access"),
        "{drift}"
    );
    cutover(&world, &[]).expect_code(0);
    world
        .sandbox
        .edit(|world| world.delete_entry(crate::support::CLUSTER, &role("ops")));
    let drift = status(&world)["drift"].to_string();
    assert!(drift.contains("deleted since"), "{drift}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_resumes_with_its_options() {
    let world = crate::cutover::applied().await;
    let denied = |operation| Fault::always(operation, FaultKind::AccessDenied);
    world.sandbox.add_fault(denied("update configmaps"));
    cutover(&world, &["--only", "*dev", "--keep-config-map"]).expect_code(1);
    let stopped = status(&world);
    assert_eq!(stopped["lastRun"]["end"], "incomplete");
    let next = stopped["next"].as_str().unwrap();
    assert!(
        next.contains("cutover ") && next.contains("--only '*dev' --keep-config-map"),
        "{next}"
    );

    world.sandbox.clear_faults();
    cutover(&world, &["--only", "*dev"]).expect_code(0);
    world.sandbox.add_fault(denied("DeleteAccessEntry"));
    let back = world.tool("rollback").args(&["--yes", "--force"]);
    back.run().expect_code(4);
    let next = status(&world)["next"].as_str().unwrap().to_owned();
    assert!(
        next.contains("rollback ") && next.contains("--force --yes"),
        "{next}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_can_not_be_read_are_not_taken_for_missing() {
    let world = crate::cutover::applied().await;
    let denied = Fault::always("ListAccessEntries", FaultKind::AccessDenied);
    world.sandbox.add_fault(denied);
    expect_next(&status(&world), "aws-auth-migrate status");
    let verify = world.tool("verify").args(&["--output", "json"]).run();
    let verify = verify.expect_code(3).json();
    assert_eq!(verify["verdict"], "needsDecision");
    for objection in verify["objections"].as_array().unwrap() {
        assert_eq!(objection["code"], "AAM606", "{objection:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_somebody_changed_is_drift() {
    let world = World::start(seed(TWO, &[&role("ops"), &role("dev")])).await;
    world.apply().run().expect_code(0);
    let mut entry = world
        .sandbox
        .state()
        .entries
        .into_iter()
        .map(|live| live.entry)
        .find(|entry| entry.principal_arn.to_string() == role("dev"))
        .unwrap();
    entry.kubernetes_groups = vec!["others".to_owned()];
    world
        .sandbox
        .edit(|world| world.put_entry(crate::support::CLUSTER, &entry));
    let status = status(&world);
    assert!(
        status["drift"][0]
            .as_str()
            .unwrap()
            .starts_with(&role("dev")),
        "{status:#}"
    );
    let rights = status["preflight"]["rights"].as_array().unwrap();
    assert!(rights.iter().all(|right| right["state"] == "allowed"));
}

/// The rights of a preflight in this state.
fn rights<'a>(status: &'a Value, state: &str) -> Vec<&'a str> {
    let rights = status["preflight"]["rights"].as_array().unwrap();
    rights
        .iter()
        .filter(|right| right["state"] == state)
        .map(|right| right["right"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_tries_each_right_and_shows_the_policy_to_paste() {
    let world = World::start(seed(TWO, &[&role("ops"), &role("dev")])).await;
    let reads = ["eks:Describe*", "eks:List*", "iam:*", "sts:*"];
    let mut few = Rights {
        iam: Some(Policy::of_actions(reads)),
        kubernetes: KubernetesRights::Everything,
    };
    world.sandbox.edit(|world| world.set_rights(few.clone()));
    let simulated = status(&world);
    assert_eq!(simulated["preflight"]["command"], "apply");
    assert_eq!(
        rights(&simulated, "missing"),
        [
            "eks:UpdateClusterConfig",
            "eks:CreateAccessEntry",
            "eks:AssociateAccessPolicy",
            "eks:TagResource"
        ]
    );
    assert!(rights(&simulated, "notTried").is_empty());

    // Where IAM may not be asked, nothing is guessed of what changes something.
    few.iam = Some(Policy::of_actions(["eks:*", "iam:GetRole"]));
    world.sandbox.edit(|world| world.set_rights(few));
    let tried = status(&world);
    assert!(rights(&tried, "missing").is_empty());
    assert!(rights(&tried, "notTried").contains(&"eks:CreateAccessEntry"));
    assert!(rights(&tried, "allowed").contains(&"eks:DescribeCluster"));
    let shown = world
        .tool("status")
        .args(&["--preflight"])
        .run()
        .expect_code(0)
        .stdout;
    for part in [
        "? Right       eks:CreateAccessEntry on arn:aws:eks:eu-west-1:111122223333:cluster/shop: iam:SimulatePrincipalPolicy",
        "\"Resource\": [\n        \"arn:aws:eks:eu-west-1:111122223333:cluster/shop\"",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_asks_the_api_server_for_the_command_that_is_named() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    world.apply().run().expect_code(0);
    let of = |command: &str| {
        world
            .tool("status")
            .args(&["--output", "json", "--preflight", "--for", command])
            .run()
            .expect_code(0)
            .json()
    };
    let cutover = of("cutover");
    assert!(rights(&cutover, "allowed").contains(&"delete configmaps"));
    assert!(rights(&cutover, "allowed").contains(&"eks:UpdateClusterConfig"));
    let rollback = of("rollback");
    assert!(rights(&rollback, "allowed").contains(&"create configmaps"));
    assert!(rights(&rollback, "allowed").contains(&"eks:DeleteAccessEntry"));
    world
        .tool("status")
        .args(&["--for", "apply"])
        .run()
        .expect_code(64);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_in_each_mode_with_and_without_aws_auth_and_journal() {
    use aws_auth_migrate::model::AuthenticationMode::{Api, ApiAndConfigMap, ConfigMap};
    for mode in [ConfigMap, ApiAndConfigMap, Api] {
        for has_aws_auth in [true, false] {
            for has_journal in [true, false] {
                let seed = seed(TWO, &[&role("ops"), &role("dev")]);
                let seed = match mode {
                    ConfigMap => seed,
                    _ => in_api_mode(seed),
                };
                let world = World::start(seed).await;
                if has_journal {
                    world.apply().run().expect_code(0);
                }
                world.sandbox.edit(|world| {
                    if !has_aws_auth {
                        world.delete_aws_auth(crate::support::CLUSTER);
                    }
                    world.set_mode(crate::support::CLUSTER, mode);
                });
                let case = format!("{mode} {has_aws_auth} {has_journal}");
                let status = status(&world);
                assert_eq!(status["authenticationMode"], mode.as_str(), "{case}");
                assert_eq!(status["hasAwsAuth"], has_aws_auth, "{case}");
                assert_eq!(status["lastRun"].is_null(), !has_journal, "{case}");
                assert_eq!(status["journal"].is_null(), !has_journal, "{case}");
                let next = status["next"].as_str().unwrap();
                let step = match (mode, has_aws_auth, has_journal) {
                    (Api, false, _) => "nothing",
                    (ConfigMap, ..) | (ApiAndConfigMap, true, false) => "apply",
                    (ApiAndConfigMap, ..) | (Api, true, _) => "cutover",
                };
                assert!(next.contains(step), "{case}: {next}");
            }
        }
    }
}

/// A cluster whose `aws-auth` belongs to a Helm chart.
async fn of_a_helm_release() -> World {
    let mut seed = seed(TWO, &[&role("ops"), &role("dev")]);
    let aws_auth = seed.aws_auth.as_mut().unwrap();
    let release = ("meta.helm.sh/release-name".to_owned(), "access".to_owned());
    aws_auth.annotations.extend([release]);
    World::start(seed).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_writes_aws_auth_is_named_with_the_way_out() {
    let world = of_a_helm_release().await;
    let found = status(&world);
    let writer = &found["preflight"]["writers"][0];
    assert_eq!(writer["code"], "AAM607", "{found:#}");
    assert!(writer["who"].as_str().unwrap().starts_with("Helm"));
    assert!(!writer["fix"].as_str().unwrap().is_empty());
    let shown = world.tool("status").arg("--preflight").run();
    assert!(shown.stdout.contains("(AAM607)"), "{}", shown.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn cutover_names_that_tool_in_the_same_words() {
    let world = of_a_helm_release().await;
    world.apply().run().expect_code(0);
    let told = status(&world)["preflight"]["writers"].clone();
    let line = format!(
        "{} (AAM607); {}",
        told[0]["message"].as_str().unwrap(),
        told[0]["fix"].as_str().unwrap()
    );
    let preflight = world.tool("status").arg("--preflight").run();
    assert!(preflight.stdout.contains(&line), "{}", preflight.stdout);
    // Before the write, even where nobody is there to answer.
    let asked = world.tool("cutover").run().expect_code(64);
    asked.expect_error(&[&format!("warning: {line}")]);
    let part = cutover(&world, &["--only", "*role/ops"]).expect_code(0);
    assert_eq!(part.json()["writers"], told);
    let rest = world.tool("cutover").arg("--yes").run().expect_code(0);
    assert!(
        rest.stdout.contains(&format!("! {line}")),
        "{}",
        rest.stdout
    );
}

/// A ConfigMap that came back after the cutover once looked like the work of an unknown tool.
#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_eks_writes_again_after_the_cut_over_is_its_own_work() {
    let world = crate::cutover::applied().await;
    assert_eq!(status(&world)["notes"], serde_json::json!([]));
    cutover(&world, &[]).expect_code(0);
    let by = |manager: &str| {
        let object = serde_json::json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "aws-auth", "namespace": "kube-system", "managedFields": [
                {"manager": manager, "operation": "Update", "apiVersion": "v1", "time": "2099-01-01T00:00:00Z"},
            ]},
            "data": {"mapRoles": "[]"},
        });
        world
            .sandbox
            .edit(|world| assert!(world.put_object(crate::support::CLUSTER, &object)));
        status(&world)
    };
    let eks = by("vpcLambda");
    let note = eks["notes"][0].as_str().unwrap_or_default();
    assert!(note.contains("EKS itself wrote aws-auth"), "{eks:#}");
    assert_eq!(eks["preflight"]["writers"], serde_json::json!([]));
    let shown = world.tool("status").run().expect_code(0);
    assert!(
        shown.stdout.contains("Note          EKS itself"),
        "{}",
        shown.stdout
    );
    let other = by("nightly-sync");
    assert_eq!(other["notes"], serde_json::json!([]));
    let who = other["preflight"]["writers"][0]["who"].as_str().unwrap();
    assert!(who.contains("`nightly-sync`"), "{who}");
}

/// It once kept saying "safe to cut over" when that was done.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_cut_over_status_says_that_it_is_done() {
    let world = crate::cutover::applied().await;
    let sentence = |of: &Value| of["sentence"].as_str().unwrap().to_owned();
    assert!(sentence(&status(&world)).starts_with("safe to cut over"));
    cutover(&world, &[]).expect_code(0);
    let done = sentence(&status(&world));
    assert!(done.starts_with("cut over: aws-auth is gone"), "{done}");
    let verified = world.tool("verify").args(&["--output", "json"]).run();
    assert_eq!(sentence(&verified.expect_code(0).json()), done);
    cutover(&world, &["--to-api-mode", "--min-soak", "0s"]).expect_code(0);
    let done = sentence(&status(&world));
    assert!(
        done.contains("in the mode API, and aws-auth is gone"),
        "{done}"
    );
}
