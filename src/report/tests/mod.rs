//! The formats over whole plans.

mod browser;
mod golden;
mod hostile;
pub(crate) mod judge;
pub(crate) mod plans;
mod readers;
mod record;
mod telling;
