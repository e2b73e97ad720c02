//! The formats over whole plans.

mod golden;
mod hostile;
mod plans;
mod telling;
