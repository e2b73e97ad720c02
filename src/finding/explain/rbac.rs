//! 7xx: RBAC bindings.

use super::Text;

pub(super) const BINDINGS_UNKNOWN: Text = Text {
    meaning: "ClusterRoleBindings and RoleBindings could not be read, so whether one depends on a name that changes is not known.",
    why: r#"Kubernetes, "Using RBAC Authorization"."#,
    fix: "Grant `list` on `clusterrolebindings` and `rolebindings` of all namespaces, or a file with `--rbac-file`: `kubectl get clusterrolebindings,rolebindings -A -o yaml`.",
    example: None,
};

pub(super) const BINDING_LOST: Text = Text {
    meaning: "The binding names the user or group that the principal is today and no longer will be, so its role is lost.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "Bind the new name, or a group that stays. `--emit-rbac FILE` writes bindings for renamed groups.",
    example: None,
};

pub(super) const BINDING_GAINED: Text = Text {
    meaning: "The binding names the user or group that the principal will be and is not today, so its role is gained.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "Choose another name, or remove the binding, if the role is not meant.",
    example: None,
};

pub(super) const BINDING_UNAFFECTED: Text = Text {
    meaning: "A name changes, and no binding uses the old one or the new one, so no right changes.",
    why: r#"Kubernetes, "Using RBAC Authorization"."#,
    fix: "Nothing to do.",
    example: None,
};
