//! The record of a change: after every command, from a journal alone, with hostile text, and once it was tampered with.

use std::path::Path;

use aws_auth_migrate::sandbox::{NodeSeed, UpdateEnd};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::apply::is_mutation;
use crate::cutover::{TWO, applied, cutover};
use crate::killing::{Point, run_until};
use crate::support::{Ran, Tool, World, data_seed, in_api_mode, read, role, seed};

const FORMATS: [&str; 6] = ["table", "markdown", "html", "json", "yaml", "csv"];

/// `report` of the live cluster.
fn report(world: &World, more: &[&str]) -> Ran {
    world.tool("report").args(more).run().expect_code(0)
}

fn check(file: &Path) -> Ran {
    Tool::new(&["report", "--check"]).arg(file).run()
}

/// The digest as anybody can compute it: over all bytes but the 64 digits after the last `sha256:`.
fn digest(text: &str) -> (String, String) {
    let at = text.rfind("sha256:").unwrap() + "sha256:".len();
    let rest = format!("{}{}", &text[..at], &text[at + 64..]);
    let found = Sha256::digest(rest);
    let found = found.iter().map(|byte| format!("{byte:02x}"));
    (text[at..at + 64].to_owned(), found.collect())
}

#[track_caller]
fn assert_sealed(text: &str) {
    let (carried, found) = digest(text);
    assert_eq!(carried, found, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn record_of_apply_has_every_call_with_its_request_id_and_the_proof() {
    let world = World::start(seed(TWO, &[&role("ops"), &role("dev")])).await;
    let decisions = world.write(
        "decisions.yaml",
        &format!(
            "schema: aws-auth-migrate/decisions/v1\nprincipals:\n- principal: {}\n  do: leave\n  reason: moves in March, OPS-9\n",
            role("dev")
        ),
    );
    let kept = world.path("record.json");
    world
        .apply()
        .arg("--decisions")
        .arg(&decisions)
        .arg("--out-report")
        .arg(&kept)
        .run()
        .expect_code(0);
    let record = report(&world, &["--output", "json"]).json();
    assert_eq!(record["schema"], "aws-auth-migrate/report/v1");
    let run = &record["runs"][0];
    assert_eq!(run["command"], "apply");
    assert_eq!(run["end"], "complete");
    let part = &run["parts"][0];
    assert!(part["caller"].as_str().unwrap().starts_with("arn:aws:"));
    assert!(part["holder"].as_str().unwrap().starts_with("process "));
    assert_eq!(part["planSha256"].as_str().unwrap().len(), 64);
    let planned = &run["plan"]["mappings"][1];
    assert_eq!(planned["decision"]["do"], "leave");
    assert_eq!(planned["decision"]["reason"], "moves in March, OPS-9");
    // The switch, the entry and its policy, each under the id that the service gave it.
    let asked = world.sandbox.requests();
    let calls = run["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 3, "{calls:#?}");
    for call in calls {
        let id = call["requestId"].as_str().unwrap();
        assert!(!id.is_empty() && call["answered"].is_string(), "{call}");
    }
    let written = asked.iter().filter(|asked| is_mutation(&asked.operation));
    assert_eq!(written.count(), 3);
    let sentence = record["proof"]["verification"]["sentence"]
        .as_str()
        .unwrap();
    assert!(sentence.starts_with("safe to cut over"), "{sentence}");
    let left = record["left"].to_string();
    assert!(
        left.contains("mapRoles[1]: stays in aws-auth, as decided"),
        "{left}"
    );
    let undo = record["undo"]["steps"][1]["command"].as_str().unwrap();
    assert!(
        undo.starts_with("aws-auth-migrate rollback --cluster shop"),
        "{undo}"
    );

    let text = read(&kept);
    assert_sealed(&text);
    let by_apply: Value = serde_json::from_str(&text).unwrap();
    crate::schemas::check_document(&by_apply);
    assert_eq!(by_apply["runs"], record["runs"]);
    assert_eq!(by_apply["journal"], record["journal"]);
    assert_eq!(by_apply["result"]["schema"], "aws-auth-migrate/apply/v1");
    check(&kept).expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_carries_the_record_and_its_digest() {
    let world = applied().await;
    for format in FORMATS {
        let file = world.path(format);
        let ran = world
            .tool("report")
            .args(&["--output", format, "--out-report"])
            .arg(&file)
            .run()
            .expect_code(0);
        let text = read(&file);
        assert_eq!(text, ran.stdout);
        assert_sealed(&text);
        for part in [
            "CreateAccessEntry",
            "AssociateAccessPolicy",
            "rollback",
            &role("ops"),
        ] {
            assert!(
                text.contains(part) || format == "json" || format == "yaml",
                "{format}: {part}\n{text}"
            );
        }
        let said = check(&file).expect_code(0).stdout;
        assert_eq!(said, format!("unchanged: sha256:{}\n", digest(&text).0));
        let changed = text.replacen("ops", "oqs", 1);
        let ran = Tool::new(&["report", "--check", "-"]).stdin(changed).run();
        ran.expect_code(1).expect_error(&[
            "standard input is not the record that was written",
            "it was changed after it was written",
            "sha256:",
        ]);
    }
    let ran = check(&world.journal()).expect_code(1);
    ran.expect_error(&["carries no digest"]);
    let ran = check(&world.path("missing")).expect_code(1);
    ran.expect_error(&["failed to read the record", "missing"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn record_of_a_killed_and_resumed_apply_names_both_parts() {
    let world = World::start(in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]))).await;
    let world = std::sync::Arc::new(world);
    let killed = std::sync::Arc::clone(&world);
    let _ = tokio::task::spawn_blocking(move || {
        run_until(&killed, killed.apply(), Point::After(1), |request| {
            is_mutation(&request.operation)
        })
    })
    .await
    .unwrap();
    let record = report(&world, &["--output", "json"]).json();
    let run = &record["runs"][0];
    assert_eq!(run["end"], Value::Null);
    assert_eq!(run["calls"][0]["status"], Value::Null);
    let left = record["left"].to_string();
    assert!(left.contains("killed, or is still running"), "{left}");
    assert!(left.contains("no answer is recorded"), "{left}");
    let table = report(&world, &[]).stdout;
    assert!(table.contains("no answer is recorded"), "{table}");

    world.apply().run().expect_code(0);
    let record = report(&world, &["--output", "json"]).json();
    let run = &record["runs"][0];
    assert_eq!(record["runs"].as_array().unwrap().len(), 1);
    assert_eq!(run["parts"].as_array().unwrap().len(), 2);
    assert_eq!(run["end"], "complete");
    let calls = run["calls"].as_array().unwrap();
    // The first call is found to be done by comparing with the cluster.
    assert!(
        calls[1..].iter().all(|call| call["status"].is_string()),
        "{calls:#?}"
    );
    let markdown = report(&world, &["--output", "markdown"]).stdout;
    assert!(markdown.contains("resumed at "), "{markdown}");
    assert!(
        markdown.contains("no answer is recorded; found when the run was resumed"),
        "{markdown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn record_of_cutover_has_the_backup_the_proof_and_the_nodes() {
    let mut seed = in_api_mode(seed(TWO, &[&role("ops"), &role("dev")]));
    seed.nodes = ["one", "two"]
        .map(|name| NodeSeed {
            name: name.to_owned(),
            ready: true,
            role: None,
        })
        .into();
    let world = World::start(seed).await;
    world.apply().run().expect_code(0);
    let kept = world.path("record.md");
    let ran = world
        .tool("cutover")
        .args(&[
            "--yes",
            "--soak",
            "1s",
            "--output",
            "markdown",
            "--out-report",
        ])
        .arg(&kept)
        .run()
        .expect_code(0);
    assert!(!ran.stdout.contains("sha256:"), "{}", ran.stdout);
    let text = read(&kept);
    assert_sealed(&text);
    check(&kept).expect_code(0);
    for part in [
        "What `cutover` did",
        "Run 2 of 2: `cutover`",
        "delete kube-system/aws-auth: deleted",
        "there and unchanged",
        "verified before: safe to cut over",
        "Nodes: 2 Ready before, 2 after, watched for",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    let record = report(&world, &["--output", "json"]).json();
    let change = &record["runs"][1]["configMap"][0];
    assert_eq!(
        change["proof"]["proven"],
        json!(["mapRoles[0]", "mapRoles[1]"])
    );
    let backup = change["backup"]["path"].as_str().unwrap();
    let content = std::fs::read(backup).unwrap();
    let found: String = Sha256::digest(&content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(change["backup"]["sha256"], found);
    assert_eq!(change["backup"]["state"], "unchanged");

    for (left, state) in [(Some("edited"), "changed"), (None, "missing")] {
        match left {
            Some(text) => std::fs::write(backup, text).unwrap(),
            None => std::fs::remove_file(backup).unwrap(),
        }
        let record = report(&world, &["--output", "json"]).json();
        let now = &record["runs"][1]["configMap"][0]["backup"];
        assert_eq!(now["state"], state);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn record_of_rollback_says_that_nothing_is_left_to_undo() {
    let world = applied().await;
    cutover(&world, &["--soak", "0s"]).expect_code(0);
    let kept = world.path("record.txt");
    world
        .tool("rollback")
        .args(&["--dry-run", "--out-report"])
        .arg(&kept)
        .run()
        .expect_code(0);
    let dry = read(&kept);
    assert_sealed(&dry);
    assert!(dry.contains("What `rollback` would do"), "{dry}");
    assert!(dry.contains("Run 2 of 2"), "{dry}");

    world
        .tool("rollback")
        .args(&["--yes", "--progress", "none", "--out-report"])
        .arg(&kept)
        .run()
        .expect_code(0);
    let text = read(&kept);
    assert_sealed(&text);
    check(&kept).expect_code(0);
    for part in [
        "Run 3 of 3: `rollback`",
        "DeleteAccessEntry",
        "write kube-system/aws-auth: updated",
        "Can't be undone: the switch to the authentication mode API_AND_CONFIG_MAP",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    let record = report(&world, &["--output", "json"]).json();
    assert_eq!(record["undo"]["steps"], json!([]));
    // One run of them alone.
    let id = record["runs"][0]["run"].as_str().unwrap();
    let one = report(&world, &["--run", id, "--output", "json"]).json();
    assert_eq!(one["runs"].as_array().unwrap().len(), 1);
    let ran = world.tool("report").args(&["--run", "no"]).run();
    ran.expect_code(64)
        .expect_error(&["the journal has no run `no`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn record_from_a_journal_alone_says_that_nothing_was_proven() {
    let world = applied().await;
    let journal = world.journal();
    let offline = |args: &[&str]| Tool::new(&["report"]).args(args).env("HOME", "/nowhere");
    let calls = world.sandbox.requests().len();
    let ran = offline(&["--journal", journal.to_str().unwrap()])
        .run()
        .expect_code(0);
    assert!(
        ran.stdout.contains("not taken: only a journal was given"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("so nothing is proven here"),
        "{}",
        ran.stdout
    );
    // Found by the name of the cluster.
    let found = offline(&["--cluster", "shop", "--offline", "--output", "json"])
        .env("XDG_STATE_HOME", world.folder.path())
        .run()
        .expect_code(0)
        .json();
    assert_eq!(found["proof"]["verification"], Value::Null);
    assert_eq!(found["proof"]["notTaken"], "--offline was given");
    let undo = found["undo"]["steps"][0]["command"].as_str().unwrap();
    assert_eq!(
        undo,
        "aws-auth-migrate rollback --cluster shop --region eu-west-1 --dry-run"
    );
    assert_eq!(world.sandbox.requests().len(), calls);

    let ran = offline(&[]).run().expect_code(64);
    ran.expect_error(&["no cluster and no journal was given"]);
    let ran = offline(&["--cluster", "other", "--offline"])
        .env("XDG_STATE_HOME", world.folder.path())
        .run()
        .expect_code(1);
    ran.expect_error(&["there is no journal of a cluster `other`"]);
    let ran = offline(&[
        "--journal",
        journal.to_str().unwrap(),
        "--cluster",
        "other",
        "--offline",
    ])
    .run()
    .expect_code(64);
    ran.expect_error(&["has no run on such a cluster"]);
    // A line that was edited is no basis for a record.
    let edited = read(&journal).replacen("role/ops", "role/oqs", 1);
    std::fs::write(&journal, edited).unwrap();
    let ran = offline(&["--journal", journal.to_str().unwrap()])
        .run()
        .expect_code(1);
    ran.expect_error(&["was changed after it was written"]);
}

/// What an earlier version wrote has no plan, no host and no digest of the backup.
#[tokio::test(flavor = "multi_thread")]
async fn record_of_an_older_journal_says_what_was_not_recorded() {
    let world = applied().await;
    cutover(&world, &["--soak", "0s"]).expect_code(0);
    let older: String = read(&world.journal())
        .lines()
        .map(|line| {
            let mut record: Value = serde_json::from_str(line).unwrap();
            let fields = record.as_object_mut().unwrap();
            for new in [
                "prev",
                "holder",
                "plan",
                "backupSha256",
                "proof",
                "nodes",
                "verified",
                "requestId",
            ] {
                fields.remove(new);
            }
            format!("{record}\n")
        })
        .collect();
    std::fs::write(world.journal(), older).unwrap();
    let text = report(&world, &[]).stdout;
    for part in [
        "The plan and its decisions: not recorded.",
        "digest not recorded, there",
        "not watched, or not recorded",
    ] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_never_raw_in_a_record() {
    let name = "dev\u{202e}nimda\u{1b}[2J|<script>alert(1)</script>`=cmd()";
    let roles = format!(
        "- rolearn: {}\n  username: {}\n  groups: [devs]\n",
        role("dev"),
        serde_json::to_string(name).unwrap()
    );
    let world = World::start(in_api_mode(data_seed(
        &[("mapRoles", &roles)],
        &[&role("dev")],
    )))
    .await;
    let decisions = world.write(
        "decisions.yaml",
        &format!(
            "schema: aws-auth-migrate/decisions/v1\nprincipals:\n- principal: {}\n  do: leave\n  reason: {}\n",
            role("dev"),
            serde_json::to_string(&format!("{name} sha256:{}", "0".repeat(64))).unwrap()
        ),
    );
    let kept = world.path("record");
    for format in FORMATS {
        let tool = world
            .tool("apply")
            .args(&["--yes", "--progress", "none", "--output", format]);
        let tool = tool.arg("--decisions").arg(&decisions);
        tool.arg("--out-report").arg(&kept).run().expect_code(0);
        let text = read(&kept);
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{format}: {text}");
        assert!(
            format != "html" || !text.contains("<script>alert"),
            "{text}"
        );
        assert_sealed(&text);
        check(&kept).expect_code(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn report_only_reads() {
    let world = applied().await;
    let before = world.sandbox.requests().len();
    report(&world, &["--output", "html"]);
    let requests = world.sandbox.requests();
    let writes = requests[before..].iter().filter(|request| {
        let operation = &request.operation;
        let is_kubernetes = ["create ", "update ", "patch ", "delete "];
        is_mutation(operation) || is_kubernetes.iter().any(|verb| operation.starts_with(verb))
    });
    let writes: Vec<&String> = writes.map(|request| &request.operation).collect();
    assert!(writes.is_empty(), "{writes:?}");
    assert!(requests.len() > before);
}

/// A failure after the first write is what a change ticket has to show most.
#[tokio::test(flavor = "multi_thread")]
async fn record_is_written_where_the_run_fails_halfway() {
    let mut seed = seed(TWO, &[&role("ops"), &role("dev")]);
    seed.switch.ends = UpdateEnd::Cancelled;
    let world = World::start(seed).await;
    let kept = world.path("record.json");
    let ran = world.apply().arg("--out-report").arg(&kept).run();
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    let text = read(&kept);
    assert_sealed(&text);
    let record: Value = serde_json::from_str(&text).unwrap();
    crate::schemas::check_document(&record);
    let call = &record["runs"][0]["calls"][0];
    assert_eq!(call["status"], "failed", "{record:#}");
    assert_eq!(call["error"]["code"], "UpdateGivenUp");
    let left = record["left"].to_string();
    assert!(
        left.contains("ended incomplete: run the same command again"),
        "{left}"
    );

    // What fails before anything is written leaves no record.
    std::fs::remove_file(&kept).unwrap();
    let refused = world.tool("apply").args(&["--yes", "--out-report"]);
    refused.arg(&kept).run().expect_code(1);
    assert!(!kept.exists());
}
