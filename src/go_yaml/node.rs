//! The tree that a document is, with the bytes of each node.

use std::borrow::Cow;
use std::rc::Rc;

/// About as many bytes of text as an ordinary mapping has for each of its nodes.
const BYTES_FOR_A_NODE: usize = 12;

/// A node's place in its tree.
pub(crate) type NodeId = usize;

/// All nodes of a document; kept flat, since a text can nest deeper than a stack is.
#[derive(Debug, Default)]
pub(crate) struct Tree<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    /// The outermost node; `None` where there is no document.
    pub(crate) root: Option<NodeId>,
    /// Where something follows the document.
    pub(crate) more: Option<usize>,
}

impl Tree<'_> {
    /// An empty tree with room for the nodes of an ordinary text. Room that is not used costs no memory: it is not
    /// touched.
    pub(super) fn for_text(text: &str) -> Self {
        Self {
            nodes: Vec::with_capacity(text.len() / BYTES_FOR_A_NODE),
            ..Self::default()
        }
    }
}

/// A scalar, collection or alias.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) content: Content<'a>,
    /// The tag in full, where there is one.
    pub(crate) tag: Option<Rc<str>>,
    /// Whether the value decides the type: a plain scalar without a tag.
    pub(crate) implicit: bool,
    /// The first byte.
    pub(crate) start: usize,
    /// The byte after the last one.
    pub(crate) end: usize,
}

/// What a node holds.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    /// Borrowed where the text has it as it is.
    Scalar(Cow<'a, str>),
    Sequence(Vec<NodeId>),
    /// Keys and values in turn.
    Mapping(Vec<NodeId>),
    Alias(NodeId),
}

impl Node<'_> {
    /// Whether this is the key `<<`, whose value is merged into the mapping around it.
    pub(crate) fn is_merge(&self) -> bool {
        matches!(&self.content, Content::Scalar(value) if value == "<<")
            && (self.implicit || self.tag.as_deref() == Some("tag:yaml.org,2002:merge"))
    }
}
