//! Reads anything as each of the small files that a user may name.

#![no_main]

use aws_auth_migrate::access::rbac_file::read_rbac;
use aws_auth_migrate::migration::principals_file;
use aws_auth_migrate::plan::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = read_rbac(text);
    let _ = principals_file::parse(text);
    if let Ok(plan) = file::read_any(text) {
        let again =
            file::read_any(&file::write(&plan)).expect("what was read is written so that it reads");
        assert_eq!(again, plan);
    }
});
