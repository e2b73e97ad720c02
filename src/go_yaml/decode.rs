//! Follows aliases and merges and types scalars: from a tree to the values that a Go program gets.
//!
//! Source: go-yaml v2.4, `decode.go`; sigs.k8s.io/yaml v1.6, `yaml.go`; Go's `encoding/json`.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::resolve::{Scalar, resolve};
use super::{Content, NodeId, Tree, YamlError};

/// How deep values may be nested before this reader gives up.
const MAX_DEPTH: usize = 400;

/// How many nodes, and bytes of text, aliases may repeat before this reader gives up; manifests
/// written by people repeat some hundreds.
const MAX_REPEATED_NODES: u64 = 200_000;
const MAX_REPEATED_BYTES: usize = 4 << 20;

/// A value with the node that it was read from.
#[derive(Debug, Clone)]
pub(crate) struct Value<'a> {
    pub(crate) node: NodeId,
    pub(crate) data: Data<'a>,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Data<'a> {
    Scalar(Scalar<'a>),
    List(Vec<Value<'a>>),
    Map(Vec<(Scalar<'a>, Value<'a>)>),
}

/// Makes values from the nodes of a tree.
pub(crate) struct Decoder<'a> {
    tree: &'a Tree<'a>,
    /// Aliases that are being followed.
    following: HashSet<NodeId>,
    decoded: u64,
    decoded_in_aliases: u64,
    repeated: usize,
    depth: usize,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(tree: &'a Tree<'a>) -> Self {
        Self {
            tree,
            following: HashSet::new(),
            // The document itself is counted too.
            decoded: 1,
            decoded_in_aliases: 0,
            repeated: 0,
            depth: 0,
        }
    }

    pub(crate) fn tree(&self) -> &'a Tree<'a> {
        self.tree
    }

    fn fail(&self, message: impl Into<String>, node: NodeId) -> YamlError {
        YamlError::new(message, self.tree.nodes[node].start)
    }

    fn repeated_too_much(&self, node: NodeId) -> YamlError {
        let start = self.tree.nodes[node].start;
        YamlError::undecided("aliases repeat too much to follow", start)
    }

    /// Counts a step, and fails where go-yaml takes a text for an attack.
    pub(crate) fn count(&mut self, node: NodeId) -> Result<(), YamlError> {
        self.decoded += 1;
        if !self.following.is_empty() {
            self.decoded_in_aliases += 1;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "as go-yaml does; both stay far below 2^52"
        )]
        let (all, aliased) = (self.decoded as f64, self.decoded_in_aliases as f64);
        let allowed = match self.decoded {
            ..=400_000 => 0.99,
            4_000_000.. => 0.10,
            _ => 0.99 - 0.89 * ((all - 400_000.0) / 3_600_000.0),
        };
        if self.decoded_in_aliases > 100 && self.decoded > 1000 && aliased / all > allowed {
            return Err(self.fail("document contains excessive aliasing", node));
        }
        if self.decoded_in_aliases > MAX_REPEATED_NODES {
            return Err(self.repeated_too_much(node));
        }
        Ok(())
    }

    /// Does something at the node that an alias names.
    pub(crate) fn follow<T>(
        &mut self,
        alias: NodeId,
        target: NodeId,
        visit: impl FnOnce(&mut Self, NodeId) -> Result<T, YamlError>,
    ) -> Result<T, YamlError> {
        if !self.following.insert(alias) {
            return Err(self.fail("an anchor's value contains itself", alias));
        }
        let result = visit(self, target);
        self.following.remove(&alias);
        result
    }

    /// Types a scalar.
    pub(crate) fn scalar(&mut self, node: NodeId, value: &'a str) -> Result<Scalar<'a>, YamlError> {
        if !self.following.is_empty() {
            self.repeated += value.len();
            if self.repeated > MAX_REPEATED_BYTES {
                return Err(self.repeated_too_much(node));
            }
        }
        let found = &self.tree.nodes[node];
        resolve(
            found.tag.as_deref().unwrap_or_default(),
            found.implicit,
            value,
        )
        .map_err(|message| self.fail(message, node))
    }

    /// The value of a node.
    pub(crate) fn value(&mut self, node: NodeId) -> Result<Value<'a>, YamlError> {
        self.count(node)?;
        self.deeper(node, |decoder| decoder.value_within(node))
    }

    /// The elements of a list, one after the other, so that not all of them are held at once; `false` where the node is no
    /// list.
    pub(crate) fn elements(
        &mut self,
        node: NodeId,
        mut visit: impl FnMut(Value<'a>),
    ) -> Result<bool, YamlError> {
        let Content::Sequence(children) = &self.tree.nodes[node].content else {
            return Ok(false);
        };
        self.count(node)?;
        self.deeper(node, |decoder| {
            for child in children {
                visit(decoder.value(*child)?);
            }
            Ok(true)
        })
    }

    fn deeper<T>(
        &mut self,
        node: NodeId,
        visit: impl FnOnce(&mut Self) -> Result<T, YamlError>,
    ) -> Result<T, YamlError> {
        if self.depth == MAX_DEPTH {
            let start = self.tree.nodes[node].start;
            return Err(YamlError::undecided("nested too deep to follow", start));
        }
        self.depth += 1;
        let result = visit(self);
        self.depth -= 1;
        result
    }

    fn value_within(&mut self, node: NodeId) -> Result<Value<'a>, YamlError> {
        let tree = self.tree;
        let data = match &tree.nodes[node].content {
            Content::Alias(target) => return self.follow(node, *target, Self::value),
            Content::Scalar(value) => Data::Scalar(self.scalar(node, value)?),
            Content::Sequence(children) => Data::List(
                children
                    .iter()
                    .map(|child| self.value(*child))
                    .collect::<Result<_, _>>()?,
            ),
            Content::Mapping(children) => {
                let mut map = Map::default();
                self.fill(children, &mut map)?;
                Data::Map(map.entries)
            }
        };
        Ok(Value { node, data })
    }

    /// Sets a mapping's keys in the order of the text; each takes the place of an earlier one of the same value.
    fn fill(&mut self, children: &[NodeId], map: &mut Map<'a>) -> Result<(), YamlError> {
        for pair in children.chunks_exact(2) {
            if self.tree.nodes[pair[0]].is_merge() {
                self.merge(pair[1], map)?;
                continue;
            }
            let key = self.value(pair[0])?;
            let Data::Scalar(key) = key.data else {
                return Err(self.fail("invalid map key", pair[0]));
            };
            let value = self.value(pair[1])?;
            map.set(key, value);
        }
        Ok(())
    }

    fn merge(&mut self, node: NodeId, map: &mut Map<'a>) -> Result<(), YamlError> {
        let tree = self.tree;
        if let Content::Sequence(children) = &tree.nodes[node].content {
            // Earlier ones win over later ones, so they come last.
            let mut children = children.iter().rev();
            return children.try_for_each(|child| self.merge_one(*child, map));
        }
        self.merge_one(node, map)
    }

    fn merge_one(&mut self, node: NodeId, map: &mut Map<'a>) -> Result<(), YamlError> {
        let tree = self.tree;
        let is_map = |node: NodeId| matches!(tree.nodes[node].content, Content::Mapping(_));
        match &tree.nodes[node].content {
            Content::Mapping(children) => {
                self.count(node)?;
                self.deeper(node, |decoder| decoder.fill(children, map))
            }
            Content::Alias(target) if is_map(*target) => {
                self.count(node)?;
                self.follow(node, *target, |decoder, target| {
                    decoder.merge_one(target, map)
                })
            }
            _ => Err(self.fail(
                "map merge requires map or sequence of maps as the value",
                node,
            )),
        }
    }
}

/// A map on its way, with its keys in the order in which they were first set.
#[derive(Default)]
struct Map<'a> {
    entries: Vec<(Scalar<'a>, Value<'a>)>,
    /// The place of each key; `None` while they are so few that looking through them is faster.
    places: Option<HashMap<Key<'a>, usize>>,
}

/// How many keys are looked through one by one.
const FEW: usize = 16;

/// What a key is found again by.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(u64),
    Text(Cow<'a, str>),
}

impl<'a> Key<'a> {
    /// `None` for what equals no other key, not even itself: not a number.
    fn of(key: &Scalar<'a>) -> Option<Self> {
        Some(match key {
            Scalar::Null => Self::Null,
            Scalar::Bool(bool) => Self::Bool(*bool),
            Scalar::Int(int) => Self::Int(*int),
            Scalar::Uint(uint) => Self::Uint(*uint),
            Scalar::Float(float) if float.is_nan() => return None,
            Scalar::Float(float) => Self::Float((float + 0.0).to_bits()),
            Scalar::Text(text) => Self::Text(text.clone()),
        })
    }
}

impl<'a> Map<'a> {
    fn set(&mut self, key: Scalar<'a>, value: Value<'a>) {
        match self.find(&key) {
            Some(at) => self.entries[at].1 = value,
            None => self.entries.push((key, value)),
        }
    }

    /// The place of a key that is there already; notes the place of one that is about to follow.
    fn find(&mut self, key: &Scalar<'a>) -> Option<usize> {
        let count = self.entries.len();
        if count < FEW {
            // Zero equals minus zero, and not a number nothing, here as there.
            return self.entries.iter().position(|(known, _)| known == key);
        }
        let places = self.places.get_or_insert_with(|| {
            let keys = self.entries.iter().map(|(known, _)| Key::of(known));
            keys.zip(0..)
                .filter_map(|(key, at)| Some((key?, at)))
                .collect()
        });
        match places.entry(Key::of(key)?) {
            Entry::Occupied(found) => Some(*found.get()),
            Entry::Vacant(free) => {
                free.insert(count);
                None
            }
        }
    }
}

/// Checks that a value can be written as JSON, which has keys of text and finite numbers only.
pub(crate) fn check_json(value: &Value<'_>, tree: &Tree<'_>) -> Result<(), YamlError> {
    let at = tree.nodes[value.node].start;
    match &value.data {
        Data::Scalar(Scalar::Float(float)) if !float.is_finite() => {
            Err(YamlError::new("json: unsupported value", at))
        }
        Data::Scalar(_) => Ok(()),
        Data::List(values) => values.iter().try_for_each(|value| check_json(value, tree)),
        Data::Map(entries) => {
            // A key without a form in JSON is found before any number is.
            if let Some((_, value)) = entries
                .iter()
                .find(|(key, _)| matches!(key, Scalar::Null | Scalar::Uint(_)))
            {
                let at = tree.nodes[value.node].start;
                return Err(YamlError::new("unsupported map key", at));
            }
            entries
                .iter()
                .try_for_each(|(_, value)| check_json(value, tree))
                .map_err(|failure| undecide(failure, entries))
        }
    }
}

/// Two keys that become the same text in JSON, such as `1` and `"1"`, leave either value, at random.
fn undecide(failure: YamlError, entries: &[(Scalar<'_>, Value<'_>)]) -> YamlError {
    let mut texts = HashSet::new();
    let one_text = entries.iter().all(|(key, _)| match key {
        Scalar::Text(text) => texts.insert(text.to_string()),
        Scalar::Bool(bool) => texts.insert(bool.to_string()),
        Scalar::Int(int) => texts.insert(int.to_string()),
        Scalar::Float(_) | Scalar::Uint(_) | Scalar::Null => false,
    });
    if one_text {
        failure
    } else {
        YamlError::undecided("two keys become the same text", failure.byte)
    }
}
