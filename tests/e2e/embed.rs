//! The worked example of an embedding program, built and run, and what it may use of the library.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use aws_auth_migrate::model::LiveEntry;

use crate::support::{CLUSTER, Ran, World, in_api_mode, read, role, seed};

/// Builds the example as the tool under test was built, and says where it is.
fn example() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_aws-auth-migrate"))
        .parent()
        .unwrap();
    let profile = match folder.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        other => other,
    };
    let built = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--quiet", "--example", "embed"])
        .args(["--profile", profile, "--target-dir"])
        .arg(folder.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    Ran::of(&built).expect_code(0);
    folder.join("examples/embed")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedding_program_plans_and_applies_with_progress() {
    let text = format!(
        "- rolearn: {}\n  username: dev\n  groups: [devs]\n- rolearn: {}\n  username: v\n  groups: ['system:view']\n",
        role("dev"),
        role("viewer")
    );
    let names = [role("dev"), role("viewer")];
    let seed = seed(&text, &[&names[0], &names[1]]);
    let world = World::start(in_api_mode(seed)).await;
    let program = example();
    let run = |more: &[&str]| {
        let mut command = world.other(program.to_str().unwrap());
        command.arg(CLUSTER).args(more);
        Ran::of(&command.current_dir(world.path("")).output().unwrap()).expect_code(0)
    };
    let before = world.sandbox.state().entries.len();

    let planned = run(&[]);
    assert!(planned.stdout.contains("open: "), "{}", planned.stdout);
    assert!(
        planned.stdout.ends_with("1 actions\n"),
        "{}",
        planned.stdout
    );
    assert_eq!(world.sandbox.state().entries.len(), before);

    let applied = run(&["--apply"]);
    assert!(applied.stdout.contains("1/1: "), "{}", applied.stdout);
    assert!(
        applied.stdout.ends_with("1 entries verified\n"),
        "{}",
        applied.stdout
    );
    let entries = world.sandbox.state().entries;
    assert_eq!(entries.len(), before + 1);
    let is_dev = |entry: &LiveEntry| entry.entry.principal_arn.to_string() == names[0];
    assert!(entries.iter().any(is_dev));
}

/// The feature that opens every room is on whenever the tests are built, so the compiler can't say it.
#[test]
fn the_example_uses_public_rooms_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = read(&root.join("src/lib.rs"));
    let public: BTreeSet<&str> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let example = read(&root.join("examples/embed.rs"));
    let used: BTreeSet<&str> = example
        .split("aws_auth_migrate::")
        .skip(1)
        .filter_map(|rest| rest.split(':').next())
        .collect();
    assert!(used.contains("migration"), "{used:?}");
    assert!(used.is_subset(&public), "{used:?} of {public:?}");
}
