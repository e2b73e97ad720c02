//! Makes and deletes cluster-wide and namespaced bindings, and never edits one.

use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use kube::api::{Api, DeleteParams, Preconditions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::config_map::{MANAGER, writer};
use super::error::ended;
use super::retry::retried;
use super::{Kubernetes, KubernetesError, Request};
use crate::model::BindingId;

/// What became of an object that was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Made {
    /// It was made.
    Created,
    /// It was there and gives the same.
    Exists,
}

/// A binding as it is in the cluster now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThereBinding {
    /// Whether it was made now.
    pub made: Made,
    /// Its `metadata.uid`.
    pub uid: Option<String>,
    /// Its `metadata.resourceVersion`.
    pub resource_version: Option<String>,
}

/// A binding as the cluster keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBinding {
    /// Which one.
    pub id: BindingId,
    object: Value,
}

impl StoredBinding {
    /// The object out of its JSON.
    #[must_use]
    pub fn from_json(object: Value) -> Self {
        Self {
            id: BindingId::of(&object),
            object,
        }
    }

    /// The whole object.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.object
    }

    /// Its `metadata.uid`: another object of the same name has another one.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.object.pointer("/metadata/uid")?.as_str()
    }

    /// Whether it gives the same role to the same subjects as a manifest.
    #[must_use]
    pub fn gives_as(&self, manifest: &Value) -> bool {
        rights(&self.object) == rights(manifest)
    }

    /// The groups among its subjects.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let subjects = self.object["subjects"].as_array();
        let groups = subjects.into_iter().flatten();
        groups
            .filter(|subject| subject["kind"] == "Group")
            .filter_map(|subject| subject["name"].as_str())
    }

    /// Whether this tool, and nobody else, is named as a writer of it.
    ///
    /// Source: Kubernetes, "Server-Side Apply", field management.
    #[must_use]
    pub fn is_written_by_this_tool_alone(&self) -> bool {
        let fields = self.object.pointer("/metadata/managedFields");
        fields.and_then(Value::as_array).is_some_and(|fields| {
            !fields.is_empty() && fields.iter().all(|field| field["manager"] == MANAGER)
        })
    }

    fn preconditions(&self) -> Preconditions {
        let text = |pointer| Some(self.object.pointer(pointer)?.as_str()?.to_owned());
        Preconditions {
            uid: text("/metadata/uid"),
            resource_version: text("/metadata/resourceVersion"),
        }
    }
}

impl Kubernetes {
    /// Makes a ClusterRoleBinding or a RoleBinding from its manifest.
    ///
    /// # Errors
    /// [`KubernetesError::Differs`] where one of the name is there that gives something else.
    pub async fn make_binding(&self, object: Value) -> Result<ThereBinding, KubernetesError> {
        match BindingId::of(&object).namespace {
            Some(namespace) => make(&self.role_bindings(&namespace), object).await,
            None => make(&self.cluster_role_bindings(), object).await,
        }
    }

    /// Reads a binding; `None` where there is none.
    ///
    /// # Errors
    /// [`KubernetesError`] where the API server can't be asked, or refuses.
    pub async fn binding(&self, id: &BindingId) -> Result<Option<StoredBinding>, KubernetesError> {
        let found = match &id.namespace {
            Some(namespace) => get(&self.role_bindings(namespace), &id.name).await,
            None => get(&self.cluster_role_bindings(), &id.name).await,
        }?;
        Ok(found.map(|object| StoredBinding {
            id: id.clone(),
            object,
        }))
    }

    /// Deletes a binding, unless somebody has written it since it was read.
    ///
    /// # Errors
    /// [`KubernetesError`] where the API server can't be asked, or refuses; see [`KubernetesError::is_conflict`].
    pub async fn delete_binding(&self, stored: &StoredBinding) -> Result<(), KubernetesError> {
        let params = DeleteParams {
            preconditions: Some(stored.preconditions()),
            ..DeleteParams::default()
        };
        let name = &stored.id.name;
        let deleted = match &stored.id.namespace {
            Some(namespace) => self
                .role_bindings(namespace)
                .delete(name, &params)
                .await
                .map(drop),
            None => self
                .cluster_role_bindings()
                .delete(name, &params)
                .await
                .map(drop),
        };
        ended(Request::DeleteBinding, deleted)
    }

    fn role_bindings(&self, namespace: &str) -> Api<RoleBinding> {
        Api::namespaced(self.client.clone(), namespace)
    }

    fn cluster_role_bindings(&self) -> Api<ClusterRoleBinding> {
        Api::all(self.client.clone())
    }
}

async fn get<K>(api: &Api<K>, name: &str) -> Result<Option<Value>, KubernetesError>
where
    K: kube::Resource + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let found = retried(|| async {
        let found = api.get_opt(name).await;
        found.map_err(|error| KubernetesError::of(Request::ReadBinding, error))
    });
    Ok(found
        .await?
        .map(|object| serde_json::to_value(object).expect("a binding is plain data")))
}

async fn make<K>(api: &Api<K>, object: Value) -> Result<ThereBinding, KubernetesError>
where
    K: kube::Resource + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    const WHAT: Request = Request::CreateBinding;
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    let wanted: K =
        serde_json::from_value(object.clone()).map_err(|error| KubernetesError::Unreachable {
            what: WHAT,
            reason: error.to_string(),
        })?;
    match api.create(&writer(), &wanted).await {
        Ok(object) => ended(WHAT, Ok(there_is(&object, Made::Created))),
        Err(kube::Error::Api(status)) if status.code == 409 => {
            let there = api
                .get(&name)
                .await
                .map_err(|error| KubernetesError::of(WHAT, error))?;
            if rights(&there) == rights(&wanted) {
                Ok(there_is(&there, Made::Exists))
            } else {
                Err(KubernetesError::Differs { kind, name })
            }
        }
        // The namespace may be what is missing.
        Err(kube::Error::Api(status))
            if status.code == 404
                && status.message.contains("roles.rbac.authorization.k8s.io ") =>
        {
            Err(KubernetesError::NoRole {
                kind,
                name,
                role: format!("{} `{}`", text("/roleRef/kind"), text("/roleRef/name")),
            })
        }
        Err(error) => ended(WHAT, Err(error)),
    }
}

fn there_is(object: &impl kube::Resource, made: Made) -> ThereBinding {
    let metadata = object.meta();
    ThereBinding {
        made,
        uid: metadata.uid.clone(),
        resource_version: metadata.resource_version.clone(),
    }
}

/// Who is given what, as both sides write it.
fn rights(binding: &impl Serialize) -> [Value; 2] {
    let value = serde_json::to_value(binding).unwrap_or_default();
    ["roleRef", "subjects"].map(|field| value[field].clone())
}
