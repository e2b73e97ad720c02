//! `plan`: what it shows, and that it writes nothing.

use aws_auth_migrate::model::access_policy::CLUSTER_ADMIN;
use serde_json::json;

use crate::support::{Tool, World, codes, data_seed, in_api_mode, mapping, role, seed};

const TWO: &str = "- rolearn: arn:aws:iam::111122223333:role/ops\n  username: ops\n  groups: [system:masters]\n\
                   - rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [developers]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_names_the_real_arn_and_the_policy_that_replaces_masters() {
    let world = World::start(seed(TWO, &[&role("team/ops"), &role("dev")])).await;
    let plan = world.plan().json();
    assert_eq!(plan["schema"], "aws-auth-migrate/plan/v1");
    assert_eq!(plan["cluster"]["authenticationMode"], "CONFIG_MAP");
    assert_eq!(plan["source"]["kind"], "cluster");
    let ops = mapping(&plan, "mapRoles[0]");
    assert_eq!(ops["line"], 1);
    assert_eq!(ops["outcome"], "create");
    assert_eq!(ops["access"]["verdict"], "same");
    assert_eq!(ops["entry"]["principalArn"], role("team/ops"));
    assert_eq!(ops["entry"]["kubernetesGroups"], json!([]));
    let policy = format!("arn:aws:eks::aws:cluster-access-policy/{CLUSTER_ADMIN}");
    assert_eq!(ops["entry"]["accessPolicies"][0]["policyArn"], policy);
    assert_eq!(
        ops["entry"]["accessPolicies"][0]["accessScope"],
        json!({"type": "cluster", "namespaces": []})
    );
    assert!(codes(ops).contains(&"AAM104"), "{ops:#}");
    let dev = mapping(&plan, "mapRoles[1]");
    assert_eq!(dev["line"], 4);
    assert_eq!(dev["entry"]["kubernetesGroups"], json!(["developers"]));
    assert_eq!(plan["summary"]["create"], 2);
    let kinds: Vec<_> = plan["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "updateAuthenticationMode",
            "createAccessEntry",
            "associateAccessPolicy",
            "createAccessEntry"
        ]
    );
}

#[test]
fn a_table_that_goes_to_no_terminal_is_as_wide_as_columns_says() {
    let at = |columns: &str| {
        let tool = Tool::new(&["plan", "--from-file", "-", "--details"]).env("COLUMNS", columns);
        let indented = TWO.replace('\n', "\n  ");
        tool.stdin(format!("mapRoles: |\n  {indented}"))
            .run()
            .expect_code(0)
            .stdout
    };
    // What becomes of a mapping has a column of its own in a wide table with details.
    let heading = |text: String| text.contains("BECOMES");
    assert_eq!(
        ["140", "80", ""].map(|columns| heading(at(columns))),
        [true, false, false]
    );
}

/// It was once called a rename without effect, and nobody had looked.
#[test]
fn an_offline_plan_knows_what_another_username_does_only_from_bindings() {
    let manifest = "mapRoles: |\n  - rolearn: arn:aws:iam::111122223333:role/dev\n    username: '{{SessionName}}'\n    \
                    groups: [devs]\n";
    let folder = tempfile::tempdir().unwrap();
    let bindings = folder.path().join("rbac.yaml");
    std::fs::write(&bindings, "apiVersion: v1\nkind: List\nitems: []\n").unwrap();
    let plan = |more: &[&str]| {
        let tool = Tool::new(&["plan", "--from-file", "-", "--output", "json"]);
        tool.args(more).stdin(manifest).run().expect_code(0).json()
    };
    let unseen = |plan: &serde_json::Value| {
        let mut findings = plan["findings"].as_array().unwrap().iter();
        findings.any(|finding| finding["code"] == "AAM701")
    };
    let blind = plan(&[]);
    let access = &mapping(&blind, "mapRoles[0]")["access"];
    assert_eq!(access["verdict"], json!(null), "{access:#}");
    assert!(unseen(&blind));
    let seeing = plan(&["--rbac-file", bindings.to_str().unwrap()]);
    let access = &mapping(&seeing, "mapRoles[0]")["access"];
    assert_eq!(access["verdict"], "renamed");
    assert!(!unseen(&seeing));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_makes_reading_calls_only() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    world.plan();
    let reads = ["Describe", "List", "Get"];
    for request in world.sandbox.requests() {
        let reading = reads
            .iter()
            .any(|prefix| request.operation.starts_with(prefix))
            || request.method == "GET";
        assert!(
            reading,
            "{} {} {}",
            request.operation, request.method, request.path
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_reports_pending_changes_only_when_asked() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    world.tool("plan").run().expect_code(0);
    world
        .tool("plan")
        .args(&["--detailed-exitcode"])
        .run()
        .expect_code(2);
    world.apply().run().expect_code(0);
    world
        .tool("plan")
        .args(&["--detailed-exitcode"])
        .run()
        .expect_code(0);

    let blocked =
        "- rolearn: arn:aws:iam::111122223333:root\n  username: root\n  groups: [auditors]\n";
    let world = World::start(in_api_mode(seed(blocked, &[]))).await;
    world
        .tool("plan")
        .args(&["--detailed-exitcode"])
        .run()
        .expect_code(3);
    world.tool("plan").run().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_another_account_is_never_looked_up_at_home() {
    let there = "- rolearn: arn:aws:iam::444455556666:role/delivery\n  username: delivery\n  groups: [deployers]\n";
    // A role of the same name at home is somebody else.
    let world = World::start(seed(there, &[&role("team/delivery")])).await;
    let plan = world.plan().json();
    let delivery = mapping(&plan, "mapRoles[0]");
    assert_eq!(
        delivery["entry"]["principalArn"],
        "arn:aws:iam::444455556666:role/delivery"
    );
    assert!(codes(delivery).contains(&"AAM108"), "{delivery:#}");
    let looked_up = world
        .sandbox
        .requests()
        .into_iter()
        .any(|request| request.body.contains("delivery"));
    assert!(!looked_up, "GetRole was called at home");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arn_in_capital_letters_is_looked_up_as_the_cluster_matches_it() {
    let text =
        "- rolearn: ARN:AWS:IAM::111122223333:role/ops\n  username: ops\n  groups: [operators]\n";
    let world = World::start(in_api_mode(seed(text, &[&role("team/ops")]))).await;
    let plan = world.plan().json();
    let ops = mapping(&plan, "mapRoles[0]");
    assert_eq!(ops["outcome"], "create", "{ops:#}");
    assert_eq!(ops["entry"]["principalArn"], role("team/ops"));
    world.apply().run().expect_code(0);
    world.tool("verify").run().expect_code(0);
    // What the policy for this very plan grants is what the plan has just used.
    let policy = world.tool("export").args(&["iam-policy"]).run();
    assert!(policy.stdout.contains("iam:GetRole"), "{}", policy.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_entries_and_pages_are_all_seen() {
    let mut text = String::new();
    let mut names = Vec::new();
    for index in 0..130 {
        text.push_str(&format!(
            "- rolearn: {}\n  username: u{index}\n  groups: [g]\n",
            role(&format!("r{index}"))
        ));
        names.push(role(&format!("r{index}")));
    }
    let principals: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::start(in_api_mode(seed(&text, &principals))).await;
    world.apply().run().expect_code(0);
    let plan = world.plan().json();
    assert_eq!(plan["summary"]["unchanged"], 130, "{:#}", plan["summary"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_accounts_are_blocked_and_say_so() {
    let world = World::start(data_seed(
        &[("mapAccounts", "- \"777788889999\"\n- 012345678901\n")],
        &[],
    ))
    .await;
    let plan = world.plan().json();
    assert_eq!(plan["accounts"][0]["accountId"], "777788889999");
    assert_eq!(plan["accounts"][0]["outcome"], "blocked");
    assert_eq!(plan["accounts"][1]["accountId"], "012345678901");
    assert_eq!(plan["summary"]["blocked"], 0, "the summary counts mappings");
    world
        .tool("plan")
        .args(&["--detailed-exitcode"])
        .run()
        .expect_code(3);
}
