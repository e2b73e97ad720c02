//! Signals, and the guards that ask before anything is written.

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::{Fault, FaultKind, NodeSeed, UpdateTime};
use jiff::SignedDuration;

use crate::arc::blocking;
use crate::many::{Size, end_state, many, repeated, update};
use crate::support::{Said, World, asked, in_api_mode, read, role, seed, send, until_asked};

const SMALL: Size = Size {
    admins: 3,
    people: 6,
    differing: 0,
    stale: 0,
    wrong_type: 0,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_signal_stops_the_run_and_shows_how_to_resume() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let world = World::start(many(SMALL)).await;
        let mut child = update(&world)
            .args(&["--max-rate", "4", "--concurrency", "1"])
            .spawn();
        let mut said = Said::by(&mut child);
        until_asked(&world, "CreateAccessEntry", 2).await;
        send(&child, signal);
        said.until("stopping");
        let made = asked(&world, "CreateAccessEntry");
        let said = said.all();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{said}");
        assert!(
            said.contains("to resume: ") && said.contains("--max-rate 4"),
            "{said}"
        );
        let begun = asked(&world, "CreateAccessEntry") - made;
        assert!(begun <= 1, "{begun} more entries than the one under way");
        let (_, entries) = end_state(&world);
        for (arn, entry) in entries.iter().filter(|(arn, _)| arn.contains("admin")) {
            assert!(
                !entry.access_policies.is_empty(),
                "{arn} was left without its policy"
            );
        }
        update(&world).run().expect_code(0);
        assert_eq!(end_state(&world).1.len(), 10);
        assert_eq!(repeated(&world), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_exits_at_once_and_the_run_resumes_later() {
    let world = World::start(many(SMALL)).await;
    world
        .sandbox
        .add_fault(Fault::nth("CreateAccessEntry", 3, FaultKind::Hang));
    let mut child = world.apply().args(&["--request-timeout", "10m"]).spawn();
    let mut said = Said::by(&mut child);
    until_asked(&world, "CreateAccessEntry", 3).await;
    send(&child, "-INT");
    said.until("stopping");
    send(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130), "{}", said.all());
    // What was under way is not answered, and nobody has waited for it.
    let journal = read(&world.journal());
    let count = |what: &str| journal.lines().filter(|line| line.contains(what)).count();
    assert!(count("\"record\":\"intent\"") > count("\"record\":\"outcome\""));
    assert_eq!(count("\"record\":\"end\""), 0, "{journal}");
    update(&world).run().expect_code(0);
    assert_eq!(end_state(&world).1.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_during_the_mode_switch_ends_the_wait() {
    let mut seed = many(SMALL);
    seed.switch.takes = UpdateTime::Millis(240_000);
    let world = World::start(seed).await;
    let mut child = update(&world).spawn();
    let said = Said::by(&mut child);
    until_asked(&world, "DescribeUpdate", 1).await;
    send(&child, "-TERM");
    let said = said.all();
    assert_eq!(child.wait().unwrap().code(), Some(143), "{said}");
    assert!(
        said.contains("EKS completes the switch") && said.contains("to resume: "),
        "{said}"
    );
    assert_eq!(end_state(&world).0, AuthenticationMode::ConfigMap);
    assert_eq!(asked(&world, "CreateAccessEntry"), 0);
    // The next run waits no longer than EKS needs.
    world
        .sandbox
        .edit(|world| world.advance(SignedDuration::from_mins(4)));
    update(&world).run().expect_code(0);
    assert_eq!(repeated(&world), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_listens_to_any_more_is_done_all_the_same() {
    for how in ["plain", "json", "bars"] {
        let world = World::start(many(SMALL)).await;
        let mut child = world
            .tool("apply")
            .args(&["--yes", "--enable-access-entries", "--progress", how, "-v"])
            .spawn();
        // As `2>&1 | head -1` does: both ends are closed after the first line.
        let mut said = Said::by(&mut child);
        said.until("");
        drop((said, child.stdout.take()));
        let ended = blocking(move || child.wait().unwrap()).await;
        assert_eq!(ended.code(), Some(0), "{how}");
        let (_, entries) = end_state(&world);
        assert_eq!(entries.len(), 10, "{how}");
        for (arn, entry) in entries.iter().filter(|(arn, _)| arn.contains("admin")) {
            assert!(!entry.access_policies.is_empty(), "{how}: {arn}");
        }
        let journal = read(&world.journal());
        assert!(journal.lines().last().unwrap().contains("complete"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_are_heeded_when_nobody_listens_any_more() {
    let world = World::start(many(SMALL)).await;
    world
        .sandbox
        .add_fault(Fault::nth("CreateAccessEntry", 3, FaultKind::Hang));
    let mut child = world.apply().args(&["--request-timeout", "10m"]).spawn();
    drop(child.stderr.take());
    until_asked(&world, "CreateAccessEntry", 3).await;
    // Two signals that come together are one: they are sent until the second one ends the run.
    let ended = blocking(move || {
        while child.try_wait().unwrap().is_none() {
            send(&child, "-INT");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        child.wait().unwrap()
    });
    assert_eq!(ended.await.code(), Some(130));
    update(&world).run().expect_code(0);
    assert_eq!(end_state(&world).1.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_takes_the_callers_admin_away_is_refused() {
    let text =
        "- rolearn: arn:aws:iam::111122223333:role/Admin\n  username: a\n  groups: [developers]\n";
    let world = World::start(in_api_mode(seed(text, &[]))).await;
    let before = end_state(&world);
    let refused = update(&world).run().expect_code(1);
    refused.expect_error(&["AAM605", "--allow-self-lockout"]);
    assert_eq!(end_state(&world), before);
    update(&world)
        .args(&["--allow-self-lockout"])
        .run()
        .expect_code(0);
    assert_ne!(end_state(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_canary_stops_the_other_node_roles_when_nodes_are_lost() {
    let mut text = String::new();
    for name in ["n0", "n1", "n2"] {
        text.push_str(&format!(
            "- rolearn: {}\n  username: system:node:{{{{EC2PrivateDNSName}}}}\n  groups: [system:bootstrappers, system:nodes]\n",
            role(name)
        ));
    }
    let seed = || {
        let mut seed = in_api_mode(seed(&text, &[&role("n0"), &role("n1"), &role("n2")]));
        seed.nodes.push(NodeSeed {
            name: "node-a".to_owned(),
            ready: true,
            role: Some(role("n1").parse().unwrap()),
        });
        seed
    };
    let world = World::start(seed()).await;
    world.apply().args(&["--canary=1s"]).run().expect_code(0);
    assert_eq!(end_state(&world).1.len(), 4);

    let world = std::sync::Arc::new(World::start(seed()).await);
    let other = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        // As if the node's role had been let in by its mapping alone, which is lost meanwhile.
        if phase == aws_auth_migrate::sandbox::Phase::After
            && request.operation == "CreateAccessEntry"
        {
            other.edit(|world| {
                world.delete_principal(
                    &aws_auth_migrate::model::Principal::from_arn(&role("n1").parse().unwrap())
                        .unwrap(),
                );
                world.put_aws_auth(crate::support::CLUSTER, &std::collections::BTreeMap::new());
            });
        }
    });
    let applied = world
        .apply()
        .args(&["--canary=3s"])
        .run()
        .expect_code(4)
        .json();
    let stopped = applied["stopped"].as_str().unwrap();
    assert!(
        stopped.contains("no longer Ready") && stopped.contains("delete-access-entry"),
        "{stopped}"
    );
    assert_eq!(
        end_state(&world).1.len(),
        2,
        "the creator's and the canary's"
    );

    let file = world.write("aws-auth.yaml", "mapRoles: |\n  []\n");
    world
        .apply()
        .args(&["--canary", "--trust-file", "--from-file"])
        .arg(file)
        .run()
        .expect_code(64);
}
