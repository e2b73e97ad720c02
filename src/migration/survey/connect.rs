//! The way to a cluster's Kubernetes API: by kubeconfig, or by tokens made from the AWS credentials.

use std::time::{Duration, SystemTime};

use crate::aws::{Aws, AwsError, AwsSettings, ObservedCluster};
use crate::error::Failure;
use crate::invocation::Advice;
use crate::kubernetes::{Bearer, Elsewhere, Kubeconfig, Kubernetes, MakeToken, TokenError, Tokens};
use crate::text::shell_word;

/// A context that leads elsewhere than to the cluster that is named would mix two clusters up.
pub(super) async fn same_cluster(
    kubeconfig: &Kubeconfig,
    cluster: &ObservedCluster,
    name: &str,
) -> Result<(), Failure> {
    let Some(endpoint) = &cluster.endpoint else {
        return Ok(());
    };
    let authority = cluster.certificate_authority.as_deref();
    let led = kubeconfig.leads_to(endpoint, authority).await;
    led.map_err(|elsewhere| {
        let failure = Failure::new(format!(
            "the kubeconfig's context is not the cluster `{name}`: {elsewhere}"
        ));
        let failure = match &elsewhere {
            Elsewhere::Authority => {
                let region = cluster.cluster.region.as_deref();
                let region = region.map_or_else(String::new, |region| {
                    format!(" --region {}", shell_word(region))
                });
                failure.hint(format!(
                    "if the cluster's certificate authority was rotated, update the kubeconfig: aws eks update-kubeconfig --name {}{region}",
                    shell_word(name)
                ))
            }
            Elsewhere::Endpoint {
                tunnel_to: Some(host),
                ..
            } => failure.hint(format!(
                "through a tunnel, set `tls-server-name: {host}` next to `server` in the kubeconfig: it proves that the tunnel leads to the cluster"
            )),
            _ => failure,
        };
        failure.hint(
            Advice::RightContext,
        )
    })
}

/// How long a token is used: the cluster accepts it for 15 minutes, and clocks differ.
///
/// Source: aws-iam-authenticator `pkg/token/token.go`, `presignedURLExpiration`.
const TOKEN_USED_FOR: Duration = Duration::from_mins(10);

pub(super) async fn by_tokens(
    aws: &Aws,
    cluster: &ObservedCluster,
    name: &str,
    clock: fn() -> SystemTime,
    settings: &AwsSettings,
) -> Result<Kubernetes, Failure> {
    let Some(endpoint) = &cluster.endpoint else {
        return Err(
            Failure::new(format!("the cluster `{name}` has no endpoint yet"))
                .hint(Advice::WaitOrFile),
        );
    };
    let region = cluster
        .cluster
        .region
        .as_deref()
        .unwrap_or_else(|| aws.region());
    let (signer, partition) = (aws.clone(), cluster.cluster.partition.clone());
    let (name, region) = (name.to_owned(), region.to_owned());
    let make: MakeToken<AwsError> = Box::new(move |now| {
        let (aws, name, region) = (signer.clone(), name.clone(), region.clone());
        let partition = partition.clone();
        Box::pin(async move {
            let token = aws.cluster_token(&name, &region, &partition, now).await?;
            let until = Some(now + TOKEN_USED_FOR);
            Ok(Bearer { token, until })
        })
    });
    let tokens = Tokens::new(make, clock).await.map_err(|error| {
        let failed = "failed to create a token for the cluster";
        match error {
            TokenError::NotMade(error) => Failure::aws(failed, error),
            error @ TokenError::NoHeader => Failure::new(failed).because(error),
        }
    })?;
    Ok(Kubernetes::by_tokens(
        endpoint,
        cluster.certificate_authority.as_deref(),
        tokens,
        settings.request_timeout(),
        settings.connector.clone(),
    )?)
}
