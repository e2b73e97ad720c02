//! The programs of a control plane, built from their own source once and kept.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::tell::tell;

const KUBERNETES: &str = "v1.33.13";

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) etcd: PathBuf,
    pub(crate) api_server: PathBuf,
    pub(crate) authenticator: PathBuf,
}

/// The programs; `None`, and a line that says so, where one can't be had on this machine.
///
/// Continuous integration must have them, so that the tests never pass there by being left out.
pub(crate) fn programs() -> Option<&'static Programs> {
    static PROGRAMS: OnceLock<Option<Programs>> = OnceLock::new();
    let built = PROGRAMS.get_or_init(|| match build() {
        Ok(programs) => Some(programs),
        Err(missing) => {
            tell(&format!(
                "judge missing: a real control plane, its tests are skipped: {missing}"
            ));
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "judge missing: {missing}"
            );
            None
        }
    });
    built.as_ref()
}

fn build() -> Result<Programs, String> {
    let etcd = Command::new("etcd")
        .arg("--version")
        .output()
        .map_err(|_| "etcd (Debian's package etcd-server)".to_owned())?;
    assert!(etcd.status.success());
    let version = format!(
        "-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES} \
         -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=33"
    );
    Ok(Programs {
        etcd: "etcd".into(),
        api_server: program(
            "apiserver",
            "kube-apiserver",
            "k8s.io/kubernetes/cmd/kube-apiserver",
            &version,
        )?,
        authenticator: program("authenticator", "authenticator", ".", "-s -w")?,
    })
}

/// Builds a program unless it is there and newer than what it is made from.
fn program(module: &str, name: &str, package: &str, flags: &str) -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = root.join("tests/control_plane").join(module);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("control_plane");
    let program = folder.join(name);
    let changed = ["go.mod", "go.sum", "main.go"]
        .iter()
        .filter_map(|file| modified(&source.join(file)))
        .max();
    if modified(&program).is_some() && modified(&program) >= changed {
        return Ok(program);
    }
    std::fs::create_dir_all(&folder).unwrap();
    tell(&format!(
        "building {name} from its source, which takes minutes the first time"
    ));
    let build = Command::new("go")
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags", flags])
        .arg("-o")
        .arg(&program)
        .arg(package)
        .current_dir(source)
        .output()
        .map_err(|_| "go".to_owned())?;
    if build.status.success() {
        // An up-to-date program is left as it is by `go build`, however old.
        let file = std::fs::File::options().append(true).open(&program);
        file.unwrap().set_modified(SystemTime::now()).unwrap();
        Ok(program)
    } else {
        // Without a network, Go may be there and the source not.
        Err(format!(
            "go can't build {name}: {}",
            String::from_utf8_lossy(&build.stderr)
        ))
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}
