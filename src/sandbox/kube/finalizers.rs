//! Deletion that finalizers hold up: the object gets a `deletionTimestamp` and stays until the last of them is gone.
//!
//! Source: Kubernetes, "Finalizers"; apiserver `pkg/registry/generic/registry/store.go`.

use serde_json::Value;

use super::check;
use super::request::ObjectRequest;
use super::status::StatusError;

/// Whether an object is being deleted.
pub(super) fn is_terminating(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// Whether an object has a finalizer.
pub(super) fn holds(object: &Value) -> bool {
    !of(object).is_empty()
}

/// The object once its deletion was asked for.
pub(super) fn terminate(mut object: Value, time: &str) -> Value {
    if !is_terminating(&object) {
        object["metadata"]["deletionTimestamp"] = time.into();
        object["metadata"]["deletionGracePeriodSeconds"] = 0.into();
    }
    object
}

/// Lets no write end a deletion that has begun, or add a finalizer to it.
pub(super) fn keep_deletion(
    request: &ObjectRequest<'_>,
    old: &Value,
    object: &mut Value,
) -> Result<(), StatusError> {
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        match old["metadata"].get(field) {
            Some(value) => object["metadata"][field] = value.clone(),
            None => {
                if let Some(metadata) = object["metadata"].as_object_mut() {
                    metadata.shift_remove(field);
                }
            }
        }
    }
    let had = of(old);
    if is_terminating(old) && of(object).iter().any(|new| !had.contains(new)) {
        return Err(check::invalid(
            request,
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted",
        ));
    }
    Ok(())
}

fn of(object: &Value) -> Vec<Value> {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.cloned().unwrap_or_default()
}
