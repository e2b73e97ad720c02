//! The journal: JSON Lines, one record before each change and one after, each synced to the disk.
//!
//! Every record carries the digest of the line before it, so that a line that was edited, moved or taken out is noticed.
//! What a stopped run had done is a fold over its records, see [`History`]; a run writes through its [`RunLog`].

mod chain;
pub mod history;
mod lock;
mod owner;
pub mod record;
mod run;
mod run_option;
mod store;
mod trace;

pub use history::{BindingChange, CallHistory, ConfigMapChange, History, RunHistory};
pub use record::{Line, Record, RunCommand, RunEnd};
pub use run::{Answered, Beginning, RunLog};
pub use run_option::RunOption;
pub use store::{Journal, JournalError};
