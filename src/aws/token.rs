//! The token with which a cluster recognises an AWS identity.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

use super::{Aws, AwsError};
use crate::causes::with_causes;

/// How long the signature says it is good for; the cluster accepts the token for 15 minutes anyway.
const EXPIRES: Duration = Duration::from_mins(1);

impl Aws {
    /// Makes a bearer token for a cluster, good for a little less than 15 minutes.
    ///
    /// It is a presigned `sts:GetCallerIdentity` request that names the cluster in a signed header, to the STS host
    /// of the cluster's own region and partition, whatever endpoint this process talks to: the cluster sends it there.
    /// Source: aws-iam-authenticator `pkg/token/token.go`, `GetWithSTS` and `Verify`.
    pub async fn cluster_token(
        &self,
        cluster: &str,
        region: &str,
        partition: &str,
        now: SystemTime,
    ) -> Result<SecretString, AwsError> {
        const OPERATION: &str = "sign a token for the cluster";
        let credentials = self
            .credentials()?
            .provide_credentials()
            .await
            .map_err(|error| AwsError {
                operation: OPERATION.to_owned(),
                kind: super::AwsErrorKind::Credentials(
                    super::error::without_output(&with_causes(&error)).to_owned(),
                ),
            })?;
        let identity: Identity = credentials.into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(EXPIRES);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("sts")
            .time(now)
            .settings(settings)
            .build()
            .expect("all parts of the signing parameters are set")
            .into();
        let host = sts_host(region, partition);
        let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
        let headers = [("host", host.as_str()), ("x-k8s-aws-id", cluster)];
        let signed =
            SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(&[]))
                .and_then(|request| sign(request, &params))
                .map_err(|error| AwsError::setting(OPERATION, error.to_string()))?;
        let (instructions, _) = signed.into_parts();
        let mut request = http::Request::builder()
            .uri(url)
            .body(())
            .map_err(|error| AwsError::setting(OPERATION, error.to_string()))?;
        instructions.apply_to_request_http1x(&mut request);
        let encoded = URL_SAFE_NO_PAD.encode(request.uri().to_string());
        Ok(SecretString::from(format!("k8s-aws-v1.{encoded}")))
    }
}

/// The regional STS host of a partition.
///
/// Source: AWS General Reference, "AWS Security Token Service endpoints"; aws-iam-authenticator `pkg/endpoints`.
fn sts_host(region: &str, partition: &str) -> String {
    let suffix = match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    };
    format!("sts.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sts_host_follows_the_partition() {
        for (region, partition, host) in [
            ("eu-west-1", "aws", "sts.eu-west-1.amazonaws.com"),
            (
                "us-gov-west-1",
                "aws-us-gov",
                "sts.us-gov-west-1.amazonaws.com",
            ),
            ("cn-north-1", "aws-cn", "sts.cn-north-1.amazonaws.com.cn"),
            ("us-iso-east-1", "aws-iso", "sts.us-iso-east-1.c2s.ic.gov"),
            (
                "eusc-de-east-1",
                "aws-eusc",
                "sts.eusc-de-east-1.amazonaws.eu",
            ),
        ] {
            assert_eq!(sts_host(region, partition), host);
        }
    }
}
