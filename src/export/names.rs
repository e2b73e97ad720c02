//! Names for entries: readable, unique, and the same whenever the same entries are exported.

use std::collections::BTreeMap;

use super::carried::Carried;
use crate::digest::sha256;

/// The longest readable part of a name.
const LONGEST: usize = 48;

/// How the parts of a name are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `team_ops`, an identifier of HCL.
    Snake,
    /// `team-ops`, a DNS label.
    Kebab,
    /// `TeamOps`, a logical id of CloudFormation.
    Pascal,
}

/// A name for every entry; those that would share one end in a part of their ARN's digest.
pub(super) fn names(entries: &[Carried<'_>], style: Style) -> Vec<String> {
    let readable: Vec<String> = entries
        .iter()
        .map(|carried| readable(carried, style))
        .collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &readable {
        *uses.entry(name).or_default() += 1;
    }
    let with_digest = |name: &str, carried: &Carried<'_>| {
        let digest = sha256(carried.entry.principal_arn.to_string().as_bytes());
        join(&[name, &digest[..8]], style)
    };
    let mut names: Vec<String> = Vec::with_capacity(entries.len());
    for (name, carried) in readable.iter().zip(entries) {
        let mut unique = if uses[name.as_str()] == 1 {
            name.clone()
        } else {
            with_digest(name, carried)
        };
        // A role may be named as another one's name with digest, or two mappings have one ARN.
        let mut count = 2;
        let base = unique.clone();
        while names.contains(&unique) {
            unique = join(&[&base, &count.to_string()], style);
            count += 1;
        }
        names.push(unique);
    }
    names
}

/// The principal's name in words of ASCII letters and digits.
fn readable(carried: &Carried<'_>, style: Style) -> String {
    let resource = &carried.entry.principal_arn.resource;
    let name = resource.rsplit('/').next().unwrap_or_default();
    let name: String = name.chars().take(LONGEST).collect();
    let words: Vec<&str> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    match words.first() {
        None => join(&["principal"], style),
        Some(first) if first.starts_with(|c: char| c.is_ascii_digit()) => {
            join(&[&["principal"], words.as_slice()].concat(), style)
        }
        Some(_) => join(&words, style),
    }
}

fn join(words: &[&str], style: Style) -> String {
    match style {
        Style::Snake => words.join("_").to_ascii_lowercase(),
        Style::Kebab => words.join("-").to_ascii_lowercase(),
        Style::Pascal => words
            .iter()
            .map(|word| {
                let (first, rest) = word.split_at(1);
                first.to_ascii_uppercase() + rest
            })
            .collect(),
    }
}
