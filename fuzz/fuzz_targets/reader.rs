//! Reads anything as each of the three values.

#![no_main]

#[path = "../targets.rs"]
#[expect(dead_code, reason = "each target is one of the functions")]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::reader(text));
