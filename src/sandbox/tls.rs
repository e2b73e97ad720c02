//! The certificate of the Kubernetes endpoint, and of STS where it is asked over TLS.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::invent;

/// The Kubernetes endpoint's own certificate authority and certificate.
pub(super) struct Tls {
    pub(super) ca_pem: String,
    pub(super) acceptor: TlsAcceptor,
    /// Something that only this process knows.
    pub(super) secret: String,
}

impl Tls {
    /// A certificate for loopback and for the hosts of STS in a region.
    pub(super) fn new(region: &str) -> io::Result<Self> {
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "kubernetes");
        let ca_key = KeyPair::generate().map_err(io::Error::other)?;
        let ca = CertifiedIssuer::self_signed(params, ca_key).map_err(io::Error::other)?;
        let mut names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let hosts = ["amazonaws.com", "amazonaws.com.cn", "api.aws"];
        names.extend(hosts.map(|host| format!("sts.{region}.{host}")));
        names.push("sts.amazonaws.com".to_owned());
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, &ca).map_err(io::Error::other)?;
        let secret = invent::hex(&invent::digest(&key.serialize_pem()));
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], der)
            .map_err(io::Error::other)?;
        Ok(Self {
            ca_pem: ca.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            secret,
        })
    }
}
