//! 7xx: RBAC bindings.

use super::Text;

pub(super) const BINDINGS_UNKNOWN: Text = Text {
    meaning: "ClusterRoleBindings and RoleBindings could not be read, so it is unknown whether one depends on a name that changes.",
    why: r#"Kubernetes, "Using RBAC Authorization"."#,
    fix: "Grant the caller `list` on `clusterrolebindings` and `rolebindings` in all namespaces, or write them to a file with `kubectl get clusterrolebindings,rolebindings -A -o yaml` and pass it with `--rbac-file`.",
    example: None,
};

pub(super) const BINDING_LOST: Text = Text {
    meaning: "The binding names the principal's current username or group, which the access entry won't have, so its role is lost.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "Bind the new name, or a group that stays the same. `--emit-rbac FILE` writes bindings for renamed groups.",
    example: None,
};

pub(super) const BINDING_GAINED: Text = Text {
    meaning: "The binding names a username or group that the access entry has and the mapping lacks, so its role is gained.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "Choose another name, or delete the binding if the role is not intended.",
    example: None,
};

pub(super) const BINDING_UNAFFECTED: Text = Text {
    meaning: "A name changes, and no binding uses the old or the new name, so no rights change.",
    why: r#"Kubernetes, "Using RBAC Authorization"."#,
    fix: "Nothing to do.",
    example: None,
};
