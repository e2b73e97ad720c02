//! What the Kubernetes API checks of an object before it keeps it.

use serde_json::Value;

use super::request::ObjectRequest;
use super::status::StatusError;

/// Checks an object as it is sent.
pub(super) fn object(
    request: &ObjectRequest<'_>,
    object: &Value,
    name: &str,
) -> Result<(), StatusError> {
    let resource = request.resource;
    if !object["metadata"].is_object() {
        return Err(StatusError::bad_request(format!(
            "{} in version \"v1\" cannot be handled as a {}: it has no metadata",
            resource.kind, resource.kind
        )));
    }
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    if text("/kind").is_some_and(|kind| kind != resource.kind)
        || text("/apiVersion").is_some_and(|version| version != resource.api_version())
    {
        return Err(StatusError::bad_request(format!(
            "the object provided is unrecognized (must be of type {})",
            resource.kind
        )));
    }
    if name.is_empty() {
        return Err(invalid(
            request,
            "metadata.name: Required value: name or generateName is required",
        ));
    }
    if text("/metadata/name").is_some_and(|given| given != name) {
        return Err(StatusError::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({name})",
            text("/metadata/name").unwrap_or_default()
        )));
    }
    if text("/metadata/namespace").is_some_and(|given| given != request.target.namespace) {
        return Err(StatusError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    subjects(request, object)?;
    if resource.kind != "ConfigMap" {
        return Ok(());
    }
    let good =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !name.bytes().all(good) || !ends(name.bytes().next()) || !ends(name.bytes().last()) {
        return Err(invalid(
            request,
            &format!(
                "metadata.name: Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case \
                 alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
                 'example.com', regex used for validation is \
                 '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            ),
        ));
    }
    if object
        .get("data")
        .is_some_and(|data| !data.is_object() && !data.is_null())
    {
        return Err(StatusError::bad_request(
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal into Go struct field \
             ConfigMap.data of type map[string]string",
        ));
    }
    let mut size = 0;
    for (key, value) in object
        .get("data")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let Some(value) = value.as_str() else {
            return Err(StatusError::bad_request(
                "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal into Go struct field \
                 ConfigMap.data of type string",
            ));
        };
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if key.is_empty() || key.len() > 253 || !key.bytes().all(good) {
            return Err(invalid(
                request,
                "data: Invalid value: a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            ));
        }
        size += value.len();
    }
    if size > 1024 * 1024 {
        return Err(invalid(
            request,
            "[]: Too long: must have at most 1048576 bytes",
        ));
    }
    Ok(())
}

/// Checks the subjects of a binding.
fn subjects(request: &ObjectRequest<'_>, object: &Value) -> Result<(), StatusError> {
    let subjects = object.get("subjects").and_then(Value::as_array);
    for (at, subject) in subjects.into_iter().flatten().enumerate() {
        let text = |field: &str| subject[field].as_str().unwrap_or_default();
        if text("name").is_empty() {
            return Err(invalid(
                request,
                &format!("subjects[{at}].name: Required value"),
            ));
        }
        if !["ServiceAccount", "User", "Group"].contains(&text("kind")) {
            return Err(invalid(
                request,
                &format!(
                    "subjects[{at}].kind: Unsupported value: \"{}\": supported values: \"ServiceAccount\", \"User\", \
                     \"Group\"",
                    text("kind")
                ),
            ));
        }
    }
    Ok(())
}

/// A refusal of what an object says.
pub(super) fn invalid(request: &ObjectRequest<'_>, why: &str) -> StatusError {
    let message = format!(
        "{} \"{}\" is invalid: {why}",
        request.resource.kind, request.target.name
    );
    StatusError::new(422, "Invalid", message)
}
