//! The built binary against the sandbox over real HTTP, as a user runs it.
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod admission;
mod apply;
mod arc;
mod bad_input;
mod credentials;
mod cutover;
mod decide;
mod export;
mod faults;
mod finalizers;
mod fleet;
mod forged;
#[path = "../generate/mod.rs"]
mod generate;
mod in_force;
mod interrupted;
mod judges;
mod killing;
mod kills;
mod many;
mod middle;
mod mistakes;
mod next;
mod own_entry;
mod pace;
mod partitions;
mod places;
mod plan;
mod question;
mod random;
mod rbac;
mod rehearse;
mod resume;
mod rights;
mod rollback;
mod round_trip;
mod runbooks;
mod sampled;
mod schemas;
mod script;
mod secrets;
mod services;
mod shapes;
mod signals;
mod sources;
mod status;
mod support;
#[path = "../tell/mod.rs"]
mod tell;
mod trust;
mod tunnels;
mod verbose;
mod verify;
