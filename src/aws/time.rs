//! The SDK's time as ours.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// The SDK's time as ours; `None` where it lies outside of what a timestamp can hold.
pub(super) fn timestamp(time: DateTime) -> Option<Timestamp> {
    let nanoseconds = i32::try_from(time.subsec_nanos()).ok()?;
    Timestamp::new(time.secs(), nanoseconds).ok()
}
