//! What went wrong with a call to AWS: operation, code, message, request id.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{clock, gate};
use crate::causes::with_causes;
use crate::invocation::Advice;
use crate::model::ActionError;
use crate::text::shortened;

/// The longest `Retry-After` that is heeded.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(1);

/// Whether an error's code asks for fewer calls.
///
/// Source: AWS SDKs and Tools Reference Guide, "Retry behavior"; EKS API Reference, "Common errors".
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "RequestThrottled"
            | "SlowDown"
    )
}

/// A failed call, or a setting that makes calls impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {kind}")]
pub struct AwsError {
    /// The operation as IAM names it, such as `eks:CreateAccessEntry`, or what was attempted.
    pub operation: String,
    /// What went wrong.
    pub kind: AwsErrorKind,
}

/// What was seen beside a service's answer that explains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clues {
    /// For how long the operation has been throttled.
    pub throttled_for: Option<Duration>,
    /// By how many seconds this machine's clock is ahead of the service's, where that is too far.
    pub clock_ahead: Option<i64>,
}

/// The ways in which a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// The service answered with an error.
    Service {
        /// The exception's class, such as `ResourceInUseException`.
        code: String,
        /// The service's own words.
        message: String,
        /// The id to quote to AWS support.
        request_id: Option<String>,
        /// The HTTP status.
        status: u16,
        /// How long the service asks to wait before the next try.
        retry_after: Option<Duration>,
        /// What else was seen.
        clues: Clues,
    },
    /// There are no usable credentials.
    Credentials(String),
    /// The service was not reached, or the connection broke before the answer was complete.
    Connection(String),
    /// There was no answer in time.
    TimedOut,
    /// The call could not be made.
    Setting(String),
    /// The answer can't be right: it may come from somebody else.
    Strange(String),
}

impl AwsError {
    /// An error that comes from the settings, not from a service.
    pub(crate) fn setting(operation: &str, message: impl Into<String>) -> Self {
        Self {
            operation: operation.to_owned(),
            kind: AwsErrorKind::Setting(shortened(&message.into(), LONGEST).into_owned()),
        }
    }

    /// An answer that can't be right.
    pub(crate) fn strange(operation: &str, message: impl Into<String>) -> Self {
        Self {
            operation: operation.to_owned(),
            kind: AwsErrorKind::Strange(shortened(&message.into(), LONGEST).into_owned()),
        }
    }

    /// Turns an SDK error around.
    pub(crate) fn of<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let kind = match error {
            SdkError::ServiceError(context) => {
                let headers = context.raw().headers();
                AwsErrorKind::Service {
                    code: shortened(context.err().code().unwrap_or("UnknownError"), 200)
                        .into_owned(),
                    message: shortened(context.err().message().unwrap_or("no message"), LONGEST)
                        .into_owned(),
                    request_id: ["x-amzn-requestid", "x-amz-request-id"]
                        .into_iter()
                        .find_map(|name| headers.get(name))
                        .map(ToOwned::to_owned),
                    status: context.raw().status().as_u16(),
                    retry_after: headers
                        .get("retry-after")
                        .and_then(|text| text.parse().ok())
                        .map(Duration::from_secs),
                    clues: Clues {
                        throttled_for: headers
                            .get(gate::THROTTLED)
                            .and_then(|text| text.parse().ok())
                            .map(Duration::from_secs),
                        clock_ahead: headers
                            .get(clock::HEADER)
                            .and_then(|text| text.parse().ok()),
                    },
                }
            }
            SdkError::TimeoutError(_) => AwsErrorKind::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => AwsErrorKind::TimedOut,
            SdkError::DispatchFailure(failure)
                if failure
                    .as_connector_error()
                    .and_then(Error::source)
                    .is_some_and(|error| error.is::<TooLarge>()) =>
            {
                AwsErrorKind::Strange(TooLarge.to_string())
            }
            unanswered => {
                let reason = without_output(&with_causes(error)).to_owned();
                let reason = shortened(&reason, LONGEST).into_owned();
                match unanswered {
                    _ if speaks_of_credentials(&reason) => AwsErrorKind::Credentials(reason),
                    SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
                        AwsErrorKind::Connection(reason)
                    }
                    _ => AwsErrorKind::Setting(reason),
                }
            }
        };
        Self {
            operation: operation.to_owned(),
            kind,
        }
    }

    /// The exception's class, where a service answered.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.kind {
            AwsErrorKind::Service { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The service's own words, where it answered.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match &self.kind {
            AwsErrorKind::Service { message, .. } => Some(message),
            _ => None,
        }
    }

    /// The request id, where a service answered.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match &self.kind {
            AwsErrorKind::Service { request_id, .. } => request_id.as_deref(),
            _ => None,
        }
    }

    /// Whether the credentials lack the permission for this operation.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(
            self.code(),
            Some("AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation")
        )
    }

    /// Whether what was asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(
            self.code(),
            Some("ResourceNotFoundException" | "NotFoundException" | "NoSuchEntity")
        )
    }

    /// Whether the session's credentials are used up or unknown.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        matches!(
            self.code(),
            Some(
                "ExpiredToken"
                    | "ExpiredTokenException"
                    | "RequestExpired"
                    | "UnrecognizedClientException"
                    | "InvalidClientTokenId"
                    | "InvalidSignatureException"
                    | "SignatureDoesNotMatch"
            )
        ) || matches!(self.kind, AwsErrorKind::Credentials(_))
    }

    /// By how many seconds this machine's clock is ahead, where that is why the call was refused.
    fn skew(&self) -> Option<i64> {
        match &self.kind {
            AwsErrorKind::Service { clues, .. } if self.is_expired() || self.is_denied() => {
                clues.clock_ahead
            }
            _ => None,
        }
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        if let Some(skew) = self.skew() {
            return Some(clock::hint(skew));
        }
        Some(match &self.kind {
            AwsErrorKind::Service { code, clues, .. } if is_throttling(code) => {
                let operation = &self.operation;
                let lasting = clues.throttled_for.unwrap_or_default().as_secs();
                format!(
                    "AWS has been throttling {operation} for {lasting} s: stop other callers in this account and region, wait, and run the command again; request a higher limit in Service Quotas"
                )
            }
            AwsErrorKind::Connection(reason) if speaks_of_validity(reason) => {
                "check this machine's clock first: the endpoint's certificate is not valid at its time; then check the proxy and AWS_CA_BUNDLE"
                    .to_owned()
            }
            AwsErrorKind::Credentials(_) => {
                Advice::LogIn.into()
            }
            AwsErrorKind::Connection(_) | AwsErrorKind::TimedOut => {
                "check the network, the proxy settings (HTTPS_PROXY, NO_PROXY), AWS_ENDPOINT_URL and the region".to_owned()
            }
            AwsErrorKind::Service { .. } if self.is_denied() => {
                let operation = self.operation.clone();
                Advice::GrantOrProfile { operation }.into()
            }
            AwsErrorKind::Service { .. } if self.is_expired() => {
                "log in again: the credentials are expired or unknown to AWS".to_owned()
            }
            AwsErrorKind::Service { message, .. } if message.starts_with("No cluster found") => {
                Advice::CheckCluster.into()
            }
            AwsErrorKind::Strange(_) => {
                "check AWS_ENDPOINT_URL and the proxy settings: something else may be answering instead of AWS".to_owned()
            }
            AwsErrorKind::Setting(_) | AwsErrorKind::Service { .. } => return None,
        })
    }
}

impl From<&AwsError> for ActionError {
    fn from(error: &AwsError) -> Self {
        let (code, message) = match &error.kind {
            AwsErrorKind::Service { code, message, .. } => (code.clone(), message.clone()),
            AwsErrorKind::Credentials(message) => ("Credentials".to_owned(), message.clone()),
            AwsErrorKind::Connection(message) => ("Connection".to_owned(), message.clone()),
            AwsErrorKind::TimedOut => ("Timeout".to_owned(), "no answer in time".to_owned()),
            AwsErrorKind::Setting(message) => ("Setting".to_owned(), message.clone()),
            AwsErrorKind::Strange(message) => ("StrangeAnswer".to_owned(), message.clone()),
        };
        Self {
            code,
            message,
            request_id: error.request_id().map(ToOwned::to_owned),
        }
    }
}

impl fmt::Display for AwsErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service {
                code,
                message,
                request_id,
                ..
            } => {
                write!(f, "AWS answered {code}: {message}")?;
                match request_id {
                    Some(id) => write!(f, " (request {id})"),
                    None => Ok(()),
                }
            }
            Self::Credentials(message) => write!(f, "no usable AWS credentials: {message}"),
            Self::Connection(message) => write!(f, "no complete answer from AWS: {message}"),
            Self::TimedOut => f.write_str("no answer from AWS in time"),
            Self::Setting(message) | Self::Strange(message) => f.write_str(message),
        }
    }
}

/// Whether a certificate is refused for its time, as with a clock that is far off.
fn speaks_of_validity(text: &str) -> bool {
    let text = text.to_lowercase();
    ["notvalidyet", "not valid yet", "certificate expired"]
        .iter()
        .any(|words| text.contains(words))
}

/// The largest answer that is taken in: a page of 1000 roles with the longest trust policies is half of it.
pub(super) const LARGEST_ANSWER: usize = 32 * 1024 * 1024;

/// An answer that was not taken in.
#[derive(Debug, thiserror::Error)]
#[error("the answer is larger than {} MiB", LARGEST_ANSWER / 1024 / 1024)]
pub(super) struct TooLarge;

/// How much of an error's text is shown; whoever answers has written it.
const LONGEST: usize = 2000;

/// The SDK's words without those of a profile's `credential_process`, which may hold secrets.
pub(super) fn without_output(reason: &str) -> &str {
    reason
        .split_once(". Stderr:")
        .map_or(reason, |(message, _)| message)
}

fn speaks_of_credentials(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("credential")
        || text.contains("sso session")
        || text.contains("token has expired")
}
