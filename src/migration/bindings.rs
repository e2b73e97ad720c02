//! The bindings that renamed groups need, made beside the ones that are there.

use serde::Serialize;
use serde_json::Value;

use super::Survey;
use crate::access::emit_rbac;
use crate::choices::Choices;
use crate::error::Failure;
use crate::kubernetes::Made;

/// A binding that was made for a renamed group, or was there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MadeBinding {
    /// `ClusterRoleBinding` or `RoleBinding`.
    pub kind: String,
    /// The namespace of a RoleBinding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether it was made now.
    pub status: Made,
}

/// The objects that the renamed groups need; none where no group is renamed, or bindings are not asked for.
///
/// # Errors
/// Which bindings there are has to be known.
pub fn wanted(seen: &Survey, choices: &Choices) -> Result<Vec<Value>, Failure> {
    if !choices.bind_renamed || choices.rename_groups.is_empty() {
        return Ok(Vec::new());
    }
    let rbac = seen.observed.rbac.as_ref().ok_or_else(|| {
        Failure::new("which bindings the old names have is not known, so none can be made for the new ones").hint(
            "plan with a cluster whose bindings can be listed, or give the objects with --rbac-file",
        )
    })?;
    Ok(emit_rbac(&choices.rename_groups, rbac))
}

/// Makes the objects, one after the other; one that is there and equal is fine, another of its name is an error.
pub async fn make(seen: &Survey, objects: Vec<Value>) -> Result<Vec<MadeBinding>, Failure> {
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let kubernetes = seen.kubernetes.as_ref().ok_or_else(|| {
        Failure::usage("nothing was written: the ConfigMap is from a file, so there is no Kubernetes API to make bindings in")
            .hint("write them with `plan --emit-rbac FILE`, and make them with `kubectl apply -f FILE`")
    })?;
    let mut made = Vec::new();
    for object in objects {
        let text = |pointer: &str| object.pointer(pointer)?.as_str().map(str::to_owned);
        let binding = MadeBinding {
            kind: text("/kind").unwrap_or_default(),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name").unwrap_or_default(),
            status: kubernetes
                .make_binding(object.clone())
                .await
                .map_err(|error| {
                    Failure::from(error)
                        .hint("no access entry was made; run the same command again to go on")
                })?,
        };
        made.push(binding);
    }
    Ok(made)
}
