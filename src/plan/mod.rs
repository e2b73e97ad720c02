//! The plan: every mapping with its outcome, and every action that makes it so.

pub mod document;

pub use document::{Action, ActionKind, Outcome, Plan, PlannedMapping};
