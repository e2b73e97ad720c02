//! The Kubernetes client and its errors stop here: the ConfigMap and RBAC objects in this project's own words.

mod bindings;
mod config_map;
mod error;
mod gate;
mod in_memory;
mod kubeconfig;
mod lists;
mod login;
mod nodes;
mod plugin;
mod refusal;
mod retry;
mod token;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use kube::client::ClientBuilder;
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::filter::AsyncFilterLayer;

pub use bindings::{Made, StoredBinding, ThereBinding};
pub use config_map::{Attempt, Deleted, MANAGER, Stored, Terminating};
pub use error::{KubernetesError, Request};
use gate::AnswerLimits;
pub use kubeconfig::{Elsewhere, Kubeconfig, Named};
pub use nodes::{NodeNames, ReadyNodes};
pub use token::{Bearer, MakeToken, TokenError, Tokens};

use crate::connector::Connector;
use crate::proxy;
use crate::source::AwsAuth;
use crate::text::bare_url;

/// What this tool calls itself.
const USER_AGENT: &str = concat!("aws-auth-migrate/", env!("CARGO_PKG_VERSION"));

/// How many requests may wait for their turn.
const IN_A_ROW: usize = 64;

/// A client of one cluster's Kubernetes API.
#[derive(Clone)]
pub struct Kubernetes {
    client: Client,
    /// How many bytes were received.
    received: Arc<AtomicU64>,
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
        Self::by_config(config, tokens, timeout, None)
    }

    /// A client by the cluster's own endpoint, authority and tokens.
    ///
    /// The cluster's own authority is the only one that is trusted: where EKS names none, nothing is sent. A connector
    /// answers in place of the network.
    pub fn by_tokens<E: std::error::Error + Send + Sync + 'static>(
        endpoint: &str,
        certificate_authority: Option<&[u8]>,
        tokens: Tokens<E>,
        timeout: Duration,
        connector: Option<Connector>,
    ) -> Result<Self, KubernetesError> {
        let unusable = |reason: String| KubernetesError::Unusable { reason };
        proxy::check().map_err(unusable)?;
        let endpoint = bare_url(endpoint);
        let url = endpoint
            .parse()
            .map_err(|_| unusable(format!("`{endpoint}` is not a URL")))?;
        let mut config = Config::new(url);
        config.root_cert = match certificate_authority {
            _ if connector.is_some() => None,
            Some(authority) => Some(pem_certificates(authority).map_err(unusable)?),
            None if is_loopback(&config.cluster_url) => None,
            None => {
                return Err(unusable(
                    "EKS returned no certificate authority for the cluster".to_owned(),
                ));
            }
        };
        config.proxy_url = proxy::of(&config.cluster_url);
        Self::by_config(config, Some(tokens), timeout, connector)
    }

    /// A client; without tokens the configuration itself says how to log in.
    fn by_config<E: std::error::Error + Send + Sync + 'static>(
        mut config: Config,
        tokens: Option<Tokens<E>>,
        timeout: Duration,
        connector: Option<Connector>,
    ) -> Result<Self, KubernetesError> {
        // Audit logs show it. Source: Kubernetes, "Auditing", `userAgent`.
        let agent = http::HeaderValue::from_static(USER_AGENT);
        config.headers.push((http::header::USER_AGENT, agent));
        encrypted(&config.cluster_url).map_err(|reason| KubernetesError::Unusable { reason })?;
        if config.cluster_url.scheme_str() != Some("https") && config.proxy_url.is_some() {
            return Err(KubernetesError::Unusable {
                reason:
                    "a proxy would see the credentials, which are sent in the clear on this machine"
                        .to_owned(),
            });
        }
        config.connect_timeout = Some(timeout);
        config.read_timeout = Some(timeout);
        config.write_timeout = Some(timeout);
        let gate = AnswerLimits {
            timeout,
            received: Arc::default(),
        };
        let received = Arc::clone(&gate.received);
        let builder = match connector {
            Some(connector) => {
                let service = in_memory::service(connector, config.cluster_url, config.headers);
                ClientBuilder::new(service, config.default_namespace)
            }
            None => ClientBuilder::try_from(config)
                .map_err(|error| kubeconfig::unusable(not_set_up(&error)))?,
        };
        let builder = builder.with_layer(&gate);
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
        return Err("the cluster's certificate authority has no PEM certificate".to_owned());
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
        "`{}` is not https, and credentials are sent in the clear only to this machine's loopback address",
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
}
