//! Golden files under `testdata/texts/`.

use std::path::PathBuf;

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a text with its golden file, or writes the file when `UPDATE_GOLDEN` is set.
pub(crate) fn check(name: &str, text: &str) {
    let path = root().join("testdata/texts").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if golden == text {
        return;
    }
    let differs = golden
        .lines()
        .zip(text.lines())
        .find(|(old, new)| old != new)
        .map_or_else(String::new, |(old, new)| format!("\n- {old}\n+ {new}"));
    panic!("testdata/texts/{name} is stale: UPDATE_GOLDEN=1 cargo test --test texts{differs}");
}
