//! `status`: where the cluster stands at every step.

use serde_json::Value;

use crate::cutover::{TWO, cutover};
use crate::support::{World, role, seed};

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
    assert_eq!(
        status["preflight"]["missingKubernetesRights"],
        serde_json::json!([])
    );
}
