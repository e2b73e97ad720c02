//! The plan: every mapping with its outcome, and every action that carries it out.

pub mod build;
mod cluster;
mod command;
pub mod compare;
pub mod document;
pub mod file;
pub mod fresh;
mod gate;
mod live;
mod misfits;
mod obstacle;
pub mod own_entries;
pub mod platform;
pub mod questions;
mod refused;
#[cfg(test)]
mod tests;

pub use build::build;
pub use cluster::ENTRY_QUOTA;
pub use document::{Action, ActionKind, Outcome, Plan, PlannedMapping, Stage};
pub use fresh::{Stale, check_fresh};
pub use gate::ACCEPTED_TAG;
pub(crate) use gate::is_as_tagged;
pub use obstacle::Obstacle;
pub use own_entries::{Ours, RUN_TAG};
pub use refused::{block_refused, tell_conflicts};
