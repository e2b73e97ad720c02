//! `cutover`: takes away what is proven, and only that.

use aws_auth_migrate::sandbox::{Fault, FaultKind, NodeSeed, Phase, UpdateEnd, UpdateTime};
use serde_json::Value;

use crate::support::{
    CLUSTER, Ran, World, asked, data_seed, in_api_mode, read, role, seed, send, until,
};

pub(crate) const TWO: &str = "# people\n- rolearn: arn:aws:iam::111122223333:role/ops\n  username: ops\n  groups: [system:masters]\n\
                   # devs: keep\n- rolearn: arn:aws:iam::111122223333:role/dev # them\n  username: dev\n  groups: [devs]\n";

pub(crate) async fn not_applied() -> World {
    World::start(seed(TWO, &[&role("ops"), &role("dev")])).await
}

pub(crate) async fn applied() -> World {
    let world = not_applied().await;
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
async fn a_mapping_that_comes_back_during_the_soak_stops_the_one_way_switch() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    world.apply().run().expect_code(0);
    let other = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        if phase == Phase::After && request.operation == "delete configmaps" {
            let back = format!("- rolearn: {}\n  username: new\n", role("new"));
            let data = [("mapRoles".to_owned(), back)].into();
            other.edit(|world| world.put_aws_auth(CLUSTER, &data));
        }
    });
    let switch = ["--to-api-mode", "--min-soak", "0s", "--soak", "1s"];
    let ran = cutover(&world, &switch).expect_code(4);
    ran.expect_error(&["not switched to API"]);
    assert_eq!(ran.json()["switchedToApiMode"], false);
    assert_eq!(
        world.sandbox.state().mode,
        aws_auth_migrate::model::AuthenticationMode::ApiAndConfigMap
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_goes_during_the_soak_stops_the_one_way_switch() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    world.apply().run().expect_code(0);
    let other = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        if phase == Phase::After && request.operation == "delete configmaps" {
            other.edit(|world| world.delete_entry(CLUSTER, &role("dev")));
        }
    });
    let switch = ["--to-api-mode", "--min-soak", "0s", "--soak", "1s"];
    let ran = cutover(&world, &switch).expect_code(4);
    ran.expect_error(&["not switched to API", "the access entry of", "role/dev"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_soak_before_the_switch_counts_without_the_journal_of_the_apply() {
    let world = applied().await;
    std::fs::remove_file(world.journal()).unwrap();
    let ran = cutover(&world, &["--to-api-mode"]).expect_code(1);
    ran.expect_error(&["the last `apply` was", "--min-soak"]);
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

/// One mapping that counts, and one of each kind that grants nothing.
const INERT: &str = "\
- {rolearn: arn:aws:iam::111122223333:role/ops, username: shadowed, groups: [devs]}
- {rolearn: arn:aws:iam::111122223333:role/ops, username: ops, groups: ['system:masters']}
- {rolearn: arn:aws:iam::111122223333:role/gone, username: gone}
- {rolearn: arn:aws:iam::111122223333:role/team/dev, username: path}
- {rolearn: 'arn:aws:sts::111122223333:assumed-role/dev/jane', username: session}
- {rolearn: 'arn:aws-cn:iam::111122223333:role/dev', username: elsewhere}
- {rolearn: ' arn:aws:iam::111122223333:role/dev', username: space}
- {rolearn: 'arn:aws:s3:::bucket', username: bucket}
- {rolearn: ops, username: text}
- {rolearn: 'arn:aws:iam::111122223333:group/devs', username: group}
- {username: nobody}
";

#[tokio::test(flavor = "multi_thread")]
async fn mappings_that_grant_nothing_go_with_the_others() {
    for more in [&["--keep-config-map"][..], &["--only", "*"], &[]] {
        let world = World::start(seed(INERT, &[&role("ops"), &role("team/dev")])).await;
        world.apply().run().expect_code(0);
        let document = cutover(&world, more).expect_code(0).json();
        let removed = document["removed"].as_array().unwrap();
        assert_eq!(removed.len(), INERT.lines().count(), "{document:#}");
        let left = data(&world);
        assert!(left.is_none_or(|left| left.as_object().is_none_or(serde_json::Map::is_empty)));
    }
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
async fn a_missing_permission_is_named_and_the_same_command_resumes() {
    let world = applied().await;
    let before = world.sandbox.state().aws_auth;
    world
        .sandbox
        .add_fault(Fault::next("delete configmaps", FaultKind::AccessDenied));
    cutover(&world, &[])
        .expect_code(1)
        .expect_error(&["forbidden", "grant `update`"]);
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

const NODE: &str = "- rolearn: arn:aws:iam::111122223333:role/node\n  username: system:node:{{EC2PrivateDNSName}}\n  \
                    groups: [system:bootstrappers, system:nodes]\n";

/// A cluster with two nodes of one role, after `apply`.
async fn with_nodes() -> World {
    let mut seed = seed(
        &format!("{TWO}{NODE}"),
        &[&role("ops"), &role("dev"), &role("node")],
    );
    let node = |name: &str| NodeSeed {
        name: name.to_owned(),
        ready: true,
        role: Some(role("node").parse().unwrap()),
    };
    seed.nodes = vec![node("ip-a"), node("ip-b")];
    let world = World::start(seed).await;
    world.apply().run().expect_code(0);
    world
}

/// Takes the nodes' entry away at the nth look at the nodes after the ConfigMap is gone.
fn lose_nodes_at(world: &World, nth: usize) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (other, looks) = (world.sandbox.clone(), AtomicUsize::new(0));
    world.sandbox.on_request(move |phase, request| {
        let is_look = phase == Phase::Before
            && request.operation == "list nodes"
            && other.state().aws_auth.is_none();
        if is_look && looks.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            other.edit(|world| assert!(world.delete_entry(CLUSTER, &role("node"))));
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_nodes_are_reported_with_the_undo_command() {
    for nth in [1, 3] {
        let world = with_nodes().await;
        lose_nodes_at(&world, nth);
        let before = data(&world);
        let ran = world
            .tool("cutover")
            .args(&["--yes", "--progress", "none", "--soak", "5s"])
            .run()
            .expect_code(4);
        let way_back = "aws-auth-migrate rollback --cluster shop --region eu-west-1 --yes";
        for part in [
            "2 Ready before, 0 after",
            "No longer Ready: ip-a, ip-b",
            way_back,
        ] {
            assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
        }
        // The command that was named helps.
        let mut words = way_back.split(' ').skip(1);
        let back = world.bare(&words.by_ref().collect::<Vec<_>>());
        back.run().expect_code(0);
        assert_eq!(data(&world), before);
        let kubernetes = world.tool("cutover").args(&["--yes", "--soak", "0s"]).run();
        assert_eq!(
            kubernetes.code, 3,
            "its entries are gone: {}",
            kubernetes.stdout
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_stay_are_watched_for_as_long_as_asked() {
    let world = with_nodes().await;
    let fine = cutover(&world, &["--soak", "1s"]).expect_code(0).json();
    assert_eq!(fine["nodes"]["readyBefore"], 2);
    assert_eq!(fine["nodes"]["readyAfter"], 2);
    assert_eq!(fine["nodes"]["lost"], serde_json::json!([]));
    assert_eq!(fine["nodes"]["soakSeconds"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_watched_by_default_and_a_stopped_watch_resumes() {
    let world = with_nodes().await;
    let child = world
        .tool("cutover")
        .args(&["--yes", "--progress", "none", "--output", "json"])
        .spawn();
    let watched = || data(&world).is_none() && asked(&world, "list nodes") >= 2;
    until("the nodes are watched", watched).await;
    send(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let stopped: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(stopped["nodes"]["soakSeconds"], 90);
    assert_eq!(stopped["end"], "interrupted");
    // What was Ready before the removal is known from the journal.
    lose_nodes_at(&world, 1);
    let again = cutover(&world, &["--soak", "5s"]).expect_code(4).json();
    assert_eq!(again["run"], stopped["run"]);
    assert_eq!(again["nodes"]["readyBefore"], 2);
    assert_eq!(again["nodes"]["lost"], serde_json::json!(["ip-a", "ip-b"]));
    assert_eq!(again["backup"], stopped["backup"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_backup_gets_its_folders_and_writes_over_nothing() {
    let world = applied().await;
    let taken = world.write("taken.yaml", "mine");
    let before = world.sandbox.state().aws_auth;
    let journal = read(&world.journal());
    let named = |path: &std::path::Path| cutover(&world, &["--backup", path.to_str().unwrap()]);
    named(&taken)
        .expect_code(1)
        .expect_error(&["taken.yaml` exists", "--backup"]);
    assert_eq!(read(&taken), "mine");
    assert_eq!(world.sandbox.state().aws_auth, before);
    assert_eq!(read(&world.journal()), journal);
    let path = world.path("new/folder/aws-auth.yaml");
    let document = named(&path).expect_code(0).json();
    assert_eq!(document["backup"], path.to_str().unwrap());
    let manifest: Value = serde_yaml::from_str(&read(&path)).unwrap();
    assert_eq!(manifest["data"], before.unwrap()["data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_cutover_keeps_the_named_backup() {
    let world = applied().await;
    let path = world.path("aws-auth.yaml");
    let args = ["--backup", path.to_str().unwrap()];
    world
        .sandbox
        .add_fault(Fault::next("delete configmaps", FaultKind::AccessDenied));
    cutover(&world, &args).expect_code(1);
    let written = read(&path);
    cutover(&world, &args).expect_code(0);
    assert_eq!(read(&path), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_own_way_in_is_never_taken() {
    let me = "- rolearn: arn:aws:iam::111122223333:role/me\n  username: me\n  groups: [system:masters]\n";
    let mut seed = seed(
        &format!("{TWO}{me}"),
        &[&role("ops"), &role("dev"), &role("me")],
    );
    seed.caller.principal = role("me").parse().unwrap();
    let world = World::start(seed).await;
    world.apply().run().expect_code(0);
    world
        .sandbox
        .edit(|world| assert!(world.delete_entry(CLUSTER, &role("me"))));
    let before = data(&world);
    for more in [&[][..], &["--allow-self-lockout"]] {
        let document = cutover(&world, more).expect_code(3).json();
        assert_eq!(document["refused"], true);
        let objection = &document["verification"]["objections"][0];
        assert_eq!(objection["arn"], role("me"), "{objection}");
        assert_eq!(data(&world), before);
    }
    // In part only what is proven goes, and the caller still gets in.
    cutover(&world, &["--only", "*"]).expect_code(3);
    let left = data(&world).unwrap();
    assert!(left["mapRoles"].as_str().unwrap().ends_with(me), "{left}");
    world.tool("status").run().expect_code(0);
}

/// A cluster whose next switch of the mode ends like this.
async fn switching(takes: UpdateTime, ends: UpdateEnd) -> World {
    let mut seed = in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]));
    seed.switch.takes = takes;
    seed.switch.ends = ends;
    let world = World::start(seed).await;
    world.apply().run().expect_code(0);
    world
}

const SWITCH: [&str; 3] = ["--to-api-mode", "--min-soak", "0s"];

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_mode_switch_is_reported_with_what_was_done() {
    let failed = UpdateEnd::Failed {
        code: "InternalFailure".to_owned(),
        message: "try later".to_owned(),
    };
    for (ends, verb) in [(failed, "failed"), (UpdateEnd::Cancelled, "was cancelled")] {
        let world = switching(UpdateTime::Polls(1), ends).await;
        let ran = cutover(&world, &SWITCH).expect_code(4);
        ran.expect_error(&[
            "the cluster update ",
            &format!(" {verb}: "),
            "the same command again",
        ]);
        let document = ran.json();
        assert_eq!(document["configMapDeleted"], true);
        assert_eq!(document["switchedToApiMode"], false);
        assert_eq!(document["end"], "incomplete");
        assert!(std::path::Path::new(document["backup"].as_str().unwrap()).exists());
        assert_eq!(world.sandbox.state().mode.as_str(), "API_AND_CONFIG_MAP");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_switch_is_waited_for_no_longer_than_asked_and_holds_a_rollback() {
    let world = switching(UpdateTime::Millis(9000), UpdateEnd::Successful).await;
    let entries = world.sandbox.state().entries;
    let args = [&SWITCH[..], &["--timeout", "4s"]].concat();
    cutover(&world, &args)
        .expect_code(4)
        .expect_error(&["still in progress"]);
    // Were the entries to go now, the mode API would leave nobody a way in.
    let back = world
        .tool("rollback")
        .args(&["--yes", "--progress", "none"])
        .run()
        .expect_code(4);
    assert!(back.stdout.contains("stay for now"), "{}", back.stdout);
    assert!(data(&world).is_some(), "the ConfigMap is back all the same");
    assert_eq!(world.sandbox.state().entries, entries);
    cutover(&world, &SWITCH).expect_code(0);
    assert_eq!(world.sandbox.state().mode.as_str(), "API");
    assert_eq!(world.sandbox.state().entries, entries);
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

/// EKS takes no condition with the switch, so that it can't be held back.
#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_is_added_during_the_switch_to_api_is_named() {
    let world = applied().await;
    let sandbox = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        if request.operation == "UpdateClusterConfig" && phase == Phase::After {
            let late = format!("- rolearn: {}\n  username: late\n", role("late"));
            let data = [("mapRoles".to_owned(), late)].into();
            sandbox.edit(|world| world.put_aws_auth(CLUSTER, &data));
        }
    });
    let document = cutover(&world, &SWITCH).expect_code(4).json();
    assert_eq!(document["switchedToApiMode"], true);
    assert_eq!(document["end"], "incomplete");
    assert_eq!(
        document["addedTooLate"],
        serde_json::json!([{ "mapping": "mapRoles[0]", "arn": role("late") }])
    );
}

/// Each try that came too late once left a numbered backup of a state that was never taken away.
#[tokio::test(flavor = "multi_thread")]
async fn tries_that_came_too_late_leave_no_backup() {
    let world = applied().await;
    let sandbox = world.sandbox.clone();
    let left = std::sync::atomic::AtomicU32::new(2);
    world.sandbox.on_request(move |phase, request| {
        use std::sync::atomic::Ordering::SeqCst;
        let is_delete = request.operation == "delete configmaps" && phase == Phase::Before;
        if is_delete && left.load(SeqCst) > 0 {
            let number = left.fetch_sub(1, SeqCst);
            // Somebody else writes something that changes nobody's access.
            let mut text = TWO.to_owned();
            text.push_str(&format!("# {number}\n"));
            let data = [("mapRoles".to_owned(), text)].into();
            sandbox.edit(|world| world.put_aws_auth(CLUSTER, &data));
        }
    });
    let document = cutover(&world, &[]).expect_code(0).json();
    let backup = std::path::PathBuf::from(document["backup"].as_str().unwrap());
    let folder = backup.parent().unwrap();
    let backups: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".aws-auth."))
        .collect();
    assert_eq!(backups.len(), 2, "{backups:?}");
    assert!(read(&backup).contains("# 1"), "{}", read(&backup));
}
