//! A run that is longer than a token's life.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_auth_migrate::aws::{AwsSettings, SandboxEndpoint};
use aws_auth_migrate::migration::survey::{Target, survey};
use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::Sandbox;
use jiff::SignedDuration;

use crate::support::*;

/// How far the tool's clock has gone on, in minutes.
static MINUTES: AtomicU64 = AtomicU64::new(0);

fn clock() -> SystemTime {
    SystemTime::now() + Duration::from_mins(MINUTES.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_look_at_the_nodes_after_a_long_soak_comes_with_a_new_token() {
    let sandbox = Sandbox::start(seed().with_mode(AuthenticationMode::ConfigMap))
        .await
        .unwrap();
    let target = Target {
        cluster: Some(CLUSTER.to_owned()),
        aws: AwsSettings {
            region: Some("eu-west-1".to_owned()),
            endpoint: Some(SandboxEndpoint::of(&sandbox.environment())),
            ..AwsSettings::default()
        },
        ..Target::default()
    };
    let seen = survey(&target, clock).await.unwrap();
    let kubernetes = seen.kubernetes.unwrap();
    kubernetes.nodes().await.unwrap();

    // Only the cluster's clock moves: the token is too old for it.
    sandbox.edit(|world| world.advance(SignedDuration::from_mins(20)));
    kubernetes.nodes().await.unwrap_err();
    // The tool's clock moves as well, and the tool does not use it any more.
    MINUTES.store(20, Ordering::SeqCst);
    kubernetes.nodes().await.unwrap();
}
