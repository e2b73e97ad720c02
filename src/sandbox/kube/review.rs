//! Questions about oneself: who am I, and may I.

use hyper::Method;
use serde_json::{Value, json};

use crate::sandbox::limits::KubernetesRights;
use crate::sandbox::login::KubeIdentity;
use crate::sandbox::wire::{Call, Reply};

use super::objects::KubeObjects;
use super::path::ResourcePath;
use super::rights::{self, ApiAttributes};
use super::status::StatusError;

pub(super) fn answer(
    rights: &KubernetesRights,
    objects: &KubeObjects,
    who: &KubeIdentity,
    call: &Call,
    target: &ResourcePath,
) -> Result<Reply, StatusError> {
    if call.method != Method::POST {
        return Err(StatusError::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        ));
    }
    let mut review: Value = serde_json::from_slice(&call.body)
        .map_err(|error| StatusError::bad_request(format!("the body is not JSON: {error}")))?;
    if !review.is_object() {
        return Err(StatusError::bad_request("the body is no object"));
    }
    review["status"] = if target.plural == "selfsubjectreviews" {
        let mut groups = who.groups.clone();
        groups.push("system:authenticated".to_owned());
        json!({ "userInfo": { "username": who.username, "groups": groups } })
    } else {
        let text = |name: &str| {
            let value = review.pointer(&format!("/spec/resourceAttributes/{name}"));
            value.and_then(Value::as_str).unwrap_or_default()
        };
        let attempt = ApiAttributes {
            verb: text("verb"),
            group: text("group"),
            resource: text("resource"),
            namespace: text("namespace"),
            name: text("name"),
        };
        json!({ "allowed": rights::allowed(rights, objects, who, &attempt) })
    };
    Ok(Reply::json(201, &review))
}
