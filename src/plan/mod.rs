//! The plan: every mapping with its outcome, and every action that makes it so.

pub mod build;
mod cluster;
mod command;
pub mod compare;
pub mod document;
pub mod file;
pub mod fresh;
mod live;
pub mod ours;
pub mod platform;
mod refused;
mod settle;

pub use build::build;
pub use cluster::ENTRY_QUOTA;
pub use document::{Action, ActionKind, Outcome, Plan, PlannedMapping, Stage};
pub use fresh::{Stale, check_fresh};
pub(crate) use live::is_stale;
pub use ours::{Ours, RUN_TAG};
pub use refused::{block_refused, tell_conflicts};
