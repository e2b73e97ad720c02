//! The README says what is so: the table of finding codes is the catalogue's (`UPDATE_GOLDEN=1` writes it anew), and the
//! plan is one that `rehearse` prints.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests read and write the README"
)]

use aws_auth_migrate::finding::{Code, Severity};

const BEGIN: &str = "<!-- codes -->\n";
const END: &str = "<!-- /codes -->";

fn table() -> String {
    let mut table = "| code | weight | what it says |\n|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let weight = match code.severity() {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        table.push_str(&format!("| {code} | {weight} | {} |\n", code.title()));
    }
    table
}

#[test]
fn the_table_of_codes_in_the_readme_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let start = readme.find(BEGIN).unwrap() + BEGIN.len();
    let end = readme.find(END).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let current = format!("{}{}{}", &readme[..start], table(), &readme[end..]);
        std::fs::write(path, current).unwrap();
        return;
    }
    assert!(
        readme[start..end] == table(),
        "the README's codes are stale: UPDATE_GOLDEN=1 cargo test --test readme"
    );
}

#[test]
fn the_plan_in_the_readme_is_what_rehearse_prints() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("<!-- plan -->\n```text\n").unwrap();
    let (shown, _) = rest.split_once("```\n<!-- /plan -->").unwrap();
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_aws-auth-migrate"))
        .env_clear()
        .args(["rehearse", "--progress", "none"])
        .output()
        .unwrap();
    let printed = String::from_utf8(ran.stdout).unwrap();
    let mut rest = printed.as_str();
    for part in shown.split("…\n") {
        let at = rest.find(part);
        assert!(at.is_some(), "not printed, or not in this order:\n{part}");
        rest = &rest[at.unwrap() + part.len()..];
    }
}
