//! Links between the pages lead to a file, and to a heading in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{ROOT, pages};

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in parser(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let heading = heading.take().unwrap_or_default();
                let kept = heading.to_lowercase().replace(' ', "-");
                let kept = kept.chars();
                let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_');
                found.insert(kept.filter(is_kept).collect());
            }
            _ => {}
        }
    }
    found
}

fn targets(text: &str) -> Vec<String> {
    let link = |event: Event<'_>| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url.into_string())
        }
        _ => None,
    };
    parser(text).filter_map(link).collect()
}

/// The link's path without `..`, from the root of the repository.
fn resolved(page: &Path, path: &str) -> PathBuf {
    let mut place = page.parent().unwrap_or(Path::new("")).to_path_buf();
    for part in path.split('/') {
        if part == ".." {
            place.pop();
        } else {
            place.push(part);
        }
    }
    place
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for (page, text) in pages() {
        for target in targets(&text) {
            if target.starts_with("https://") {
                continue;
            }
            seen += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let place = if path.is_empty() {
                page.clone()
            } else {
                resolved(&page, path)
            };
            let full = Path::new(ROOT).join(&place);
            assert!(full.exists(), "{}: {target}", page.display());
            if !anchor.is_empty() {
                let there = anchors(&std::fs::read_to_string(full).unwrap());
                assert!(there.contains(anchor), "{}: {target}", page.display());
            }
        }
    }
    assert!(seen > 40, "only {seen} links");
}

#[test]
fn each_page_is_linked_from_the_readme() {
    let readme = include_str!("../../README.md");
    let linked: BTreeSet<String> = targets(readme)
        .iter()
        .map(|target| target.split('#').next().unwrap().to_owned())
        .collect();
    for (page, _) in pages() {
        let name = page.to_string_lossy().replace('\\', "/");
        let own = ["README.md", "CHANGELOG.md"].contains(&name.as_str());
        assert!(own || linked.contains(&name), "{name} is not linked");
    }
}
