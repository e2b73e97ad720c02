//! What `-v` logs, and what not even `-vv` logs.

use std::collections::BTreeMap;

use aws_auth_migrate::sandbox::{Fault, FaultKind};

use crate::arc::{SIZE, cutover, rollback};
use crate::many::{many, update};
use crate::support::World;

/// What would open something to whoever reads the output, by name.
fn secrets(world: &World) -> BTreeMap<String, String> {
    let is_secret = |name: &str| name.contains("ACCESS_KEY") || name.contains("TOKEN");
    let environment = world.sandbox.environment().into_iter();
    let mut secrets: BTreeMap<String, String> = environment
        .filter(|(name, _)| is_secret(name))
        .map(|(name, secret)| (name.to_owned(), secret))
        .collect();
    assert_eq!(secrets.len(), 3, "{:?}", secrets.keys());
    let kubeconfig = world.sandbox.kubeconfig();
    let (_, token) = kubeconfig.split_once("token: ").unwrap();
    let token = token.lines().next().unwrap().trim_matches('"');
    secrets.insert("the kubeconfig's token".to_owned(), token.to_owned());
    for part in ["k8s-aws-v1.", "Signature=", "Bearer "] {
        secrets.insert(part.to_owned(), part.to_owned());
    }
    secrets
}

#[tokio::test(flavor = "multi_thread")]
async fn v_logs_what_is_read_planned_and_written() {
    let world = World::start(many(SIZE)).await;
    world
        .sandbox
        .add_fault(Fault::next("CreateAccessEntry", FaultKind::Throttle));
    let applied = update(&world).arg("-v").run().expect_code(0);
    applied.expect_error(&[
        "what was read",
        "mappings=4",
        "list ClusterRoleBindings",
        "read the ConfigMap kube-system/aws-auth",
        "planned",
        "run started or resumed",
        "operation=\"CreateAccessEntry\" principal=\"arn:aws:iam::111122223333:role/admin0\"",
        "status=\"created\" request_id=\"",
        "ThrottlingException",
        "AWS is throttling, so calls are slowed down",
        "run ends",
    ]);
    assert!(!applied.stderr.contains("GET http"), "{}", applied.stderr);
    let cut = cutover(&world).arg("-v").run().expect_code(0);
    cut.expect_error(&[
        "intent for the ConfigMap",
        "delete the ConfigMap kube-system/aws-auth: done",
        "outcome for the ConfigMap status=\"deleted\"",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_switch_is_reported() {
    let size = crate::many::Size {
        differing: 0,
        wrong_type: 0,
        ..SIZE
    };
    let world = World::start(many(size)).await;
    let applied = update(&world).arg("-v").run().expect_code(0);
    applied.expect_error(&["mode: EKS is switching the mode CONFIG_MAP to API_AND_CONFIG_MAP"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn vv_logs_no_credentials() {
    let world = World::start(many(SIZE)).await;
    let kubeconfig = world.write("kubeconfig", &world.sandbox.kubeconfig());
    let by_kubeconfig = world.tool("plan").arg("--kubeconfig").arg(kubeconfig);
    let mut said = by_kubeconfig.arg("-vv").run().expect_code(0).stderr;
    for tool in [update(&world), cutover(&world), rollback(&world)] {
        said.push_str(&tool.arg("-vv").run().expect_code(0).stderr);
    }
    assert!(
        said.contains("GetCallerIdentity") && said.contains("/access-entries"),
        "every request is told:\n{said}"
    );
    for (name, secret) in secrets(&world) {
        assert!(secret.len() >= 7, "{name}");
        let line = said.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{name} is told");
    }
}
