//! The journal: JSON Lines, one record before each change and one after, each synced to the disk.
//!
//! What a stopped run had done is a fold over its records, see [`History`]; a run writes through its [`RunLog`].

pub mod history;
mod lock;
pub mod record;
mod run;
mod store;
mod trace;

pub use history::{BindingChange, CallHistory, ConfigMapChange, History, RunHistory};
pub use record::{BindingId, ClusterId, Record, RunCommand, RunEnd};
pub use run::{Answered, Beginning, RunLog};
pub use store::{Journal, JournalError};
