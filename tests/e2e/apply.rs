//! `apply`: what it makes, in which order, and what it leaves alone.

use aws_auth_migrate::model::access_policy::CLUSTER_ADMIN;
use aws_auth_migrate::model::{AccessEntry, AuthenticationMode, EntryType, PolicyAssociation};
use aws_auth_migrate::sandbox::{Fault, FaultKind, Phase};
use serde_json::{Value, json};

use crate::cutover::TWO;
use crate::many::end_state;
use crate::support::{CLUSTER, World, in_api_mode, mapping, read, role, seed};

const MIXED: &str = "\
- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev
  groups: [developers]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters, argocd]
";

fn principals() -> Vec<String> {
    vec![role("nodes"), role("dev"), role("team/ops")]
}

async fn mixed() -> World {
    let principals = principals();
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    World::start(seed(MIXED, &principals)).await
}

fn statuses(applied: &Value) -> Vec<String> {
    let results = applied["results"].as_array().unwrap();
    results
        .iter()
        .map(|result| {
            format!(
                "{} {}",
                result["action"]["kind"].as_str().unwrap(),
                result["status"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_is_switched_and_every_mapping_gets_its_entry() {
    let world = mixed().await;
    let applied = world.apply().run().expect_code(0).json();
    assert_eq!(applied["end"], "complete");
    assert_eq!(applied["verified"], 3);
    let state = world.sandbox.state();
    assert_eq!(state.mode, AuthenticationMode::ApiAndConfigMap);
    let entry = |arn: &str| {
        state
            .entries
            .iter()
            .find(|live| live.entry.principal_arn.to_string() == arn)
            .unwrap()
            .clone()
    };
    let ops = entry(&role("team/ops"));
    assert_eq!(ops.entry.kubernetes_groups, ["argocd"]);
    assert!(ops.entry.access_policies[0].is_cluster_admin());
    assert_eq!(entry(&role("nodes")).entry.entry_type, EntryType::Ec2Linux);
    assert_eq!(entry(&role("dev")).entry.username.as_deref(), Some("dev"));
    assert_eq!(
        entry(&role("dev")).entry.tags["aws-auth-migrate/run"],
        applied["run"].as_str().unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_go_first_and_nodes_last() {
    let world = mixed().await;
    let applied = world.apply().run().expect_code(0).json();
    assert_eq!(
        statuses(&applied),
        [
            "createAccessEntry created",
            "associateAccessPolicy associated",
            "createAccessEntry created",
            "createAccessEntry created"
        ]
    );
    let made: Vec<String> = world
        .sandbox
        .requests()
        .into_iter()
        .filter(|request| request.operation == "CreateAccessEntry")
        .map(|request| {
            serde_json::from_str::<Value>(&request.body).unwrap()["principalArn"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(made, [role("team/ops"), role("dev"), role("nodes")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_changes_nothing_and_says_so() {
    let world = mixed().await;
    world.apply().run().expect_code(0);
    let before = world.sandbox.requests().len();
    let again = world.tool("apply").args(&["--yes"]).run().expect_code(0);
    assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
    let after = world.sandbox.requests();
    assert!(
        after[before..]
            .iter()
            .all(|request| request.method != "DELETE" && !is_mutation(&request.operation))
    );
}

pub(crate) fn is_mutation(operation: &str) -> bool {
    ["Create", "Update", "Delete", "Associate", "Disassociate"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_switch_requires_flag() {
    let world = mixed().await;
    let ran = world.tool("apply").args(&["--yes"]).run().expect_code(1);
    ran.expect_error(&[
        "nothing was written",
        "CONFIG_MAP",
        "--enable-access-entries",
    ]);
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::ConfigMap);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_the_cluster_that_is_under_way_is_waited_for_whatever_its_error_is_called() {
    let world = mixed().await;
    let busy = Fault::next("UpdateClusterConfig", FaultKind::UpdateInProgress);
    world.sandbox.add_fault(busy);
    let ran = world
        .tool("apply")
        .args(&["--yes", "--enable-access-entries", "--progress", "plain"])
        .run()
        .expect_code(0);
    assert!(
        ran.stderr.contains("waiting for the update 0f1e2d3c"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        world.sandbox.state().mode,
        AuthenticationMode::ApiAndConfigMap
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_for_which_there_is_no_time_is_not_claimed_to_be_under_way() {
    let world = mixed().await;
    let args = ["--yes", "--enable-access-entries", "--timeout", "0s"];
    let ran = world.tool("apply").args(&args).run().expect_code(4);
    ran.expect_error(&["was not started", "--timeout"]);
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::ConfigMap);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_judged_by_the_cluster_as_it_is_now() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    let path = world.path("plan.json");
    world.tool("plan").arg("--out").arg(&path).run();
    let saved = || world.apply().arg("--plan").arg(&path);
    let unreadable = Fault::always("ListAccessEntries", FaultKind::AccessDenied);
    world.sandbox.add_fault(unreadable);
    let ran = saved().run().expect_code(1);
    ran.expect_error(&["nothing was written", "ListAccessEntries"]);
    world.sandbox.clear_faults();
    saved().run().expect_code(0);
}

/// Whoever edits a saved plan once got an unmapped principal deleted and another one made an administrator.
#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_with_actions_that_were_edited_in_is_not_applied() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    let path = world.path("plan.json");
    world
        .tool("plan")
        .arg("--out")
        .arg(&path)
        .run()
        .expect_code(0);
    let saved: Value = serde_json::from_str(&read(&path)).unwrap();
    let before = end_state(&world);
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
    for (id, edited) in [
        (
            "x1",
            json!({"kind": "deleteAccessEntry", "principalArn": role("Admin")}),
        ),
        (
            "x2",
            json!({
                "kind": "associateAccessPolicy", "principalArn": role("dev"), "policyArn": policy,
                "accessScope": {"type": "cluster", "namespaces": []},
            }),
        ),
    ] {
        let mut plan = saved.clone();
        let mut action = edited;
        action["id"] = json!(id);
        action["stage"] = json!("others");
        action["why"] = json!("");
        plan["actions"].as_array_mut().unwrap().push(action);
        let file = world.write("edited.json", &plan.to_string());
        let ran = world.apply().arg("--plan").arg(&file).run().expect_code(1);
        ran.expect_error(&[id, "is not in a plan made now"]);
        assert_eq!(end_state(&world), before, "{id}");
    }
    world.apply().arg("--plan").arg(&path).run().expect_code(0);
}

/// Somebody makes an entry for the role `ops` while the tool is about to.
fn made_meanwhile(world: &World, policies: Vec<PolicyAssociation>) -> AccessEntry {
    let entry = AccessEntry {
        principal_arn: role("ops").parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some("ops".to_owned()),
        kubernetes_groups: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        access_policies: policies,
    };
    let (other, made) = (world.sandbox.clone(), entry.clone());
    let once = std::sync::atomic::AtomicBool::new(false);
    world.sandbox.on_request(move |phase, request| {
        let creates = phase == Phase::Before && request.operation == "CreateAccessEntry";
        if creates && !once.swap(true, std::sync::atomic::Ordering::SeqCst) {
            other.edit(|world| world.put_entry(CLUSTER, &made));
        }
    });
    entry
}

fn entry_of(world: &World, arn: &str) -> Option<AccessEntry> {
    let entries = world.sandbox.state().entries.into_iter();
    let mut entries = entries.map(|live| live.entry);
    entries.find(|entry| entry.principal_arn.to_string() == arn)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_somebody_makes_meanwhile_is_kept_where_it_differs() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    let made = made_meanwhile(&world, Vec::new());
    let applied = world.apply().run().expect_code(3).json();
    assert_eq!(applied["unverified"], serde_json::json!([]));
    let ops = mapping(&applied["plan"], "mapRoles[0]");
    assert_eq!(ops["outcome"], "conflict", "{ops:#}");
    assert_eq!(entry_of(&world, &role("ops")), Some(made));
    assert!(entry_of(&world, &role("dev")).is_some(), "others go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_somebody_makes_meanwhile_is_as_good_as_ones_own_where_it_says_the_same() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    let admin = PolicyAssociation::cluster_wide("aws", CLUSTER_ADMIN);
    let made = made_meanwhile(&world, vec![admin]);
    world.apply().run().expect_code(0);
    assert_eq!(entry_of(&world, &role("ops")), Some(made));
    let is_write = |operation: &str| operation == "AssociateAccessPolicy";
    let requests = world.sandbox.requests().into_iter();
    let written = requests
        .filter(|request| is_write(&request.operation))
        .count();
    assert_eq!(written, 0, "it is somebody else's");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_without_its_policy_is_deleted_again() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    let denied = Fault::always("AssociateAccessPolicy", FaultKind::AccessDenied);
    world.sandbox.add_fault(denied);
    let ran = world.apply().run().expect_code(4);
    let applied = ran.json();
    let statuses: Vec<_> = applied["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            (
                result["action"]["kind"].as_str().unwrap().to_owned(),
                result["status"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert!(
        statuses.contains(&("deleteAccessEntry".to_owned(), "deleted".to_owned())),
        "{statuses:?}"
    );
    assert_eq!(entry_of(&world, &role("ops")), None);
    world.sandbox.clear_faults();
    world.apply().run().expect_code(0);
    assert_eq!(
        entry_of(&world, &role("ops"))
            .unwrap()
            .access_policies
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_a_killed_run_left_without_its_policy_is_taken_back_as_well() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    for operation in ["AssociateAccessPolicy", "DeleteAccessEntry"] {
        let denied = Fault::always(operation, FaultKind::AccessDenied);
        world.sandbox.add_fault(denied);
    }
    let ran = world.tool("apply").arg("--yes").run().expect_code(4);
    assert!(
        ran.stdout.contains("has less than its mapping gives"),
        "{}",
        ran.stdout
    );
    assert!(entry_of(&world, &role("ops")).is_some());
    world.sandbox.clear_faults();
    let denied = Fault::always("AssociateAccessPolicy", FaultKind::AccessDenied);
    world.sandbox.add_fault(denied);
    world.apply().run().expect_code(4);
    assert_eq!(entry_of(&world, &role("ops")), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_matches_nobody_is_not_taken_for_a_move_that_is_done() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    let ran = world
        .tool("apply")
        .args(&["--yes", "--only", "*nobody*"])
        .run()
        .expect_code(64);
    ran.expect_error(&["--only `*nobody*`", "matches nothing"]);
    assert_eq!(world.sandbox.state().entries.len(), 1, "nothing was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_and_without_yes_nothing_is_written() {
    let world = mixed().await;
    let ran = world
        .tool("apply")
        .args(&["--enable-access-entries"])
        .run()
        .expect_code(64);
    ran.expect_error(&["nothing was written", "--yes"]);
    assert!(
        world
            .sandbox
            .requests()
            .iter()
            .all(|request| !is_mutation(&request.operation))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_entry_that_differs_is_kept_and_reported() {
    let live = AccessEntry {
        principal_arn: role("dev").parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some("dev".to_owned()),
        kubernetes_groups: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        access_policies: Vec::new(),
    };
    let principals = principals();
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let world = World::start(in_api_mode(seed(MIXED, &principals)).with_entry(live)).await;
    let plan = world.plan().json();
    let dev = mapping(&plan, "mapRoles[1]");
    assert_eq!(dev["outcome"], "conflict");
    assert_eq!(
        dev["access"]["verdict"], "same",
        "the live entry is in force and stays"
    );
    assert_eq!(dev["drift"]["verdict"], "lost");
    world.apply().run().expect_code(3);
    let groups = |world: &World| {
        let entries = world.sandbox.state().entries;
        entries
            .into_iter()
            .find(|live| live.entry.principal_arn.to_string() == role("dev"))
            .unwrap()
            .entry
            .kubernetes_groups
    };
    assert!(groups(&world).is_empty(), "it is not ours");
    world
        .apply()
        .args(&["--on-existing", "fail"])
        .run()
        .expect_code(1);
    world
        .apply()
        .args(&["--on-existing", "update"])
        .run()
        .expect_code(0);
    assert_eq!(groups(&world), ["developers"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_that_eks_refuses_needs_a_decision_and_is_no_failure() {
    let there = "- rolearn: arn:aws:iam::444455556666:role/delivery\n  username: delivery\n  groups: [deployers]\n\
                 - rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [developers]\n";
    let world = World::start(in_api_mode(seed(
        there,
        &["arn:aws:iam::444455556666:role/ci/delivery", &role("dev")],
    )))
    .await;
    let ran = world
        .tool("apply")
        .args(&["--yes", "--progress", "none"])
        .run()
        .expect_code(3);
    assert!(ran.stdout.contains("--principals"), "{}", ran.stdout);
    assert_eq!(
        world.sandbox.state().entries.len(),
        2,
        "the other mapping went on"
    );
    let path = world.write(
        "principals.csv",
        "arn:aws:iam::444455556666:role/delivery,arn:aws:iam::444455556666:role/ci/delivery\n",
    );
    world
        .apply()
        .arg("--principals")
        .arg(path)
        .run()
        .expect_code(0);
    assert_eq!(world.sandbox.state().entries.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_applied_exactly_and_refused_when_the_cluster_moved() {
    let world = mixed().await;
    let path = world.path("plan.json");
    world
        .tool("plan")
        .arg("--out")
        .arg(&path)
        .run()
        .expect_code(0);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    world.apply().arg("--plan").arg(&path).run().expect_code(0);
    assert_eq!(
        world
            .sandbox
            .state()
            .entries
            .iter()
            .filter(|live| live.entry.tags.contains_key("aws-auth-migrate/run"))
            .count(),
        3
    );
    // Once more: everything is done, nothing is stale.
    world.apply().arg("--plan").arg(&path).run().expect_code(0);

    let world = mixed().await;
    world
        .tool("plan")
        .arg("--out")
        .arg(&path)
        .run()
        .expect_code(0);
    let other = World::start(seed(
        "- rolearn: arn:aws:iam::111122223333:role/dev\n",
        &[&role("dev")],
    ))
    .await;
    let ran = other.apply().arg("--plan").arg(&path).run().expect_code(1);
    ran.expect_error(&[
        "mapRoles[0]",
        "has changed in aws-auth",
        "mapRoles[1]",
        "was removed",
    ]);
    assert!(
        other
            .sandbox
            .requests()
            .iter()
            .all(|request| !is_mutation(&request.operation))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_of_some_mappings_does_not_mind_entries_of_others() {
    let world = mixed().await;
    world
        .apply()
        .args(&["--only", "*role/dev"])
        .run()
        .expect_code(0);
    let path = world.path("plan.json");
    let saved = world
        .tool("plan")
        .args(&["--only", "*role/ops", "--out"])
        .arg(&path)
        .run()
        .expect_code(0);
    assert!(saved.stderr.contains("apply --plan"), "{}", saved.stderr);
    let applied = world
        .apply()
        .arg("--plan")
        .arg(&path)
        .run()
        .expect_code(0)
        .json();
    assert_eq!(
        statuses(&applied),
        [
            "createAccessEntry created",
            "associateAccessPolicy associated"
        ]
    );

    // An entry that somebody else made for the principal meanwhile is another matter.
    let principals = principals();
    let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
    let world = World::start(in_api_mode(seed(MIXED, &principals))).await;
    world
        .tool("plan")
        .arg("--out")
        .arg(&path)
        .run()
        .expect_code(0);
    let other = AccessEntry {
        principal_arn: role("dev").parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some("somebody".to_owned()),
        kubernetes_groups: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        access_policies: Vec::new(),
    };
    world
        .sandbox
        .edit(|edited| edited.put_entry(CLUSTER, &other));
    let ran = world.apply().arg("--plan").arg(&path).run().expect_code(1);
    ran.expect_error(&["now has an access entry", "role/dev"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_one_json_object_a_line_when_asked() {
    let world = mixed().await;
    let ran = world
        .tool("apply")
        .args(&["--yes", "--enable-access-entries", "--progress", "json"])
        .run()
        .expect_code(0);
    let events: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    // That a cluster is slow to read is reported before.
    let read = events.iter().filter(|event| event["event"] == "reading");
    let events = &events[read.count()..];
    let names: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(names.iter().filter(|name| **name == "action").count(), 4);
    assert!(names.contains(&"mode"));
    // Where it writes is in the first event, before anything is written.
    assert_eq!(names[0], "started");
    assert_eq!(
        events[0]["cluster"],
        serde_json::json!({"accountId": crate::support::ACCOUNT, "region": "eu-west-1", "name": CLUSTER})
    );
    assert_eq!(names.last(), Some(&"finished"));
    for event in events {
        assert!(
            event["time"]
                .as_str()
                .unwrap()
                .parse::<jiff::Timestamp>()
                .is_ok()
        );
    }
    let last = &events[events.len() - 1];
    assert_eq!((&last["done"], &last["total"]), (&4.into(), &4.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_private_and_holds_no_secret() {
    let world = mixed().await;
    world.apply().run().expect_code(0);
    let path = world.journal();
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let text = read(&path);
    let secret = world
        .sandbox
        .environment()
        .into_iter()
        .find(|(name, _)| *name == "AWS_SECRET_ACCESS_KEY")
        .unwrap()
        .1;
    assert!(
        !text.contains(&secret) && !text.contains("k8s-aws-v1."),
        "{text}"
    );
    assert_eq!(
        text.lines()
            .filter(|line| line.contains("\"record\":\"intent\""))
            .count(),
        5
    );
    assert_eq!(
        text.lines()
            .filter(|line| line.contains("\"record\":\"outcome\""))
            .count(),
        5
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_characters_are_escaped_in_events_and_in_the_journal() {
    let username = "dev\u{202e}nimda\u{200b}\u{e0041}";
    let text = format!(
        "- rolearn: {}\n  username: \"{username}\"\n  groups: [developers]\n",
        role("dev")
    );
    let world = World::start(in_api_mode(seed(&text, &[&role("dev")]))).await;
    let ran = world
        .tool("apply")
        .args(&["--yes", "--progress", "json"])
        .run()
        .expect_code(0);
    let journal = read(&world.journal());
    for text in [&ran.stderr, &journal] {
        let hidden = |c: char| c != '\n' && aws_auth_migrate::text::is_hidden(c);
        assert!(!text.contains(hidden), "{text:?}");
        let told = text.lines().find(|line| line.contains(r"\u202e")).unwrap();
        let told: Value = serde_json::from_str(told).unwrap();
        assert_eq!(told["action"]["username"], username, "it reads back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_question_it_says_where_it_writes_and_at_the_end_what_is_next() {
    let world = mixed().await;
    let apply = || {
        world
            .tool("apply")
            .args(&["--yes", "--enable-access-entries"])
    };
    let ran = apply().run().expect_code(0);
    let place = "on the cluster shop in eu-west-1, account 111122223333";
    assert!(
        ran.stderr.lines().next().unwrap().contains(place),
        "{}",
        ran.stderr
    );
    for part in [
        "1 policy associated",
        "Took          ",
        " calls to AWS, 0 retries",
        "3 entries, no difference",
        "Next, verify that aws-auth is no longer needed",
        "aws-auth-migrate verify --cluster shop --region eu-west-1",
    ] {
        assert!(ran.stdout.contains(part), "no {part} in {}", ran.stdout);
    }
    let quiet = mixed().await;
    let ran = quiet
        .tool("apply")
        .args(&["--yes", "--enable-access-entries", "-q"])
        .run()
        .expect_code(0);
    assert_eq!(ran.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_counts_and_the_report_says_how_many() {
    let world = mixed().await;
    let applied = world.apply().run().expect_code(0).json();
    let to_aws = |operation: &str| operation.chars().next().is_some_and(char::is_uppercase);
    let requests = world.sandbox.requests();
    let made = requests.iter().filter(|request| to_aws(&request.operation));
    assert_eq!(applied["calls"], made.count());
    assert_eq!(applied["retries"], 0);
    assert!(applied["tookMillis"].as_u64().unwrap() > 0);

    // A call of the survey that the SDK repeats counts, too.
    let world = mixed().await;
    for operation in ["GetRole", "DescribeAccessEntry"] {
        world
            .sandbox
            .add_fault(Fault::next(operation, FaultKind::Throttle));
    }
    let applied = world.apply().run().expect_code(0).json();
    assert_eq!(applied["retries"], 2);
}
