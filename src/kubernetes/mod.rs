//! The Kubernetes client and its errors stop here: the ConfigMap and RBAC objects in this project's own words.

mod again;
mod bindings;
mod config_map;
mod kubeconfig;
mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, RoleBinding};
use kube::api::{Api, ListParams};
use kube::client::ClientBuilder;
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::filter::AsyncFilterLayer;
use tracing::debug;

use again::again;
pub use bindings::{Made, StoredBinding, ThereBinding};
pub use config_map::Stored;
pub use kubeconfig::{Kubeconfig, Named};
pub use token::{MakeToken, Tokens};

use crate::access::rbac::{Binding, Rbac, Rule};
use crate::causes::with_causes;
use crate::source::AwsAuth;
use crate::text::visible;

/// How many objects are asked for at a time.
const PAGE: u32 = 500;
/// How often a list that expires between its pages is read from its beginning.
const WHOLE_LISTS: u32 = 4;

/// How many requests may wait for their turn.
const IN_A_ROW: usize = 64;

/// A client of one cluster's Kubernetes API.
#[derive(Clone)]
pub struct Kubernetes {
    client: Client,
}

/// The names of the nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeNames {
    /// Those whose `Ready` condition is true.
    pub ready: BTreeSet<String>,
    /// All others.
    pub not_ready: BTreeSet<String>,
}

/// What can go wrong with the Kubernetes API.
#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {
    /// The kubeconfig can't be used.
    #[error("failed to use the kubeconfig: {reason}")]
    Kubeconfig {
        /// Why.
        reason: String,
    },
    /// The API server knows nobody by these credentials.
    #[error("failed to {what}: the Kubernetes API does not know the caller (401 Unauthorized)")]
    Unauthorized {
        /// What was attempted.
        what: &'static str,
    },
    /// The caller lacks a right.
    #[error("failed to {what}: {message}")]
    Forbidden {
        /// What was attempted.
        what: &'static str,
        /// The API server's own words.
        message: String,
    },
    /// The API server refused otherwise.
    #[error("failed to {what}: the Kubernetes API answered {code} {reason}: {message}")]
    Refused {
        /// What was attempted.
        what: &'static str,
        /// The HTTP status.
        code: u16,
        /// The status's reason, such as `Conflict`.
        reason: String,
        /// The API server's own words.
        message: String,
    },
    /// An object of the name is there, and it is another one.
    #[error(
        "failed to make the {kind} `{name}`: there is one of this name that gives something else"
    )]
    Differs {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// The API server was not reached.
    #[error("failed to {what}: {reason}")]
    Unreachable {
        /// What was attempted.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

/// Tells what came of a write, and turns its error into this project's words.
fn ended<T>(what: &'static str, result: kube::Result<T>) -> Result<T, KubernetesError> {
    let result = result.map_err(|error| KubernetesError::of(what, error));
    match &result {
        Ok(_) => debug!("{what}: done"),
        Err(error) => debug!("{}", visible(&error.to_string())),
    }
    result
}

impl KubernetesError {
    fn of(what: &'static str, error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => match status.code {
                401 => Self::Unauthorized { what },
                403 => Self::Forbidden {
                    what,
                    message: status.message.clone(),
                },
                code => Self::Refused {
                    what,
                    code,
                    reason: status.reason.clone(),
                    message: status.message.clone(),
                },
            },
            other => Self::Unreachable {
                what,
                reason: with_causes(&other),
            },
        }
    }

    /// Whether somebody else has written the object meanwhile, or made one.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { code: 409, .. })
    }

    /// Whether it is unknown if what was asked for was done.
    #[must_use]
    pub fn is_answer_lost(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { code, .. } => *code >= 500,
            _ => false,
        }
    }

    /// Whether there is no such object.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unauthorized { .. } => {
                "the AWS identity of the credentials has neither a mapping in aws-auth nor an access entry on this cluster; \
                 use one that has, or read the ConfigMap elsewhere and give it with --from-file"
                    .to_owned()
            }
            Self::Forbidden { what, .. } if what.starts_with("write") || what.starts_with("delete") || what.starts_with("create") => {
                "grant `update`, `create` and `delete` on ConfigMaps in `kube-system` to the caller, and run the same command again"
                    .to_owned()
            }
            Self::Forbidden { what, .. } if what.contains("binding of a renamed group") => {
                "grant `get` and `delete` on it to the caller, and run the same command again".to_owned()
            }
            Self::Forbidden { what, .. } if what.starts_with("make a binding") => {
                "grant `create` and `get` on it to the caller, and `bind` on the role that it names, or make it by hand"
                    .to_owned()
            }
            Self::Forbidden { what, .. } if what.starts_with("list ") => {
                format!("grant the right to {what} to the caller")
            }
            Self::Forbidden { .. } => {
                "grant `get` on the ConfigMap `aws-auth` in `kube-system`, or read it elsewhere and give it with --from-file"
                    .to_owned()
            }
            Self::Unreachable { .. } => {
                "check the network: a private endpoint is reached from within its VPC only; --from-file works without it"
                    .to_owned()
            }
            Self::Differs { name, .. } => {
                format!("look at `{name}`, and delete it or make the bindings yourself: nothing that is there is edited")
            }
            Self::Kubeconfig { .. } | Self::Refused { .. } => return None,
        })
    }
}

impl Kubernetes {
    /// A client by kubeconfig; exec plugins are run.
    pub async fn by_kubeconfig(
        kubeconfig: &Kubeconfig,
        timeout: Duration,
    ) -> Result<Self, KubernetesError> {
        Self::by_config(kubeconfig.config().await?, None, timeout)
    }

    /// A client by the cluster's own endpoint, authority and tokens.
    pub fn by_tokens(
        endpoint: &str,
        certificate_authority: Option<&[u8]>,
        tokens: Tokens,
        timeout: Duration,
    ) -> Result<Self, KubernetesError> {
        let unusable = |reason: String| KubernetesError::Unreachable {
            what: "reach the cluster's endpoint",
            reason,
        };
        let url = endpoint
            .parse()
            .map_err(|_| unusable(format!("`{endpoint}` is not a URL")))?;
        let mut config = Config::new(url);
        config.root_cert = certificate_authority
            .map(pem_certificates)
            .transpose()
            .map_err(unusable)?;
        config.proxy_url = proxy(&config.cluster_url);
        Self::by_config(config, Some(tokens), timeout)
    }

    /// A client; without tokens the configuration itself says how to log in.
    fn by_config(
        mut config: Config,
        tokens: Option<Tokens>,
        timeout: Duration,
    ) -> Result<Self, KubernetesError> {
        config.connect_timeout = Some(timeout);
        config.read_timeout = Some(timeout);
        config.write_timeout = Some(timeout);
        let builder =
            ClientBuilder::try_from(config).map_err(|error| KubernetesError::Kubeconfig {
                reason: with_causes(&error),
            })?;
        let client = match tokens {
            // The filter wants a service that can be cloned.
            Some(tokens) => builder
                .with_layer(&BufferLayer::new(IN_A_ROW))
                .with_layer(&AsyncFilterLayer::new(tokens))
                .build(),
            None => builder.build(),
        };
        Ok(Self { client })
    }

    /// Reads the ConfigMap; `None` where there is none.
    pub async fn aws_auth(&self) -> Result<Option<AwsAuth>, KubernetesError> {
        Ok(self.stored().await?.map(|stored| stored.aws_auth()))
    }

    /// Reads all bindings of users and groups, page by page.
    pub async fn rbac(&self) -> Result<Rbac, KubernetesError> {
        let cluster_wide = self
            .all::<ClusterRoleBinding>("list ClusterRoleBindings")
            .await?;
        let namespaced = self.all::<RoleBinding>("list RoleBindings").await?;
        let bindings = cluster_wide
            .into_iter()
            .map(Binding::from)
            .chain(namespaced.into_iter().map(Binding::from))
            .filter(|binding| !binding.subjects.is_empty())
            .collect();
        Ok(Rbac {
            bindings,
            cluster_roles: None,
        })
    }

    /// Reads the rules of all ClusterRoles, by name.
    pub async fn cluster_roles(&self) -> Result<BTreeMap<String, Vec<Rule>>, KubernetesError> {
        let roles = self.all::<ClusterRole>("list ClusterRoles").await?;
        Ok(roles
            .into_iter()
            .map(|role| {
                let rules = role.rules.into_iter().flatten().map(Rule::from);
                (role.metadata.name.unwrap_or_default(), rules.collect())
            })
            .collect())
    }

    /// Reads the names of the nodes, by whether their `Ready` condition is true.
    pub async fn nodes(&self) -> Result<NodeNames, KubernetesError> {
        let mut names = NodeNames::default();
        for node in self.all::<Node>("list Nodes").await? {
            let side = if is_ready(&node) {
                &mut names.ready
            } else {
                &mut names.not_ready
            };
            side.extend(node.metadata.name);
        }
        Ok(names)
    }

    /// Reads a whole list, and from its beginning where it expired between two pages: half a list proves nothing.
    ///
    /// Source: Kubernetes API Concepts, "Retrieving large results sets in chunks" (410 Gone).
    async fn all<K>(&self, what: &'static str) -> Result<Vec<K>, KubernetesError>
    where
        K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.pages(what).await {
                Err(KubernetesError::Refused { code: 410, .. }) if tries < WHOLE_LISTS => {
                    debug!(tries, "{what}: the list expired between two pages");
                }
                ended => return ended,
            }
        }
    }

    async fn pages<K>(&self, what: &'static str) -> Result<Vec<K>, KubernetesError>
    where
        K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::all(self.client.clone());
        let mut params = ListParams::default().limit(PAGE);
        let mut all = Vec::new();
        loop {
            let page = again(|| async {
                let page = api.list(&params).await;
                page.map_err(|error| KubernetesError::of(what, error))
            });
            let page = page.await?;
            all.extend(page.items);
            let Some(token) = page.metadata.continue_.filter(|token| !token.is_empty()) else {
                debug!(count = all.len(), "{what}");
                return Ok(all);
            };
            params = ListParams::default().limit(PAGE).continue_token(&token);
        }
    }
}

impl crate::writer::Nodes for Kubernetes {
    fn ready(&self) -> futures_util::future::BoxFuture<'_, Result<BTreeSet<String>, String>> {
        Box::pin(async {
            let nodes = self.nodes().await;
            nodes
                .map(|nodes| nodes.ready)
                .map_err(|error| error.to_string())
        })
    }
}

/// Whether a node's `Ready` condition is true.
fn is_ready(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|status| &status.conditions);
    conditions
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// The certificates of a PEM text, in DER.
fn pem_certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the cluster's certificate authority is not PEM: {error}"))?;
    if certificates.is_empty() {
        return Err("the cluster's certificate authority holds no certificate".to_owned());
    }
    Ok(certificates)
}

/// The proxy that the environment names for a URL; `None` where there is none, or `NO_PROXY` excepts the host.
fn proxy(url: &http::Uri) -> Option<http::Uri> {
    hyper_util::client::proxy::matcher::Matcher::from_env()
        .intercept(url)
        .map(|proxy| proxy.uri().clone())
}
