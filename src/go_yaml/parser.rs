//! Puts the first document of a text together from its tokens.
//!
//! Source: go-yaml v2.4, `parserc.go`, and `decode.go` for the tree.

use std::collections::HashMap;
use std::rc::Rc;

use super::YamlError;
use super::node::{Content, Node, NodeId, Tree};
use super::scanner::Scanner;
use super::token::{Token, TokenKind};

const LONG_TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// What is expected next within a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParserState {
    BlockEntry,
    IndentlessEntry,
    BlockKey,
    BlockValue,
    FlowEntry {
        first: bool,
    },
    /// A single pair within a flow sequence: `[a: b]`.
    PairKey,
    PairValue,
    PairEnd,
    FlowKey {
        first: bool,
    },
    FlowValue,
    /// A key in a flow mapping that is known to have no value.
    FlowEmptyValue,
}

/// A collection that is still open.
#[derive(Debug)]
struct Open {
    state: ParserState,
    node: NodeId,
    children: Vec<NodeId>,
}

/// Which nodes may stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodePlace {
    Flow,
    Block,
    /// A block mapping's value, where a sequence needs no indentation.
    BlockOrIndentless,
}

/// Reads the first document; what follows it is not looked at, apart from the token that ends it.
pub(crate) fn parse(text: &str) -> Result<Tree<'_>, YamlError> {
    let mut parser = Parser {
        scanner: Scanner::new(text),
        tree: Tree::for_text(text),
        anchors: HashMap::new(),
        open: Vec::new(),
        tag_handles: Vec::new(),
    };
    parser.document()?;
    Ok(parser.tree)
}

/// A text on its way to a tree.
pub(super) struct Parser<'a> {
    pub(super) scanner: Scanner<'a>,
    tree: Tree<'a>,
    anchors: HashMap<&'a str, NodeId>,
    open: Vec<Open>,
    tag_handles: Vec<(String, String)>,
}

/// An anchor and a tag in front of a node.
#[derive(Default)]
struct Properties<'a> {
    anchor: Option<&'a str>,
    tag: Option<String>,
    start: Option<usize>,
    end: usize,
}

pub(super) fn unexpected(problem: &str, token: &Token<'_>) -> YamlError {
    YamlError::new(problem, token.start)
}

impl<'a> Parser<'a> {
    pub(super) fn peek(&mut self) -> Result<&Token<'a>, YamlError> {
        self.scanner.peek()
    }

    pub(super) fn kind(&mut self) -> Result<&TokenKind<'a>, YamlError> {
        Ok(&self.scanner.peek()?.kind)
    }

    /// Takes the token at the front if it is of this kind.
    pub(super) fn take_if(&mut self, kind: &TokenKind<'_>) -> Result<Option<Token<'a>>, YamlError> {
        let found = self.kind()? == kind;
        Ok(found.then(|| self.scanner.take()))
    }

    fn document(&mut self) -> Result<(), YamlError> {
        self.peek()?;
        self.scanner.take();
        if *self.kind()? == TokenKind::StreamEnd {
            return Ok(());
        }
        let explicit = self.directives()?;
        if let Some(start) = self.take_if(&TokenKind::DocumentStart)? {
            let ends = matches!(
                self.kind()?,
                TokenKind::Version { .. }
                    | TokenKind::TagDirective { .. }
                    | TokenKind::DocumentStart
                    | TokenKind::DocumentEnd
                    | TokenKind::StreamEnd
            );
            if ends {
                let root = self.empty_scalar(start.end);
                self.tree.root = Some(root);
            }
        } else if explicit {
            let token = self.peek()?;
            return Err(unexpected("did not find expected <document start>", token));
        }
        if self.tree.root.is_none() {
            let root = self.tree.nodes.len();
            self.node(NodePlace::Block)?;
            self.tree.root = Some(root);
            while let Some(open) = self.open.last() {
                let state = open.state;
                self.step(state)?;
            }
        }
        // Looking for the document's end is what finds a fault right behind it.
        let explicit_end = self.take_if(&TokenKind::DocumentEnd)?;
        if explicit_end.is_none() {
            let token = self.peek()?;
            if token.kind != TokenKind::StreamEnd {
                self.tree.more = Some(token.start);
            }
        } else {
            self.tree.more = explicit_end.map(|token| token.end);
        }
        Ok(())
    }

    /// Takes in `%YAML` and `%TAG`, and returns whether there were any.
    fn directives(&mut self) -> Result<bool, YamlError> {
        let mut version = false;
        let mut any = false;
        loop {
            let token = self.peek()?.clone();
            match &token.kind {
                TokenKind::Version { major, minor } => {
                    if version {
                        return Err(unexpected("found duplicate %YAML directive", &token));
                    }
                    if (*major, *minor) != (1, 1) {
                        return Err(unexpected("found incompatible YAML document", &token));
                    }
                    version = true;
                }
                TokenKind::TagDirective { handle, prefix } => {
                    if self.tag_handles.iter().any(|(known, _)| known == handle) {
                        return Err(unexpected("found duplicate %TAG directive", &token));
                    }
                    self.tag_handles.push((handle.clone(), prefix.clone()));
                }
                _ => break,
            }
            any = true;
            self.scanner.take();
        }
        for (handle, prefix) in [("!", "!"), ("!!", LONG_TAG_PREFIX)] {
            if !self.tag_handles.iter().any(|(known, _)| known == handle) {
                self.tag_handles
                    .push((handle.to_owned(), prefix.to_owned()));
            }
        }
        Ok(any)
    }

    pub(super) fn add(
        &mut self,
        content: Content<'a>,
        tag: Option<&str>,
        implicit: bool,
        span: (usize, usize),
    ) -> NodeId {
        let node = self.tree.nodes.len();
        self.tree.nodes.push(Node {
            content,
            tag: tag.map(Rc::from),
            implicit,
            start: span.0,
            end: span.1,
        });
        if let Some(open) = self.open.last_mut() {
            open.children.push(node);
        }
        node
    }

    pub(super) fn empty_scalar(&mut self, byte: usize) -> NodeId {
        self.add(Content::Scalar("".into()), None, true, (byte, byte))
    }

    pub(super) fn open(&mut self, node: NodeId, state: ParserState) {
        self.open.push(Open {
            state,
            node,
            children: Vec::new(),
        });
    }

    pub(super) fn set_state(&mut self, state: ParserState) {
        if let Some(open) = self.open.last_mut() {
            open.state = state;
        }
    }

    /// Closes the innermost collection; a block ends with its last child, a flow collection with its bracket.
    pub(super) fn close(&mut self, end: Option<usize>) {
        let Some(Open { node, children, .. }) = self.open.pop() else {
            return;
        };
        let last = children.last().map(|last| self.tree.nodes[*last].end);
        let closed = &mut self.tree.nodes[node];
        closed.end = end.or(last).unwrap_or(closed.end).max(closed.start);
        if let Content::Sequence(content) | Content::Mapping(content) = &mut closed.content {
            *content = children;
        }
    }

    /// Reads an alias, a scalar, or the beginning of a collection.
    pub(super) fn node(&mut self, place: NodePlace) -> Result<(), YamlError> {
        let token = self.peek()?;
        if let TokenKind::Alias(name) = token.kind {
            let span = (token.start, token.end);
            let Some(&target) = self.anchors.get(name) else {
                let token = self.peek()?;
                return Err(unexpected(
                    &format!("unknown anchor '{name}' referenced"),
                    token,
                ));
            };
            self.scanner.take();
            self.add(Content::Alias(target), None, false, span);
            return Ok(());
        }
        let properties = self.properties()?;
        let tag = properties.tag.as_deref().filter(|tag| !tag.is_empty());
        let block = place != NodePlace::Flow;
        let token = self.peek()?;
        let start = properties.start.unwrap_or(token.start);
        let end = token.end;
        let (content, state) = match &token.kind {
            TokenKind::BlockEntry if place == NodePlace::BlockOrIndentless => {
                (Content::Sequence(Vec::new()), ParserState::IndentlessEntry)
            }
            TokenKind::Scalar { plain, .. } => {
                let implicit = (tag.is_none() && *plain) || tag == Some("!");
                let TokenKind::Scalar { value, .. } = self.scanner.take().kind else {
                    unreachable!("a scalar was peeked at");
                };
                let node = self.add(Content::Scalar(value), tag, implicit, (start, end));
                self.anchor(properties.anchor, node);
                return Ok(());
            }
            TokenKind::FlowSequenceStart => (
                Content::Sequence(Vec::new()),
                ParserState::FlowEntry { first: true },
            ),
            TokenKind::FlowMappingStart => (
                Content::Mapping(Vec::new()),
                ParserState::FlowKey { first: true },
            ),
            TokenKind::BlockSequenceStart if block => {
                (Content::Sequence(Vec::new()), ParserState::BlockEntry)
            }
            TokenKind::BlockMappingStart if block => {
                (Content::Mapping(Vec::new()), ParserState::BlockKey)
            }
            _ if properties.anchor.is_some() || tag.is_some() => {
                let span = (start, properties.end);
                let node = self.add(Content::Scalar("".into()), tag, tag.is_none(), span);
                self.anchor(properties.anchor, node);
                return Ok(());
            }
            _ => return Err(unexpected("did not find expected node content", token)),
        };
        if state != ParserState::IndentlessEntry {
            self.scanner.take();
        }
        let node = self.add(content, tag, tag.is_none(), (start, end));
        self.anchor(properties.anchor, node);
        self.open(node, state);
        Ok(())
    }

    fn anchor(&mut self, name: Option<&'a str>, node: NodeId) {
        if let Some(name) = name {
            self.anchors.insert(name, node);
        }
    }

    fn properties(&mut self) -> Result<Properties<'a>, YamlError> {
        let mut properties = Properties::default();
        // One of each, in either order.
        for _ in 0..2 {
            match &self.peek()?.kind {
                TokenKind::Anchor(name) if properties.anchor.is_none() => {
                    properties.anchor = Some(name);
                }
                TokenKind::Tag { .. } if properties.tag.is_none() => {
                    let token = self.peek()?.clone();
                    properties.tag = Some(self.resolve_tag(&token)?);
                }
                _ => break,
            }
            let token = self.scanner.take();
            properties.start.get_or_insert(token.start);
            properties.end = token.end;
        }
        Ok(properties)
    }

    fn resolve_tag(&self, token: &Token<'_>) -> Result<String, YamlError> {
        let TokenKind::Tag { handle, suffix } = &token.kind else {
            return Ok(String::new());
        };
        if handle.is_empty() {
            return Ok(suffix.to_owned());
        }
        self.tag_handles
            .iter()
            .find(|(known, _)| known == handle)
            .map(|(_, prefix)| format!("{prefix}{suffix}"))
            .ok_or_else(|| unexpected("found undefined tag handle", token))
    }
}
