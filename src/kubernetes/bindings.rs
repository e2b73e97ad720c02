//! Makes cluster-wide and namespaced bindings, and never edits one.

use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use kube::api::{Api, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Kubernetes, KubernetesError};

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

impl Kubernetes {
    /// Makes a ClusterRoleBinding or a RoleBinding from its manifest.
    ///
    /// # Errors
    /// [`KubernetesError::Differs`] where one of the name is there that gives something else.
    pub async fn make_binding(&self, object: Value) -> Result<ThereBinding, KubernetesError> {
        match object
            .pointer("/metadata/namespace")
            .and_then(Value::as_str)
        {
            Some(namespace) => {
                let api: Api<RoleBinding> = Api::namespaced(self.client.clone(), namespace);
                make(&api, object).await
            }
            None => make(&Api::<ClusterRoleBinding>::all(self.client.clone()), object).await,
        }
    }
}

async fn make<K>(api: &Api<K>, object: Value) -> Result<ThereBinding, KubernetesError>
where
    K: kube::Resource + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    const WHAT: &str = "make a binding for a renamed group";
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
    match api.create(&PostParams::default(), &wanted).await {
        Ok(object) => Ok(there_is(&object, Made::Created)),
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
        Err(error) => Err(KubernetesError::of(WHAT, error)),
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
