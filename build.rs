//! Tells the program which commit and target it was built for; `--version` prints them.
//!
//! The commit comes from, in this order, the variable `AWS_AUTH_MIGRATE_COMMIT`, what `cargo package` wrote into the
//! package, and git. Neither git nor a repository is needed: without them the commit is `unknown`. Nothing here depends on
//! the time or the machine, so that two builds of one commit are alike.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a build script reads its environment and talks to cargo"
)]

use std::path::Path;
use std::process::Command;

const COMMIT: &str = "AWS_AUTH_MIGRATE_COMMIT";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={COMMIT}");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let package = variable("CARGO_MANIFEST_DIR");
    // A debug build is made many times a day, and would be made again after each commit for this line alone.
    let from_git = variable("PROFILE") == "release";
    let commit = given(&variable(COMMIT))
        .or_else(|| packaged(Path::new(&package)))
        .or_else(|| from_git.then(|| checked_out(Path::new(&package))).flatten())
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=BUILD_COMMIT={commit}");
    println!("cargo::rustc-env=BUILD_TARGET={}", variable("TARGET"));
}

/// The commit that whoever builds has named.
fn given(commit: &str) -> Option<String> {
    let commit = commit.trim();
    is_commit(commit).then(|| short(commit))
}

/// The commit in a package's `.cargo_vcs_info.json`, which is there for `cargo install` from a registry.
fn packaged(package: &Path) -> Option<String> {
    let text = std::fs::read_to_string(package.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    let commit = rest.split('"').nth(1)?;
    is_commit(commit).then(|| short(commit))
}

/// The commit that is checked out, with a `+` where files differ from it.
fn checked_out(package: &Path) -> Option<String> {
    // Sources unpacked inside of somebody else's repository are not of its commit.
    if !package.join(".git").exists() {
        return None;
    }
    for path in ["HEAD", "index"] {
        let file = git(package, &["rev-parse", "--git-path", path])?;
        println!("cargo::rerun-if-changed={file}");
    }
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let commit = git(package, &["rev-parse", "HEAD"]).filter(|commit| is_commit(commit))?;
    let changed = git(
        package,
        &[
            "--no-optional-locks",
            "status",
            "--porcelain",
            "--untracked-files=no",
        ],
    )?;
    let mark = if changed.is_empty() { "" } else { "+" };
    Some(short(&commit) + mark)
}

fn git(package: &Path, args: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(package).args(args);
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned())
}

fn is_commit(text: &str) -> bool {
    text.len() >= 7 && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn short(commit: &str) -> String {
    commit.chars().take(12).collect()
}
