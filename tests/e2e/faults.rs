//! Every mutating operation with every way in which a call can go wrong.

use std::sync::Arc;

use aws_auth_migrate::sandbox::{Fault, FaultKind};
use futures_util::{StreamExt, stream};

use crate::many::{Size, end_state, many, repeated, update};
use crate::support::World;
use crate::tell::tell;

const ALL: Size = Size {
    admins: 2,
    people: 1,
    differing: 2,
    stale: 1,
    wrong_type: 2,
};
/// Without live entries, so that the mode is still to be switched.
const SWITCH: Size = Size {
    admins: 1,
    people: 1,
    differing: 0,
    stale: 0,
    wrong_type: 0,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_begun_gets_its_policy_when_the_time_is_over() {
    let world = World::start(many(ALL)).await;
    let later = Fault::next("AssociateAccessPolicy", FaultKind::ThrottleRetryAfter(5));
    world.sandbox.add_fault(later);
    let args = ["--timeout", "4s", "--concurrency", "1"];
    update(&world).args(&args).run().expect_code(4);
    let (_, entries) = end_state(&world);
    let made: Vec<_> = entries
        .iter()
        .filter(|(arn, _)| arn.contains("role/admin"))
        .collect();
    assert!(!made.is_empty());
    for (arn, entry) in made {
        assert!(!entry.access_policies.is_empty(), "{arn}");
    }
    update(&world).run().expect_code(0);
    assert_eq!(repeated(&world), Vec::<String>::new());
}

const OPERATIONS: [&str; 6] = [
    "CreateAccessEntry",
    "AssociateAccessPolicy",
    "UpdateAccessEntry",
    "DeleteAccessEntry",
    "DisassociateAccessPolicy",
    "UpdateClusterConfig",
];

const KINDS: [FaultKind; 9] = [
    FaultKind::Throttle,
    FaultKind::ThrottleRetryAfter(1),
    FaultKind::InternalError,
    FaultKind::Unavailable,
    FaultKind::ResetBeforeCommit,
    FaultKind::ResetAfterCommit,
    FaultKind::Hang,
    FaultKind::TruncatedBody,
    FaultKind::ExpiredCredentials,
];

fn size(operation: &str) -> Size {
    if operation == "UpdateClusterConfig" {
        SWITCH
    } else {
        ALL
    }
}

async fn run(world: &Arc<World>) -> crate::support::Ran {
    let world = Arc::clone(world);
    tokio::task::spawn_blocking(move || update(&world).run())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_fault_at_most_one_rerun_ends_as_without_it() {
    let mut expected = Vec::new();
    for size in [ALL, SWITCH] {
        let world = Arc::new(World::start(many(size)).await);
        run(&world).await.expect_code(0);
        assert_eq!(repeated(&world), Vec::<String>::new());
        expected.push(end_state(&world));
    }
    let mut points = Vec::new();
    for operation in OPERATIONS {
        for kind in KINDS {
            for nth in [1, 2] {
                // A switch is asked for once.
                if (operation, nth) != ("UpdateClusterConfig", 2) {
                    points.push((operation, kind, nth));
                }
            }
        }
    }
    let expected = &expected;
    let reruns: Vec<bool> = stream::iter(&points)
        .map(|(operation, kind, nth)| async move {
            let world = Arc::new(World::start(many(size(operation))).await);
            world.sandbox.add_fault(Fault::nth(operation, *nth, *kind));
            let point = format!("{kind:?} at {operation} {nth}");
            let first = run(&world).await;
            let expected = &expected[usize::from(*operation == "UpdateClusterConfig")];
            let expires = *kind == FaultKind::ExpiredCredentials;
            let code = if expires { 4 } else { 0 };
            assert_eq!(
                first.code, code,
                "{point}: {}{}",
                first.stdout, first.stderr
            );
            if first.code == 0 {
                assert_eq!(&end_state(&world), expected, "{point}");
            } else {
                let said = format!("{}{}", first.stdout, first.stderr);
                assert!(said.contains("log in again"), "{point}: {said}");
                let again = run(&world).await;
                assert_eq!(again.code, 0, "{point}: {}{}", again.stdout, again.stderr);
                assert_eq!(&end_state(&world), expected, "{point}: after the rerun");
            }
            // What was answered in part only was not answered.
            let allowed = usize::from(*kind == FaultKind::TruncatedBody);
            let repeated = repeated(&world);
            assert!(repeated.len() <= allowed, "{point}: {repeated:?}");
            expires
        })
        .buffer_unordered(8)
        .collect()
        .await;
    let again = reruns.iter().filter(|again| **again).count();
    tell(&format!(
        "fault points covered: {} ({again} of them with a rerun), wrong end states: 0",
        reruns.len()
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_gone_on_with_and_deletes_nothing_twice() {
    let reference = Arc::new(World::start(many(ALL)).await);
    run(&reference).await.expect_code(0);
    for (operation, kind) in [
        ("CreateAccessEntry", FaultKind::AccessDenied),
        ("DeleteAccessEntry", FaultKind::AccessDenied),
        // Where a policy is refused the entry is taken back; here nothing more can be done.
        ("AssociateAccessPolicy", FaultKind::ExpiredCredentials),
    ] {
        let world = World::start(many(ALL)).await;
        let path = world.path("plan.json");
        world
            .tool("plan")
            .args(&["--on-existing", "update", "--out"])
            .arg(&path)
            .run()
            .expect_code(0);
        world.sandbox.add_fault(Fault::nth(operation, 2, kind));
        let apply = || world.apply().arg("--plan").arg(&path).run();
        apply().expect_code(4);
        apply().expect_code(0);
        apply().expect_code(0);
        assert_eq!(end_state(&world), end_state(&reference), "{operation}");
        assert_eq!(repeated(&world), Vec::<String>::new(), "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_cluster_takes_no_more_and_the_rest_is_finished_and_counted() {
    let mut seed = many(ALL);
    // The creator's, the live ones, and no more than one beside: what is re-created takes the place of what it was.
    seed.limits.entries = 7;
    let world = World::start(seed).await;
    let applied = update(&world).run().expect_code(4).json();
    let stopped = applied["stopped"].as_str().unwrap();
    assert!(
        stopped.contains("accepts no more access entries") && stopped.contains("remain to be"),
        "{stopped}"
    );
    let (_, entries) = end_state(&world);
    for (name, what) in [("stale0", "made anew"), ("node0", "made anew")] {
        assert!(
            entries.contains_key(&crate::support::role(name)),
            "{name} is to be {what}, and is not lost"
        );
    }
    assert_eq!(
        entries[&crate::support::role("other0")].kubernetes_groups,
        ["developers"]
    );
    // Nothing is done twice, and it is no more finished than before.
    update(&world).run().expect_code(4);
    assert_eq!(end_state(&world).1, entries);
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_throttling_ends_with_the_time_that_was_given() {
    let world = World::start(many(ALL)).await;
    world
        .sandbox
        .add_fault(Fault::always("CreateAccessEntry", FaultKind::Throttle));
    let late = update(&world).args(&["--timeout", "3s"]).run();
    let late = late.expect_code(4).json();
    assert_eq!(late["stopped"], "--timeout was reached");
    world.sandbox.clear_faults();
    update(&world).run().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_can_not_be_read_back_is_not_claimed_to_be_there() {
    let world = World::start(many(SWITCH)).await;
    // The look after the switch sees the creator's entry; the looks after the writing see nothing any more.
    for operation in ["ListAccessEntries", "DescribeAccessEntry"] {
        world.sandbox.add_fault(Fault {
            times: u32::MAX,
            ..Fault::nth(operation, 2, FaultKind::AccessDenied)
        });
    }
    let applied = update(&world).run().expect_code(4).json();
    assert_eq!(
        (&applied["end"], &applied["verified"]),
        (&"incomplete".into(), &0.into())
    );
    let unverified = applied["unverified"].as_array().unwrap();
    assert!(!unverified.is_empty());
    for entry in unverified {
        let why = entry["differences"].as_str().unwrap();
        assert!(
            why.contains("eks:DescribeAccessEntry") && why.contains("AccessDenied"),
            "{why}"
        );
    }
    world.sandbox.clear_faults();
    update(&world).run().expect_code(0);
}
