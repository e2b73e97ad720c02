//! The formats over whole plans.

mod golden;
mod hostile;
pub(crate) mod plans;
mod telling;
