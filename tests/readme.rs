//! What the README and `docs` say is so: pictures and tables are made from the program, commands parse, links lead somewhere.
//!
//! `UPDATE_GOLDEN=1 cargo test --test readme` writes what is generated.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests read and write the documentation and run the program"
)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "readme/commands.rs"]
mod commands;
#[path = "readme/findings.rs"]
mod findings;
#[path = "readme/links.rs"]
mod links;
#[path = "readme/picture.rs"]
mod picture;
#[path = "readme/rights.rs"]
mod rights;

use std::path::{Path, PathBuf};
use std::process::Command;

use aws_auth_migrate::finding::Code;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The pages that are written for readers, by their place in the repository.
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    for folder in ["", "docs"] {
        for entry in std::fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
            let name = entry.unwrap().file_name();
            let path = Path::new(folder).join(name);
            if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    assert!(paths.contains(&PathBuf::from("docs/findings.md")));
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(Path::new(ROOT).join(&path)).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// Holds a file against what it should be, or writes it.
#[track_caller]
fn golden(path: &str, expected: &str) {
    let full = Path::new(ROOT).join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(full, expected).unwrap();
        return;
    }
    let current = std::fs::read_to_string(full).unwrap_or_default();
    assert!(
        current == expected,
        "{path} is stale: UPDATE_GOLDEN=1 cargo test --test readme"
    );
}

/// A page with what is between `<!-- name -->` and `<!-- /name -->` replaced.
fn filled(page: &str, name: &str, content: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}{content}{end}{after}")
}

/// What the program prints, without anything of this machine's environment.
fn printed(args: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_aws-auth-migrate"))
        .current_dir(ROOT)
        .env_clear()
        .env("COLUMNS", "80")
        .args(args)
        .output()
        .unwrap();
    assert!(
        !ran.stdout.is_empty(),
        "{args:?}: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn readme_is_short() {
    let readme = include_str!("../README.md");
    let lines = readme.lines().count();
    assert!(lines <= 165, "{lines} lines: move some to docs");
}

#[test]
fn exit_codes_are_those_of_the_manual() {
    let codes = |text: &str, begin: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(begin));
        lines
            .filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
            .map(|rest| {
                let end = rest.find([' ', '\\', '|']).unwrap_or(rest.len());
                rest[..end].trim_end_matches(',').to_owned()
            })
            .collect()
    };
    let manual = printed(&["man"]);
    let (_, status) = manual.split_once(".SH \"EXIT STATUS\"").unwrap();
    let (status, _) = status.split_once("\n.SH ").unwrap();
    let page = include_str!("../docs/exit-codes.md");
    let named = codes(page, "| ");
    assert_eq!(named, codes(status, "\\fB"));
    assert_eq!(named.len(), 7, "{named:?}");
}

/// A rule in CONTRIBUTING is one that is there.
#[test]
fn example_of_a_rule_is_in_the_table() {
    let page = include_str!("../CONTRIBUTING.md");
    let (_, rest) = page.split_once("<!-- rule -->\n").unwrap();
    let (block, _) = rest.split_once("<!-- /rule -->").unwrap();
    let lines = block
        .lines()
        .map(|line| line.strip_prefix("   ").unwrap_or(line));
    let shown: Vec<&str> = lines
        .filter(|line| !line.trim_start().starts_with("```"))
        .collect();
    let shown = shown.join("\n");
    let rules = include_str!("../src/translator/rules/inert.rs");
    assert!(
        rules.contains(shown.trim_end()),
        "not in the rules:\n{shown}"
    );
    let table = include_str!("../src/translator/rules/mod.rs");
    assert!(table.contains("inert::never_renders,"));
    assert!(page.contains(&format!("NeverRenders = {}", Code::NeverRenders.number())));
}
