//! Reads `aws-auth` exactly as the cluster's own reader, aws-iam-authenticator, reads it.
//!
//! What counts is not what YAML means today but what that reader answers: see [`read`].

use crate::finding::{self, Code, Diagnostic, Finding};
use crate::go_yaml::{
    Content, Data, Decoder, Scalar, Tree, YamlError, YamlErrorKind, check_json, parse,
};
use crate::model::{Mapping, Section};

mod accounts;
pub mod draw;
mod entries;
mod lines;
mod notes;
mod repair;

use entries::ElementReader;
use lines::Lines;
use notes::Notes;

/// The values of the ConfigMap's `data` that hold mappings, as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AwsAuthText {
    /// `mapRoles`, `None` where the key is absent.
    pub map_roles: Option<String>,
    /// `mapUsers`.
    pub map_users: Option<String>,
    /// `mapAccounts`.
    pub map_accounts: Option<String>,
}

impl AwsAuthText {
    /// The text of one section.
    #[must_use]
    pub fn section(&self, section: Section) -> Option<&str> {
        match section {
            Section::MapRoles => self.map_roles.as_deref(),
            Section::MapUsers => self.map_users.as_deref(),
            Section::MapAccounts => self.map_accounts.as_deref(),
        }
    }
}

/// All that was read, with what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The mappings of `mapRoles`, `mapUsers` and `mapAccounts`, in this order and each list's own, dropped ones included.
    pub mappings: Vec<Mapping>,
    /// What was found while reading, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// Sections whose text the cluster can't read at all, so that it has no mapping from them.
    pub broken: Vec<Section>,
    /// Sections of which it is unclear how the cluster reads them; no mapping of theirs is given.
    pub undecided: Vec<Section>,
}

/// Reads the mappings out of the three values; never fails as a whole.
///
/// Each value is read for itself, and a fault in one leaves the others whole.
/// Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`.
#[must_use]
pub fn read(text: &AwsAuthText) -> Reading {
    read_each(|section| text.section(section))
}

/// The same with whatever has the three values.
#[must_use]
pub fn read_each<'a>(value: impl Fn(Section) -> Option<&'a str>) -> Reading {
    let mut reading = Reading::default();
    for section in Section::ALL {
        if let Some(value) = value(section)
            && !is_skippable(value)
        {
            read_section(section, value, &mut reading);
        }
    }
    reading
}

/// Reports keys of the ConfigMap that the cluster does not read: all but the three of `data`, exactly as they are
/// spelt, and all of `binaryData`.
///
/// Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`.
#[must_use]
pub fn check_keys<'a>(
    data: impl IntoIterator<Item = &'a str>,
    binary_data: impl IntoIterator<Item = &'a str>,
) -> Vec<Diagnostic> {
    let known = |key: &str| Section::ALL.iter().any(|section| section.key() == key);
    let meant = |key: &str| {
        let mut sections = Section::ALL.iter();
        sections.find(|section| section.key().eq_ignore_ascii_case(key))
    };
    let unknown = data.into_iter().filter(|key| !known(key)).map(|key| {
        let fix = match meant(key) {
            Some(section) => format!("rename it to `{section}`, which grants access that nobody has today, or remove it"),
            None => "remove it, or leave it; it grants nothing".to_owned(),
        };
        let message = format!("the cluster ignores the key `{key}` of `data`; it reads only `mapRoles`, `mapUsers` and `mapAccounts`");
        Finding::new(Code::UnknownSection, message, fix)
    });
    let binary = binary_data.into_iter().map(|key| {
        let message = format!("the cluster ignores `binaryData`, and with it the key `{key}`");
        let fix = "move it to `data`, which grants access that nobody has today, or remove it";
        Finding::new(Code::BinaryData, message, fix)
    });
    let diagnostic = |finding| Diagnostic {
        finding,
        place: None,
        mapping: None,
    };
    let diagnostics =
        |findings: Vec<Finding>| finding::capped(findings).into_iter().map(diagnostic);
    diagnostics(unknown.collect())
        .chain(diagnostics(binary.collect()))
        .collect()
}

/// Values that the cluster passes over without a word.
///
/// Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `isSkippable`.
fn is_skippable(value: &str) -> bool {
    matches!(value.trim(), "" | "``" | "\"\"" | "''")
}

fn read_section(section: Section, text: &str, reading: &mut Reading) {
    let tree = parse(text);
    let nodes = tree.as_ref().map_or(&[][..], |tree| &tree.nodes);
    let mut notes = Notes::new(Lines::new(section, text), nodes);
    let read = match &tree {
        Ok(tree) => {
            notes.look_over(tree);
            match section {
                Section::MapRoles | Section::MapUsers => read_entries(section, tree, &mut notes),
                Section::MapAccounts => read_accounts(tree, &mut notes),
            }
        }
        Err(failure) => Err(failure.clone()),
    };
    match read {
        Ok(mappings) if reading.mappings.is_empty() => reading.mappings = mappings,
        Ok(mappings) => reading.mappings.extend(mappings),
        Err(failure) => {
            notes.fail(&failure);
            match failure.kind {
                YamlErrorKind::GoYaml => reading.broken.push(section),
                YamlErrorKind::Undecided => reading.undecided.push(section),
            }
        }
    }
    reading.diagnostics.extend(notes.into_diagnostics());
}

fn read_entries<'a>(
    section: Section,
    tree: &'a Tree<'a>,
    notes: &mut Notes<'a>,
) -> Result<Vec<Mapping>, YamlError> {
    let Some(root) = tree.root else {
        return Ok(Vec::new());
    };
    let mut decoder = Decoder::new(tree);
    let count = match &tree.nodes[root].content {
        Content::Sequence(elements) => elements.len(),
        _ => 0,
    };
    let mut elements = ElementReader::new(section, count);
    // The cluster's reader decodes everything before it writes anything as JSON, so that such a failure comes last.
    let mut as_json = Ok(());
    let before = notes.mark();
    let is_list = decoder.elements(root, |element| {
        if as_json.is_ok() {
            as_json = check_json(&element, tree);
            elements.add(tree, &element, notes);
        }
    });
    let read = is_list.and_then(|is_list| as_json.map(|()| is_list));
    if read.is_err() {
        notes.take_back(before);
    }
    if read? {
        return Ok(elements.end(notes));
    }
    let value = decoder.value(root)?;
    check_json(&value, tree)?;
    if !matches!(value.data, Data::Scalar(Scalar::Null)) {
        notes.not_a_list(tree, root);
    }
    Ok(Vec::new())
}

fn read_accounts<'a>(tree: &'a Tree<'a>, notes: &mut Notes<'a>) -> Result<Vec<Mapping>, YamlError> {
    let Some(root) = tree.root else {
        return Ok(Vec::new());
    };
    let found = &tree.nodes[root];
    match &found.content {
        Content::Sequence(list) => {
            let (mappings, failure) = accounts::read(tree, list, notes);
            match failure {
                Some(failure) if failure.kind == YamlErrorKind::Undecided => return Err(failure),
                Some(failure) => notes.cut_short(&failure),
                None => {}
            }
            Ok(mappings)
        }
        Content::Scalar(value) => {
            let mut decoder = Decoder::new(tree);
            if decoder.scalar(root, value)? != Scalar::Null {
                notes.not_a_list(tree, root);
            }
            Ok(Vec::new())
        }
        Content::Mapping(_) | Content::Alias(_) => {
            notes.not_a_list(tree, root);
            Ok(Vec::new())
        }
    }
}

#[cfg(test)]
mod tests;
