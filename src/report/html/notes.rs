//! What there is to say about mappings, each text once for all that it is about.

use std::collections::HashMap;

use super::text::{TextPart, parts};
use crate::finding::{Code, Finding, Severity};
use crate::model::{BindingChange, MappingId};
use crate::report::open::ranges;
use crate::report::words;

/// A finding or a binding, as it is shown.
pub(super) struct Note {
    /// Such as `warning`, or `binding`.
    pub(super) word: &'static str,
    pub(super) code: String,
    pub(super) message: Vec<TextPart>,
    pub(super) fix: Vec<TextPart>,
    /// About how many it is, and which; empty where the place says it.
    pub(super) about: String,
}

/// The texts that several mappings of a group have in common.
pub(super) struct GroupNotes<'a> {
    /// In the order in which they were met first.
    order: Vec<Key<'a>>,
    of: HashMap<Key<'a>, (Severity, Vec<MappingId>)>,
    /// By code and fix, about how many they are.
    fixes: HashMap<(Code, &'a str), Vec<MappingId>>,
    all: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key<'a> {
    Finding(Code, &'a str, &'a str),
    Binding(String),
}

impl<'a> GroupNotes<'a> {
    /// Counts the texts of mappings: each with its findings and its bindings in words.
    pub(super) fn of(
        mappings: impl Iterator<Item = (MappingId, &'a [Finding], Vec<String>)>,
    ) -> Self {
        let mut notes = Self {
            order: Vec::new(),
            of: HashMap::new(),
            fixes: HashMap::new(),
            all: 0,
        };
        for (id, findings, bindings) in mappings {
            notes.all += 1;
            for finding in findings {
                notes.add(key(finding), finding.severity, id);
                if !finding.fix.is_empty() {
                    let with = notes.fixes.entry((finding.code, &finding.fix)).or_default();
                    if with.last() != Some(&id) {
                        with.push(id);
                    }
                }
            }
            for binding in bindings {
                notes.add(Key::Binding(binding), Severity::Info, id);
            }
        }
        notes
    }

    fn add(&mut self, key: Key<'a>, severity: Severity, id: MappingId) {
        if let Some((worst, ids)) = self.of.get_mut(&key) {
            *worst = severity.max(*worst);
            // One mapping may say a thing twice.
            if ids.last() != Some(&id) {
                ids.push(id);
            }
        } else {
            self.order.push(key.clone());
            self.of.insert(key, (severity, vec![id]));
        }
    }

    /// What is said of several, the worst first.
    pub(super) fn shared(&self) -> Vec<Note> {
        let mut shared: Vec<(Severity, Note)> = Vec::new();
        let mut fixed: Vec<(Code, &str)> = Vec::new();
        for key in &self.order {
            let (severity, ids) = &self.of[key];
            match key {
                Key::Finding(code, message, fix) if ids.len() > 1 => {
                    shared.push((*severity, self.note(*severity, (*code, message, fix), ids)));
                }
                Key::Binding(text) if ids.len() > 1 => {
                    shared.push((
                        *severity,
                        Note {
                            about: self.about(ids),
                            ..Note::binding(text)
                        },
                    ));
                }
                // Each has a message of its own, and all have the same fix.
                Key::Finding(code, _, fix)
                    if self.is_shared_fix(*code, fix) && !fixed.contains(&(*code, fix)) =>
                {
                    fixed.push((*code, fix));
                    let ids = &self.fixes[&(*code, *fix)];
                    shared.push((
                        *severity,
                        self.note(*severity, (*code, code.title(), fix), ids),
                    ));
                }
                _ => {}
            }
        }
        shared.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
        shared.into_iter().map(|(_, note)| note).collect()
    }

    fn note(
        &self,
        severity: Severity,
        (code, message, fix): (Code, &str, &str),
        ids: &[MappingId],
    ) -> Note {
        Note {
            word: words::severity(severity),
            code: code.to_string(),
            message: parts(message),
            fix: parts(fix),
            about: self.about(ids),
        }
    }

    fn about(&self, ids: &[MappingId]) -> String {
        if ids.len() == self.all {
            return format!("all {}", self.all);
        }
        format!(
            "{}: {}",
            words::plural(ids.len(), "mapping", "mappings"),
            ranges(ids.to_vec())
        )
    }

    fn is_shared_fix(&self, code: Code, fix: &str) -> bool {
        self.fixes
            .get(&(code, fix))
            .is_some_and(|ids| ids.len() > 1)
    }

    /// What is said of one mapping alone.
    pub(super) fn own<'b>(
        &self,
        findings: &[Finding],
        bindings: impl Iterator<Item = &'b BindingChange>,
    ) -> Vec<Note> {
        let is_own = |key: &Key| self.of.get(key).is_none_or(|(_, ids)| ids.len() < 2);
        let mut own: Vec<Note> = findings
            .iter()
            .filter(|finding| is_own(&key(finding)))
            .map(|finding| {
                let mut note = Note::new(finding);
                if self.is_shared_fix(finding.code, &finding.fix) {
                    note.fix.clear();
                }
                note
            })
            .collect();
        let bindings = bindings.map(words::binding);
        let bindings = bindings.filter(|text| is_own(&Key::Binding(text.clone())));
        own.extend(bindings.map(|text| Note::binding(&text)));
        own
    }
}

fn key(finding: &Finding) -> Key<'_> {
    Key::Finding(finding.code, &finding.message, &finding.fix)
}

impl Note {
    pub(super) fn new(finding: &Finding) -> Self {
        Self {
            word: words::severity(finding.severity),
            code: finding.code.to_string(),
            message: parts(&finding.message),
            fix: parts(&finding.fix),
            about: String::new(),
        }
    }

    fn binding(text: &str) -> Self {
        Self {
            word: "binding",
            code: String::new(),
            message: vec![TextPart {
                is_code: false,
                text: text.to_owned(),
            }],
            fix: Vec::new(),
            about: String::new(),
        }
    }
}
