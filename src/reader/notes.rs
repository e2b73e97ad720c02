//! What there is to say about the text of a section: collects diagnostics while it is read.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use crate::finding::{Code, Diagnostic, Finding};
use crate::go_yaml::{Content, Data, Node, NodeId, Scalar, Tree, Value, YamlError, YamlErrorKind};
use crate::model::{MappingId, Place, Section};
use crate::text::counted;

use super::entries::fold;
use super::lines::Lines;
use super::repair;

/// How many characters of a text stand in a message.
const MAX_SHOWN: usize = 120;
/// How many findings of one code a mapping has, or the section beside its mappings; the rest are counted.
const MAX_ALIKE: usize = 20;
/// How many elements that lead nowhere are reported one by one; the rest are counted.
///
/// A text of 1 MiB has room for half a million of them.
pub(super) const MAX_DISCARDED: usize = 1000;

/// Diagnostics about one section, with the mapping that is being read.
pub(super) struct Notes<'a> {
    lines: Lines<'a>,
    /// The text as a tree, once it is one.
    nodes: &'a [Node<'a>],
    mapping: Option<MappingId>,
    diagnostics: Vec<Diagnostic>,
    /// Where the diagnostics about the mapping begin.
    first: usize,
    /// How many there are of each code about the mapping, and where the first one is that is only counted.
    alike: BTreeMap<Code, (usize, usize)>,
}

impl<'a> Notes<'a> {
    pub(super) fn new(lines: Lines<'a>, nodes: &'a [Node<'a>]) -> Self {
        Self {
            lines,
            nodes,
            mapping: None,
            diagnostics: Vec::new(),
            first: 0,
            alike: BTreeMap::new(),
        }
    }

    /// All diagnostics, in the order of the text.
    pub(super) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.begin(None);
        self.diagnostics
            .sort_by_key(|diagnostic| diagnostic.place.map(|place| place.start));
        self.diagnostics
    }

    /// Turns to a mapping, or to the section as a whole; says how many more findings there were about the one before.
    pub(super) fn begin(&mut self, mapping: Option<MappingId>) {
        for (code, (count, byte)) in std::mem::take(&mut self.alike) {
            if count > MAX_ALIKE {
                let more = counted(count - MAX_ALIKE);
                self.push(
                    code,
                    byte..byte,
                    format!("and {more} more like this"),
                    String::new(),
                );
            }
        }
        self.mapping = mapping;
        self.first = self.diagnostics.len();
    }

    /// How much is noted by now.
    pub(super) fn mark(&self) -> usize {
        self.diagnostics.len()
    }

    /// Takes back whatever was noted since a mark.
    pub(super) fn take_back(&mut self, mark: usize) {
        self.alike.clear();
        self.mapping = None;
        self.diagnostics.truncate(mark);
        self.first = mark;
    }

    /// Takes back what was noted about the mapping.
    pub(super) fn forget(&mut self) {
        self.alike.clear();
        self.diagnostics.truncate(self.first);
    }

    pub(super) fn place(&self, start: usize, end: usize) -> Place {
        self.lines.place(start, end)
    }

    fn key(&self) -> &'static str {
        self.lines.section.key()
    }

    fn source(&self, node: NodeId) -> &'a str {
        self.lines.text.get(self.span(node)).unwrap_or_default()
    }

    fn span(&self, node: NodeId) -> Range<usize> {
        let node = &self.nodes[node];
        node.start..node.end
    }

    /// Whether one more finding of this code is only counted.
    fn is_enough(&mut self, code: Code, byte: usize) -> bool {
        let (count, first) = self.alike.entry(code).or_insert((0, byte));
        *count += 1;
        if *count == MAX_ALIKE + 1 {
            *first = byte;
        }
        *count > MAX_ALIKE
    }

    fn note(&mut self, code: Code, span: Range<usize>, message: String, fix: String) {
        if !self.is_enough(code, span.start) {
            self.push(code, span, message, fix);
        }
    }

    fn push(&mut self, code: Code, span: Range<usize>, message: String, fix: String) {
        self.diagnostics.push(Diagnostic {
            finding: Finding::new(code, message, fix),
            place: Some(self.lines.place(span.start, span.end)),
            mapping: self.mapping,
        });
    }

    /// Notes what the tree shows by itself: repeated keys and documents that are not read.
    pub(super) fn look_over(&mut self, tree: &Tree<'_>) {
        if let Some(at) = tree.more.filter(|at| self.has_content(*at)) {
            let key = self.key();
            self.note(
                Code::LaterDocuments,
                at..at + 3,
                format!("`{key}` has more than one YAML document, and the cluster reads only the first"),
                format!("to keep today's access, remove everything after the first document from `{key}`; to make the rest apply, remove its `---` and `...` lines"),
            );
        }
        let Some(Content::Sequence(elements)) = tree.root.map(|root| &tree.nodes[root].content)
        else {
            return;
        };
        for (index, element) in elements.iter().enumerate() {
            if let Content::Mapping(children) = &tree.nodes[*element].content {
                self.begin(Some(MappingId {
                    section: self.lines.section,
                    index,
                }));
                self.repeated_keys(tree, children);
            }
        }
        self.begin(None);
    }

    fn has_content(&self, at: usize) -> bool {
        self.lines.text[at..].lines().any(|line| {
            let line = line.trim();
            !(line.is_empty() || line == "---" || line == "..." || line.starts_with('#'))
        })
    }

    fn repeated_keys(&mut self, tree: &Tree<'_>, children: &[NodeId]) {
        let mut seen = Seen::default();
        for pair in children.chunks_exact(2) {
            let key = &tree.nodes[pair[0]];
            let Content::Scalar(name) = &key.content else {
                continue;
            };
            if !key.is_merge() && !seen.insert(fold(name)) {
                let start = key.start;
                let key = short(name);
                self.note(
                    Code::DuplicateKey,
                    start..start + name.len(),
                    format!("`{key}` appears twice in one mapping; of equal keys the last wins, of keys that differ only in case the one in lower case"),
                    format!("in aws-auth, keep one `{key}` in the mapping"),
                );
            }
        }
    }

    /// Notes elements that the cluster discards and that are not reported one by one.
    pub(super) fn more_discarded(&mut self, count: usize, first: &Node<'_>) {
        self.begin(None);
        let key = self.key();
        let what = match self.lines.section {
            Section::MapRoles | Section::MapUsers => "that the cluster discards",
            Section::MapAccounts => "that are not account ids",
        };
        let count = counted(count);
        self.push(
            Code::Dropped,
            first.start..first.end,
            format!("and {count} more elements of `{key}` {what}, from here on; they grant nothing, and this report leaves them out"),
            "in aws-auth, remove them".to_owned(),
        );
    }

    /// Notes why the cluster, or this reader, gives the section up.
    pub(super) fn fail(&mut self, failure: &YamlError) {
        self.begin(None);
        let key = self.key();
        let message = &failure.message;
        let line = self.lines.place(failure.byte, failure.byte).line;
        let span = failure.byte..self.lines.line(line).end.max(failure.byte);
        match failure.kind {
            YamlErrorKind::GoYaml => {
                let fix = repair::fix(&self.lines, line);
                self.note(
                    Code::SectionUnreadable,
                    span,
                    format!("the cluster can't read `{key}` ({message}), so it grants nothing today"),
                    fix,
                );
            }
            YamlErrorKind::Undecided => self.note(
                Code::SectionUndecided,
                span,
                format!("it is unclear how the cluster reads `{key}` ({message}), so nothing in it is migrated"),
                format!("in aws-auth, write `{key}` as a plain list of mappings, without this construct, and plan again"),
            ),
        }
    }

    /// Notes a fault behind which the cluster reads no more accounts.
    pub(super) fn cut_short(&mut self, failure: &YamlError) {
        self.begin(None);
        let key = self.key();
        let message = &failure.message;
        self.note(
            Code::AccountsCutShort,
            failure.byte..failure.byte,
            format!("the cluster stops reading `{key}` here ({message}); the accounts before it apply, those after it don't"),
            "write every account as `- \"111122223333\"`".to_owned(),
        );
    }

    pub(super) fn not_a_list(&mut self, tree: &Tree<'_>, root: NodeId) {
        let key = self.key();
        let fix = match self.lines.section {
            Section::MapRoles => {
                "write a list: `- {rolearn: \"arn:aws:iam::111122223333:role/NAME\", username: NAME, groups: [GROUP]}`"
            }
            Section::MapUsers => {
                "write a list: `- {userarn: \"arn:aws:iam::111122223333:user/NAME\", username: NAME, groups: [GROUP]}`"
            }
            Section::MapAccounts => "write a list: `- \"111122223333\"`",
        };
        let node = &tree.nodes[root];
        self.note(
            Code::SectionNotAList,
            node.start..node.end,
            format!("`{key}` is not a list, so the cluster finds no mapping in it"),
            fix.to_owned(),
        );
    }

    pub(super) fn element_ignored(&mut self, element: &Value<'_>) {
        let key = self.key();
        let what = kind(element);
        self.note(
            Code::ElementIgnored,
            self.span(element.node),
            format!("this element of `{key}` is {what}, not a mapping, so the cluster skips it"),
            "in aws-auth, remove the element; it grants nothing".to_owned(),
        );
    }

    pub(super) fn account_ignored(&mut self, node: NodeId) {
        self.note(
            Code::ElementIgnored,
            self.span(node),
            "this element of `mapAccounts` is not an account id, so it grants no access".to_owned(),
            "in aws-auth, remove the element; it grants nothing".to_owned(),
        );
    }

    /// Notes a value that the cluster empties because of its type.
    pub(super) fn wrong_type(&mut self, code: Code, value: &Value<'_>) {
        let source = self.source(value.node);
        let (written, what) = (short(source), kind(value));
        // Only a whole scalar can be pasted.
        let quoted = match value.data {
            Data::Scalar(_) if source.len() == written.len() => quote(source),
            _ => "NAME".to_owned(),
        };
        let meant = "if the group is intended, which grants access that nobody has today";
        let (message, fix) = match code {
            Code::UsernameEmptied => (
                format!(
                    "the username `{written}` is {what}, not a string, so the cluster drops it"
                ),
                format!("username: {quoted}"),
            ),
            Code::GroupsEmptied => (
                format!("`groups` is {what}, not a list, so the cluster reads no groups from it"),
                format!("{meant}: write `groups: [{quoted}]`"),
            ),
            _ => (
                format!(
                    "the group `{written}` is {what}, not a string, so the cluster reads it as an empty group"
                ),
                format!("{meant}: write `- {quoted}`"),
            ),
        };
        self.note(code, self.span(value.node), message, fix);
    }

    /// Notes a group that the cluster reads as an empty name; one that is written so is no surprise.
    pub(super) fn group_emptied(&mut self, element: &Value<'_>) {
        if !matches!(element.data, Data::Scalar(Scalar::Text(_))) {
            self.wrong_type(Code::GroupEmptied, element);
        }
    }

    pub(super) fn unknown_key(&mut self, key: &str, value: &Value<'_>) {
        let key = short(key);
        // The value is where it is written; its key may come from elsewhere by a merge.
        self.note(
            Code::UnknownKey,
            self.span(value.node),
            format!("the cluster ignores the key `{key}`"),
            format!("in aws-auth, remove `{key}`, or correct its spelling"),
        );
    }

    /// Notes a group that swallowed the next one because that was indented too far.
    pub(super) fn joined_groups(&mut self, element: &Value<'_>) {
        let Data::Scalar(Scalar::Text(group)) = &element.data else {
            return;
        };
        let source = self.source(element.node);
        if source.len() > MAX_SHOWN * 4 || !source.contains('\n') || !group.contains(" - ") {
            return;
        }
        let parts: Vec<&str> = group.split(" - ").collect();
        let count = parts.len();
        let fix = parts
            .iter()
            .map(|part| format!("`- {part}`"))
            .collect::<Vec<_>>()
            .join(" and ");
        self.note(
            Code::JoinedGroups,
            self.span(element.node),
            format!("the cluster reads {count} lines as one group, `{group}`, because they are not indented alike"),
            format!("if {count} groups are intended, which grants access that nobody has today, indent them alike: {fix}"),
        );
    }
}

/// Texts that were seen; few of them are looked through one by one, which is faster.
#[derive(Default)]
struct Seen<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Seen<'a> {
    /// Whether a text is seen for the first time.
    fn insert(&mut self, text: Cow<'a, str>) -> bool {
        if self.few.contains(&text) {
            return false;
        }
        if self.few.len() < 16 {
            self.few.push(text);
            return true;
        }
        self.many.insert(text)
    }
}

/// A text that fits into a message; one of the cluster's may be as long as the ConfigMap is.
fn short(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn kind(value: &Value<'_>) -> &'static str {
    match &value.data {
        Data::Scalar(Scalar::Null) => "null",
        Data::Scalar(Scalar::Bool(_)) => "a boolean",
        Data::Scalar(Scalar::Int(_) | Scalar::Uint(_) | Scalar::Float(_)) => "a number",
        Data::Scalar(Scalar::Text(_)) => "a string",
        Data::List(_) => "a list",
        Data::Map(_) => "a mapping",
    }
}

/// A text in double quotes, as YAML and JSON both read it.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
