//! IAM, STS, and signatures that must be real.

use aws_auth_migrate::sandbox::{ControlPlane, Sandbox, SandboxLimits, Seed};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;

use crate::support::*;

#[tokio::test]
async fn iam_answers_for_the_callers_account_only() {
    let sandbox = Sandbox::start(seed()).await.unwrap();
    let client = iam(&sandbox, credentials(&sandbox));
    let role = client
        .get_role()
        .role_name("dev+x@y")
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert_eq!(role.arn(), DEV);
    assert_eq!(role.path(), "/team/");
    assert!(role.role_id().starts_with("AROA"));
    let user = client
        .get_user()
        .user_name("bob")
        .send()
        .await
        .unwrap()
        .user
        .unwrap();
    assert_eq!(user.arn(), BOB);
    assert_refused(
        client.get_role().role_name("ci").send().await,
        "NoSuchEntity",
        "The role with name ci cannot be found.",
    );
    assert_refused(
        client.get_user().user_name("eve").send().await,
        "NoSuchEntity",
        "The user with name eve cannot be found.",
    );
}

#[tokio::test]
async fn roles_are_listed_in_pages() {
    let sandbox = Sandbox::start(seed()).await.unwrap();
    let client = iam(&sandbox, credentials(&sandbox));
    let first = client.list_roles().max_items(2).send().await.unwrap();
    assert!(first.is_truncated());
    let rest = client
        .list_roles()
        .marker(first.marker().unwrap())
        .send()
        .await
        .unwrap();
    assert!(!rest.is_truncated());
    let names: Vec<_> = first
        .roles()
        .iter()
        .chain(rest.roles())
        .map(aws_sdk_iam::types::Role::role_name)
        .collect();
    assert_eq!(names, ["Admin", "dev+x@y", "ops"]);
    let users = client.list_users().send().await.unwrap();
    assert_eq!(users.users()[0].user_name(), "bob");
}

#[tokio::test]
async fn an_assumed_role_sees_its_own_account() {
    let sandbox = Sandbox::start(seed()).await.unwrap();
    let client = sts(&sandbox, credentials(&sandbox));
    let me = client.get_caller_identity().send().await.unwrap();
    assert_eq!(
        me.arn(),
        Some("arn:aws:sts::111122223333:assumed-role/Admin/rehearsal")
    );
    let assume = |arn: &str| {
        client
            .assume_role()
            .role_arn(arn)
            .role_session_name("look-up")
            .send()
    };
    let assumed = assume(FOREIGN).await.unwrap().credentials.unwrap();
    let foreign = keys(
        assumed.access_key_id(),
        assumed.secret_access_key(),
        Some(assumed.session_token().to_owned()),
    );
    let role = iam(&sandbox, foreign.clone())
        .get_role()
        .role_name("ci")
        .send()
        .await
        .unwrap();
    assert_eq!(role.role.unwrap().arn(), FOREIGN);
    let they = sts(&sandbox, foreign.clone())
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(they.account(), Some("444455556666"));
    assert_eq!(
        refusal(
            eks(&sandbox, foreign)
                .describe_cluster()
                .name(CLUSTER)
                .send()
                .await
        )
        .0,
        "ResourceNotFoundException"
    );
    let (code, message) = refusal(assume("arn:aws:iam::444455556666:role/nobody").await);
    assert_eq!(code, "AccessDenied");
    assert!(message.contains("is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/nobody"));
}

#[tokio::test]
async fn only_real_signatures_of_known_keys_are_taken() {
    let sandbox = Sandbox::start(seed()).await.unwrap();
    let good = credentials(&sandbox);
    let token = good.session_token().map(str::to_owned);
    let unknown = keys("ASIAUNKNOWN", good.secret_access_key(), token.clone());
    assert_refused(
        eks(&sandbox, unknown.clone()).list_clusters().send().await,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    );
    assert_eq!(
        refusal(iam(&sandbox, unknown).list_roles().send().await).0,
        "InvalidClientTokenId"
    );
    let wrong = keys(good.access_key_id(), "wrong", token);
    assert_eq!(
        refusal(eks(&sandbox, wrong.clone()).list_clusters().send().await).0,
        "InvalidSignatureException"
    );
    assert_eq!(
        refusal(sts(&sandbox, wrong).get_caller_identity().send().await).0,
        "SignatureDoesNotMatch"
    );
    let bare = keys(good.access_key_id(), good.secret_access_key(), None);
    assert_eq!(
        refusal(eks(&sandbox, bare).list_clusters().send().await).0,
        "UnrecognizedClientException"
    );
}

#[tokio::test]
async fn a_session_expires() {
    let sandbox = Sandbox::start(seed()).await.unwrap();
    let client = sts(&sandbox, credentials(&sandbox));
    let assumed = client
        .assume_role()
        .role_arn(OPS)
        .role_session_name("short")
        .duration_seconds(900);
    let assumed = assumed.send().await.unwrap().credentials.unwrap();
    let short = keys(
        assumed.access_key_id(),
        assumed.secret_access_key(),
        Some(assumed.session_token().to_owned()),
    );
    let client = eks(&sandbox, short);
    client.list_clusters().send().await.unwrap();
    sandbox.edit(|world| world.advance(SignedDuration::from_secs(901)));
    assert_refused(
        client.list_clusters().send().await,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    );
}

#[tokio::test]
async fn an_account_is_throttled_above_its_rate() {
    let limits = SandboxLimits {
        requests_per_second: Some(3),
        ..SandboxLimits::default()
    };
    let (sandbox, client) = start(seed().with_limits(limits)).await;
    let mut codes = Vec::new();
    for _ in 0..12 {
        if let Err(error) = client.list_clusters().send().await {
            use aws_sdk_eks::error::ProvideErrorMetadata as _;
            codes.push(error.code().unwrap_or_default().to_owned());
        }
    }
    assert!(
        codes.contains(&"ThrottlingException".to_owned()),
        "{codes:?}"
    );
    assert!(
        sandbox
            .requests()
            .iter()
            .any(|request| request.status == Some(429))
    );
}

#[tokio::test]
async fn invented_principals_have_the_paths_that_real_ones_have() {
    let arns = [
        "arn:aws:iam::111122223333:role/AWSReservedSSO_Admins_0a1b",
        "arn:aws:iam::111122223333:role/AWSServiceRoleForBatch",
        "arn:aws:iam::444455556666:role/central",
        "arn:aws:iam::111122223333:user/eng/bob",
        "arn:aws:iam::111122223333:root",
        "junk",
    ];
    let seed = Seed::invent(
        aws_auth_migrate::sandbox::ClusterSeed::default(),
        std::collections::BTreeMap::new(),
        &arns.map(str::to_owned),
    );
    let made: Vec<String> = seed
        .principals
        .iter()
        .map(|known| known.principal.to_string())
        .collect();
    assert_eq!(made.len(), 4);
    assert_eq!(
        made[0],
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admins_0a1b"
    );
    assert!(made[1].contains(":role/aws-service-role/"));
    assert_eq!(made[3], BOB);
}

/// aws-iam-authenticator passes the signed URL in a token on to STS, with the cluster's name in a header.
#[tokio::test]
async fn sts_answers_a_signed_url_over_tls_in_json_and_refuses_another_clusters() {
    let real = ControlPlane {
        endpoint: "https://127.0.0.1:6443".to_owned(),
        ca_pem: "the API server's own".to_owned(),
    };
    let sandbox = Sandbox::start(seed().with_control_plane(real))
        .await
        .unwrap();
    let (address, ca_pem) = sandbox.sts_over_tls().unwrap();
    let kubeconfig = serde_json::json!({
        "current-context": "sts",
        "clusters": [{ "name": "sts", "cluster": {
            "server": format!("https://{address}"),
            "certificate-authority-data": STANDARD.encode(ca_pem),
        } }],
        "contexts": [{ "name": "sts", "context": { "cluster": "sts", "user": "sts" } }],
        "users": [{ "name": "sts", "user": {} }],
    });
    let kubeconfig = kube::config::Kubeconfig::from_yaml(&kubeconfig.to_string()).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
    let client = kube::Client::try_from(config.await.unwrap()).unwrap();

    let token = good_token(&credentials(&sandbox));
    let url = token.strip_prefix("k8s-aws-v1.").unwrap();
    let url = String::from_utf8(URL_SAFE_NO_PAD.decode(url).unwrap()).unwrap();
    let (_, query) = url.split_once('?').unwrap();
    let ask = async |cluster: &str| {
        let request = http::Request::get(format!("/?{query}"))
            .header("host", "sts.eu-west-1.amazonaws.com")
            .header("x-k8s-aws-id", cluster)
            .header("accept", "application/json");
        let request = request.body(kube::client::Body::empty()).unwrap();
        let response = client.send(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    };
    let (status, body) = ask(CLUSTER).await;
    assert_eq!(status, 200, "{body}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let result = &body["GetCallerIdentityResponse"]["GetCallerIdentityResult"];
    assert_eq!(
        result["Arn"],
        "arn:aws:sts::111122223333:assumed-role/Admin/rehearsal"
    );
    let (status, body) = ask("another").await;
    assert_eq!(status, 403, "{body}");
    assert!(body.contains("SignatureDoesNotMatch"), "{body}");
}
