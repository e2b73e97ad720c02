//! Credentials of a role that is assumed, kept until shortly before they expire; and the same credentials elsewhere.
#![expect(
    clippy::disallowed_methods,
    reason = "whether credentials are about to expire depends on the time of the request"
)]

use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::Mutex;

use super::principals::assume_role_error;
use super::{Aws, AwsError, AwsErrorKind, Pace};
use crate::model::Arn;

/// How long before they expire credentials are fetched again.
const EARLY: Duration = Duration::from_mins(5);
/// The name of the session, as CloudTrail shows it.
const SESSION: &str = "aws-auth-migrate";

impl Aws {
    /// The same credentials in another region, with a pace of its own there and one for IAM, which has no regions.
    #[must_use]
    pub fn in_region(&self, region: &str, pace: &Pace, iam_pace: &Pace) -> Self {
        let plain = self.plain.to_builder();
        let plain = plain.region(Region::new(region.to_owned())).build();
        let (client, timeout) = (self.client.clone(), self.timeout);
        let region = region.to_owned();
        Self::gated(plain, client, timeout, self.clock, region, pace, iam_pace)
    }

    /// The credentials of a role, fetched now and again when they are about to expire.
    ///
    /// # Errors
    /// STS does not let these credentials assume the role; it says the same of a role that does not exist.
    pub async fn assume(&self, role: &Arn, external_id: Option<&str>) -> Result<Self, AwsError> {
        let mut builder = AssumeRoleProvider::builder(role.to_string())
            .session_name(SESSION)
            .configure(&self.config);
        if let Some(external_id) = external_id {
            builder = builder.external_id(external_id);
        }
        let kept = Kept {
            provider: builder.build().await,
            held: Mutex::default(),
        };
        if let Err(error) = kept.provide_credentials().await {
            return Err(assume_role_error(&error).unwrap_or_else(|| AwsError {
                operation: "sts:AssumeRole".to_owned(),
                kind: AwsErrorKind::Credentials(crate::causes::with_causes(&error)),
            }));
        }
        let plain = self.plain.to_builder();
        let plain = plain
            .credentials_provider(SharedCredentialsProvider::new(kept))
            .build();
        let (client, timeout, region) = (self.client.clone(), self.timeout, self.region.clone());
        let pace = &self.pace;
        let clock = self.clock;
        Ok(Self::gated(
            plain, client, timeout, clock, region, pace, pace,
        ))
    }
}

/// A provider whose credentials are used as long as they are good: the SDK's own asks STS each time.
#[derive(Debug)]
struct Kept {
    provider: AssumeRoleProvider,
    held: Mutex<Option<Credentials>>,
}

impl Kept {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let mut held = self.held.lock().await;
        let is_good = |credentials: &&Credentials| {
            let expiry = credentials.expiry();
            expiry.is_none_or(|expiry| expiry > SystemTime::now() + EARLY)
        };
        if let Some(credentials) = held.as_ref().filter(is_good) {
            return Ok(credentials.clone());
        }
        let fetched = self.provider.provide_credentials().await?;
        *held = Some(fetched.clone());
        Ok(fetched)
    }
}

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(self.credentials())
    }
}
