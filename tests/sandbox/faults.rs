//! Things that go wrong on purpose, and the log of what was asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_auth_migrate::sandbox::{Fault, FaultKind, Phase};
use aws_sdk_eks::error::ProvideErrorMetadata as _;
use aws_sdk_eks::error::SdkError;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;

use crate::support::*;

#[tokio::test]
async fn errors_come_in_the_dress_of_the_service() {
    let (sandbox, client) = start(seed()).await;
    for (kind, code) in [
        (FaultKind::Throttle, "ThrottlingException"),
        (FaultKind::ThrottleRetryAfter(1), "ThrottlingException"),
        (FaultKind::InternalError, "ServerException"),
        (FaultKind::Unavailable, "ServiceUnavailableException"),
        (FaultKind::ExpiredCredentials, "ExpiredTokenException"),
        (FaultKind::AccessDenied, "AccessDeniedException"),
    ] {
        sandbox.add_fault(Fault::next("DescribeCluster", kind));
        assert_eq!(
            refusal(client.describe_cluster().name(CLUSTER).send().await).0,
            code
        );
        client
            .describe_cluster()
            .name(CLUSTER)
            .send()
            .await
            .unwrap();
    }
    sandbox.add_fault(Fault::next("GetRole", FaultKind::Throttle));
    let role = iam(&sandbox, credentials(&sandbox))
        .get_role()
        .role_name("ops")
        .send()
        .await;
    assert_eq!(refusal(role).0, "Throttling");
}

#[tokio::test]
async fn a_connection_breaks_before_or_after_the_commit() {
    let (sandbox, client) = start(seed()).await;
    let create = || {
        let create = client.create_access_entry().cluster_name(CLUSTER);
        create
            .principal_arn(OPS)
            .client_request_token("same")
            .send()
    };
    sandbox.add_fault(Fault::nth(
        "CreateAccessEntry",
        1,
        FaultKind::ResetBeforeCommit,
    ));
    sandbox.add_fault(Fault::nth(
        "CreateAccessEntry",
        2,
        FaultKind::ResetAfterCommit,
    ));
    sandbox.add_fault(Fault::nth("CreateAccessEntry", 3, FaultKind::TruncatedBody));
    for entries in [0, 1, 1] {
        let error = create().await.unwrap_err();
        assert!(error.code().is_none(), "{error:?}");
        assert_eq!(sandbox.state().entries.len(), entries);
    }
    create().await.unwrap();
}

#[tokio::test]
async fn no_answer_ever_comes() {
    let (sandbox, client) = start(seed()).await;
    sandbox.add_fault(Fault::next("ListClusters", FaultKind::Hang));
    let answer =
        tokio::time::timeout(Duration::from_millis(200), client.list_clusters().send()).await;
    assert!(answer.is_err());
    assert_eq!(sandbox.requests()[0].status, None);
}

#[tokio::test]
async fn kubernetes_requests_go_wrong_too() {
    let (sandbox, _) = start(seed().with_aws_auth(aws_auth(&[]))).await;
    let client = kubernetes(&sandbox, None).await;
    let maps: Api<ConfigMap> = Api::namespaced(client, "kube-system");
    for (kind, code) in [
        (FaultKind::AccessDenied, 403),
        (FaultKind::ExpiredCredentials, 401),
        (FaultKind::InternalError, 500),
    ] {
        sandbox.add_fault(Fault::next("get configmaps", kind));
        let error = maps.get("aws-auth").await.unwrap_err();
        let kube::Error::Api(status) = error else {
            panic!("{error:?}");
        };
        assert_eq!(status.code, code);
    }
    maps.get("aws-auth").await.unwrap();
}

#[tokio::test]
async fn requests_are_written_down_and_hooks_are_called() {
    let (sandbox, client) = start(seed()).await;
    let (before, after) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen_before, seen_after) = (Arc::clone(&before), Arc::clone(&after));
    let other = sandbox.clone();
    sandbox.on_request(move |phase, request| match phase {
        Phase::Before => {
            seen_before.fetch_add(1, Ordering::SeqCst);
            assert_eq!(request.status, None);
            // Somebody else is faster.
            other.edit(|world| world.delete_entry(CLUSTER, OPS));
        }
        Phase::After => {
            seen_after.fetch_add(1, Ordering::SeqCst);
        }
    });
    client
        .create_access_entry()
        .cluster_name(CLUSTER)
        .principal_arn(OPS)
        .send()
        .await
        .unwrap();
    let gone = client
        .describe_access_entry()
        .cluster_name(CLUSTER)
        .principal_arn(OPS)
        .send()
        .await;
    assert!(matches!(gone, Err(SdkError::ServiceError(_))));
    assert_eq!(
        (before.load(Ordering::SeqCst), after.load(Ordering::SeqCst)),
        (2, 2)
    );
    let requests = sandbox.requests();
    assert_eq!(requests[0].operation, "CreateAccessEntry");
    assert_eq!(requests[0].status, Some(200));
    assert!(requests[0].body.contains(OPS));
    assert_eq!(
        requests[1].path,
        "/clusters/rehearsal/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fops"
    );
    assert_eq!(
        requests[1].principal.as_deref(),
        Some("arn:aws:sts::111122223333:assumed-role/Admin/rehearsal")
    );
}
