//! How far the clock of this machine is from the service's, by the date of an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// The header by which an error finds out; no service sends it.
pub(super) const HEADER: &str = "x-aws-auth-migrate-clock";

/// How far apart the clocks may be, in seconds: AWS refuses signatures that are five minutes old.
///
/// Source: AWS IAM User Guide, "Troubleshoot Signature Version 4 requests", "The signature is expired".
const ALLOWED: i64 = 240;

/// How far apart the clocks are, as of the last answer of any service.
#[derive(Debug, Clone, Default)]
pub(super) struct Skew(Arc<AtomicI64>);

impl Skew {
    /// Takes what an answer showed.
    pub(super) fn set(&self, skew: Option<i64>) {
        self.0.store(skew.unwrap_or(0), Ordering::Relaxed);
    }

    /// What the last answer showed; `None` where both clocks agree.
    pub(super) fn get(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|skew| *skew != 0)
    }
}

/// By how many seconds this machine's clock is ahead of the service's, or behind it where that is negative; `None` where
/// both agree, or the answer has no date.
pub(super) fn skew(answer: &HttpResponse, now: SystemTime) -> Option<i64> {
    let date = answer.headers().get("date")?;
    let theirs = DateTime::from_str(date, Format::HttpDate).ok()?;
    let skew = DateTime::from(now).secs() - theirs.secs();
    (skew.abs() > ALLOWED).then_some(skew)
}

/// What to do about it.
pub(super) fn hint(skew: i64) -> String {
    format!(
        "set this machine's clock (with NTP): {}, and AWS rejects signatures that are more than five minutes off",
        in_words(skew)
    )
}

/// The same in words.
fn in_words(skew: i64) -> String {
    let minutes = skew.unsigned_abs().div_ceil(60);
    let distance = match minutes / 60 {
        0 => format!("{minutes} minutes"),
        hours => format!("{hours} h {} min", minutes % 60),
    };
    let side = if skew > 0 { "ahead of" } else { "behind" };
    format!("this machine's clock is {distance} {side} AWS's")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skew_is_said_in_the_words_of_a_clock() {
        for (skew, expected) in [
            (-10_800, "3 h 0 min behind"),
            (5_400, "1 h 30 min ahead of"),
            (301, "6 minutes ahead of"),
        ] {
            assert!(in_words(skew).contains(expected), "{}", in_words(skew));
        }
    }
}
