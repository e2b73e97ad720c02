//! The rooms of `src` have an order: each leans only on rooms below it, and no two types share a name.
//!
//! The imports are read from the source itself, tests left out. The picture in `ARCHITECTURE.md` is drawn from the same
//! reading; `UPDATE_GOLDEN=1 cargo test --test rooms` draws it again.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the test reads the source and the page about it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// All rooms, from the top.
const ROOMS: &[&str] = &[
    "cli",
    "schema",
    "export",
    "report",
    "fleet",
    "migration",
    "sandbox",
    "error",
    "writer",
    "kubernetes",
    "rights",
    "aws",
    "journal",
    "plan",
    "translator",
    "choices",
    "decisions",
    "access",
    "observed",
    "source",
    "reader",
    "go_yaml",
    "invocation",
    "finding",
    "model",
    "yaml",
    "text",
    "together",
    "proxy",
    "connector",
    "causes",
    "stop",
    "files",
    "digest",
];

const BEGIN: &str = "<!-- rooms -->\n";
const END: &str = "<!-- /rooms -->";

/// Which room leans on which, and where it says so.
type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

#[test]
fn a_room_leans_only_on_rooms_below_it() {
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    let mut wrong = Vec::new();
    for (room, imports) in imports() {
        let Some(from) = place(&room) else {
            wrong.push(format!("`{room}` is a room that ROOMS does not list"));
            continue;
        };
        for (other, files) in imports {
            if place(&other).is_none_or(|to| to <= from) {
                let files: Vec<String> = files.into_iter().collect();
                wrong.push(format!(
                    "`{room}` leans on `{other}`, which is not below it: {}",
                    files.join(", ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let rooms = imports();
    for room in ROOMS {
        assert!(
            rooms.contains_key(*room),
            "`{room}` is gone: take it off the list"
        );
    }
}

/// One word means one thing; a private type may be called what its file alone needs to know.
#[test]
fn a_type_that_other_files_can_name_has_a_name_of_its_own() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, tokens) in sources() {
        let mut found = Vec::new();
        types_declared(&tokens, &mut found);
        for name in found {
            let places = places.entry(name).or_default();
            places.push(path.display().to_string());
        }
    }
    let twice: Vec<String> = places
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(name, places)| format!("`{name}` is declared in {}", places.join(", ")))
        .collect();
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}

#[test]
fn a_declared_type_is_found_however_it_is_written() {
    let text = r"
        pub struct One;
        #[derive(Debug)]
        pub(in crate::plan) enum Two { A { three: Three } }
        mod inner { pub(super) trait Four { type Five; } pub type Six = usize; }
        struct Seven { pub eight: Eight }
        #[cfg(test)]
        mod tests { pub struct Nine; }
    ";
    let mut found = Vec::new();
    types_declared(&text.parse().unwrap(), &mut found);
    assert_eq!(found, ["One", "Two", "Four", "Six"]);
}

#[test]
fn the_picture_of_the_rooms_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md");
    let page = std::fs::read_to_string(path).unwrap();
    let start = page.find(BEGIN).unwrap() + BEGIN.len();
    let end = page.find(END).unwrap();
    let picture = picture(&imports());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let current = format!("{}{picture}{}", &page[..start], &page[end..]);
        std::fs::write(path, current).unwrap();
        return;
    }
    assert!(
        page[start..end] == picture,
        "the picture is stale: UPDATE_GOLDEN=1 cargo test --test rooms"
    );
}

#[test]
fn an_import_is_found_however_it_is_written() {
    let text = r#"
        use crate::model::Arn;
        use crate::{text, plan::{self, Plan}};
        //! use crate::aws::Aws;
        const WORDS: &str = "crate::export::all";
        fn f() -> crate::journal::Journal { super::super::writer::run() }
        #[cfg(test)]
        mod tests { use crate::sandbox::Sandbox; }
    "#;
    let mut found = BTreeSet::new();
    rooms_named(&text.parse().unwrap(), 2, &mut found);
    let expected = ["journal", "model", "plan", "text", "writer"];
    assert_eq!(found, expected.map(str::to_owned).into());
}

/// The direct imports, without those that follow from others.
fn picture(imports: &Imports) -> String {
    let mut picture = "```mermaid\nflowchart TD\n".to_owned();
    for room in ROOMS {
        let Some(direct) = imports.get(*room) else {
            continue;
        };
        let direct: Vec<&str> = ROOMS
            .iter()
            .copied()
            .filter(|other| direct.contains_key(*other))
            .collect();
        for other in &direct {
            let is_reached_otherwise = direct
                .iter()
                .any(|between| between != other && reaches(imports, between, other));
            if !is_reached_otherwise {
                picture.push_str(&format!("    {room} --> {other}\n"));
            }
        }
    }
    picture + "```\n"
}

fn reaches(imports: &Imports, from: &str, to: &str) -> bool {
    imports.get(from).is_some_and(|direct| {
        direct.contains_key(to) || direct.keys().any(|next| reaches(imports, next, to))
    })
}

fn imports() -> Imports {
    let mut imports = Imports::new();
    for (path, tokens) in sources() {
        let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
        let room = parts[0].trim_end_matches(".rs");
        if matches!(room, "main" | "lib") {
            continue;
        }
        // `src/room/mod.rs` is one level below the crate, as `src/room.rs` is.
        let depth = parts.len() - usize::from(path.ends_with("mod.rs"));
        let mut named = BTreeSet::new();
        rooms_named(&tokens, depth, &mut named);
        let leans_on = imports.entry(room.to_owned()).or_default();
        for other in named {
            if other != room && ROOMS.contains(&other.as_str()) {
                let files: &mut BTreeSet<String> = leans_on.entry(other).or_default();
                files.insert(path.display().to_string());
            }
        }
    }
    imports
}

/// All files of `src` that are compiled into the program, by their paths within it.
fn sources() -> Vec<(PathBuf, TokenStream)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") || is_test(&path) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let inner = path.strip_prefix(&source).unwrap().to_owned();
            sources.push((inner, text.parse().unwrap()));
        }
    }
    sources
}

/// The types that more than their own file can name.
fn types_declared(tokens: &TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let word = |at: usize| match tokens.get(at) {
        Some(TokenTree::Ident(word)) => word.to_string(),
        _ => String::new(),
    };
    let mut at = 0;
    while at < tokens.len() {
        if let Some(after) = test_module(&tokens, at) {
            at = after;
            continue;
        }
        if word(at) == "pub" {
            // The parenthesis of `pub(super)`.
            let is_limited = matches!(tokens.get(at + 1), Some(TokenTree::Group(_)));
            let kind = at + 1 + usize::from(is_limited);
            if matches!(word(kind).as_str(), "struct" | "enum" | "trait" | "type") {
                found.push(word(kind + 1));
            }
        }
        if let Some(TokenTree::Group(group)) = tokens.get(at) {
            types_declared(&group.stream(), found);
        }
        at += 1;
    }
}

/// Files that are compiled for tests only, by their names.
fn is_test(path: &Path) -> bool {
    path.iter().any(|part| {
        let part = part.to_str().unwrap().trim_end_matches(".rs");
        matches!(part, "tests" | "golden" | "properties") || part.ends_with("_tests")
    })
}

/// The first names behind `crate::`, and behind as many `super::` as lead out of a file at a depth.
fn rooms_named(tokens: &TokenStream, depth: usize, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let word = |at: usize| match tokens.get(at) {
        Some(TokenTree::Ident(word)) => word.to_string(),
        _ => String::new(),
    };
    let is_path = |at: usize| {
        let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
    };
    let mut at = 0;
    while at < tokens.len() {
        if let Some(after) = test_module(&tokens, at) {
            at = after;
            continue;
        }
        let mut ups = 0;
        let mut behind = at;
        while word(behind) == "super" && is_path(behind + 1) {
            ups += 1;
            behind += 3;
        }
        if word(at) == "crate" && is_path(at + 1) {
            behind = at + 3;
        }
        if behind > at && (ups == 0 || ups >= depth) {
            match tokens.get(behind) {
                Some(TokenTree::Ident(room)) => {
                    found.insert(room.to_string());
                }
                Some(TokenTree::Group(group)) => found.extend(first_names(&group.stream())),
                _ => {}
            }
        }
        if let Some(TokenTree::Group(group)) = tokens.get(at) {
            rooms_named(&group.stream(), depth, found);
        }
        at += 1;
    }
}

/// Where a module that is compiled for tests only ends, if one begins here.
fn test_module(tokens: &[TokenTree], at: usize) -> Option<usize> {
    let [
        TokenTree::Punct(hash),
        TokenTree::Group(attribute),
        rest @ ..,
    ] = tokens.get(at..)?
    else {
        return None;
    };
    let is_for_tests = hash.as_char() == '#' && attribute.stream().to_string() == "cfg (test)";
    let body = rest.iter().position(|token| {
        matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
            || matches!(token, TokenTree::Punct(end) if end.as_char() == ';')
    })?;
    is_for_tests.then_some(at + 2 + body + 1)
}

/// The names that begin the parts of a group of imports.
fn first_names(group: &TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut begins = true;
    for token in group.clone() {
        match token {
            TokenTree::Ident(name) if begins => {
                names.push(name.to_string());
                begins = false;
            }
            TokenTree::Punct(comma) if comma.as_char() == ',' => begins = true,
            _ => {}
        }
    }
    names
}
