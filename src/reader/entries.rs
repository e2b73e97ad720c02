//! Takes mappings from the list in `mapRoles` or `mapUsers`, as Go's `encoding/json` fills a struct.
//!
//! Keys come in the order of their bytes and fold their case; a value of the wrong type leaves what was there before;
//! each later key of the same field continues from what an earlier one left.
//!
//! Source: Go's `encoding/json`, `decode.go` and `fold.go`; aws-iam-authenticator `pkg/config/types.go`, the structs,
//! and `pkg/config/mapper.go`, `Validate`.

use std::borrow::Cow;

use crate::finding::Code;
use crate::go_yaml::{Data, Node, Scalar, Tree, Value};
use crate::model::mapping::Dropped;
use crate::model::{Mapping, MappingId, Section, SsoRole};

use super::notes::{MAX_DISCARDED, Notes};

/// Partitions that an `sso:` block may name.
///
/// Source: aws-iam-authenticator `pkg/endpoints/partitions.go`.
const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// A field as Go folds its name: ASCII letters in lower case, and the two letters beyond ASCII that fold into it.
pub(super) fn fold(key: &str) -> Cow<'_, str> {
    if key
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        return Cow::Borrowed(key);
    }
    key.chars()
        .map(|c| match c {
            '\u{17F}' => 's',
            '\u{212A}' => 'k',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

/// A list of groups, with what an earlier and longer list left behind it.
#[derive(Default)]
struct Groups {
    items: Vec<String>,
    length: usize,
}

/// Reads the elements of a list one after the other into mappings.
pub(super) struct ElementReader<'a> {
    section: Section,
    /// How many elements there were.
    count: usize,
    mappings: Vec<Mapping>,
    /// How many elements the cluster discards.
    discarded: usize,
    /// The first of those that are only counted.
    more: Option<&'a Node<'a>>,
}

impl<'a> ElementReader<'a> {
    /// A reader of a list of so many elements.
    pub(super) fn new(section: Section, elements: usize) -> Self {
        Self {
            section,
            count: 0,
            mappings: Vec::with_capacity(elements.min(1 << 16)),
            discarded: 0,
            more: None,
        }
    }

    /// Reads the next element.
    pub(super) fn add(&mut self, tree: &'a Tree<'a>, element: &Value<'_>, notes: &mut Notes<'_>) {
        let node = &tree.nodes[element.node];
        let id = MappingId {
            section: self.section,
            index: self.count,
        };
        self.count += 1;
        notes.begin(Some(id));
        let mut mapping = Mapping {
            id,
            place: notes.place(node.start, node.end),
            arn: String::new(),
            sso: None,
            username: String::new(),
            groups: Vec::new(),
            dropped: None,
        };
        match &element.data {
            Data::Map(entries) => fill(&mut mapping, entries, notes),
            _ => notes.element_ignored(element),
        }
        mapping.dropped = validate(&mapping);
        if mapping.dropped.is_some() {
            self.discarded += 1;
            if self.discarded > MAX_DISCARDED {
                notes.forget();
                self.more.get_or_insert(node);
                return;
            }
        }
        self.mappings.push(mapping);
    }

    /// The mappings, once all elements are read.
    pub(super) fn end(self, notes: &mut Notes<'_>) -> Vec<Mapping> {
        if let Some(first) = self.more {
            notes.more_discarded(self.discarded - MAX_DISCARDED, first);
        }
        self.mappings
    }
}

fn fill(mapping: &mut Mapping, entries: &[(Scalar<'_>, Value<'_>)], notes: &mut Notes<'_>) {
    let mut groups = Groups::default();
    for (key, value) in in_order(entries) {
        match (&*fold(key), mapping.id.section) {
            ("rolearn", Section::MapRoles) | ("userarn", Section::MapUsers) => {
                set_text(&mut mapping.arn, value);
            }
            ("sso", Section::MapRoles) => set_sso(&mut mapping.sso, value),
            ("username", _) => {
                if !set_text(&mut mapping.username, value) {
                    notes.wrong_type(Code::UsernameEmptied, value);
                }
            }
            ("groups", _) => groups.set(value, notes),
            ("userid", _) => {}
            _ => notes.unknown_key(key, value),
        }
    }
    groups.items.truncate(groups.length);
    mapping.groups = groups.items;
}

/// Keys of text in the order of their bytes; no other key can be one that is known.
fn in_order<'a>(entries: &'a [(Scalar<'a>, Value<'a>)]) -> Vec<(&'a str, &'a Value<'a>)> {
    let mut keys: Vec<_> = entries
        .iter()
        .filter_map(|(key, value)| match key {
            Scalar::Text(key) => Some((&**key, value)),
            _ => None,
        })
        .collect();
    keys.sort_by_key(|(key, _)| *key);
    keys
}

/// Sets a text; null leaves it as it is, and so does a value of the wrong type, for which this is false.
fn set_text(target: &mut String, value: &Value<'_>) -> bool {
    match &value.data {
        Data::Scalar(Scalar::Text(text)) => {
            text.as_ref().clone_into(target);
            true
        }
        Data::Scalar(Scalar::Null) => true,
        _ => false,
    }
}

fn set_sso(target: &mut Option<SsoRole>, value: &Value<'_>) {
    let entries = match &value.data {
        Data::Scalar(Scalar::Null) => {
            *target = None;
            return;
        }
        Data::Map(entries) => entries.as_slice(),
        // A value of the wrong type still makes an empty block.
        _ => &[],
    };
    let sso = target.get_or_insert_default();
    for (key, value) in in_order(entries) {
        match &*fold(key) {
            "permissionsetname" => set_text(&mut sso.permission_set_name, value),
            "accountid" => set_text(&mut sso.account_id, value),
            "partition" => set_text(&mut sso.partition, value),
            _ => true,
        };
    }
}

impl Groups {
    fn set(&mut self, value: &Value<'_>, notes: &mut Notes<'_>) {
        match &value.data {
            Data::Scalar(Scalar::Null) => *self = Self::default(),
            Data::List(list) if list.is_empty() => *self = Self::default(),
            Data::List(list) => {
                for (index, element) in list.iter().enumerate() {
                    if index == self.items.len() {
                        self.items.push(String::new());
                    }
                    set_text(&mut self.items[index], element);
                    if self.items[index].is_empty() {
                        notes.group_emptied(element);
                    } else {
                        notes.joined_groups(element);
                    }
                }
                self.length = list.len();
            }
            _ => notes.wrong_type(Code::GroupsEmptied, value),
        }
    }
}

fn validate(mapping: &Mapping) -> Option<Dropped> {
    let invalid = |reason: &str| {
        let reason = reason.to_owned();
        Some(Dropped::InvalidSso { reason })
    };
    let Some(sso) = &mapping.sso else {
        return mapping.arn.is_empty().then_some(Dropped::NoPrincipal);
    };
    if !mapping.arn.is_empty() {
        return Some(Dropped::RoleAndSso);
    }
    if sso.account_id.len() != 12 || !sso.account_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return invalid("`accountID` is not an account id of 12 digits in quotes");
    }
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    let name = &sso.permission_set_name;
    if !(1..=32).contains(&name.len()) || !name.bytes().all(in_name) {
        return invalid("`permissionSetName` is not the name of a permission set");
    }
    if !sso.partition.is_empty() && !PARTITIONS.contains(&sso.partition.as_str()) {
        return invalid("`partition` is not one that the reader knows");
    }
    None
}
