//! Keeping an object: its next version, and who wrote it.

use serde_json::{Value, json};

use crate::sandbox::wire::Reply;

use super::admission;
use super::check;
use super::finalizers;
use super::objects::{Key, KubeObjects};
use super::request::ObjectRequest;
use super::status::StatusError;

/// Replaces an object by its next version, unless somebody else was faster.
pub(super) fn replace(
    objects: &mut KubeObjects,
    request: &ObjectRequest<'_>,
    old: &Value,
    mut object: Value,
) -> Result<Reply, StatusError> {
    let metadata = &old["metadata"];
    for field in ["resourceVersion", "uid"] {
        let given = object["metadata"]
            .get(field)
            .filter(|given| !given.is_null() && **given != "");
        if given.is_some_and(|given| *given != metadata[field]) {
            return Err(conflict(
                request,
                "the object has been modified; please apply your changes to the latest version and try again",
            ));
        }
        object["metadata"][field] = metadata[field].clone();
    }
    object["metadata"]["creationTimestamp"] = metadata["creationTimestamp"].clone();
    finalizers::keep_deletion(request, old, &mut object)?;
    if object["metadata"].get("managedFields").is_none() && metadata.get("managedFields").is_some()
    {
        object["metadata"]["managedFields"] = metadata["managedFields"].clone();
    }
    if old
        .get("roleRef")
        .is_some_and(|role| object.get("roleRef") != Some(role))
    {
        return Err(check::invalid(
            request,
            "roleRef: Invalid value: cannot change roleRef",
        ));
    }
    if old.get("immutable") == Some(&Value::Bool(true)) && old.get("data") != object.get("data") {
        return Err(check::invalid(
            request,
            "data: Forbidden: field is immutable when `immutable` is set",
        ));
    }
    admission::check(request, "update", &request.target.name)?;
    let is_gone = finalizers::is_terminating(&object) && !finalizers::holds(&object);
    let object = keep(objects, request, request.key(), object, Some(old));
    if is_gone && !request.is_dry_run() {
        objects.remove(request.resource, &request.key());
    }
    Ok(Reply::json(200, &object))
}

/// Keeps an object and notes who wrote it; one that stays the same is not touched.
pub(super) fn keep(
    objects: &mut KubeObjects,
    request: &ObjectRequest<'_>,
    key: Key,
    mut object: Value,
    old: Option<&Value>,
) -> Value {
    object["kind"] = request.resource.kind.into();
    object["apiVersion"] = request.resource.api_version().into();
    if request.resource.namespaced {
        object["metadata"]["namespace"] = key.0.clone().into();
    }
    if old.is_some_and(|old| same(old, &object)) {
        return old.cloned().unwrap_or_default();
    }
    note_writer(&mut object, old, request);
    if request.is_dry_run() {
        return object;
    }
    objects.put(request.resource, key, object, &request.now)
}

fn same(old: &Value, new: &Value) -> bool {
    let plain = |object: &Value| {
        let mut plain = object.clone();
        if let Some(metadata) = plain["metadata"].as_object_mut() {
            metadata.shift_remove("managedFields");
        }
        plain
    };
    plain(old) == plain(new)
}

/// Makes the writer the owner of the data keys that it changed, in `metadata.managedFields`.
///
/// Source: Kubernetes, "Server-Side Apply", field management.
fn note_writer(object: &mut Value, old: Option<&Value>, request: &ObjectRequest<'_>) {
    let (manager, operation) = (request.manager(), operation(request));
    let before = old.and_then(|old| old.get("data"));
    let data = object.get("data").and_then(Value::as_object);
    let changed: Vec<String> = data
        .into_iter()
        .flatten()
        .filter(|(key, value)| before.and_then(|before| before.get(key.as_str())) != Some(value))
        .map(|(key, _)| format!("f:{key}"))
        .collect();
    let list = &mut object["metadata"]["managedFields"];
    if !list.is_array() {
        *list = json!([]);
    }
    let Some(list) = list.as_array_mut() else {
        return;
    };
    for known in list.iter_mut() {
        let owned = known
            .pointer_mut("/fieldsV1/f:data")
            .and_then(Value::as_object_mut);
        if let Some(owned) = owned {
            owned.retain(|key, _| !changed.contains(key));
        }
    }
    let own = |known: &Value| known["manager"] == manager && known["operation"] == operation;
    let mut entry = list
        .iter()
        .position(own)
        .map_or_else(|| json!({}), |at| list.remove(at));
    entry["manager"] = manager.into();
    entry["operation"] = operation.into();
    entry["apiVersion"] = request.resource.api_version().into();
    entry["time"] = request.now.clone().into();
    entry["fieldsType"] = "FieldsV1".into();
    // What is there may have been written by anybody, in any shape.
    let owned = entry.pointer("/fieldsV1/f:data").and_then(Value::as_object);
    let mut owned = owned.cloned().unwrap_or_default();
    owned.extend(changed.into_iter().map(|key| (key, json!({}))));
    entry["fieldsV1"] = json!({ "f:data": owned });
    list.push(entry);
}

/// A refusal because somebody else was faster.
pub(super) fn conflict(request: &ObjectRequest<'_>, why: &str) -> StatusError {
    let (qualified, name) = (request.resource.qualified(), &request.target.name);
    StatusError::new(
        409,
        "Conflict",
        format!("Operation cannot be fulfilled on {qualified} \"{name}\": {why}"),
    )
}

/// What `metadata.managedFields` calls the way of writing.
fn operation(request: &ObjectRequest<'_>) -> &'static str {
    match request.call.header("content-type") {
        Some("application/apply-patch+yaml") => "Apply",
        _ => "Update",
    }
}
