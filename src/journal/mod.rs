//! The journal: JSON Lines, one record before each change and one after, each synced to the disk, or to a store
//! that machines share.
//!
//! Every record carries the digest of the line before it, so that a line that was edited, moved or taken out is noticed.
//! What a stopped run had done is a fold over its records, see [`History`]; a run writes through its [`RunLog`].

mod chain;
mod error;
pub mod history;
mod journal_file;
mod lease;
mod lock;
mod owner;
mod planned;
mod reading;
pub mod record;
mod run;
mod shared;
mod store;
mod trace;
mod whole;

pub use error::JournalError;
pub use history::{CallHistory, ConfigMapChange, History, JournaledBinding, RunHistory, RunPart};
pub use lease::Held;
pub use planned::{Ending, Intended, Planned, Proof, WatchedNodes};
pub use record::{JournalLine, Record, RunCommand, RunEnd};
pub use run::{Beginning, CallOutcome, ConfigMapIntent, RunLog};
pub use store::Journal;
pub use whole::Whole;
