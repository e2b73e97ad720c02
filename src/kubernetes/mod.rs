//! The Kubernetes client and its errors stop here: the ConfigMap and RBAC objects in this project's own words.

mod again;
mod bindings;
mod config_map;
mod gate;
mod kubeconfig;
mod login;
mod nodes;
mod plugin;
mod refusal;
mod token;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, RoleBinding};
use kube::api::{Api, ListParams};
use kube::client::ClientBuilder;
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::filter::AsyncFilterLayer;
use tracing::debug;

use again::again;
pub use bindings::{Made, StoredBinding, ThereBinding};
pub use config_map::{Attempt, Deleted, MANAGER, Stored, Terminating};
use gate::{Gate, Refused};
pub use kubeconfig::{Elsewhere, Kubeconfig, Named};
pub use nodes::{NodeNames, Nodes};
pub use token::{Bearer, MakeToken, TokenError, Tokens};

use crate::causes::with_causes;
use crate::model::rbac::{Binding, Rbac, Rule};
use crate::proxy;
use crate::source::AwsAuth;
use crate::text::{bare_url, shortened, visible};

/// How many objects are asked for at a time.
const PAGE: u32 = 500;
/// How often a list that expires between its pages is read from its beginning.
const WHOLE_LISTS: u32 = 4;

/// What this tool calls itself.
const USER_AGENT: &str = concat!("aws-auth-migrate/", env!("CARGO_PKG_VERSION"));

/// How many pages a list may have: half a million objects.
const MOST_PAGES: usize = 1000;

/// How many bytes a list may have; more than that is no cluster's, but somebody who fills the memory.
const LARGEST_LIST: u64 = 256 * 1024 * 1024;

/// How much of an error's text is shown; the server may have written it.
const LONGEST_REASON: usize = 1000;

/// How many requests may wait for their turn.
const IN_A_ROW: usize = 64;

/// A client of one cluster's Kubernetes API.
#[derive(Clone)]
pub struct Kubernetes {
    client: Client,
    /// How many bytes were received.
    received: Arc<AtomicU64>,
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
    /// The cluster's endpoint can't be used.
    #[error("failed to use the cluster's endpoint: {reason}")]
    Unusable {
        /// Why.
        reason: String,
    },
    /// The kubeconfig's exec plugin gave no credentials.
    #[error("failed to get credentials from the kubeconfig's exec plugin `{command}`: {reason}")]
    Plugin {
        /// The command, without its arguments.
        command: String,
        /// Why.
        reason: String,
    },
    /// A list does not end.
    #[error("failed to {what}: the answer {reason}")]
    Endless {
        /// What was attempted.
        what: &'static str,
        /// Which limit it has passed.
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
    /// Admission refused it: a policy, a webhook, a plugin of the API server. No right is missing.
    #[error("failed to {what}: {by} refused it: {message}")]
    Rejected {
        /// What was attempted.
        what: &'static str,
        /// Who refused it.
        by: String,
        /// The API server's own words.
        message: String,
    },
    /// The object says of itself that it never changes.
    #[error("failed to {what}: it has `immutable: true`, so what it holds can't be changed")]
    Immutable {
        /// What was attempted.
        what: &'static str,
    },
    /// A binding names a role that is not there.
    #[error(
        "failed to make the {kind} `{name}`: the {role}, which it names as the old group's binding does, does not exist"
    )]
    NoRole {
        /// The binding's kind.
        kind: String,
        /// Its name.
        name: String,
        /// The role's kind and name.
        role: String,
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
                _ if let Some(refusal) = refusal::of(what, status.code, &status.message) => refusal,
                401 => Self::Unauthorized { what },
                403 => Self::Forbidden {
                    what,
                    message: shortened(&status.message, LONGEST_REASON).into_owned(),
                },
                code => Self::Refused {
                    what,
                    code,
                    reason: shortened(&status.reason, LONGEST_REASON).into_owned(),
                    message: shortened(&status.message, LONGEST_REASON).into_owned(),
                },
            },
            kube::Error::Service(error)
                if matches!(error.downcast_ref(), Some(Refused::TooLarge)) =>
            {
                Self::Endless {
                    what,
                    reason: Refused::TooLarge.to_string(),
                }
            }
            other => Self::Unreachable {
                what,
                reason: shortened(&with_causes(&other), LONGEST_REASON).into_owned(),
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
                "try again in a minute: the cluster's authenticator may be starting or down; if it stays, the AWS identity of \
                 the credentials has neither a mapping in aws-auth nor an access entry on this cluster: use one that has, or read \
                 the ConfigMap elsewhere and give it with --from-file"
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
                "grant `create` and `get` on it to the caller, and `bind` on the role that it names, one of clusterroles or roles \
                 (`export rbac --for apply` with the cluster and the same --rename-group writes all of it), or make it by hand"
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
            Self::Rejected { .. } => {
                "no right is missing: change what refused it, or except this ConfigMap from it \
                 (kubectl get validatingadmissionpolicies,validatingwebhookconfigurations), then run the same command again"
                    .to_owned()
            }
            Self::NoRole { role, .. } => {
                format!("create the {role}, or delete the old group's binding to it, which gives nothing")
            }
            Self::Plugin { .. } => {
                "run the plugin by hand to see what it says, which is not repeated here since it may hold secrets; \
                 --request-timeout gives it more time"
                    .to_owned()
            }
            Self::Endless { .. } => {
                "check that the endpoint is the cluster's and that nothing answers in its place".to_owned()
            }
            Self::Kubeconfig { .. }
            | Self::Unusable { .. }
            | Self::Immutable { .. }
            | Self::Refused { .. } => return None,
        })
    }
}

impl Kubernetes {
    /// A client by kubeconfig; exec plugins are run, each for the time of a request.
    pub async fn by_kubeconfig(
        kubeconfig: &Kubeconfig,
        clock: fn() -> SystemTime,
        timeout: Duration,
    ) -> Result<Self, KubernetesError> {
        let mut config = kubeconfig.config().await?;
        // Before a plugin is asked for a token that would not be sent.
        encrypted(&config.cluster_url).map_err(kubeconfig::unusable)?;
        let tokens = login::tokens(&mut config.auth_info, clock, timeout).await?;
        Self::by_config(config, tokens, timeout)
    }

    /// A client by the cluster's own endpoint, authority and tokens.
    ///
    /// The cluster's own authority is the only one that is trusted: where EKS names none, nothing is sent.
    pub fn by_tokens<E: std::error::Error + Send + Sync + 'static>(
        endpoint: &str,
        certificate_authority: Option<&[u8]>,
        tokens: Tokens<E>,
        timeout: Duration,
    ) -> Result<Self, KubernetesError> {
        let unusable = |reason: String| KubernetesError::Unusable { reason };
        proxy::check().map_err(unusable)?;
        let endpoint = bare_url(endpoint);
        let url = endpoint
            .parse()
            .map_err(|_| unusable(format!("`{endpoint}` is not a URL")))?;
        let mut config = Config::new(url);
        config.root_cert = match certificate_authority {
            Some(authority) => Some(pem_certificates(authority).map_err(unusable)?),
            None if is_loopback(&config.cluster_url) => None,
            None => {
                return Err(unusable(
                    "EKS names no certificate authority for the cluster".to_owned(),
                ));
            }
        };
        config.proxy_url = proxy::of(&config.cluster_url);
        Self::by_config(config, Some(tokens), timeout)
    }

    /// A client; without tokens the configuration itself says how to log in.
    fn by_config<E: std::error::Error + Send + Sync + 'static>(
        mut config: Config,
        tokens: Option<Tokens<E>>,
        timeout: Duration,
    ) -> Result<Self, KubernetesError> {
        // Audit logs show it. Source: Kubernetes, "Auditing", `userAgent`.
        let agent = http::HeaderValue::from_static(USER_AGENT);
        config.headers.push((http::header::USER_AGENT, agent));
        encrypted(&config.cluster_url).map_err(|reason| KubernetesError::Unusable { reason })?;
        if config.cluster_url.scheme_str() != Some("https") && config.proxy_url.is_some() {
            return Err(KubernetesError::Unusable {
                reason: "a proxy would see the credentials, which go in the clear to this machine"
                    .to_owned(),
            });
        }
        config.connect_timeout = Some(timeout);
        config.read_timeout = Some(timeout);
        config.write_timeout = Some(timeout);
        let gate = Gate {
            timeout,
            received: Arc::default(),
        };
        let received = Arc::clone(&gate.received);
        let builder = ClientBuilder::try_from(config)
            .map_err(|error| kubeconfig::unusable(not_set_up(&error)))?
            .with_layer(&gate);
        let client = match tokens {
            // The filter wants a service that can be cloned.
            Some(tokens) => builder
                .with_layer(&BufferLayer::new(IN_A_ROW))
                .with_layer(&AsyncFilterLayer::new(tokens))
                .build(),
            None => builder.build(),
        };
        Ok(Self { client, received })
    }

    /// Reads the ConfigMap; `None` where there is none.
    pub async fn aws_auth(&self) -> Result<Option<AwsAuth>, KubernetesError> {
        Ok(self.stored().await?.map(|stored| stored.aws_auth()))
    }

    /// Reads all bindings of users and groups, page by page.
    pub async fn rbac(&self) -> Result<Rbac, KubernetesError> {
        let cluster_wide = self.all("list ClusterRoleBindings", |binding: ClusterRoleBinding| {
            Binding::from(binding)
        });
        let mut bindings = cluster_wide.await?;
        let namespaced = self.all("list RoleBindings", |binding: RoleBinding| {
            Binding::from(binding)
        });
        bindings.extend(namespaced.await?);
        bindings.retain(|binding| !binding.subjects.is_empty());
        Ok(Rbac {
            bindings,
            cluster_roles: None,
        })
    }

    /// Reads the rules of all ClusterRoles, by name.
    pub async fn cluster_roles(&self) -> Result<BTreeMap<String, Vec<Rule>>, KubernetesError> {
        let roles = self.all("list ClusterRoles", |role: ClusterRole| {
            let rules = role.rules.into_iter().flatten().map(Rule::from);
            (role.metadata.name.unwrap_or_default(), rules.collect())
        });
        Ok(roles.await?.into_iter().collect())
    }

    /// Reads all objects of a kind and keeps of each what is wanted: the whole list, and from its beginning where it
    /// expired between two pages, since half a list proves nothing.
    ///
    /// Source: Kubernetes API Concepts, "Retrieving large results sets in chunks" (410 Gone).
    async fn all<K, T>(
        &self,
        what: &'static str,
        kept: impl Fn(K) -> T,
    ) -> Result<Vec<T>, KubernetesError>
    where
        K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            // The last time in one answer, which can't expire.
            let limit = (tries < WHOLE_LISTS).then_some(PAGE);
            match self.pages(what, limit, &kept).await {
                Err(KubernetesError::Refused { code: 410, .. }) if tries < WHOLE_LISTS => {
                    debug!(tries, "{what}: the list expired between two pages");
                }
                ended => return ended,
            }
        }
    }

    async fn pages<K, T>(
        &self,
        what: &'static str,
        limit: Option<u32>,
        kept: impl Fn(K) -> T,
    ) -> Result<Vec<T>, KubernetesError>
    where
        K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        let api: Api<K> = Api::all(self.client.clone());
        let endless = |reason: String| KubernetesError::Endless { what, reason };
        let first = ListParams {
            limit,
            ..ListParams::default()
        };
        let mut params = first.clone();
        let mut all = Vec::new();
        let before = self.received.load(Ordering::Relaxed);
        for _ in 0..MOST_PAGES {
            let page = again(|| async {
                let page = api.list(&params).await;
                page.map_err(|error| KubernetesError::of(what, error))
            });
            let page = page.await?;
            all.extend(page.items.into_iter().map(&kept));
            let Some(token) = page.metadata.continue_.filter(|token| !token.is_empty()) else {
                debug!(count = all.len(), "{what}");
                return Ok(all);
            };
            if self.received.load(Ordering::Relaxed) - before > LARGEST_LIST {
                let most = LARGEST_LIST / 1024 / 1024;
                return Err(endless(format!("is larger than {most} MiB")));
            }
            params = first.clone().continue_token(&token);
        }
        Err(endless(format!("has more than {MOST_PAGES} pages")))
    }
}

/// The certificates of a PEM text, in DER.
pub(crate) fn pem_certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    // The parser's own words would repeat the text.
    let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|_| "the cluster's certificate authority is not PEM".to_owned())?;
    if certificates.is_empty() {
        return Err("the cluster's certificate authority holds no certificate in PEM".to_owned());
    }
    Ok(certificates)
}

/// Whether a URL leads to this very machine.
fn is_loopback(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// Refuses a URL to which credentials would go in the clear; on loopback nobody listens in, and a sandbox may be there.
fn encrypted(url: &http::Uri) -> Result<(), String> {
    if url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && is_loopback(url)) {
        return Ok(());
    }
    Err(format!(
        "`{}` is not https, and credentials are sent in the clear to this machine's own loopback address alone",
        bare_url(&url.to_string())
    ))
}

/// Why a client can't be made, in own words: the library's may repeat keys, passwords and the proxy's URL.
fn not_set_up(error: &kube::Error) -> String {
    match error {
        kube::Error::InferKubeconfig(error) => kubeconfig::words(error),
        kube::Error::RustlsTls(_) => {
            "the certificate authority, or the user's certificate or key, can't be used".to_owned()
        }
        kube::Error::ProxyProtocolUnsupported { .. }
        | kube::Error::ProxyProtocolDisabled { .. } => {
            "the proxy's URL is neither http nor https".to_owned()
        }
        kube::Error::HttpError(_) => {
            "`as`, `as-groups` or `as-user-extra` of its user can't be sent in a header".to_owned()
        }
        _ => "its user's credentials can't be used".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{encrypted, pem_certificates};

    #[test]
    fn credentials_go_over_https_or_to_this_machine() {
        for (url, is_allowed) in [
            ("https://a.gr7.eu-west-1.eks.amazonaws.com", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost", true),
            ("http://a.gr7.eu-west-1.eks.amazonaws.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("ftp://127.0.0.1", false),
            ("example.com", false),
        ] {
            assert_eq!(
                encrypted(&url.parse().unwrap()).is_ok(),
                is_allowed,
                "{url}"
            );
        }
    }

    #[test]
    fn a_certificate_authority_that_is_no_pem_is_an_error_without_its_text() {
        for text in [
            "",
            "MARK",
            "-----BEGIN MARK\n",
            "-----BEGIN CERTIFICATE-----\n!MARK\n-----END CERTIFICATE-----\n",
        ] {
            let error = pem_certificates(text.as_bytes()).unwrap_err();
            assert!(!error.contains("MARK"), "{error}");
        }
    }

    /// While the authenticator was down, the tool once claimed that the caller had no mapping.
    #[test]
    fn a_401_names_the_authenticator_before_the_caller() {
        let error = super::KubernetesError::Unauthorized {
            what: "read the ConfigMap kube-system/aws-auth",
        };
        let hint = error.hint().unwrap();
        let (authenticator, mapping) = (hint.find("authenticator"), hint.find("neither a mapping"));
        assert!(authenticator.unwrap() < mapping.unwrap(), "{hint}");
        assert!(hint.contains("try again"), "{hint}");
    }
}
