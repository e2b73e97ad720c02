//! What the benches of the built program have in common: which program, a folder to work in, and where figures are kept.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The program that was built for this; another one is named by the environment variable `PROGRAM`.
const BUILT: &str = env!("CARGO_BIN_EXE_aws-auth-migrate");

/// The program that is measured.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("PROGRAM").map_or_else(|| PathBuf::from(BUILT), PathBuf::from)
}

/// The folder of a bench, where it may write.
pub(crate) fn folder(bench: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(bench);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes the figures of a bench beside its folder and, with `FIGURES=write`, to `benches/figures`.
pub(crate) fn keep(bench: &str, figures: &Value) {
    let text = serde_json::to_string_pretty(figures).unwrap() + "\n";
    std::fs::write(folder(bench).with_extension("json"), &text).unwrap();
    if std::env::var_os("FIGURES").is_some_and(|value| value == "write") {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/figures");
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::write(kept.join(format!("{bench}.json")), text).unwrap();
    }
}
