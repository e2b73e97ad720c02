//! What EKS says when it refuses, word for word where the words are known.
//!
//! Source: the EKS API model's exceptions, and their messages as the real service was seen to give them.

use serde_json::json;

use crate::sandbox::aws::ErrorReply;
use crate::sandbox::wire::Reply;

/// An error in EKS's dress.
pub(in crate::sandbox) fn reply(error: &ErrorReply) -> Reply {
    let document = json!({ "message": error.message });
    Reply::json(error.status, &document).with("x-amzn-ErrorType", error.code)
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> ErrorReply {
    ErrorReply::new(400, "InvalidParameterException", message)
}

pub(super) fn invalid_request(message: impl Into<String>) -> ErrorReply {
    ErrorReply::new(400, "InvalidRequestException", message)
}

pub(super) fn in_use(message: impl Into<String>) -> ErrorReply {
    ErrorReply::new(409, "ResourceInUseException", message)
}

pub(super) fn not_found(message: impl Into<String>) -> ErrorReply {
    ErrorReply::new(404, "ResourceNotFoundException", message)
}

pub(super) fn no_cluster(name: &str) -> ErrorReply {
    not_found(format!("No cluster found for name: {name}."))
}

pub(super) fn no_entry() -> ErrorReply {
    not_found(
        "The specified principalArn could not be found. You can view your available access entries with \
         'list-access-entries'.",
    )
}

pub(super) fn no_policy() -> ErrorReply {
    not_found("The specified policyArn could not be found.")
}

pub(super) fn wrong_mode() -> ErrorReply {
    invalid_request(
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    )
}

/// Invented: what EKS answers to a token that comes back with other parameters is not published.
pub(super) fn token_reused() -> ErrorReply {
    invalid_parameter("The clientRequestToken was used before with other parameters")
}
