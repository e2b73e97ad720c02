//! The gate that every request to a service goes through: it waits for its turn, is counted, and has a limited time.
//!
//! It lies below the SDK's retries and pagers, so that each of their requests has its own turn, and a throttled one
//! slows all others down. The time for a request begins with its turn; the SDK's own limit for an attempt would
//! count the waiting, too.

use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use tokio::time::Instant;
use tracing::{debug, trace};

use super::clock::Skew;
use super::error::{LARGEST_ANSWER, TooLarge, is_throttling};
use super::pace::{Pace, Service};
use super::{clock, operation};
use crate::causes::with_causes;
use crate::text::{bare_url, visible};

/// The header by which an error finds out for how many seconds its operation has been throttled; no service sends it.
pub(super) const THROTTLED: &str = "x-aws-auth-migrate-throttled";

/// A client whose requests go through the gate.
#[derive(Debug, Clone)]
pub(super) struct PacedClient {
    pub(super) client: SharedHttpClient,
    /// In the lane of the service that the client is for.
    pub(super) pace: Pace,
    /// Which service that is.
    pub(super) service: Service,
    /// The clock that the service's is compared with, if any.
    pub(super) clock: Option<fn() -> SystemTime>,
    /// How far apart they are, as of the last answer.
    pub(super) skew: Skew,
    /// How long a request may take from its turn to the last byte of its answer.
    pub(super) timeout: Duration,
    /// Whether a request waits for its turn here; who has waited before asks for none again.
    pub(super) waits: bool,
}

impl HttpClient for PacedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Passage {
            connector: self.client.http_connector(settings, components),
            gate: self.clone(),
        })
    }
}

#[derive(Debug)]
struct Passage {
    connector: SharedHttpConnector,
    gate: PacedClient,
}

impl HttpConnector for Passage {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.connector.clone();
        let PacedClient {
            pace,
            timeout,
            waits,
            service,
            clock,
            skew: known,
            ..
        } = self.gate.clone();
        HttpConnectorFuture::new(async move {
            let operation = operation::of(service, &request);
            if waits {
                pace.turn_of(&operation).await;
            }
            pace.count_call();
            let is_repeated = is_repeated(&request);
            if is_repeated {
                pace.count_retry();
            }
            let asked = asked(&request);
            let began = Instant::now();
            let answer = tokio::time::timeout(timeout, complete(&connector, request))
                .await
                .map_err(|elapsed| ConnectorError::timeout(elapsed.into()))
                .flatten();
            tell(&asked, is_repeated, &answer, began.elapsed());
            let mut answer = answer?;
            let skew = clock.and_then(|clock| clock::skew(&answer, clock()));
            if answer.headers().get("date").is_some() {
                known.set(skew);
            }
            if let Some(skew) = skew {
                answer.headers_mut().insert(clock::HEADER, skew.to_string());
            }
            if is_throttled(&answer) {
                pace.slow_down(retry_after(&answer).unwrap_or_default());
                let throttled = pace.throttled(&operation);
                // Whoever waits elsewhere reports it there.
                if waits {
                    pace.tell_of(&operation);
                }
                let lasting = throttled.lasting.as_secs();
                answer.headers_mut().insert(THROTTLED, lasting.to_string());
            } else if answer.status().is_success() {
                pace.went_through();
            }
            Ok(answer)
        })
    }
}

/// A request as it is logged: the method, where it goes, and the operation where only the body names it.
///
/// Nothing else of headers and bodies: the signature and the session's token stand in the ones, and keys in the others.
fn asked(request: &HttpRequest) -> String {
    // A URL of AWS_ENDPOINT_URL may hold a password.
    let path = bare_url(request.uri());
    let body = request.body().bytes().unwrap_or_default();
    let operation = body.strip_prefix(b"Action=").map(|rest| {
        let name = rest.split(|byte| *byte == b'&').next().unwrap_or_default();
        format!(" {}", String::from_utf8_lossy(name))
    });
    let operation = operation.unwrap_or_default();
    visible(&format!("{} {path}{operation}", request.method())).into_owned()
}

fn tell(
    asked: &str,
    is_repeated: bool,
    answer: &Result<HttpResponse, ConnectorError>,
    took: Duration,
) {
    match answer {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let id = ["x-amzn-requestid", "x-amz-request-id"];
            let request_id = id.iter().find_map(|name| answer.headers().get(*name));
            trace!(status, request_id, is_repeated, ?took, "{asked}");
        }
        Err(error) => {
            let error = visible(&with_causes(error)).into_owned();
            debug!(error, is_repeated, ?took, "{asked}");
        }
    }
}

/// Makes a request and takes in the whole answer; those of EKS, IAM and STS are small.
async fn complete(
    connector: &SharedHttpConnector,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let mut answer = connector.call(request).await?;
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    let mut body = ByteStream::new(body);
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await {
        bytes.extend_from_slice(&part.map_err(|error| ConnectorError::io(error.into()))?);
        if bytes.len() > LARGEST_ANSWER {
            // Whoever asks again gets the same.
            return Err(ConnectorError::user(TooLarge.into()));
        }
    }
    *answer.body_mut() = SdkBody::from(bytes);
    Ok(answer)
}

/// Source: AWS SDKs and Tools Reference Guide, "Retry behavior"; the header counts the attempts of an operation.
fn is_repeated(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("amz-sdk-request")
        .is_some_and(|text| !text.contains("attempt=1"))
}

fn is_throttled(answer: &HttpResponse) -> bool {
    let status = answer.status().as_u16();
    if answer.status().is_success() {
        return false;
    }
    // EKS names the error in a header, IAM and STS in the body.
    let named = answer
        .headers()
        .get("x-amzn-errortype")
        .and_then(|text| text.split(':').next());
    let code = named.or_else(|| {
        let body = std::str::from_utf8(answer.body().bytes()?).ok()?;
        body.split_once("<Code>")?.1.split('<').next()
    });
    status == 429 || code.is_some_and(is_throttling)
}

/// How long the service asks to wait; whole seconds.
fn retry_after(answer: &HttpResponse) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(super::error::LONGEST_RETRY_AFTER))
}
