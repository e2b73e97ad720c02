//! `cutover`: takes away what is proven, and only that.

use aws_auth_migrate::sandbox::{Fault, FaultKind, NodeSeed};
use serde_json::Value;

use crate::support::{Ran, World, data_seed, read, role, seed};

pub(crate) const TWO: &str = "# people\n- rolearn: arn:aws:iam::111122223333:role/ops\n  username: ops\n  groups: [system:masters]\n\
                   # devs: keep\n- rolearn: arn:aws:iam::111122223333:role/dev # them\n  username: dev\n  groups: [devs]\n";

pub(crate) async fn applied() -> World {
    let world = World::start(seed(TWO, &[&role("ops"), &role("dev")])).await;
    world.apply().run().expect_code(0);
    world
}

pub(crate) fn cutover(world: &World, more: &[&str]) -> Ran {
    world
        .tool("cutover")
        .args(&["--yes", "--progress", "none", "--output", "json"])
        .args(more)
        .run()
}

pub(crate) fn data(world: &World) -> Option<Value> {
    world
        .sandbox
        .state()
        .aws_auth
        .map(|object| object["data"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_while_verify_objects() {
    let world = World::start(seed(TWO, &[&role("ops"), &role("dev")])).await;
    let before = data(&world);
    let ran = cutover(&world, &[]).expect_code(3);
    assert_eq!(ran.json()["refused"], true);
    assert_eq!(data(&world), before);
    assert!(!world.journal().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_yes_and_a_terminal_nothing_is_written() {
    let world = applied().await;
    let before = world.sandbox.state().aws_auth;
    world.tool("cutover").run().expect_code(64);
    assert_eq!(world.sandbox.state().aws_auth, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_config_map_is_backed_up_and_deleted() {
    let world = applied().await;
    let before = world.sandbox.state().aws_auth.unwrap();
    let document = cutover(&world, &[]).expect_code(0).json();
    assert_eq!(document["configMapDeleted"], true);
    assert_eq!(data(&world), None);
    let path = std::path::PathBuf::from(document["backup"].as_str().unwrap());
    let manifest: Value = serde_yaml::from_str(&read(&path)).unwrap();
    assert_eq!(manifest["data"], before["data"]);
    let exact: Value = serde_json::from_str(&read(&path.with_extension("yaml.json"))).unwrap();
    assert_eq!(exact["metadata"]["uid"], before["metadata"]["uid"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let again = cutover(&world, &[]).expect_code(0).json();
    assert_eq!(again["run"], Value::Null, "{again:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_cut_over_leaves_every_other_byte() {
    let world = applied().await;
    let document = cutover(&world, &["--only", "*role/ops"])
        .expect_code(0)
        .json();
    assert_eq!(document["removed"], serde_json::json!(["mapRoles[0]"]));
    let left = data(&world).unwrap();
    let dev = TWO.split_once("# devs").unwrap().1;
    assert_eq!(
        left["mapRoles"].as_str().unwrap(),
        format!("# people\n# devs{dev}")
    );
    cutover(&world, &[]).expect_code(0);
    assert_eq!(data(&world), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_proven_stays_and_needs_a_decision() {
    let sections = [
        ("mapRoles", TWO),
        ("mapAccounts", "- \"444455556666\"\n"),
        ("note", "x"),
    ];
    let world = World::start(data_seed(&sections, &[&role("ops"), &role("dev")])).await;
    world.apply().run().expect_code(3);
    cutover(&world, &[]).expect_code(3);
    cutover(&world, &["--only", "*"]).expect_code(3);
    let left = data(&world).unwrap();
    assert_eq!(
        left,
        serde_json::json!({"mapAccounts": "- \"444455556666\"\n", "note": "x"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_config_map_stays_where_that_is_asked_for() {
    let world = applied().await;
    cutover(&world, &["--keep-config-map"]).expect_code(0);
    let object = world.sandbox.state().aws_auth.unwrap();
    assert!(
        object
            .get("data")
            .is_none_or(|data| data.as_object().is_none_or(|data| data.is_empty()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_a_broken_connection_and_a_server_fault_are_got_over() {
    for kind in [
        FaultKind::ResetAfterCommit,
        FaultKind::ResetBeforeCommit,
        FaultKind::InternalError,
    ] {
        let world = applied().await;
        world
            .sandbox
            .add_fault(Fault::next("delete configmaps", kind));
        let document = cutover(&world, &[]).expect_code(0).json();
        assert_eq!(document["configMapDeleted"], true, "{kind:?}");
        assert_eq!(data(&world), None, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_told_and_the_same_command_goes_on() {
    let world = applied().await;
    let before = world.sandbox.state().aws_auth;
    world
        .sandbox
        .add_fault(Fault::next("delete configmaps", FaultKind::AccessDenied));
    cutover(&world, &[])
        .expect_code(1)
        .expect_error(&["forbidden", "hint: grant"]);
    assert_eq!(world.sandbox.state().aws_auth, before);
    cutover(&world, &[]).expect_code(0);
    assert_eq!(data(&world), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_in_between_is_seen_and_never_written_over() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let world = applied().await;
    let once = AtomicBool::new(false);
    let other = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        let is_first = phase == aws_auth_migrate::sandbox::Phase::Before
            && request.operation == "delete configmaps"
            && !once.swap(true, Ordering::SeqCst);
        if is_first {
            let user = "- userarn: arn:aws:iam::111122223333:user/new\n  username: new\n";
            let data = [("mapRoles", TWO), ("mapUsers", user)];
            let data = data
                .map(|(key, text)| (key.to_owned(), text.to_owned()))
                .into();
            other.edit(|world| {
                world.put_aws_auth(crate::support::CLUSTER, &data);
                world.create_principal(
                    aws_auth_migrate::model::Principal::from_arn(
                        &"arn:aws:iam::111122223333:user/new".parse().unwrap(),
                    )
                    .unwrap(),
                );
            });
        }
    });
    let document = cutover(&world, &[]).expect_code(3).json();
    assert_eq!(document["refused"], true);
    assert!(
        data(&world).unwrap()["mapUsers"]
            .as_str()
            .unwrap()
            .contains("user/new")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_drop_out_are_reported_with_the_way_back() {
    let mut seed = seed(TWO, &[&role("ops"), &role("dev")]);
    let node = |name: &str, role: Option<String>| NodeSeed {
        name: name.to_owned(),
        ready: true,
        role: role.map(|arn| arn.parse().unwrap()),
    };
    seed.nodes = vec![node("a", None), node("b", Some(role("dev")))];
    let world = World::start(seed).await;
    world.apply().run().expect_code(0);
    let fine = cutover(&world, &["--only", "*role/ops", "--soak", "1s"])
        .expect_code(0)
        .json();
    assert_eq!(fine["nodes"]["readyAfter"], fine["nodes"]["readyBefore"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_api_is_refused_too_early_and_reached_later() {
    let world = applied().await;
    cutover(&world, &["--to-api-mode"])
        .expect_code(1)
        .expect_error(&["can't be undone", "--min-soak"]);
    assert!(data(&world).is_some());
    let document = cutover(&world, &["--to-api-mode", "--min-soak", "0s"])
        .expect_code(0)
        .json();
    assert_eq!(document["switchedToApiMode"], true);
    assert_eq!(world.sandbox.state().mode.as_str(), "API");
    cutover(&world, &["--to-api-mode"]).expect_code(0);
}
