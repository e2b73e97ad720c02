//! Answers of the services that speak the query protocol.

use super::aws::ErrorReply;
use super::wire::Reply;

/// A text in which nothing is markup.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// An element that holds a text.
pub(super) fn leaf(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// The answer of an operation.
pub(super) fn reply(namespace: &str, operation: &str, result: &str, request_id: &str) -> Reply {
    let metadata = leaf("RequestId", request_id);
    document(
        200,
        &format!(
            "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{result}</{operation}Result>\
             <ResponseMetadata>{metadata}</ResponseMetadata></{operation}Response>"
        ),
    )
}

/// An error.
pub(super) fn error(namespace: &str, error: &ErrorReply, request_id: &str) -> Reply {
    let fault = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let fields = [
        leaf("Type", fault),
        leaf("Code", error.code),
        leaf("Message", &error.message),
    ];
    document(
        error.status,
        &format!(
            "<ErrorResponse xmlns=\"{namespace}\"><Error>{}</Error>{}</ErrorResponse>",
            fields.concat(),
            leaf("RequestId", request_id)
        ),
    )
}

fn document(status: u16, body: &str) -> Reply {
    Reply {
        status,
        headers: vec![("content-type", "text/xml".to_owned())],
        body: body.as_bytes().to_vec(),
    }
}
