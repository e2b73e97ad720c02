//! The commands as functions: nothing here knows of the command line, prints, or assumes one cluster per process.

pub mod apply;
pub mod bindings;
pub mod principals_file;
#[cfg(feature = "sandbox")]
pub mod rehearse;
pub mod survey;

pub use apply::{Applied, ApplyOptions, Clock, apply};
pub use bindings::MadeBinding;
pub use survey::{ConfigMapFile, Survey, Target, survey};
