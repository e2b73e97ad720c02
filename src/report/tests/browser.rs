//! The pages in a browser: light and dark, wide and narrow, on paper, and by what a screen reader meets.
#![expect(clippy::disallowed_methods, reason = "pages are written for a browser")]

use std::path::{Path, PathBuf};
use std::process::Command;

use super::judge::{judge, judged};
use super::plans::{awkward, large, many, small};
use crate::report::html;

/// Where `.ci/run` installs what judges the pages.
const MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/judges/node_modules");

fn are_there() -> bool {
    let installed = |name: &str| {
        let mut node = Command::new("node");
        node.args(["-e", &format!("require('{MODULES}/{name}')")]);
        judge(name, &mut node)
    };
    judge("chromium", Command::new("chromium").arg("--version"))
        && installed("puppeteer-core")
        && installed("axe-core")
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/tmp/pages")
        .join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Looks at a page; what is wrong with it fails the test. Pictures are left in `target/tmp/pages`.
fn look(name: &str, page: &str) {
    if !are_there() {
        return;
    }
    let folder = folder(name);
    let file = folder.join(format!("{name}.html"));
    std::fs::write(&file, page).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/tests/look.mjs");
    let mut node = Command::new("node");
    node.arg(script)
        .args([folder.as_path(), Path::new(MODULES), &file]);
    assert_eq!(judged(&mut node), "looked\n");
}

#[test]
fn a_plan_is_readable_in_a_browser() {
    look("large", &html(&large()));
    look("small", &html(&small()));
}

#[test]
fn hostile_texts_break_no_layout() {
    look("awkward", &html(&awkward()));
}

#[test]
fn thousands_of_mappings_are_readable_in_a_browser() {
    look("many", &html(&many(300)));
}

/// A page that is wrong in each way that is looked for; otherwise the tests above could pass with a blind judge.
#[test]
fn what_is_wrong_with_a_page_is_found() {
    if !are_there() {
        return;
    }
    let folder = folder("wrong");
    let file = folder.join("wrong.html");
    let page = "<!DOCTYPE html><html><title>x</title><body><div style='width:3000px'>wide</div><img src='data:,'></body></html>";
    std::fs::write(&file, page).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/tests/look.mjs");
    let mut node = Command::new("node");
    node.arg(script)
        .args([folder.as_path(), Path::new(MODULES), &file]);
    let said = judged(&mut node);
    assert!(
        said.contains("too wide: div") && said.contains("axe image-alt"),
        "{said}"
    );
    assert!(said.contains("axe html-has-lang"), "{said}");
}
