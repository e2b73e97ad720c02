//! The journal: JSON Lines, one record before each call and one after, each synced to the disk.
//!
//! What a stopped run had done is a fold over its records, see [`record::History`].

pub mod record;
mod store;

pub use record::{
    CallHistory, ClusterId, ConfigMapChange, History, Record, RunCommand, RunEnd, RunHistory,
};
pub use store::{Journal, JournalError};
