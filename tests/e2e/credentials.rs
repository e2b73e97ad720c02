//! Whose credentials are used, what the tool calls itself, and what it says when AWS refuses or holds up its calls.

use aws_auth_migrate::sandbox::{Fault, FaultKind};
use jiff::SignedDuration;
use serde_json::Value;

use crate::support::{ACCOUNT, CLUSTER, Tool, World, in_api_mode, role, seed};

const TEXT: &str =
    "- rolearn: arn:aws:iam::111122223333:role/ops\n  username: ops\n  groups: [system:masters]\n";

/// Two profiles, of which one has the sandbox's key, while the environment has a key that AWS doesn't know.
fn with_profiles(world: &World, tool: Tool) -> Tool {
    let environment = world.sandbox.environment();
    let of = |name: &str| {
        let found = environment.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let text = format!(
        "[audit]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n[other]\n",
        of("AWS_ACCESS_KEY_ID"),
        of("AWS_SECRET_ACCESS_KEY"),
        of("AWS_SESSION_TOKEN")
    );
    let credentials = world.write("credentials", &text);
    let config = world.write("config", "[profile audit]\nregion = eu-west-1\n");
    tool.env("AWS_SHARED_CREDENTIALS_FILE", credentials)
        .env("AWS_CONFIG_FILE", config)
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wrong")
        .env("AWS_SESSION_TOKEN", "wrong")
}

/// Keys in the environment once won over `--profile`: another account could be read and written than the one that was named.
#[tokio::test(flavor = "multi_thread")]
async fn a_named_profile_wins_over_keys_in_the_environment() {
    let world = World::start(seed(TEXT, &[&role("ops")])).await;
    let tool = || with_profiles(&world, world.tool("plan"));
    let by_keys = tool().run().expect_code(1);
    by_keys.expect_error(&["failed to read the cluster `shop`"]);
    tool().args(&["--profile", "audit"]).run().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_does_not_exist_is_an_error_before_anything_is_asked() {
    let world = World::start(seed(TEXT, &[&role("ops")])).await;
    let tool = with_profiles(&world, world.tool("plan"));
    let ran = tool.args(&["--profile", "audti"]).run().expect_code(1);
    ran.expect_error(&["use the AWS profile `audti`", "available: audit, other"]);
    assert_eq!(world.sandbox.requests().len(), 0);
}

/// Whoever had the wrong credentials in a shell saw it from no command.
#[tokio::test(flavor = "multi_thread")]
async fn every_command_names_the_caller_and_the_account() {
    let world = World::start(seed(TEXT, &[&role("ops")])).await;
    let caller = world.plan().json()["caller"].as_str().unwrap().to_owned();
    assert!(
        caller.starts_with("arn:aws:sts::111122223333:assumed-role/"),
        "{caller}"
    );
    let names = |args: &[&str], code: i32| {
        let ran = world.tool(args[0]).args(&args[1..]).run().expect_code(code);
        for part in [caller.as_str(), "111122223333"] {
            assert!(ran.stdout.contains(part), "{args:?}: {}", ran.stdout);
        }
        ran
    };
    names(&["plan"], 0);
    names(&["status"], 0);
    let applied = names(
        &[
            "apply",
            "--yes",
            "--enable-access-entries",
            "--progress",
            "none",
        ],
        0,
    );
    applied.expect_error(&[&format!("account 111122223333, as {caller}")]);
    names(&["verify"], 0);
    let cut = names(&["cutover", "--yes"], 0);
    cut.expect_error(&[&format!("account 111122223333, as {caller}")]);
    names(&["rollback", "--dry-run"], 0);
    names(&["rollback", "--yes"], 0);
}

/// With a clock that is hours off, the tool once advised to log in again.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_far_off_is_named_as_such() {
    for (hours, side) in [(3, "3 h 0 min behind"), (-2, "2 h 0 min ahead of")] {
        let world = World::start(seed(TEXT, &[&role("ops")])).await;
        world
            .sandbox
            .edit(|world| world.advance(SignedDuration::from_hours(hours)));
        let ran = world.tool("plan").run().expect_code(1);
        ran.expect_error(&["hint: set this machine's clock", side]);
        assert!(!ran.stderr.contains("log in again"), "{}", ran.stderr);
    }
}

/// `plan` once was silent for minutes while EKS throttled it.
#[tokio::test(flavor = "multi_thread")]
async fn reading_says_that_it_waits_and_what_is_throttled() {
    let world = World::start(in_api_mode(seed(TEXT, &[&role("ops")]))).await;
    world.sandbox.add_fault(Fault {
        times: 3,
        ..Fault::next("DescribeAccessEntry", FaultKind::Throttle)
    });
    let ran = world.tool("plan").run().expect_code(0);
    ran.expect_error(&[
        "to call eks:DescribeAccessEntry: AWS has been throttling eks:DescribeAccessEntry for 0 s",
    ]);
    world.sandbox.add_fault(Fault {
        times: 3,
        ..Fault::next("DescribeAccessEntry", FaultKind::Throttle)
    });
    let quiet = world.tool("plan").arg("--quiet").run().expect_code(0);
    assert_eq!(quiet.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_call_is_named_by_the_error_and_nothing_else_is_blamed() {
    let world = World::start(in_api_mode(seed(TEXT, &[&role("ops")]))).await;
    world
        .sandbox
        .add_fault(Fault::always("DescribeCluster", FaultKind::Throttle));
    let ran = world.tool("plan").run().expect_code(1);
    ran.expect_error(&[
        "ThrottlingException",
        "hint: AWS has been throttling eks:DescribeCluster for ",
    ]);
    assert!(!ran.stderr.contains("check the network"), "{}", ran.stderr);
}

/// A request of IAM that waited for its turn longer than 20 s was once taken for a stalled one: "no answer from AWS in
/// time".
#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_turn_counts_against_no_time_out() {
    let names = ["r0", "r1", "r2", "r3"].map(role);
    let text: String = names
        .iter()
        .map(|arn| format!("- rolearn: {arn}\n  username: x\n  groups: [devs]\n"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::start(in_api_mode(seed(&text, &names))).await;
    world
        .sandbox
        .add_fault(Fault::next("GetRole", FaultKind::ThrottleRetryAfter(24)));
    let ran = world
        .tool("plan")
        .args(&["--request-timeout", "5s"])
        .run()
        .expect_code(0);
    ran.expect_error(&["AWS has been throttling iam:GetRole"]);
}

/// Audit logs once showed the name of a library.
#[tokio::test(flavor = "multi_thread")]
async fn requests_carry_the_name_and_version_of_the_tool() {
    let world = World::start(in_api_mode(seed(TEXT, &[&role("ops")]))).await;
    world.plan();
    let version = env!("CARGO_PKG_VERSION");
    for request in world.sandbox.requests() {
        let agent = request.user_agent.unwrap_or_default();
        let is_own = agent == format!("aws-auth-migrate/{version}")
            || agent.contains(&format!("app/aws-auth-migrate-{version}"));
        assert!(is_own, "{}: {agent}", request.operation);
    }
}

/// A script that reads JSON once got a text when something failed.
#[tokio::test(flavor = "multi_thread")]
async fn with_json_as_output_an_error_is_json_too() {
    let world = World::start(seed(TEXT, &[&role("ops")])).await;
    world
        .sandbox
        .add_fault(Fault::always("DescribeCluster", FaultKind::AccessDenied));
    let args = ["--output", "json"];
    let ran = world.tool("plan").args(&args).run().expect_code(1);
    assert_eq!(ran.stdout, "");
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    crate::schemas::check_document(&error);
    assert_eq!(error["exitCode"], 1);
    assert!(
        error["error"].as_str().unwrap().contains("`shop`"),
        "{error}"
    );
    assert!(
        error["hints"][0]
            .as_str()
            .unwrap()
            .contains("eks:DescribeCluster"),
        "{error}"
    );
    let usage = Tool::new(&["plan", "--output", "json"])
        .run()
        .expect_code(64);
    let usage: Value = serde_json::from_str(&usage.stderr).unwrap();
    assert_eq!(usage["exitCode"], 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relative_home_is_called_so_and_not_unset() {
    let world = World::start(seed(TEXT, &[&role("ops")])).await;
    let tool = || {
        world
            .tool("apply")
            .env("XDG_STATE_HOME", "")
            .args(&["--yes", "--enable-access-entries"])
    };
    let relative = tool().env("HOME", "state").run().expect_code(1);
    relative.expect_error(&["HOME is not an absolute path"]);
    tool()
        .env("HOME", "")
        .run()
        .expect_code(1)
        .expect_error(&["neither XDG_STATE_HOME nor HOME is set"]);
}

/// The error once listed every mapping of a cluster that was not meant.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_another_cluster_is_refused_in_one_short_line() {
    let text: String = (0..60)
        .map(|index| {
            format!(
                "- rolearn: {}\n  username: x\n  groups: [devs]\n",
                role(&format!("r{index}"))
            )
        })
        .collect();
    let world = World::start(in_api_mode(seed(&text, &[]))).await;
    let path = world.path("plan.json");
    world
        .tool("plan")
        .arg("--out")
        .arg(&path)
        .run()
        .expect_code(0);
    let mut plan: Value = serde_json::from_str(&crate::support::read(&path)).unwrap();
    plan["cluster"]["arn"] = format!("arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/other").into();
    plan["mappings"] = serde_json::json!([]);
    std::fs::write(&path, plan.to_string()).unwrap();
    let tool = world.bare(&["apply", "--yes", "--cluster", CLUSTER, "--plan"]);
    let ran = tool.arg(&path).run().expect_code(1);
    ran.expect_error(&[
        "it was made for the cluster `arn:aws:eks:eu-west-1:111122223333:cluster/other`",
    ]);
    assert!(
        ran.stderr.lines().all(|line| line.len() < 400),
        "{}",
        ran.stderr
    );
    // Of the right cluster, the first changes are named and the others counted.
    plan["cluster"]["arn"] = format!("arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/{CLUSTER}").into();
    std::fs::write(&path, plan.to_string()).unwrap();
    let tool = world.bare(&["apply", "--yes", "--cluster", CLUSTER, "--plan"]);
    tool.arg(&path)
        .run()
        .expect_code(1)
        .expect_error(&["was added to aws-auth", "and 55 more"]);
}
