//! Every source of `aws-auth` gives the same plan.

use std::path::Path;

use aws_auth_migrate::sandbox::{Fault, FaultKind};
use serde_json::Value;

use crate::support::{CLUSTER, Tool, World, in_api_mode, mapping, read, role, seed};

const TEXT: &str =
    "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [developers]\n";

async fn world() -> World {
    World::start(in_api_mode(seed(TEXT, &[&role("dev")]))).await
}

fn manifest() -> String {
    let text: String = TEXT.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: aws-auth, namespace: kube-system}}\ndata:\n  mapRoles: |\n{text}"
    )
}

#[track_caller]
fn expect_dev(plan: &Value) {
    let dev = mapping(plan, "mapRoles[0]");
    assert_eq!(
        (&dev["outcome"], &dev["line"]),
        (&"create".into(), &1.into()),
        "{dev:#}"
    );
    assert_eq!(
        dev["entry"]["kubernetesGroups"],
        serde_json::json!(["developers"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_itself_with_a_token_made_from_the_credentials() {
    let world = world().await;
    let plan = world.plan().json();
    expect_dev(&plan);
    assert_eq!(plan["source"]["kind"], "cluster");
    assert!(plan["source"]["resourceVersion"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_with_the_cluster_named_by_its_context() {
    let world = world().await;
    let kubeconfig = world.write("config", &world.sandbox.kubeconfig());
    let named = world
        .bare(&["plan", "--output", "json"])
        .arg("--cluster")
        .arg(CLUSTER);
    expect_dev(
        &named
            .arg("--kubeconfig")
            .arg(&kubeconfig)
            .run()
            .expect_code(0)
            .json(),
    );

    // The same context, named by the cluster's ARN as `aws eks update-kubeconfig` does.
    let arn = world.plan().json()["cluster"]["arn"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut config: serde_yaml::Value = serde_yaml::from_str(&read(&kubeconfig)).unwrap();
    config["clusters"][0]["name"] = arn.clone().into();
    config["contexts"][0]["context"]["cluster"] = arn.into();
    let by_arn = world.write("by-arn", &serde_yaml::to_string(&config).unwrap());
    let ran = world
        .bare(&["plan", "--output", "json", "--kubeconfig"])
        .arg(&by_arn)
        .run()
        .expect_code(0);
    expect_dev(&ran.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_that_leads_to_another_cluster_is_refused() {
    let world = world().await;
    let other = self::world().await;
    let kubeconfig = world.write("other", &other.sandbox.kubeconfig());
    let ran = world
        .tool("plan")
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .run()
        .expect_code(1);
    ran.expect_error(&["is not the cluster `shop`", "--context"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exec_plugin_of_a_kubeconfig_is_run() {
    let world = world().await;
    let kubeconfig = world.sandbox.kubeconfig();
    let mut config: serde_yaml::Value = serde_yaml::from_str(&kubeconfig).unwrap();
    let token = config["users"][0]["user"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let credential = format!(
        "{{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"{token}\"}}}}"
    );
    let plugin = world.write("credential.json", &credential);
    let exec = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1beta1, command: cat, interactiveMode: Never, args: ['{}']}}}}",
        plugin.display()
    );
    config["users"][0]["user"] = serde_yaml::from_str(&exec).unwrap();
    let path = world.write("exec", &serde_yaml::to_string(&config).unwrap());
    expect_dev(
        &world
            .tool("plan")
            .args(&["--output", "json", "--kubeconfig"])
            .arg(path)
            .run()
            .expect_code(0)
            .json(),
    );
}

#[test]
fn a_file_offline_calls_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aws-auth.yaml");
    std::fs::write(&path, manifest()).unwrap();
    let offline = |tool: Tool| {
        // An endpoint where nothing listens: a call would fail.
        tool.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .args(&["--output", "json"])
            .run()
            .expect_code(0)
            .json()
    };
    let by_path = |path: &Path| offline(Tool::new(&["plan", "--from-file"]).arg(path));
    let plan = by_path(&path);
    expect_dev(&plan);
    assert_eq!(plan["source"]["kind"], "file");
    assert_eq!(plan["cluster"]["authenticationMode"], Value::Null);
    expect_dev(&offline(
        Tool::new(&["plan", "--from-file", "-"]).stdin(manifest()),
    ));
    let bare = manifest()
        .split_once("data:\n")
        .unwrap()
        .1
        .replace("\n  ", "\n")
        .trim_start()
        .to_owned();
    expect_dev(&offline(
        Tool::new(&["plan", "--from-file", "-"]).stdin(bare),
    ));
    let json =
        serde_json::to_string_pretty(&serde_yaml::from_str::<Value>(&manifest()).unwrap()).unwrap();
    expect_dev(&offline(
        Tool::new(&["plan", "--from-file", "-"]).stdin(json),
    ));
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}",
        manifest().replace('\n', "\n  ")
    );
    expect_dev(&offline(
        Tool::new(&["plan", "--from-file", "-"]).stdin(list),
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_file_with_a_live_cluster_leaves_the_clusters_own_config_map_alone() {
    let world = World::start(in_api_mode(seed("[]", &[&role("team/dev")]))).await;
    let plan = world
        .tool("plan")
        .args(&["--output", "json", "--from-file", "-", "--trust-file"])
        .stdin(manifest())
        .run()
        .expect_code(0)
        .json();
    expect_dev(&plan);
    assert_eq!(
        mapping(&plan, "mapRoles[0]")["entry"]["principalArn"],
        role("team/dev")
    );
    assert!(
        world
            .sandbox
            .requests()
            .iter()
            .all(|request| !request.operation.contains("configmaps"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_read_of_the_kubernetes_api_is_retried() {
    for operation in ["get configmaps", "list rolebindings"] {
        for kind in [
            FaultKind::Throttle,
            FaultKind::InternalError,
            FaultKind::Unavailable,
            FaultKind::ResetBeforeCommit,
            FaultKind::TruncatedBody,
        ] {
            let world = world().await;
            world.sandbox.add_fault(Fault::next(operation, kind));
            let plan = world.plan();
            assert!(!plan.stdout.contains("AAM701"), "{operation}: {kind:?}");
            let asked = world.sandbox.requests().into_iter();
            let asked = asked.filter(|request| request.operation == operation);
            assert_eq!(asked.count(), 2, "{operation}: {kind:?}");
        }
    }
}
