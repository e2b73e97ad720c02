//! Reads anything as each of the small files that a user may name.

#![no_main]

#[path = "../targets.rs"]
#[expect(dead_code, reason = "each target is one of the functions")]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::files(text));
