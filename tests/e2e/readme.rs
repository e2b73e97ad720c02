//! The command lines of the README, run in their order as they are pasted, against a cluster.

use std::process::Command;

use crate::cutover::data;
use crate::support::{CLUSTER, Ran, World, role, seed};

/// The lines of the README's shell blocks that run the tool on a cluster.
fn lines() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines);
    let ours = lines.filter(|line| line.starts_with("aws-auth-migrate "));
    ours.map(ToOwned::to_owned).collect()
}

/// Runs a line in a shell, in the folder of the world.
fn paste(world: &World, line: &str) -> Ran {
    let tool = env!("CARGO_BIN_EXE_aws-auth-migrate");
    let line = line
        .replace("aws-auth-migrate ", &format!("'{tool}' "))
        .replace("--cluster prod", &format!("--cluster {CLUSTER}"));
    let mut shell = Command::new("sh");
    shell
        .current_dir(world.folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("XDG_STATE_HOME", world.folder.path())
        .envs(world.sandbox.environment())
        .args(["-c", &line]);
    Ran::of(&shell.output().unwrap())
}

/// How many of the two principals have an access entry; EKS creates one for the cluster's creator.
fn entries(world: &World) -> usize {
    let state = world.sandbox.state();
    let arns = state.entries.iter();
    let arns = arns.map(|live| live.entry.principal_arn.to_string());
    let ours = [role("team/ops"), role("dev")];
    arns.filter(|arn| ours.contains(arn)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_the_readme_migrate_a_cluster_and_undo_it() {
    let text = format!(
        "- {{rolearn: '{}', username: ops, groups: [system:masters, argocd]}}\n\
         - {{rolearn: '{}', username: 'dev:{{{{SessionName}}}}', groups: [developers]}}\n",
        role("ops"),
        role("dev"),
    );
    let world = World::start(seed(&text, &[&role("team/ops"), &role("dev")])).await;
    let before = data(&world);
    let mut ran = Vec::new();
    for line in lines() {
        let verb = line.split_whitespace().nth(1).unwrap().to_owned();
        // The comment would hide what is added.
        let line = line.split(" #").next().unwrap().trim_end().to_owned();
        let line = match verb.as_str() {
            // There is no terminal to ask at.
            "decide" => line
                .replace(" decide ", " plan ")
                .replace("--out ", "--write-decisions "),
            "apply" | "cutover" => line + " --yes",
            "rollback" if line.contains("--dry-run") => line,
            "rollback" => line + " --yes --settle 0s",
            _ => line,
        };
        paste(&world, &line).expect_code(0);
        if verb == "cutover" {
            assert_eq!(entries(&world), 2);
            assert!(data(&world) != before, "aws-auth is still there");
        }
        ran.push(verb);
    }
    let steps = ["plan", "decide", "apply", "verify", "cutover", "rollback"];
    assert!(ran.starts_with(&steps.map(ToOwned::to_owned)), "{ran:?}");
    assert_eq!(data(&world), before);
    assert_eq!(entries(&world), 0);
}
