//! What time it is in S3, by the header of its answer: the age of an object is measured by one clock alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

/// The date of the last answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Option<DateTime>>>);

impl Seen {
    /// How long before that date something was; no time at all where a date is missing.
    pub(super) fn since(&self, time: Option<&DateTime>) -> Duration {
        let now = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(now), Some(time)) = (now, time) else {
            return Duration::ZERO;
        };
        let seconds = now.secs().saturating_sub(time.secs());
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }
}

impl Intercept for Seen {
    fn name(&self) -> &'static str {
        "the date of the answer"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|text| DateTime::from_str(text, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
