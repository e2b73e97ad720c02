//! Every sentence in the source: messages, hints, questions, errors, progress.
//!
//! The texts are taken from the tokens of each file, so that a new one can't be missed. Tests, doc comments, invariants
//! and the reasons of lints are left out.

use std::collections::BTreeMap;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::golden::{check, root};

/// The texts of each file, in its order.
type Files = BTreeMap<String, Vec<String>>;

/// The sentences of `src`, by room.
pub(crate) fn rooms() -> BTreeMap<String, Files> {
    texts(is_sentence)
}

/// Those texts of `src` that are wanted, by room.
pub(crate) fn texts(is_wanted: fn(&str) -> bool) -> BTreeMap<String, Files> {
    let mut rooms: BTreeMap<String, Files> = BTreeMap::new();
    let source = root().join("src");
    walk(&source, &mut |path| {
        let name = path.strip_prefix(&source).unwrap();
        let is_test = path
            .components()
            .any(|part| part.as_os_str().to_string_lossy().contains("tests"));
        let first = name.components().next().unwrap();
        let room = Path::new(first.as_os_str()).with_extension("");
        let room = room.to_string_lossy().into_owned();
        // Explanations are in `findings.txt`; the sandbox speaks as AWS and Kubernetes do, and go_yaml as go-yaml does.
        if is_test
            || name.ends_with("golden.rs")
            || name.starts_with("finding/explain")
            || room == "sandbox"
            || room == "go_yaml"
        {
            return;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let mut texts = Vec::new();
        collect(text.parse().unwrap(), is_wanted, &mut texts);
        if !texts.is_empty() {
            let name = name.to_string_lossy().into_owned();
            rooms.entry(room).or_default().insert(name, texts);
        }
    });
    rooms
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path);
        }
    }
}

fn collect(tokens: TokenStream, is_wanted: fn(&str) -> bool, texts: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut is_test = false;
    let mut is_invariant = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) => is_invariant = ident == "expect" || ident == "unreachable",
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if let Some(TokenTree::Punct(next)) = tokens.peek()
                    && next.as_char() == '!'
                {
                    tokens.next();
                }
                let Some(TokenTree::Group(attribute)) = tokens.next() else {
                    continue;
                };
                let words = attribute.stream().to_string();
                // `#[cfg(test)] mod tests { .. }` ends with its braces.
                is_test |= words.starts_with("cfg (test") || words.starts_with("cfg(test");
                if words.starts_with("error") {
                    collect(attribute.stream(), is_wanted, texts);
                }
            }
            TokenTree::Group(group) => {
                let is_skipped = std::mem::take(&mut is_invariant) || is_test;
                if !is_skipped {
                    collect(group.stream(), is_wanted, texts);
                } else if group.delimiter() == Delimiter::Brace {
                    is_test = false;
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => is_test = false,
            TokenTree::Literal(literal) if !is_test => {
                texts.extend(text_of(&literal.to_string()).filter(|text| is_wanted(text)));
            }
            _ => {}
        }
    }
}

/// The text of a string literal as it is written in the source.
fn text_of(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('r') {
        return Some(raw.trim_matches('#').trim_matches('"').to_owned());
    }
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut chars = inner.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                '\n' => while chars.next_if(|next| next.is_whitespace()).is_some() {},
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    Some(text)
}

/// Whether somebody reads this, rather than a machine: two words of letters with a space between.
fn is_sentence(text: &str) -> bool {
    let is_word = |word: &str| {
        let letters = word.trim_matches(|char: char| !char.is_alphanumeric());
        letters.len() > 1
            && letters
                .chars()
                .all(|char| char.is_alphabetic() || char == '\'')
    };
    let words: Vec<bool> = text.split(' ').map(is_word).collect();
    words.windows(2).any(|pair| pair[0] || pair[1])
}

#[test]
fn every_text_in_the_source_is_reviewed() {
    for (room, files) in rooms() {
        let mut golden = String::new();
        for (file, texts) in files {
            golden.push_str(&format!("# {file}\n"));
            for text in texts {
                golden.push_str(text.trim_end());
                golden.push('\n');
            }
            golden.push('\n');
        }
        check(&format!("source/{room}.txt"), &golden);
    }
}
