//! The objects that the Kubernetes API keeps.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sandbox::invent;

use super::finalizers;

/// A kind of object that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) struct Resource {
    /// The API group, empty for the core.
    pub(super) group: &'static str,
    /// The plural, as in paths.
    pub(super) plural: &'static str,
    pub(super) kind: &'static str,
    pub(super) namespaced: bool,
}

pub(super) const BATCH: &str = "batch";
pub(super) const RBAC: &str = "rbac.authorization.k8s.io";

pub(super) const CONFIG_MAPS: Resource = Resource::new("", "configmaps", "ConfigMap", true);
pub(super) const NAMESPACES: Resource = Resource::new("", "namespaces", "Namespace", false);
pub(super) const NODES: Resource = Resource::new("", "nodes", "Node", false);
pub(super) const CLUSTER_ROLE_BINDINGS: Resource =
    Resource::new(RBAC, "clusterrolebindings", "ClusterRoleBinding", false);
pub(super) const ROLE_BINDINGS: Resource = Resource::new(RBAC, "rolebindings", "RoleBinding", true);

/// All kinds that are kept.
pub(super) const RESOURCES: [Resource; 10] = [
    CONFIG_MAPS,
    NAMESPACES,
    NODES,
    Resource::new(RBAC, "clusterroles", "ClusterRole", false),
    CLUSTER_ROLE_BINDINGS,
    Resource::new(RBAC, "roles", "Role", true),
    ROLE_BINDINGS,
    // Kept and not acted upon: nothing runs here.
    Resource::new("", "persistentvolumeclaims", "PersistentVolumeClaim", true),
    Resource::new("", "serviceaccounts", "ServiceAccount", true),
    Resource::new(BATCH, "jobs", "Job", true),
];

impl Resource {
    const fn new(
        group: &'static str,
        plural: &'static str,
        kind: &'static str,
        namespaced: bool,
    ) -> Self {
        Self {
            group,
            plural,
            kind,
            namespaced,
        }
    }

    /// `v1` or `GROUP/v1`.
    pub(super) fn api_version(&self) -> String {
        match self.group {
            "" => "v1".to_owned(),
            group => format!("{group}/v1"),
        }
    }

    /// The plural with its group, as error messages have it.
    pub(super) fn qualified(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }
}

/// Namespace (empty for cluster-wide objects) and name.
pub(super) type Key = (String, String);

/// All objects of a cluster, and the version that counts their changes.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct KubeObjects {
    kept: BTreeMap<&'static str, BTreeMap<Key, Value>>,
    version: u64,
}

impl KubeObjects {
    /// The objects of one kind, in the order in which they are listed.
    pub(super) fn of(&self, resource: &Resource) -> impl Iterator<Item = (&Key, &Value)> {
        self.kept.get(resource.plural).into_iter().flatten()
    }

    pub(super) fn get(&self, resource: &Resource, key: &Key) -> Option<&Value> {
        self.kept.get(resource.plural)?.get(key)
    }

    /// The version of the last change.
    pub(super) fn version(&self) -> String {
        self.version.to_string()
    }

    /// Keeps an object, new or changed, and gives it its next version; an unchanged one keeps its own.
    pub(super) fn put(
        &mut self,
        resource: &Resource,
        key: Key,
        mut object: Value,
        time: &str,
    ) -> Value {
        let all = self.kept.entry(resource.plural).or_default();
        if all.get(&key) == Some(&object) {
            return object;
        }
        self.version += 1;
        object["kind"] = resource.kind.into();
        object["apiVersion"] = resource.api_version().into();
        let metadata = &mut object["metadata"];
        metadata["name"] = key.1.clone().into();
        if resource.namespaced {
            metadata["namespace"] = key.0.clone().into();
        }
        if metadata.get("uid").is_none() {
            let text = format!("{} {key:?} {}", resource.plural, self.version);
            metadata["uid"] = invent::uuid(&text).into();
            metadata["creationTimestamp"] = time.into();
        }
        metadata["resourceVersion"] = self.version.to_string().into();
        all.insert(key, object.clone());
        object
    }

    pub(super) fn remove(&mut self, resource: &Resource, key: &Key) -> Option<Value> {
        let removed = self.kept.get_mut(resource.plural)?.remove(key)?;
        self.version += 1;
        Some(removed)
    }

    /// Keeps an object of any known kind as it was given; returns whether it has a known kind and a name.
    pub(in crate::sandbox) fn seed(&mut self, object: &Value) -> bool {
        let text = |pointer: &str| {
            let value = object.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let kind = text("/kind");
        let Some(resource) = RESOURCES.iter().find(|resource| resource.kind == kind) else {
            return false;
        };
        if text("/metadata/name").is_empty() {
            return false;
        }
        let namespace = if resource.namespaced {
            text("/metadata/namespace")
        } else {
            String::new()
        };
        if resource.namespaced {
            self.seed_namespace(&namespace);
        }
        let key = (namespace, text("/metadata/name"));
        self.put(resource, key, object.clone(), &invent::CREATED.to_string());
        true
    }

    /// Makes a namespace where there is none of the name.
    pub(in crate::sandbox) fn seed_namespace(&mut self, name: &str) {
        let key = (String::new(), name.to_owned());
        if self.get(&NAMESPACES, &key).is_none() {
            let object = json!({ "metadata": {}, "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" } });
            self.put(&NAMESPACES, key, object, &invent::CREATED.to_string());
        }
    }

    /// The ConfigMap `aws-auth`.
    pub(in crate::sandbox) fn aws_auth(&self) -> Option<&Value> {
        self.get(&CONFIG_MAPS, &aws_auth_key())
    }

    /// The bindings: those of the whole cluster, and those of namespaces.
    pub(in crate::sandbox) fn bindings(&self) -> impl Iterator<Item = &Value> {
        let kinds = [&CLUSTER_ROLE_BINDINGS, &ROLE_BINDINGS].into_iter();
        kinds
            .flat_map(|kind| self.of(kind))
            .map(|(_, object)| object)
    }

    /// Replaces the data of `aws-auth`, or makes it.
    pub(in crate::sandbox) fn put_aws_auth(&mut self, data: &BTreeMap<String, String>) {
        let mut object = self
            .aws_auth()
            .cloned()
            .unwrap_or_else(|| json!({ "metadata": {} }));
        object["data"] = json!(data);
        self.put(
            &CONFIG_MAPS,
            aws_auth_key(),
            object,
            &invent::CREATED.to_string(),
        );
    }

    /// Changes `aws-auth`, where there is one; see [`finalizers`].
    pub(in crate::sandbox) fn edit_aws_auth(
        &mut self,
        change: impl FnOnce(&mut Value),
        time: &str,
    ) {
        let Some(mut object) = self.aws_auth().cloned() else {
            return;
        };
        change(&mut object);
        if finalizers::is_terminating(&object) && !finalizers::holds(&object) {
            self.delete_aws_auth();
        } else {
            self.put(&CONFIG_MAPS, aws_auth_key(), object, time);
        }
    }

    /// Deletes `aws-auth`, where there is one.
    pub(in crate::sandbox) fn delete_aws_auth(&mut self) {
        self.remove(&CONFIG_MAPS, &aws_auth_key());
    }
}

fn aws_auth_key() -> Key {
    ("kube-system".to_owned(), "aws-auth".to_owned())
}
