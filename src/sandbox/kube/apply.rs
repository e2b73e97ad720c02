//! Server-side apply, as far as it is needed: fields are merged, and a data key of another manager is a conflict.
//!
//! Fields that a manager no longer sends are left as they are, while the real API removes them.
//! Source: Kubernetes, "Server-Side Apply".

use serde_json::Value;

use crate::sandbox::wire::Reply;

use super::check;
use super::objects::KubeObjects;
use super::patch;
use super::request::ObjectRequest;
use super::status::StatusError;
use super::store;
use super::write;

/// Makes the object, or merges what is sent into it.
pub(super) fn apply(
    objects: &mut KubeObjects,
    request: &ObjectRequest<'_>,
) -> Result<Reply, StatusError> {
    let Some(manager) = request.query("fieldManager") else {
        return Err(StatusError::bad_request(
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ));
    };
    let sent = request.body()?;
    let name = &request.target.name;
    check::object(request, &sent, name)?;
    let Some(old) = objects.get(request.resource, &request.key()).cloned() else {
        return store::create(objects, request);
    };
    let mut object = old.clone();
    patch::merge(&mut object, &sent);
    let taken = changed_keys(&old, &object).find_map(|key| {
        let owner = owner_of(&old, key, manager)?;
        Some(format!(
            "Apply failed with 1 conflict: conflict with \"{owner}\": .data.{key}"
        ))
    });
    match taken {
        Some(message) if request.query("force") != Some("true") => {
            Err(StatusError::new(409, "Conflict", message))
        }
        _ => write::replace(objects, request, &old, object),
    }
}

/// The data keys that are there and get another value.
fn changed_keys<'a>(old: &'a Value, new: &'a Value) -> impl Iterator<Item = &'a String> {
    let data = old
        .get("data")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    data.filter(|(key, value)| new["data"].get(key.as_str()) != Some(value))
        .map(|(key, _)| key)
}

/// Who else owns a data key.
fn owner_of<'a>(old: &'a Value, key: &str, manager: &str) -> Option<&'a str> {
    let fields = old["metadata"]["managedFields"].as_array()?;
    let field = format!("f:{key}");
    let others = fields.iter().filter(|known| known["manager"] != manager);
    let mut owners = others.filter(|known| known["fieldsV1"]["f:data"].get(&field).is_some());
    owners.next()?["manager"].as_str()
}
