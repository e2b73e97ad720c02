//! A failed command as a document, for scripts that asked for one.

use std::error::Error;

use serde::Serialize;

use crate::error::Failure;
use crate::text::visible_json;

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailureDocument {
    schema: &'static str,
    tool_version: &'static str,
    /// What failed.
    error: String,
    /// Why, from the nearest cause to the first one.
    caused_by: Vec<String>,
    /// What to do about it.
    hints: Vec<String>,
    /// The exit code.
    exit_code: u8,
}

/// The failure as one line of JSON.
#[must_use]
pub fn failed(failure: &Failure, exit_code: u8) -> String {
    let mut caused_by = Vec::new();
    let mut next = failure.source();
    while let Some(cause) = next {
        caused_by.push(cause.to_string());
        next = cause.source();
    }
    let document = FailureDocument {
        schema: "aws-auth-migrate/error/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        error: failure.to_string(),
        caused_by,
        hints: failure.hints.iter().map(ToString::to_string).collect(),
        exit_code,
    };
    let line = serde_json::to_string(&document).expect("a document is plain data");
    visible_json(&line).into_owned()
}
