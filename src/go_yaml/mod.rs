//! YAML as go-yaml v2 reads it, with its quirks and without those of other libraries, and with the bytes of each node.
//!
//! The API server, `kubectl` and most controllers written in Go read YAML with this library. It began as a port of an
//! early libyaml and has gone its own way since: plain scalars in flow collections, `?` in them, tabs, versions, limits
//! and look-ahead differ from today's libyaml and from every Rust library. Whoever has to know what such a program sees
//! in a text can't use another reader, so its rules are followed here one by one.
//!
//! # What it promises
//!
//! * [`parse`] accepts a text exactly where go-yaml v2 does, and its tree holds the same values; a differential test
//!   compares both, and so does a fuzz target.
//! * [`Decoder`] follows aliases and merges and types scalars by YAML 1.1, as go-yaml does when it fills an `interface{}`.
//! * Where go-yaml's own behaviour depends on what can't be seen from the text, the answer is
//!   [`YamlErrorKind::Undecided`] and never a guess.
//! * Time and memory are linear in the text: nesting has a limit, and aliases repeat only so much.
//! * Every node knows its bytes, so that a caller can point at the text, or cut a piece out of it.
//!
//! It reads only: it keeps no comments and writes no YAML. Of several documents [`parse`] reads the first, as
//! `yaml.Unmarshal` does; [`documents`] reads them all, as `kubectl` does.
//!
//! Source: go-yaml v2.4 (`gopkg.in/yaml.v2`, `go.yaml.in/yaml/v2`), the files named in each part.

mod collection;
mod decode;
mod documents;
mod escape;
mod fetch;
mod input;
mod nesting;
mod node;
mod parser;
mod resolve;
mod scalar;
mod scanner;
mod token;

pub(crate) use decode::{Data, Decoder, Value, check_json};
pub(crate) use documents::documents;
pub(crate) use nesting::{check_nesting, from_str};
pub(crate) use node::{Content, Node, NodeId, Tree};
pub(crate) use parser::parse;
pub(crate) use resolve::Scalar;

/// Why a text is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YamlError {
    /// In the words of go-yaml, where it has any.
    pub(crate) message: String,
    /// The byte in question.
    pub(crate) byte: usize,
    /// Whose failure it is.
    pub(crate) kind: YamlErrorKind,
}

/// Whose failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum YamlErrorKind {
    /// go-yaml fails here too.
    GoYaml,
    /// What go-yaml does here can't be known from the text alone.
    Undecided,
}

impl YamlError {
    /// A text that go-yaml does not read either.
    pub(crate) fn new(message: impl Into<String>, byte: usize) -> Self {
        Self {
            message: message.into(),
            byte,
            kind: YamlErrorKind::GoYaml,
        }
    }

    /// The line and the column in characters, both from 1, of the text that was read; what is behind its end is at its end.
    fn place_in(&self, text: &str) -> (usize, usize) {
        let before = &text[..text.floor_char_boundary(self.byte)];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    /// A text that this reader won't follow go-yaml through.
    pub(crate) fn undecided(message: impl Into<String>, byte: usize) -> Self {
        Self {
            message: message.into(),
            byte,
            kind: YamlErrorKind::Undecided,
        }
    }
}
