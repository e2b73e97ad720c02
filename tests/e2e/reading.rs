//! What is shown while a cluster is read that takes its time.

use std::process::{Command, Stdio};
use std::time::Duration;

use aws_auth_migrate::sandbox::{Answers, SandboxLimits, Seed};
use serde_json::Value;

use crate::arc::blocking;
use crate::support::{CLUSTER, World, in_api_mode, judge, role, seed};

fn slow(latency: Duration) -> Seed {
    let text = format!(
        "- rolearn: {}\n  username: dev\n  groups: [developers]\n",
        role("dev")
    );
    in_api_mode(seed(&text, &[&role("dev")])).with_limits(SandboxLimits {
        answers: Answers::After(latency),
        ..SandboxLimits::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_told_what_is_read() {
    let world = World::start(slow(Duration::from_millis(600))).await;
    let tool = world
        .tool("apply")
        .args(&["--yes", "--progress", "json", "--output", "json"]);
    let ran = blocking(move || tool.run()).await.expect_code(0);
    let events = ran.stderr.lines().map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        (text("event"), text("message"))
    });
    let events: Vec<_> = events.collect();
    // The cluster and the caller are read within the first second, which is no news.
    let lists = "access entries, bindings, aws-auth, node roles";
    let mut names: Vec<&str> = lists.split(", ").collect();
    names.sort_unstable();
    let told = events.iter().find(|(event, message)| {
        let mut of: Vec<&str> = message.split(", ").collect();
        of.sort_unstable();
        event == "reading" && of == names
    });
    assert!(told.is_some(), "{events:#?}");
    assert!(events.iter().any(|(event, _)| event == "started"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_what_is_read() {
    if !judge(
        "script (util-linux)",
        Command::new("script").arg("--version"),
    ) {
        return;
    }
    let world = World::start(slow(Duration::from_millis(600))).await;
    let tool = env!("CARGO_BIN_EXE_aws-auth-migrate");
    let line = format!("'{tool}' plan --cluster {CLUSTER}");
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm")
        .env("XDG_STATE_HOME", world.folder.path())
        .envs(world.sandbox.environment())
        .stdin(Stdio::null());
    let output = blocking(move || command.output().unwrap()).await;
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("reading the cluster, the caller"), "{shown}");
    assert!(output.status.success(), "{shown}");
}
