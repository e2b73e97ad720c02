//! Reads anything as each of the three values, tells how its mappings stand and draws what there is to say.

#![no_main]

use aws_auth_migrate::access::before::standings;
use aws_auth_migrate::reader::{AwsAuthText, draw, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let text = AwsAuthText {
        map_roles: Some(text.to_owned()),
        map_users: Some(text.to_owned()),
        map_accounts: Some(text.to_owned()),
    };
    let reading = read(&text);
    assert_eq!(standings(&reading).len(), reading.mappings.len());
    assert_eq!(
        draw::all(&text, &reading.diagnostics).is_empty(),
        reading.diagnostics.is_empty()
    );
});
