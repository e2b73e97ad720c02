//! The commands as functions: nothing here knows of the command line, prints, or assumes one cluster per process.

pub mod apply;
pub mod bindings;
pub mod consent;
pub mod cutover;
pub(crate) mod deletion;
mod ended;
#[cfg(test)]
mod judged_tests;
pub mod owners;
pub mod principals_file;
#[cfg(feature = "sandbox")]
pub mod rehearse;
pub mod rollback;
pub mod status;
pub mod survey;
pub mod verify;
pub mod who;

pub use apply::{Applied, ApplyOptions, Clock, Question, apply};
pub use bindings::MadeBinding;
pub use consent::Consent;
pub use cutover::{CutOver, CutoverOptions, cutover};
pub use rollback::{RollbackOptions, RolledBack, rollback};
pub use survey::{ConfigMapFile, Survey, Target, survey};
pub use verify::{Doubt, Objection, Readiness, Verification, verify};
pub use who::{Who, who};
