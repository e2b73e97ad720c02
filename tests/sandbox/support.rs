//! Clients of a sandbox, and short words for what the tests say often.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::{ClusterSeed, Sandbox, Seed};
use aws_credential_types::Credentials;
use aws_sdk_eks::config::retry::RetryConfig;
use aws_sdk_eks::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_sdk_eks::error::{ProvideErrorMetadata, SdkError};
use aws_sigv4::http_request::{
    PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(crate) const CLUSTER: &str = "rehearsal";
pub(crate) const OPS: &str = "arn:aws:iam::111122223333:role/ops";
pub(crate) const DEV: &str = "arn:aws:iam::111122223333:role/team/dev+x@y";
pub(crate) const BOB: &str = "arn:aws:iam::111122223333:user/eng/bob";
pub(crate) const FOREIGN: &str = "arn:aws:iam::444455556666:role/ci";
pub(crate) const ADMIN: &str = "arn:aws:iam::111122223333:role/Admin";

/// A cluster with access entries, and a few principals.
pub(crate) fn seed() -> Seed {
    Seed::new(ClusterSeed::default())
        .with_mode(AuthenticationMode::ApiAndConfigMap)
        .with_principals([OPS, DEV, BOB, FOREIGN])
}

/// `aws-auth` with these roles as `(arn, username, group)`.
pub(crate) fn aws_auth(roles: &[(&str, &str, &str)]) -> BTreeMap<String, String> {
    let text: Vec<String> = roles
        .iter()
        .map(|(arn, username, group)| {
            format!("- rolearn: {arn}\n  username: '{username}'\n  groups: ['{group}']\n")
        })
        .collect();
    BTreeMap::from([("mapRoles".to_owned(), text.concat())])
}

pub(crate) async fn start(seed: Seed) -> (Sandbox, aws_sdk_eks::Client) {
    let sandbox = Sandbox::start(seed).await.unwrap();
    let client = eks(&sandbox, credentials(&sandbox));
    (sandbox, client)
}

pub(crate) fn credentials(sandbox: &Sandbox) -> Credentials {
    let environment = sandbox.environment();
    let get = |name| {
        let found = environment.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    };
    keys(
        get("AWS_ACCESS_KEY_ID").unwrap(),
        get("AWS_SECRET_ACCESS_KEY").unwrap(),
        get("AWS_SESSION_TOKEN"),
    )
}

/// Credentials of a key, with the token of a session.
pub(crate) fn keys(
    key: impl Into<String>,
    secret: impl Into<String>,
    token: Option<String>,
) -> Credentials {
    Credentials::new(key, secret, token, None, "test")
}

pub(crate) fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

pub(crate) fn eks(sandbox: &Sandbox, credentials: Credentials) -> aws_sdk_eks::Client {
    let config = aws_sdk_eks::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(sandbox.aws_url())
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .http_client(http())
        .build();
    aws_sdk_eks::Client::from_conf(config)
}

pub(crate) fn iam(sandbox: &Sandbox, credentials: Credentials) -> aws_sdk_iam::Client {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(sandbox.aws_url())
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .http_client(http())
        .build();
    aws_sdk_iam::Client::from_conf(config)
}

pub(crate) fn sts(sandbox: &Sandbox, credentials: Credentials) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .endpoint_url(sandbox.aws_url())
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .http_client(http())
        .build();
    aws_sdk_sts::Client::from_conf(config)
}

/// The code and the message with which a service refused.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, SdkError<E>>,
) -> (String, String) {
    let error = result.expect_err("the service should refuse");
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (text(error.code()), text(error.message()))
}

/// Asserts how a service refused.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, SdkError<E>>,
    code: &str,
    message: &str,
) {
    assert_eq!(refusal(result), (code.to_owned(), message.to_owned()));
}

/// What a token is made from.
pub(crate) struct TokenUrl<'a> {
    pub(crate) host: &'a str,
    pub(crate) cluster: &'a str,
    pub(crate) at: SystemTime,
}

/// A bearer token as `aws eks get-token` makes it.
pub(crate) fn token(credentials: &Credentials, url: &TokenUrl<'_>) -> String {
    let identity = credentials.clone().into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    settings.signature_location = SignatureLocation::QueryParams;
    settings.session_token_mode = SessionTokenMode::Include;
    settings.expires_in = Some(std::time::Duration::from_mins(1));
    settings.excluded_headers = None;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("sts")
        .time(url.at)
        .settings(settings)
        .build()
        .unwrap();
    let text = format!(
        "https://{}/?Action=GetCallerIdentity&Version=2011-06-15",
        url.host
    );
    let headers = [("x-k8s-aws-id", url.cluster)];
    let request = SignableRequest::new("GET", &text, headers.into_iter(), SignableBody::Bytes(b""));
    let (instructions, _) = sign(request.unwrap(), &params.into()).unwrap().into_parts();
    let mut built = http::Request::builder().uri(&text).body(()).unwrap();
    instructions.apply_to_request_http1x(&mut built);
    format!(
        "k8s-aws-v1.{}",
        URL_SAFE_NO_PAD.encode(built.uri().to_string())
    )
}

/// The usual token of the sandbox's caller.
pub(crate) fn good_token(credentials: &Credentials) -> String {
    let url = TokenUrl {
        host: "sts.eu-west-1.amazonaws.com",
        cluster: CLUSTER,
        at: SystemTime::now(),
    };
    token(credentials, &url)
}

/// A Kubernetes client with the kubeconfig's own token, or another one.
pub(crate) async fn kubernetes(sandbox: &Sandbox, token: Option<String>) -> kube::Client {
    let mut kubeconfig = kube::config::Kubeconfig::from_yaml(&sandbox.kubeconfig()).unwrap();
    if let Some(token) = token {
        let user = kubeconfig.auth_infos[0].auth_info.as_mut().unwrap();
        user.token = Some(token.into());
    }
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
    kube::Client::try_from(config.await.unwrap()).unwrap()
}
