//! The tree that a document is, with the bytes that each node stands in.

use std::rc::Rc;

/// A node's place in its tree.
pub(in crate::reader) type NodeId = usize;

/// All nodes of a document; kept flat, since a text can nest deeper than a stack is.
#[derive(Debug, Default)]
pub(in crate::reader) struct Tree {
    pub(in crate::reader) nodes: Vec<Node>,
    /// The outermost node; `None` where there is no document.
    pub(in crate::reader) root: Option<NodeId>,
    /// Where something stands behind the document.
    pub(in crate::reader) more: Option<usize>,
}

/// A scalar, collection or alias.
#[derive(Debug)]
pub(in crate::reader) struct Node {
    pub(in crate::reader) content: Content,
    /// The tag in full; empty where there is none.
    pub(in crate::reader) tag: Rc<str>,
    /// Whether the value tells the type: a plain scalar without a tag.
    pub(in crate::reader) implicit: bool,
    /// The first byte.
    pub(in crate::reader) start: usize,
    /// The byte after the last one.
    pub(in crate::reader) end: usize,
}

/// What a node holds.
#[derive(Debug)]
pub(in crate::reader) enum Content {
    Scalar(Rc<str>),
    Sequence(Vec<NodeId>),
    /// Keys and values in turn.
    Mapping(Vec<NodeId>),
    Alias(NodeId),
}

impl Node {
    /// Whether this is the key `<<`, whose value is merged into the mapping around it.
    pub(in crate::reader) fn is_merge(&self) -> bool {
        matches!(&self.content, Content::Scalar(value) if &**value == "<<")
            && (self.implicit || &*self.tag == "tag:yaml.org,2002:merge")
    }
}
