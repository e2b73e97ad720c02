//! All texts that a person meets, in files under `testdata/texts/` to be read as a set: the help of every command, every
//! finding with its explanation, and every sentence in the source, room by room.
//!
//! `UPDATE_GOLDEN=1 cargo test --test texts` writes them again. Read the diff aloud.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests panic, and read the source and the golden files"
)]

mod findings;
mod golden;
mod help;
mod options;
mod source;
mod wording;
