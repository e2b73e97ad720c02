//! The commands `aws` and `kubectl`, where they are installed.

use std::process::{Command, Output, Stdio};

use aws_auth_migrate::sandbox::Sandbox;

use crate::support::*;
use crate::tell::tell;

/// A command with a clean environment that reaches the sandbox; `None` where it is not installed.
fn judge(name: &str, sandbox: &Sandbox, home: &std::path::Path) -> Option<Command> {
    let probe = match name {
        "aws" => vec!["--version"],
        _ => vec!["version", "--client"],
    };
    let found = Command::new(name)
        .args(probe)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !found.is_ok_and(|status| status.success()) {
        tell(&format!("judge missing: {name}"));
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "CI must have all judges: {name}"
        );
        return None;
    }
    let kubeconfig = home.join("kubeconfig");
    std::fs::write(&kubeconfig, sandbox.kubeconfig()).unwrap();
    let mut command = Command::new(name);
    command.env_clear();
    let kept = std::env::vars()
        .filter(|(name, _)| matches!(name.as_str(), "PATH" | "PYENV_ROOT" | "PYENV_VERSION"));
    command.envs(kept);
    command.envs(sandbox.environment());
    command
        .env("HOME", home)
        .env("KUBECONFIG", kubeconfig)
        .env("AWS_MAX_ATTEMPTS", "1");
    Some(command)
}

async fn run(mut command: Command, arguments: &[&str]) -> (bool, String, String) {
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let Output {
        status,
        stdout,
        stderr,
    } = output.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.success(), text(stdout), text(stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_aws_command_makes_and_lists_entries() {
    let sandbox = Sandbox::start(seed()).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let aws = || judge("aws", &sandbox, home.path());
    let Some(command) = aws() else {
        return;
    };
    let create = [
        "eks",
        "create-access-entry",
        "--cluster-name",
        CLUSTER,
        "--principal-arn",
        DEV,
        "--kubernetes-groups",
        "devs",
    ];
    let (done, stdout, stderr) = run(command, &create).await;
    assert!(done, "{stderr}");
    assert!(
        stdout.contains("\"kubernetesGroups\": [\n            \"devs\"\n"),
        "{stdout}"
    );
    let (done, _, stderr) = run(aws().unwrap(), &create).await;
    assert!(!done);
    assert!(
        stderr.contains(
            "An error occurred (ResourceInUseException) when calling the CreateAccessEntry operation: The specified access \
             entry resource is already in use on this cluster."
        ),
        "{stderr}"
    );
    let (_, stdout, stderr) = run(
        aws().unwrap(),
        &[
            "eks",
            "describe-access-entry",
            "--cluster-name",
            CLUSTER,
            "--principal-arn",
            DEV,
        ],
    )
    .await;
    assert!(stdout.contains(DEV), "{stderr}");
    let (_, stdout, stderr) = run(
        aws().unwrap(),
        &["iam", "get-role", "--role-name", "dev+x@y"],
    )
    .await;
    assert!(stdout.contains(DEV), "{stderr}");
    let (_, stdout, stderr) = run(aws().unwrap(), &["sts", "get-caller-identity"]).await;
    assert!(stdout.contains("assumed-role/Admin/rehearsal"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_reads_edits_and_deletes_the_config_map() {
    let sandbox = Sandbox::start(seed().with_aws_auth(aws_auth(&[(OPS, "ops", "admins")])))
        .await
        .unwrap();
    let home = tempfile::tempdir().unwrap();
    let kubectl = || judge("kubectl", &sandbox, home.path());
    let Some(command) = kubectl() else {
        return;
    };
    let map = [
        "-n",
        "kube-system",
        "get",
        "configmap",
        "aws-auth",
        "-o",
        "yaml",
    ];
    let (done, stdout, stderr) = run(command, &map).await;
    assert!(done, "{stderr}");
    assert!(
        stdout.contains("rolearn: arn:aws:iam::111122223333:role/ops"),
        "{stdout}"
    );
    let patch = [
        "-n",
        "kube-system",
        "patch",
        "cm",
        "aws-auth",
        "-p",
        r#"{"data":{"mapUsers":"[]"}}"#,
    ];
    let (done, stdout, stderr) = run(kubectl().unwrap(), &patch).await;
    assert!(done, "{stdout}{stderr}");
    assert!(sandbox.state().aws_auth.unwrap()["data"]["mapUsers"] == "[]");
    let (_, stdout, stderr) = run(
        kubectl().unwrap(),
        &["auth", "can-i", "get", "configmaps", "-n", "kube-system"],
    )
    .await;
    assert_eq!(stdout.trim(), "yes", "{stderr}");
    let (_, stdout, stderr) = run(kubectl().unwrap(), &["auth", "whoami"]).await;
    assert!(stdout.contains("kubernetes-admin"), "{stderr}");
    let (done, _, stderr) = run(
        kubectl().unwrap(),
        &["-n", "kube-system", "delete", "configmap", "aws-auth"],
    )
    .await;
    assert!(done, "{stderr}");
    assert_eq!(sandbox.state().aws_auth, None);
    let (_, stdout, stderr) = run(kubectl().unwrap(), &["get", "namespaces"]).await;
    assert!(stdout.contains("kube-system"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_the_aws_command_opens_the_cluster_for_kubectl() {
    let sandbox =
        Sandbox::start(seed().with_mode(aws_auth_migrate::model::AuthenticationMode::ConfigMap))
            .await
            .unwrap();
    let home = tempfile::tempdir().unwrap();
    let (Some(mut aws), Some(kubectl)) = (
        judge("aws", &sandbox, home.path()),
        judge("kubectl", &sandbox, home.path()),
    ) else {
        return;
    };
    // The token must name the real STS host, so the endpoint is not overridden here.
    aws.env_remove("AWS_ENDPOINT_URL")
        .env("AWS_STS_REGIONAL_ENDPOINTS", "regional");
    let (done, stdout, stderr) = run(
        aws,
        &[
            "eks",
            "get-token",
            "--cluster-name",
            CLUSTER,
            "--output",
            "json",
        ],
    )
    .await;
    assert!(done, "{stderr}");
    let credential: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let token = credential["status"]["token"].as_str().unwrap();
    let client = kubernetes(&sandbox, Some(token.to_owned())).await;
    let maps: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
        kube::Api::namespaced(client, "kube-system");
    assert!(maps.list(&kube::api::ListParams::default()).await.is_ok());
    let config = std::fs::read_to_string(home.path().join("kubeconfig")).unwrap();
    let lines: Vec<String> = config
        .lines()
        .map(|line| match line.trim_start() {
            rest if rest.starts_with("token:") => line.replace(rest, &format!("token: {token}")),
            _ => line.to_owned(),
        })
        .collect();
    std::fs::write(home.path().join("kubeconfig"), lines.join("\n")).unwrap();
    let (done, stdout, stderr) = run(kubectl, &["auth", "whoami"]).await;
    assert!(
        done && stdout.contains("system:masters"),
        "{stdout}{stderr}"
    );
}
