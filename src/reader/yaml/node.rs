//! The tree that a document is, with the bytes that each node stands in.

use std::borrow::Cow;
use std::rc::Rc;

/// A node's place in its tree.
pub(in crate::reader) type NodeId = usize;

/// All nodes of a document; kept flat, since a text can nest deeper than a stack is.
#[derive(Debug, Default)]
pub(in crate::reader) struct Tree<'a> {
    pub(in crate::reader) nodes: Vec<Node<'a>>,
    /// The outermost node; `None` where there is no document.
    pub(in crate::reader) root: Option<NodeId>,
    /// Where something stands behind the document.
    pub(in crate::reader) more: Option<usize>,
}

/// A scalar, collection or alias.
#[derive(Debug)]
pub(in crate::reader) struct Node<'a> {
    pub(in crate::reader) content: Content<'a>,
    /// The tag in full, where there is one.
    pub(in crate::reader) tag: Option<Rc<str>>,
    /// Whether the value tells the type: a plain scalar without a tag.
    pub(in crate::reader) implicit: bool,
    /// The first byte.
    pub(in crate::reader) start: usize,
    /// The byte after the last one.
    pub(in crate::reader) end: usize,
}

/// What a node holds.
#[derive(Debug)]
pub(in crate::reader) enum Content<'a> {
    /// Borrowed from the text where it stands there as it is.
    Scalar(Cow<'a, str>),
    Sequence(Vec<NodeId>),
    /// Keys and values in turn.
    Mapping(Vec<NodeId>),
    Alias(NodeId),
}

impl Node<'_> {
    /// Whether this is the key `<<`, whose value is merged into the mapping around it.
    pub(in crate::reader) fn is_merge(&self) -> bool {
        matches!(&self.content, Content::Scalar(value) if value == "<<")
            && (self.implicit || self.tag.as_deref() == Some("tag:yaml.org,2002:merge"))
    }
}
