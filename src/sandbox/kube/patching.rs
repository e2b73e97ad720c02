//! PATCH, in the forms that clients send.

use crate::sandbox::wire::Reply;

use super::objects::KubeObjects;
use super::request::ObjectRequest;
use super::status::StatusError;
use super::{apply, check, patch, write};

pub(super) fn patch(
    objects: &mut KubeObjects,
    request: &ObjectRequest<'_>,
) -> Result<Reply, StatusError> {
    let kind = request.call.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind == "application/apply-patch+yaml" {
        return apply::apply(objects, request);
    }
    let key = request.key();
    let old = objects
        .get(request.resource, &key)
        .cloned()
        .ok_or_else(|| request.missing())?;
    let object = match kind {
        "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
            let mut object = old.clone();
            patch::merge(&mut object, &request.body()?);
            object
        }
        "application/json-patch+json" => patch::json(&old, &request.body()?)?,
        _ => {
            return Err(StatusError::new(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: \
                 application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, \
                 application/apply-patch+yaml",
            ));
        }
    };
    check::object(request, &object, &key.1)?;
    write::replace(objects, request, &old, object)
}
