//! Looks for the ConfigMap in anything, and reads what it finds.

#![no_main]

use aws_auth_migrate::reader::read;
use aws_auth_migrate::source::manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match manifest::parse(text) {
    Ok(aws_auth) => {
        read(&aws_auth.text());
    }
    Err(error) => assert!(!error.to_string().is_empty()),
});
