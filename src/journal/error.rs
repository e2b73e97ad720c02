//! What can go wrong with the journal.

use std::io;
use std::path::PathBuf;

use super::record::SCHEMA;

/// What can go wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system said no.
    #[error("failed to {what} the journal `{path}`")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Another process works on the same cluster.
    #[error("another run holds the journal `{path}`: {holder}")]
    Locked {
        /// The journal.
        path: PathBuf,
        /// What the other one says of itself.
        holder: String,
        /// How soon it is free if that one has died, where the journal is in a store.
        free_in: Option<std::time::Duration>,
    },
    /// Another process took the journal over while this one was asleep or cut off.
    #[error("another run took the journal `{path}` over: {holder}")]
    TakenOver {
        /// The journal.
        path: PathBuf,
        /// What the other one says of itself.
        holder: String,
    },
    /// A line in the middle is no record.
    #[error("line {line} of the journal `{path}` is damaged: {reason}")]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A line is not what was written, or not where it was written.
    #[error("the journal `{path}` was changed after it was written: {reason}")]
    Changed {
        /// The journal.
        path: PathBuf,
        /// Which line, in words.
        reason: String,
    },
    /// It belongs to somebody else, who could have written anything into it.
    #[error(
        "the journal `{path}` belongs to another user (uid {owner}), who could have written anything into it"
    )]
    Foreign {
        /// The journal.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
    },
    /// There is something else in its place, which is left as it is.
    #[error("`{path}` is not a journal: {reason}")]
    NotAJournal {
        /// What is there.
        path: PathBuf,
        /// Why it is none.
        reason: String,
    },
    /// It was written by a newer version.
    #[error("the journal `{path}` has the format `{schema}`; this version reads `{SCHEMA}`")]
    Newer {
        /// The journal.
        path: PathBuf,
        /// The format it names.
        schema: String,
    },
}
