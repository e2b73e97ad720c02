//! The HTTP client under the SDK: one TLS stack, the proxies of the environment, and `AWS_CA_BUNDLE`.
#![expect(
    clippy::disallowed_methods,
    reason = "the certificate bundle is named by the environment and read here"
)]

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::error::AwsError;

/// Checks that a bundle holds certificates: the SDK would pass over what it can't read without a word.
fn check(pem: &[u8]) -> Result<(), &'static str> {
    let not_pem = "it is not a bundle of PEM certificates";
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|_| not_pem)?;
    if certificates.is_empty() {
        return Err(not_pem);
    }
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store
            .add(certificate)
            .map_err(|_| "one of its certificates can't be used")?;
    }
    Ok(())
}

/// Makes the client.
///
/// The Rust SDK does not read `AWS_CA_BUNDLE` by itself, other SDKs and the `aws` command do.
/// Source: AWS SDKs and Tools Reference Guide, "General configuration".
pub(super) fn client() -> Result<SharedHttpClient, AwsError> {
    let mut trust = TrustStore::default();
    if let Some(path) = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()) {
        let pem = std::fs::read(&path).map_err(|error| {
            AwsError::setting(
                "read AWS_CA_BUNDLE",
                format!("`{}`: {error}", path.to_string_lossy()),
            )
        })?;
        check(&pem).map_err(|why| {
            AwsError::setting(
                "read AWS_CA_BUNDLE",
                format!("`{}`: {why}", path.to_string_lossy()),
            )
        })?;
        trust = trust.with_pem_certificate(pem);
    }
    let tls = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| AwsError::setting("set up TLS", error.to_string()))?;
    Ok(
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
            connector.set_connector_settings(settings.cloned());
            if let Some(components) = components {
                connector.set_sleep_impl(components.sleep_impl());
            }
            connector
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(tls.clone())
                .build()
        }),
    )
}
