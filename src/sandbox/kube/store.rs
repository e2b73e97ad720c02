//! Reading and writing objects, with versions that catch lost updates.
//!
//! Source: Kubernetes, "Kubernetes API Concepts": resource versions, chunked lists, dry run, preconditions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::sandbox::wire::Reply;

use super::admission;
use super::check;
use super::finalizers;
use super::objects::{Key, KubeObjects, RESOURCES};
use super::request::ObjectRequest;
use super::status::StatusError;
use super::write;

pub(super) fn get(
    objects: &KubeObjects,
    request: &ObjectRequest<'_>,
) -> Result<Reply, StatusError> {
    let object = objects
        .get(request.resource, &request.key())
        .ok_or_else(|| request.missing())?;
    Ok(Reply::json(200, object))
}

/// A list, in pages where a limit is asked for.
pub(super) fn list(
    objects: &KubeObjects,
    request: &ObjectRequest<'_>,
) -> Result<Reply, StatusError> {
    let after: Option<Key> = match request.query("continue").filter(|token| !token.is_empty()) {
        None => None,
        Some(token) => {
            let bytes = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
            let key = serde_json::from_slice(&bytes);
            Some(key.map_err(|_| {
                StatusError::bad_request("continue key is not valid: unrecognized token")
            })?)
        }
    };
    let limit = request
        .query("limit")
        .and_then(|limit| limit.parse().ok())
        .filter(|limit| *limit > 0);
    let size = limit.map_or(usize::MAX, |limit: usize| limit.min(request.cap.max(1)));
    let namespace = &request.target.namespace;
    let found: Vec<(&Key, &Value)> = objects
        .of(request.resource)
        .filter(|(key, _)| namespace.is_empty() || key.0 == *namespace)
        .filter(|(key, object)| selected(request, key, object))
        .filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after))
        .collect();
    let page = &found[..size.min(found.len())];
    let mut metadata = json!({ "resourceVersion": objects.version() });
    if let (Some((last, _)), true) = (page.last(), found.len() > page.len()) {
        let token = serde_json::to_vec(last).unwrap_or_default();
        metadata["continue"] = URL_SAFE_NO_PAD.encode(token).into();
        metadata["remainingItemCount"] = (found.len() - page.len()).into();
    }
    let items: Vec<&Value> = page.iter().map(|(_, object)| *object).collect();
    Ok(Reply::json(
        200,
        &json!({
            "kind": format!("{}List", request.resource.kind),
            "apiVersion": request.resource.api_version(),
            "metadata": metadata,
            "items": items,
        }),
    ))
}

/// Whether an object is one of those that the selectors ask for; only equality is known.
fn selected(request: &ObjectRequest<'_>, key: &Key, object: &Value) -> bool {
    let equals = |text: &str, value: &dyn Fn(&str) -> Option<String>| {
        text.split(',').filter(|part| !part.is_empty()).all(|part| {
            let (name, wanted) = part.split_once('=').unwrap_or((part, ""));
            value(name).as_deref() == Some(wanted.trim_start_matches('='))
        })
    };
    let field = |name: &str| match name {
        "metadata.name" => Some(key.1.clone()),
        "metadata.namespace" => Some(key.0.clone()),
        _ => None,
    };
    let label = |name: &str| {
        let labels = object.pointer("/metadata/labels")?;
        Some(labels.get(name)?.as_str()?.to_owned())
    };
    request
        .query("fieldSelector")
        .is_none_or(|text| equals(text, &field))
        && request
            .query("labelSelector")
            .is_none_or(|text| equals(text, &label))
}

pub(super) fn create(
    objects: &mut KubeObjects,
    request: &ObjectRequest<'_>,
) -> Result<Reply, StatusError> {
    let mut object = request.body()?;
    let name = object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    check::object(request, &object, &name)?;
    if request.resource.namespaced {
        let namespace = (String::new(), request.target.namespace.clone());
        if objects.get(&RESOURCES[1], &namespace).is_none() {
            return Err(StatusError::not_found("namespaces", &namespace.1));
        }
    }
    let key = (request.target.namespace.clone(), name);
    if let Some(there) = objects.get(request.resource, &key) {
        let qualified = request.resource.qualified();
        let deleted = if finalizers::is_terminating(there) {
            "object is being deleted: "
        } else {
            ""
        };
        return Err(StatusError::new(
            409,
            "AlreadyExists",
            format!("{deleted}{qualified} \"{}\" already exists", key.1),
        ));
    }
    if object
        .pointer("/metadata/resourceVersion")
        .is_some_and(|version| *version != "")
    {
        return Err(StatusError::bad_request(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in [
            "uid",
            "creationTimestamp",
            "resourceVersion",
            "managedFields",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ] {
            metadata.shift_remove(field);
        }
    }
    admission::check(request, "create", &key.1)?;
    let object = write::keep(objects, request, key, object, None);
    Ok(Reply::json(201, &object))
}

pub(super) fn update(
    objects: &mut KubeObjects,
    request: &ObjectRequest<'_>,
) -> Result<Reply, StatusError> {
    let key = request.key();
    let old = objects
        .get(request.resource, &key)
        .cloned()
        .ok_or_else(|| request.missing())?;
    let object = request.body()?;
    check::object(request, &object, &key.1)?;
    write::replace(objects, request, &old, object)
}

/// Deletes an object, if it still is the one that the preconditions name.
pub(super) fn delete(
    objects: &mut KubeObjects,
    request: &ObjectRequest<'_>,
) -> Result<Reply, StatusError> {
    let key = request.key();
    let old = objects
        .get(request.resource, &key)
        .ok_or_else(|| request.missing())?;
    let options = if request.call.body.is_empty() {
        Value::Null
    } else {
        request.body()?
    };
    for (field, label) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let wanted = options
            .pointer(&format!("/preconditions/{field}"))
            .filter(|wanted| !wanted.is_null());
        let is = &old["metadata"][field];
        if wanted.is_some_and(|wanted| wanted != is) {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            return Err(write::conflict(
                request,
                &format!(
                    "Precondition failed: {label} in precondition: {}, {label} in object meta: {}",
                    text(wanted.unwrap_or(&Value::Null)),
                    text(is)
                ),
            ));
        }
    }
    admission::check(request, "delete", &key.1)?;
    let details = json!({ "name": key.1, "group": request.resource.group, "kind": request.resource.plural, "uid": old["metadata"]["uid"] });
    if finalizers::holds(old) {
        let terminating = finalizers::terminate(old.clone(), &request.now);
        let object = if request.is_dry_run() {
            terminating
        } else {
            objects.put(request.resource, key, terminating, &request.now)
        };
        return Ok(Reply::json(200, &object));
    }
    if !request.is_dry_run() {
        objects.remove(request.resource, &key);
    }
    Ok(Reply::json(
        200,
        &json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details }),
    ))
}
