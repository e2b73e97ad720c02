//! The built binary against the sandbox over real HTTP, as a user runs it.
#![expect(clippy::disallowed_methods, reason = "tests read and write files")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod admission;
mod apply;
mod arc;
mod as_shown;
mod bad_input;
mod calls;
mod credentials;
mod cutover;
mod decide;
mod embed;
mod equivalence;
mod export;
mod faults;
mod finalizers;
mod fleet;
mod forged;
mod gate;
#[path = "../generate/mod.rs"]
mod generate;
#[path = "../given/mod.rs"]
mod given;
mod in_force;
mod interrupted;
#[path = "../judge/mod.rs"]
#[expect(dead_code, reason = "only the questions for the judge are needed here")]
mod judge;
mod judges;
mod killing;
mod kills;
mod many;
mod middle;
mod mistakes;
#[cfg(feature = "s3")]
mod moto;
mod next;
#[path = "../odd/mod.rs"]
mod odd;
#[path = "../odd/seed.rs"]
mod odd_seed;
mod own_entry;
mod pace;
mod pages;
mod partitions;
mod places;
#[path = "../plain/mod.rs"]
mod plain;
mod plan;
mod question;
mod random;
mod rbac;
mod reading;
mod readme;
mod record;
mod rehearse;
mod resume;
mod rights;
mod rollback;
mod round_trip;
mod rounds;
mod runbooks;
mod sampled;
mod schemas;
mod script;
mod secrets;
mod services;
mod shapes;
#[cfg(feature = "s3")]
mod shared;
mod signals;
mod sources;
mod status;
mod support;
#[path = "../tell/mod.rs"]
mod tell;
mod terminal;
mod trust;
mod tunnels;
mod verbose;
mod verify;
