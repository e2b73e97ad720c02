//! YAML as the cluster's own library reads it: go-yaml v2, with its quirks and without those of other libraries.
//!
//! go-yaml v2 began as a port of an early libyaml and has gone its own way since: plain scalars in flow collections,
//! `?` in them, tabs, versions, limits and look-ahead differ from today's libyaml and from every Rust library. Each
//! of these differences turns a text that gives access into one that does not, or the other way round, so its rules
//! are followed here one by one, and a differential test holds them against go-yaml itself.
//!
//! Source: go-yaml v2.4 (`gopkg.in/yaml.v2`, `go.yaml.in/yaml/v2`), the files named in each part.

mod collection;
mod escape;
mod fetch;
mod input;
mod node;
mod parser;
mod scalar;
mod scanner;
mod token;

pub(super) use node::{Content, Node, NodeId, Tree};
pub(super) use parser::parse;

/// Why a text is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// In the words of go-yaml, where it has any.
    pub(super) message: String,
    /// The byte in question.
    pub(super) byte: usize,
    /// Whose failure it is.
    pub(super) kind: FailureKind,
}

/// Whose failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// The cluster fails here too, so the text gives nothing.
    Cluster,
    /// What the cluster does can't be told.
    Undecided,
}

impl Failure {
    /// A failure of the cluster's reader.
    pub(super) fn new(message: impl Into<String>, byte: usize) -> Self {
        Self {
            message: message.into(),
            byte,
            kind: FailureKind::Cluster,
        }
    }

    /// A text that this reader won't follow the cluster through.
    pub(super) fn undecided(message: impl Into<String>, byte: usize) -> Self {
        Self {
            message: message.into(),
            byte,
            kind: FailureKind::Undecided,
        }
    }
}
