//! The commands as functions: nothing here knows of the command line, prints, or assumes one cluster per process.

pub mod apply;
pub mod bindings;
mod cluster_id;
pub mod consent;
pub mod cutover;
pub(crate) mod deletion;
mod holder;
pub mod journal_path;
#[cfg(test)]
mod judged_tests;
mod locked_out;
pub mod owners;
pub mod principal;
pub mod principals_file;
pub mod record;
#[cfg(feature = "sandbox")]
pub mod rehearse;
pub mod rollback;
mod session;
pub mod status;
pub mod survey;
pub mod verify;

pub use apply::{Applied, ApplyOptions, Question, apply};
pub use bindings::MadeBinding;
pub use consent::Consent;
pub use cutover::{CutOver, CutoverOptions, cutover};
pub use principal::{Who, who};
pub use rollback::{RollbackOptions, RolledBack, rollback};
pub use session::{Clock, JournalPlace};
pub use survey::{ConfigMapFile, Survey, Target, survey};
pub use verify::{Doubt, Objection, Readiness, Verification, verify};

// What a program that embeds a command gives it.
pub use crate::aws::AwsSettings;
pub use crate::writer::{Event, EventKind, Progress, Silent};
