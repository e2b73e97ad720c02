//! Why a cluster could not be read or written, as plain data.

use std::error::Error;

use serde::{Deserialize, Serialize};

use crate::aws::{AwsError, AwsErrorKind};
use crate::error::Failure;

/// Why a row has nothing more to tell.
///
/// It has no request ids in it: two runs that fail for the same reason have the same report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// What failed.
    pub message: String,
    /// Why, the nearest cause first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl Reason {
    /// A reason without a cause.
    #[must_use]
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            hints: vec![hint.into()],
        }
    }

    /// The reason in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let parts = std::iter::once(&self.message).chain(&self.causes);
        let parts: Vec<&str> = parts.map(String::as_str).collect();
        parts.join(": ")
    }
}

impl From<&Failure> for Reason {
    fn from(failure: &Failure) -> Self {
        let causes = std::iter::successors(failure.source(), |error| (*error).source());
        Self {
            message: failure.to_string(),
            causes: causes.map(described).collect(),
            hints: failure.hints.iter().map(ToString::to_string).collect(),
        }
    }
}

/// An error without what differs from one call to the next.
fn described(error: &(dyn Error + 'static)) -> String {
    let Some(error) = error.downcast_ref::<AwsError>() else {
        return error.to_string();
    };
    let mut error = error.clone();
    if let AwsErrorKind::Service { request_id, .. } = &mut error.kind {
        *request_id = None;
    }
    error.to_string()
}

/// What AWS answered, where that is what failed.
pub(super) fn aws_error(failure: &Failure) -> Option<&AwsError> {
    let mut causes = std::iter::successors(failure.source(), |error| (*error).source());
    causes.find_map(|error| error.downcast_ref())
}
