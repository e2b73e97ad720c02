//! `cutover` and `rollback` with every way in which a request can go wrong, at each of their steps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::{Fault, FaultKind, Phase};
use futures_util::{StreamExt, stream};

use crate::arc::{SIZE, applied, blocking, cutover, holds, rollback};
use crate::many::{many, update};
use crate::support::{CLUSTER, Tool, World};
use crate::tell::tell;

const KINDS: [FaultKind; 6] = [
    FaultKind::ResetBeforeCommit,
    FaultKind::ResetAfterCommit,
    FaultKind::AccessDenied,
    FaultKind::InternalError,
    FaultKind::Unavailable,
    FaultKind::Hang,
];

/// Runs until it is done: at most twice, since the fault comes once. Tells whether the second run was needed.
fn finish(world: &World, tool: impl Fn(&World) -> Tool, point: &str) -> bool {
    let first = tool(world).run();
    assert!(!first.stderr.contains("panicked"), "{point}");
    if first.code == 0 {
        return false;
    }
    let said = format!("{}{}", first.stdout, first.stderr);
    // 3: without the entries at hand nothing is proven, and nothing goes.
    assert!([1, 3, 4].contains(&first.code), "{point}: {said}");
    let second = tool(world).run();
    assert_eq!(
        second.code, 0,
        "{point}: {said}\nthen: {}{}",
        second.stdout, second.stderr
    );
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_a_cut_over_is_gone_on_with_after_any_fault() {
    const DELETES: &[&str] = &[];
    const KEEPS: &[&str] = &["--keep-config-map"];
    const SWITCHES: &[&str] = &["--to-api-mode", "--min-soak", "0s"];
    let steps = [
        ("DescribeCluster", DELETES),
        ("ListAccessEntries", DELETES),
        ("get configmaps", DELETES),
        ("list nodes", DELETES),
        ("delete configmaps", DELETES),
        ("update configmaps", KEEPS),
        ("UpdateClusterConfig", SWITCHES),
        ("DescribeUpdate", SWITCHES),
    ];
    let points: Vec<_> = steps
        .iter()
        .flat_map(|step| KINDS.map(|kind| (*step, kind)))
        .collect();
    let reruns: Vec<bool> = stream::iter(points)
        .map(|((operation, more), kind)| async move {
            let world = applied().await;
            world.sandbox.add_fault(Fault::next(operation, kind));
            let point = format!("{kind:?} at {operation}");
            blocking(move || {
                let again = finish(&world, |world| cutover(world).args(more), &point);
                let state = world.sandbox.state();
                let data = state.aws_auth.map(|object| object["data"].clone());
                let is_empty = data
                    .as_ref()
                    .is_some_and(|data| data.as_object().is_none_or(serde_json::Map::is_empty));
                assert_eq!(data.is_none(), more != KEEPS, "{point}");
                assert_eq!(is_empty, more == KEEPS, "{point}");
                assert_eq!(
                    state.mode == AuthenticationMode::Api,
                    more == SWITCHES,
                    "{point}"
                );
                again
            })
            .await
        })
        .buffer_unordered(4)
        .collect()
        .await;
    let again = reruns.iter().filter(|again| **again).count();
    tell(&format!(
        "fault points of cutover: {} ({again} of them with a rerun), wrong end states: 0",
        reruns.len()
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_a_rollback_is_gone_on_with_after_any_fault() {
    const DELETED: &[&str] = &[];
    const EMPTIED: &[&str] = &["--keep-config-map"];
    let steps = [
        ("DescribeCluster", DELETED),
        ("get configmaps", DELETED),
        ("create configmaps", DELETED),
        ("update configmaps", EMPTIED),
        ("DeleteAccessEntry", DELETED),
        ("CreateAccessEntry", DELETED),
        ("AssociateAccessPolicy", DELETED),
        ("UpdateAccessEntry", DELETED),
    ];
    let points: Vec<_> = steps
        .iter()
        .flat_map(|step| KINDS.map(|kind| (*step, kind)))
        .collect();
    let reruns: Vec<bool> = stream::iter(points)
        .map(|((operation, more), kind)| async move {
            let world = World::start(many(SIZE)).await;
            let point = format!("{kind:?} at {operation}");
            blocking(move || {
                let before = holds(&world);
                update(&world).run().expect_code(0);
                cutover(&world).args(more).run().expect_code(0);
                world.sandbox.add_fault(Fault::next(operation, kind));
                let again = finish(&world, rollback, &point);
                assert_eq!(holds(&world), before, "{point}");
                again
            })
            .await
        })
        .buffer_unordered(4)
        .collect()
        .await;
    let again = reruns.iter().filter(|again| **again).count();
    tell(&format!(
        "fault points of rollback: {} ({again} of them with a rerun), wrong end states: 0",
        reruns.len()
    ));
}

/// Changes the ConfigMap and changes it back, once and right before an operation: the version that was read is no longer the last.
fn touch_before(world: &World, operation: &'static str) {
    let (other, once) = (world.sandbox.clone(), AtomicBool::new(false));
    world.sandbox.on_request(move |phase, request| {
        let is_it = phase == Phase::Before && request.operation == operation;
        if is_it && !once.swap(true, Ordering::SeqCst) {
            let object = other.state().aws_auth.unwrap();
            let data = object
                .get("data")
                .cloned()
                .unwrap_or_else(|| serde_json::json!({}));
            let data: BTreeMap<String, String> = serde_json::from_value(data).unwrap();
            let mut changed = data.clone();
            changed.insert("note".to_owned(), "x".to_owned());
            other.edit(|world| {
                world.put_aws_auth(CLUSTER, &changed);
                world.put_aws_auth(CLUSTER, &data);
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_somebody_else_is_noticed_and_got_over_where_it_changed_nothing() {
    for (operation, more) in [
        ("delete configmaps", &[][..]),
        ("update configmaps", &["--keep-config-map"][..]),
    ] {
        let world = Arc::new(World::start(many(SIZE)).await);
        let here = Arc::clone(&world);
        blocking(move || {
            let before = holds(&here);
            update(&here).run().expect_code(0);
            touch_before(&here, operation);
            cutover(&here).args(more).run().expect_code(0);
            let asked = here.sandbox.requests();
            let answers: Vec<_> = asked
                .iter()
                .filter(|request| request.operation == operation)
                .map(|request| request.status)
                .collect();
            assert_eq!(answers, [Some(409), Some(200)], "{operation}");
            if operation == "update configmaps" {
                touch_before(&here, operation);
            }
            rollback(&here).run().expect_code(0);
            assert_eq!(holds(&here), before, "{operation}");
        })
        .await;
    }
}
