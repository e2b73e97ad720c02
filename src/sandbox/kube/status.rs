//! Errors as the Kubernetes API writes them.

use serde_json::{Value, json};

use crate::sandbox::wire::Reply;

/// An error of the Kubernetes API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct StatusError {
    pub(in crate::sandbox) code: u16,
    pub(in crate::sandbox) reason: &'static str,
    pub(in crate::sandbox) message: String,
}

impl StatusError {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn not_found(resource: &str, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{resource} \"{name}\" not found"))
    }

    pub(super) fn no_such_path() -> Self {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// The `Status` object as an answer.
    pub(in crate::sandbox) fn reply(&self) -> Reply {
        let document: Value = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        });
        Reply::json(self.code, &document)
    }
}
