//! Reads anything as a file of decisions.

#![no_main]

#[path = "../targets.rs"]
#[expect(dead_code, reason = "each target is one of the functions")]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::decided(text));
