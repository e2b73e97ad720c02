//! The AWS SDK and its errors stop here: EKS, IAM and STS in this project's own words.

mod api;
mod clock;
mod cluster;
mod concurrently;
mod entries;
pub mod error;
mod gate;
mod http;
mod in_memory;
mod listing;
mod nodes;
mod operation;
mod pace;
mod pages;
mod principals;
mod profile;
mod rights;
#[cfg(feature = "s3")]
pub mod s3;
mod session;
mod time;
pub mod token;
mod write;

use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::shared::IntoShared;

pub use api::{CallReply, EksApi, UpdateState};
pub use cluster::ObservedCluster;
pub use error::{AwsError, AwsErrorKind, Clues};
pub use listing::ListedAccount;
pub use pace::{Pace, Service, Throttled};
pub use principals::{LookupRoles, PrincipalSource};

use crate::connector::Connector;
use crate::invocation::Flag;
use crate::model::{Arn, ArnSubject, Principal};
use clock::Skew;
use gate::PacedClient;

/// How to reach AWS, as far as the command line says; the SDK's own settings hold for the rest.
#[derive(Debug, Clone, Default)]
pub struct AwsSettings {
    /// `--region`.
    pub region: Option<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// How long one request may take; 30 seconds where it is not given.
    pub request_timeout: Option<Duration>,
    /// The profile that a kubeconfig names: less than `--profile`, and no error where there is none of the name.
    pub hinted_profile: Option<String>,
    /// How fast requests are made; clones of the settings share it.
    pub pace: Pace,
    /// The clock of this machine, where the dates of answers are to be compared with it.
    pub clock: Option<fn() -> SystemTime>,
    /// Where the services are, instead of where the SDK's settings say: the sandbox.
    pub endpoint: Option<SandboxEndpoint>,
    /// Clients that are there already, instead of new ones: clusters of one account and region share them.
    pub shared: Option<Box<Aws>>,
    /// What answers instead of a network, the Kubernetes API included; requests are signed by [`clock`](Self::clock) then.
    pub connector: Option<Connector>,
}

/// The services of a sandbox, with the key that it knows.
#[derive(Debug, Clone)]
pub struct SandboxEndpoint {
    /// The URL for every service.
    pub url: String,
    /// The access key's id.
    pub access_key_id: String,
    /// The secret; the sandbox's own, which opens nothing else.
    pub secret_access_key: String,
    /// The session's token, where the key belongs to one.
    pub session_token: Option<String>,
}

impl SandboxEndpoint {
    /// What a sandbox gives as variables of the environment; what is not among them is empty.
    #[must_use]
    pub fn of(variables: &[(&'static str, String)]) -> Self {
        let given = |name: &str| {
            let mut known = variables.iter().filter(|(known, _)| *known == name);
            known.next().map(|(_, value)| value.clone())
        };
        let value = |name: &str| given(name).unwrap_or_default();
        Self {
            url: value("AWS_ENDPOINT_URL"),
            access_key_id: value("AWS_ACCESS_KEY_ID"),
            secret_access_key: value("AWS_SECRET_ACCESS_KEY"),
            session_token: given("AWS_SESSION_TOKEN"),
        }
    }
}

/// Clients for EKS, IAM and STS with one set of credentials.
#[derive(Debug, Clone)]
pub struct Aws {
    /// The settings past the gate.
    plain: SdkConfig,
    /// For clients of IAM with other credentials.
    config: SdkConfig,
    client: SharedHttpClient,
    timeout: Duration,
    clock: Option<fn() -> SystemTime>,
    eks: aws_sdk_eks::Client,
    /// The same without turns and retries: the writer waits for its turns and repeats its calls itself.
    eks_once: aws_sdk_eks::Client,
    iam: aws_sdk_iam::Client,
    sts: aws_sdk_sts::Client,
    region: String,
    pace: Pace,
    skew: Skew,
}

/// Who the credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The ARN as STS gives it: a role session's names the role without its path.
    pub arn: Arn,
    /// The 12-digit account id.
    pub account: String,
    /// The role or user behind it, the role without its path; `None` for a root or federated user.
    pub principal: Option<Principal>,
}

/// How often a request that reads is tried.
const ATTEMPTS: u32 = 8;

impl AwsSettings {
    /// How long one request may take, whatever the service: the Kubernetes API is given the same time.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        self.request_timeout.unwrap_or(REQUEST_TIMEOUT)
    }
}

/// What this tool calls itself, for the logs of AWS.
///
/// Source: AWS SDKs and Tools Reference Guide, "Application ID"; CloudTrail shows it in `userAgent` as `app/...`.
const APP_NAME: &str = concat!("aws-auth-migrate-", env!("CARGO_PKG_VERSION"));

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Aws {
    /// Reads the SDK's settings and makes the clients; calls nothing yet.
    ///
    /// # Errors
    /// There is no region, `AWS_CA_BUNDLE` holds no certificates, or a proxy can't be used.
    pub async fn connect(settings: &AwsSettings) -> Result<Self, AwsError> {
        if let Some(shared) = &settings.shared {
            return Ok(Self::clone(shared));
        }
        let (config, client) = load(settings).await?;
        let Some(region) = config.region().map(ToString::to_string) else {
            return Err(AwsError::setting(
                "find the AWS region",
                format!("no region in {}, AWS_REGION or the profile", Flag::Region),
            ));
        };
        let timeout = settings.request_timeout();
        let clock = settings.clock;
        let pace = &settings.pace;
        Ok(Self::gated(
            config, client, timeout, clock, region, pace, pace,
        ))
    }

    /// The clients for settings whose requests go through the gate: IAM's have a pace of their own where accounts share
    /// it among regions.
    fn gated(
        plain: SdkConfig,
        client: SharedHttpClient,
        timeout: Duration,
        clock: Option<fn() -> SystemTime>,
        region: String,
        pace: &Pace,
        iam_pace: &Pace,
    ) -> Self {
        let skew = Skew::default();
        let gate = |service, waits| PacedClient {
            client: client.clone(),
            pace: match service {
                Service::Iam => iam_pace.of(service),
                Service::Eks | Service::Sts => pace.of(service),
            },
            service,
            clock,
            skew: skew.clone(),
            timeout,
            waits,
        };
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
        // Whoever waits for a turn sends nothing, which the SDK would take for a stalled request.
        let gated = |service| {
            plain
                .to_builder()
                .http_client(gate(service, true))
                .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                .timeout_config(timeouts.clone().disable_operation_attempt_timeout().build())
                .build()
        };
        let once = aws_sdk_eks::config::Builder::from(&gated(Service::Eks))
            .http_client(gate(Service::Eks, false))
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            eks: aws_sdk_eks::Client::new(&gated(Service::Eks)),
            eks_once: aws_sdk_eks::Client::from_conf(once),
            iam: aws_sdk_iam::Client::new(&gated(Service::Iam)),
            sts: aws_sdk_sts::Client::new(&gated(Service::Sts)),
            config: gated(Service::Iam),
            plain,
            client,
            timeout,
            clock,
            region,
            pace: pace.clone(),
            skew,
        }
    }

    /// How fast requests are made, and how many were.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// What to do about this machine's clock, where it is too far from that of AWS.
    ///
    /// The SDK makes up for it by the dates of answers, but a cluster's tokens are signed by this machine's time.
    #[must_use]
    pub fn clock_hint(&self) -> Option<String> {
        self.skew.get().map(clock::hint)
    }

    /// The region in use.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Asks STS who the credentials belong to.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        const OPERATION: &str = "sts:GetCallerIdentity";
        let answer = self
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| AwsError::of(OPERATION, &error))?;
        let text = answer.arn().unwrap_or_default();
        let arn: Arn = text
            .parse()
            .map_err(|_| AwsError::strange(OPERATION, format!("STS answered the ARN `{text}`")))?;
        let principal = match ArnSubject::of(&arn) {
            ArnSubject::Principal(principal) => Some(principal),
            ArnSubject::AssumedRole => role_of_session(&arn),
            _ => None,
        };
        Ok(Caller {
            account: answer.account().unwrap_or(&arn.account).to_owned(),
            arn,
            principal,
        })
    }

    /// The credentials' provider, for what signs without a client.
    fn credentials(&self) -> Result<impl ProvideCredentials + use<>, AwsError> {
        self.config.credentials_provider().ok_or_else(|| {
            AwsError::setting(
                "find AWS credentials",
                "the SDK has no credentials provider",
            )
        })
    }
}

/// Reads the SDK's settings and makes the HTTP client; calls nothing yet.
async fn load(settings: &AwsSettings) -> Result<(SdkConfig, SharedHttpClient), AwsError> {
    let timeout = settings.request_timeout();
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT);
    crate::proxy::check().map_err(|why| AwsError::setting("set up the proxy", why))?;
    let client = match &settings.connector {
        Some(connector) => in_memory::InMemory(connector.clone()).into_shared(),
        None => http::client()?,
    };
    // Credentials are fetched past the gate: they must not wait behind the calls that wait for them.
    let mut loader = aws_config::from_env()
        .app_name(AppName::new(APP_NAME).expect("the name is made of letters, digits and signs"))
        .http_client(client.clone())
        .timeout_config(timeouts.clone().operation_attempt_timeout(timeout).build())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = settings
        .profile
        .as_ref()
        .or(settings.hinted_profile.as_ref())
    {
        loader = loader.profile_name(profile);
    }
    if let Some(profile) = &settings.profile {
        profile::must_exist(profile).await?;
        let region = settings.region.clone().map(Region::new);
        loader = loader.credentials_provider(profile::credentials(profile, region, &client).await);
    }
    if let Some(endpoint) = &settings.endpoint {
        let key = Credentials::new(
            &endpoint.access_key_id,
            &endpoint.secret_access_key,
            endpoint.session_token.clone(),
            None,
            "sandbox",
        );
        loader = loader.endpoint_url(&endpoint.url).credentials_provider(key);
    }
    if let (Some(_), Some(clock)) = (&settings.connector, settings.clock) {
        loader = loader.time_source(in_memory::Now(clock));
    }
    Ok((loader.load().await, client))
}

/// `sts::A:assumed-role/ROLE/SESSION` is a session of `iam::A:role/ROLE`; STS leaves the path out.
///
/// Source: aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`.
fn role_of_session(arn: &Arn) -> Option<Principal> {
    let name = arn.resource.split('/').nth(1)?;
    let role = Arn {
        partition: arn.partition.clone(),
        service: "iam".into(),
        region: "".into(),
        account: arn.account.clone(),
        resource: format!("role/{name}").into(),
    };
    Principal::from_arn(&role)
}
