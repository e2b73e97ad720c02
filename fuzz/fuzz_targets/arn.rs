//! Reads anything as an ARN: what is read is written as it was.

#![no_main]

use aws_auth_migrate::model::{Arn, Principal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(arn) = text.parse::<Arn>() {
        assert_eq!(arn.to_string(), text);
        if let Some(principal) = Principal::from_arn(&arn) {
            assert_eq!(
                Principal::from_arn(&principal.arn()).map(|again| again.key()),
                Some(principal.key())
            );
        }
    }
});
