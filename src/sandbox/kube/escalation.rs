//! Nobody binds a role without the verb `bind` on it.
//!
//! The real API server also lets those do it who hold all of the role's rights.
//! Source: Kubernetes, "Using RBAC Authorization", "Privilege escalation prevention and bootstrapping"; apiserver
//! `pkg/registry/rbac/rolebinding/policybased/storage.go`.

use serde_json::Value;

use crate::sandbox::limits::KubernetesRights;
use crate::sandbox::login::KubeIdentity;

use super::objects::{KubeObjects, RBAC, RESOURCES};
use super::request::ObjectRequest;
use super::rights::{self, ApiAttributes};
use super::status::StatusError;

/// Refuses a binding that its maker may not make.
pub(super) fn check(
    rights: &KubernetesRights,
    objects: &KubeObjects,
    who: &KubeIdentity,
    request: &ObjectRequest<'_>,
) -> Result<(), StatusError> {
    if !["ClusterRoleBinding", "RoleBinding"].contains(&request.resource.kind) {
        return Ok(());
    }
    let object = request.body()?;
    let text = |pointer: &str| {
        let value = object.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default()
    };
    let Some(kind) = RESOURCES
        .iter()
        .find(|known| known.group == RBAC && known.kind == text("/roleRef/kind"))
    else {
        return Ok(());
    };
    let namespace = request.target.namespace.as_str();
    let name = text("/roleRef/name");
    let bind = ApiAttributes {
        verb: "bind",
        group: RBAC,
        resource: kind.plural,
        namespace,
        name,
    };
    if rights::allowed(rights, objects, who, &bind) {
        return Ok(());
    }
    let home = if kind.namespaced { namespace } else { "" };
    if objects
        .get(kind, &(home.to_owned(), name.to_owned()))
        .is_none()
    {
        return Err(StatusError::not_found(&kind.qualified(), name));
    }
    Err(StatusError::new(
        403,
        "Forbidden",
        format!(
            "{} \"{}\" is forbidden: user \"{}\" (groups={:?}) is attempting to grant RBAC permissions not currently held",
            request.resource.qualified(),
            text("/metadata/name"),
            who.username,
            who.groups,
        ),
    ))
}
