//! Somebody writes to `aws-auth` while `apply` switches the mode: what would become of that was shown to nobody.

use std::collections::BTreeMap;

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::Phase;
use serde_json::Value;

use crate::many::end_state;
use crate::support::{CLUSTER, World, role, seed};

const SHOWN: &str = "\
- {rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [system:masters]}
- {rolearn: 'arn:aws:iam::111122223333:role/gone', username: gone, groups: [deployers]}
- {rolearn: 'arn:aws:iam::111122223333:role/more', username: more, groups: [developers]}
- {rolearn: 'arn:aws:iam::111122223333:role/less', username: less, groups: [developers, testers]}
- {rolearn: 'arn:aws:iam::111122223333:role/same', username: same, groups: [developers]}
";
const MEANWHILE: &str = "\
- {rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [system:masters]}
- {rolearn: 'arn:aws:iam::111122223333:role/more', username: more, groups: [developers, system:masters]}
- {rolearn: 'arn:aws:iam::111122223333:role/less', username: less, groups: [developers]}
- {rolearn: 'arn:aws:iam::111122223333:role/same', username: same, groups: [developers]}
- {rolearn: 'arn:aws:iam::111122223333:role/late', username: late, groups: [developers]}
";

/// A cluster whose `aws-auth` somebody changes once, as soon as the mode switch is asked for.
async fn changing() -> World {
    let names = ["ops", "gone", "more", "less", "same", "late"].map(role);
    let principals: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::start(seed(SHOWN, &principals)).await;
    let sandbox = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        if phase == Phase::After && request.operation == "UpdateClusterConfig" {
            let data = BTreeMap::from([("mapRoles".to_owned(), MEANWHILE.to_owned())]);
            sandbox.edit(|world| world.put_aws_auth(CLUSTER, &data));
        }
    });
    world
}

fn made(world: &World) -> Vec<String> {
    let names = ["ops", "gone", "more", "less", "same", "late"];
    let live = end_state(world).1;
    let is_live = |name: &&str| live.contains_key(&role(name));
    names
        .into_iter()
        .filter(is_live)
        .map(str::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_during_the_mode_switch_is_left_open() {
    let world = changing().await;
    let applied = world.apply().run().expect_code(4).json();
    assert_eq!(applied["end"], "incomplete");
    // A mapping with another group, one with fewer, and a new one wait; the one that is gone gets nothing.
    assert_eq!(made(&world), ["ops", "same"]);
    let results = applied["results"].as_array().unwrap();
    let left: Vec<(&str, &str)> = results
        .iter()
        .filter(|result| result["status"] == "skipped")
        .map(|result| {
            assert_eq!(result["error"]["code"], "NotShown");
            let arn = result["action"]["principalArn"].as_str().unwrap();
            let why = result["error"]["message"].as_str().unwrap();
            (arn.rsplit('/').next().unwrap(), why)
        })
        .collect();
    let (changed, added) = (
        "what is planned for it has changed since the plan was shown",
        "its mapping was added to aws-auth after the plan was shown",
    );
    let expected = [
        ("more", changed),
        // Its policy waits with its entry.
        ("more", changed),
        ("less", changed),
        ("late", added),
    ];
    assert_eq!(left.len(), expected.len(), "{left:?}");
    for one in expected {
        assert!(left.contains(&one), "{one:?} is not in {left:?}");
    }

    // The next run shows them.
    let plan = world.plan().json();
    let actions: Vec<&Value> = plan["actions"].as_array().unwrap().iter().collect();
    assert_eq!(actions.len(), expected.len(), "{actions:#?}");
    world.apply().run().expect_code(0);
    assert_eq!(made(&world), ["ops", "more", "less", "same", "late"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_what_was_left_open_and_why() {
    let world = changing().await;
    let applied =
        world
            .tool("apply")
            .args(&["--yes", "--enable-access-entries", "--progress", "none"]);
    let applied = applied.run().expect_code(4);
    for words in [
        "role/late was left as it is: its mapping was added to aws-auth after the plan was",
        "role/more was left as it is: what is planned for it has changed since the plan was",
        "4 not reached",
    ] {
        let flat = applied.stdout.split_whitespace().collect::<Vec<_>>();
        assert!(flat.join(" ").contains(words), "{}", applied.stdout);
    }
    assert_eq!(
        world.sandbox.state().mode,
        AuthenticationMode::ApiAndConfigMap
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_not_applied_to_another_aws_auth_after_the_switch() {
    let world = changing().await;
    let file = world.path("plan.json");
    world
        .tool("plan")
        .arg("--out")
        .arg(&file)
        .run()
        .expect_code(0);
    let applied = world.apply().arg("--plan").arg(&file).run();
    let applied = applied.expect_code(4);
    applied.expect_error(&["the saved plan was not applied", "has changed in aws-auth"]);
    assert_eq!(made(&world), Vec::<String>::new());
}
