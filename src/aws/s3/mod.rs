//! Amazon S3 as a store of objects that machines share.
//!
//! Source: Amazon S3 User Guide, "Add preconditions to S3 operations with conditional requests": `If-None-Match: *` writes
//! only a new object, `If-Match` only over the version with this tag; 412 says that the condition does not hold, 409 that
//! another conditional write was under way, which is to be tried again.

mod date;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use super::{AwsError, AwsErrorKind, AwsSettings, CONNECT_TIMEOUT, load};
use crate::files::objects::{Condition, Object, ObjectPlace, Objects, Put, StoreError, wait_for};

/// How often a write is tried that another one gets in the way of.
const TRIES: u32 = 6;
/// The pause after the first such try; it doubles.
const PAUSE: Duration = Duration::from_millis(100);
/// The region that is asked where the SDK's settings name none; S3 says which one is right.
const ANY_REGION: &str = "us-east-1";
/// The header in which S3 says where a bucket is.
const REGION_HEADER: &str = "x-amz-bucket-region";

/// A client that is made at its first use.
#[derive(Debug)]
pub struct S3 {
    settings: AwsSettings,
    runtime: Handle,
    base: OnceCell<Base>,
    /// The region of each bucket that is not in the settings' own.
    regions: Mutex<BTreeMap<String, String>>,
    /// A client for each region.
    clients: Mutex<BTreeMap<String, Client>>,
}

#[derive(Debug, Clone)]
struct Base {
    config: aws_sdk_s3::Config,
    region: String,
}

/// What a call of the SDK ends in.
type SdkResult<T, E> = Result<T, SdkError<E, HttpResponse>>;

impl S3 {
    /// A client with these settings, on the runtime that this is called from.
    #[must_use]
    pub fn new(settings: AwsSettings) -> Self {
        Self {
            settings,
            runtime: Handle::current(),
            base: OnceCell::new(),
            regions: Mutex::default(),
            clients: Mutex::default(),
        }
    }

    fn wait<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        wait_for(&self.runtime, work)
    }

    async fn base(&self) -> io::Result<&Base> {
        let made = self.base.get_or_try_init(|| async {
            let (config, _) = load(&self.settings).await?;
            let region = config.region().map(ToString::to_string);
            let region = region.unwrap_or_else(|| ANY_REGION.to_owned());
            let timeout = self.settings.request_timeout();
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(timeout);
            // What is put in AWS's place seldom has a name for each bucket.
            let is_elsewhere = config.endpoint_url().is_some() || is_overridden();
            let config = aws_sdk_s3::config::Builder::from(&config)
                .timeout_config(timeouts.build())
                .force_path_style(is_elsewhere)
                .build();
            Ok::<_, AwsError>(Base { config, region })
        });
        made.await.map_err(|error| refusal(&error, None))
    }

    /// The region of a bucket, as far as it is known.
    fn region_of(&self, bucket: &str, base: &Base) -> String {
        let known = locked(&self.regions).get(bucket).cloned();
        known.unwrap_or_else(|| base.region.clone())
    }

    fn client(&self, region: &str, base: &Base) -> Client {
        let made = || {
            let region = Region::new(region.to_owned());
            Client::from_conf(base.config.to_builder().region(region).build())
        };
        let mut clients = locked(&self.clients);
        clients
            .entry(region.to_owned())
            .or_insert_with(made)
            .clone()
    }

    /// Calls S3, once more where it says that the bucket is in another region.
    async fn call<T, E, F, W>(&self, place: &ObjectPlace, call: F) -> io::Result<SdkResult<T, E>>
    where
        F: Fn(Client) -> W,
        W: Future<Output = SdkResult<T, E>>,
    {
        let base = self.base().await?;
        let asked = self.region_of(&place.bucket, base);
        let answer = call(self.client(&asked, base)).await;
        let is_in = answer.as_ref().err().and_then(|error| {
            let headers = error.raw_response()?.headers();
            Some(headers.get(REGION_HEADER)?.to_owned())
        });
        let Some(is_in) = is_in.filter(|region| *region != asked) else {
            return Ok(answer);
        };
        tracing::debug!(bucket = place.bucket, region = is_in, "the bucket is there");
        let answer = call(self.client(&is_in, base)).await;
        locked(&self.regions).insert(place.bucket.clone(), is_in);
        Ok(answer)
    }

    async fn read(&self, place: &ObjectPlace) -> io::Result<Option<Object>> {
        const OPERATION: &str = "s3:GetObject";
        let date = date::Seen::default();
        let answer = self
            .call(place, |client| {
                let request = client.get_object().bucket(&place.bucket).key(&place.key);
                request.customize().interceptor(date.clone()).send()
            })
            .await?;
        let found = match answer {
            Ok(found) => found,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(failed(OPERATION, &error, place)),
        };
        let age = date.since(found.last_modified());
        let tag = found.e_tag().unwrap_or_default().to_owned();
        let body = found.body.collect().await.map_err(|error| {
            let kind = AwsErrorKind::Connection(crate::causes::with_causes(&error));
            let operation = OPERATION.to_owned();
            refusal(&AwsError { operation, kind }, Some(place))
        })?;
        Ok(Some(Object {
            content: body.to_vec(),
            tag,
            age,
        }))
    }

    async fn write(
        &self,
        place: &ObjectPlace,
        content: &[u8],
        condition: Condition<'_>,
    ) -> io::Result<Put> {
        const OPERATION: &str = "s3:PutObject";
        let mut pause = PAUSE;
        for attempt in 1.. {
            let answer = self
                .call(place, |client| {
                    let request = client.put_object().bucket(&place.bucket).key(&place.key);
                    let request = match condition {
                        Condition::Always => request,
                        Condition::Absent => request.if_none_match("*"),
                        Condition::Unchanged(tag) => request.if_match(tag),
                    };
                    request.body(ByteStream::from(content.to_vec())).send()
                })
                .await?;
            let error = match answer {
                Ok(written) => {
                    return Ok(Put::Written(written.e_tag().unwrap_or_default().to_owned()));
                }
                Err(error) => error,
            };
            let is_conflict = error.code() == Some("ConditionalRequestConflict");
            // An object that is to be replaced and is gone was deleted by somebody.
            let is_refused = matches!(error.code(), Some("PreconditionFailed" | "NoSuchKey"));
            let is_tried_again = is_conflict && attempt < TRIES;
            if !(is_refused || is_tried_again) {
                return Err(failed(OPERATION, &error, place));
            }
            // The reply to an earlier attempt may have been lost: then the object is the one that was to be written.
            match self.read(place).await? {
                Some(known) if known.content == content => return Ok(Put::Written(known.tag)),
                _ if is_refused => return Ok(Put::Refused),
                _ => {}
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last try returns")
    }

    async fn names(&self, folder: &ObjectPlace) -> io::Result<Vec<String>> {
        const OPERATION: &str = "s3:ListBucket";
        let prefix = folder.prefix();
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let answer = self
                .call(folder, |client| {
                    let request = client.list_objects_v2().bucket(&folder.bucket);
                    let request = request.prefix(&prefix).delimiter("/");
                    request.set_continuation_token(token.clone()).send()
                })
                .await?;
            let page = answer.map_err(|error| failed(OPERATION, &error, folder))?;
            let keys = page.contents().iter().filter_map(|object| object.key());
            let inside = keys.filter_map(|key| key.strip_prefix(&prefix));
            names.extend(
                inside
                    .filter(|name| !name.is_empty())
                    .map(ToOwned::to_owned),
            );
            token = page.next_continuation_token().map(ToOwned::to_owned);
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    async fn erase(&self, place: &ObjectPlace) -> io::Result<()> {
        let answer = self
            .call(place, |client| {
                let request = client.delete_object().bucket(&place.bucket);
                request.key(&place.key).send()
            })
            .await?;
        answer.map_err(|error| failed("s3:DeleteObject", &error, place))?;
        Ok(())
    }
}

impl Objects for S3 {
    fn get(&self, place: &ObjectPlace) -> io::Result<Option<Object>> {
        self.wait(self.read(place))
    }

    fn put(
        &self,
        place: &ObjectPlace,
        content: &[u8],
        condition: Condition<'_>,
    ) -> io::Result<Put> {
        self.wait(self.write(place, content, condition))
    }

    fn list(&self, folder: &ObjectPlace) -> io::Result<Vec<String>> {
        self.wait(self.names(folder))
    }

    fn delete(&self, place: &ObjectPlace) -> io::Result<()> {
        self.wait(self.erase(place))
    }
}

/// Connects S3 as the store of this process, with the credentials of a profile or of the SDK's settings.
pub fn connect(profile: Option<String>) {
    let settings = AwsSettings {
        profile,
        ..AwsSettings::default()
    };
    crate::files::objects::connect(Arc::new(S3::new(settings)));
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the environment names an endpoint of its own for S3.
///
/// Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
#[expect(
    clippy::disallowed_methods,
    reason = "where the services are is named by the environment"
)]
fn is_overridden() -> bool {
    let names = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    names.into_iter().any(is_set)
}

fn failed<E>(operation: &str, error: &SdkError<E, HttpResponse>, place: &ObjectPlace) -> io::Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    refusal(&AwsError::of(operation, error), Some(place))
}

/// The error as a file's, with what to do about it.
fn refusal(error: &AwsError, place: Option<&ObjectPlace>) -> io::Error {
    let hint = place.and_then(|place| hint(error, place));
    let error = StoreError {
        what: error.to_string(),
        hint: hint.or_else(|| error.hint()),
    };
    error.into()
}

fn hint(error: &AwsError, place: &ObjectPlace) -> Option<String> {
    let ObjectPlace { bucket, .. } = place;
    Some(match error.code()? {
        "NoSuchBucket" => format!(
            "create the bucket `{bucket}`, or correct its name in the URL; the tool creates no bucket"
        ),
        _ if error.is_denied() => {
            let folder = match place.key.rsplit_once('/') {
                Some((folder, _)) => format!("{folder}/*"),
                None => "*".to_owned(),
            };
            format!(
                "grant s3:GetObject and s3:PutObject on arn:aws:s3:::{bucket}/{folder}, and s3:ListBucket on \
                 arn:aws:s3:::{bucket}, to the caller, and the use of the key if the bucket is encrypted by KMS; without \
                 s3:ListBucket S3 also says this of an object that is not there"
            )
        }
        "PermanentRedirect" | "AuthorizationHeaderMalformed" => format!(
            "set AWS_REGION to the region of the bucket `{bucket}`: `aws s3api get-bucket-location --bucket {bucket}` names it"
        ),
        _ => return None,
    })
}
