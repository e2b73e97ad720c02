//! Answers that can't be right, connections that can't be trusted, and lists without an end.

use serde_json::json;

use crate::middle::{Answer, Middle, described};
use crate::support::{CLUSTER, Ran, World, in_api_mode, role, seed};

const TEXT: &str =
    "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [developers]\n";

async fn world() -> World {
    World::start(in_api_mode(seed(TEXT, &[&role("dev")]))).await
}

/// Plans where `DescribeCluster`'s answer is changed.
async fn plan_where(world: &World, change: impl FnOnce(&mut serde_json::Value)) -> Ran {
    let mut answer = described(world);
    change(&mut answer["cluster"]);
    let middle = Middle::before(world, move |asked| {
        (asked == "GET /clusters/shop").then(|| Answer::Json(answer.clone()))
    })
    .await;
    middle.tool(world, "plan").run()
}

/// `demo` answered as `prod2` was planned as prod2, and the region of its ARN went into the token's host.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_about_another_cluster_is_refused() {
    let world = world().await;
    plan_where(&world, |_| {}).await.expect_code(0);
    for (change, words) in [
        (json!({"name": "demo"}), "the answer is about `demo`"),
        (
            json!({"arn": "arn:aws:eks:eu-west-1:111122223333:cluster/demo"}),
            "cluster/demo`",
        ),
        (
            json!({"arn": "arn:aws:eks:us-east-1:111122223333:cluster/shop"}),
            "asked for the cluster `shop` in eu-west-1",
        ),
        (
            json!({"arn": "arn:aws:eks:evil.example/:111122223333:cluster/shop"}),
            "asked for the cluster `shop` in eu-west-1",
        ),
        (
            json!({"arn": "arn:aws:eks:eu-west-1:999988887777:cluster/shop"}),
            "belong to account 111122223333, but the cluster in the answer is in 999988887777",
        ),
        (json!({"arn": null}), "the answer is about ``"),
    ] {
        let ran = plan_where(&world, |cluster| {
            for (name, value) in change.as_object().unwrap() {
                cluster[name] = value.clone();
            }
        });
        ran.await.expect_code(1).expect_error(&[
            "failed to read the cluster `shop`",
            words,
            "AWS_ENDPOINT_URL",
        ]);
    }
    let asked = world.sandbox.requests();
    assert!(
        asked
            .iter()
            .filter(|request| request.operation == "get configmaps")
            .count()
            == 1,
        "nothing is sent to the cluster of a strange answer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_over_https_to_the_clusters_own_authority_alone() {
    let world = world().await;
    for (change, words) in [
        (
            json!({"endpoint": "http://shop.example"}),
            "`http://shop.example/` is not https",
        ),
        (json!({"endpoint": "https://MARK:MARK@["}), "is not a URL"),
        (
            json!({"certificateAuthority": {"data": "!MARK"}}),
            "the cluster's certificate authority is not base64",
        ),
        (
            json!({"certificateAuthority": {"data": "TUFSSw=="}}),
            "has no PEM certificate",
        ),
        (
            json!({"certificateAuthority": null, "endpoint": "https://shop.example"}),
            "EKS returned no certificate authority",
        ),
    ] {
        let ran = plan_where(&world, |cluster| {
            for (name, value) in change.as_object().unwrap() {
                cluster[name] = value.clone();
            }
        });
        let ran = ran.await.expect_code(1);
        ran.expect_error(&[words]);
        assert!(!ran.stderr.contains("MARK"), "{}", ran.stderr);
    }
    let asked = world.sandbox.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.operation != "get configmaps")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_that_leads_by_http_or_past_the_certificate_is_refused() {
    let world = world().await;
    let kubeconfig = world.sandbox.kubeconfig();
    let by_http = kubeconfig.replace("https://", "http://");
    let unchecked = kubeconfig
        .replace("https://127.0.0.1", "https://shop.example")
        .replace(
            "certificate-authority-data:",
            "insecure-skip-tls-verify: true\n    x:",
        );
    for (text, words) in [
        (by_http, "the cluster's endpoint is `https://"),
        (unchecked, "insecure-skip-tls-verify"),
    ] {
        let path = world.write("other", &text);
        let ran = world.tool("plan").arg("--kubeconfig").arg(path).run();
        ran.expect_code(1).expect_error(&[words]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_or_a_proxy_that_can_not_be_used_is_an_error() {
    let world = world().await;
    let key = world.write("key.pem", "-----BEGIN PRIVATE KEY-----\nMARK\n");
    let text = world.write("text.pem", "MARK");
    for (name, value, words) in [
        ("AWS_CA_BUNDLE", key.to_str().unwrap(), "read AWS_CA_BUNDLE"),
        (
            "AWS_CA_BUNDLE",
            text.to_str().unwrap(),
            "not a bundle of PEM certificates",
        ),
        ("AWS_CA_BUNDLE", "/nonexistent", "No such file"),
        (
            "HTTPS_PROXY",
            "http://user:MARK@a b",
            "HTTPS_PROXY is not the URL",
        ),
        (
            "https_proxy",
            "socks5://u:MARK@proxy:1",
            "neither http nor https",
        ),
        ("ALL_PROXY", "http://", "ALL_PROXY is not the URL"),
    ] {
        let ran = world.tool("plan").env(name, value).run().expect_code(1);
        ran.expect_error(&["failed to set up AWS", words]);
        assert!(!ran.stderr.contains("MARK"), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_without_an_end_is_given_up() {
    let world = world().await;
    let pages = std::sync::atomic::AtomicUsize::new(0);
    let middle = Middle::before(&world, move |asked| {
        asked
            .starts_with("GET /clusters/shop/access-entries")
            .then(|| {
                let page = pages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Answer::Json(json!({"accessEntries": [], "nextToken": page.to_string()}))
            })
    })
    .await;
    let ran = middle.tool(&world, "plan").run().expect_code(1);
    ran.expect_error(&[
        "failed to read the access entries",
        "eks:ListAccessEntries: the answer has 1000 pages and does not end",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_an_end_is_given_up() {
    let world = world().await;
    let middle = Middle::before(&world, |asked| {
        (asked == "GET /clusters/shop").then_some(Answer::Endless)
    })
    .await;
    let ran = middle.tool(&world, "plan").run().expect_code(1);
    ran.expect_error(&[
        "failed to read the cluster `shop`",
        "eks:DescribeCluster: the answer is larger than 32 MiB",
        "something else may be answering instead of AWS",
    ]);
}

/// The Kubernetes API as somebody else plays it: plain http, as only this machine may.
async fn plan_with_kubernetes(
    world: &World,
    answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
) -> Ran {
    let kubernetes = Middle::alone(answer).await;
    let mut cluster = described(world);
    cluster["cluster"]["endpoint"] = json!(kubernetes.url);
    let middle = Middle::before(world, move |asked| {
        (asked == "GET /clusters/shop").then(|| Answer::Json(cluster.clone()))
    })
    .await;
    let tool = middle.tool(world, "plan");
    tool.args(&["--request-timeout", "20s", "--output", "json"])
        .run()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubernetes_api_that_does_not_end_is_given_up() {
    let world = world().await;
    let ran = plan_with_kubernetes(&world, |asked| {
        asked
            .contains("/configmaps/aws-auth")
            .then_some(Answer::Endless)
    });
    let ran = ran.await.expect_code(1);
    ran.expect_error(&[
        "read the ConfigMap",
        "the answer is larger than 64 MiB",
        "check that the endpoint is the cluster's",
    ]);

    let pages = std::sync::atomic::AtomicUsize::new(0);
    let ran = plan_with_kubernetes(&world, move |asked| {
        asked.contains("/clusterrolebindings").then(|| {
            let page = pages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Answer::Json(json!({"kind": "ClusterRoleBindingList", "apiVersion": "rbac.authorization.k8s.io/v1",
                "metadata": {"continue": page.to_string()}, "items": []}))
        })
    });
    let plan = ran.await.expect_code(0).json().to_string();
    assert!(
        plan.contains("failed to list ClusterRoleBindings: the answer has more than 1000 pages"),
        "{plan}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_given_up_after_its_time() {
    let world = world().await;
    let middle = Middle::before(&world, |asked| {
        (asked == "GET /clusters/shop").then_some(Answer::Silence)
    })
    .await;
    for verb in ["plan", "verify", "status"] {
        let tool = middle.tool(&world, verb).args(&["--timeout", "300ms"]);
        tool.run()
            .expect_code(1)
            .expect_error(&["gave up after 0.3 s", "--timeout"]);
    }
    let export = world.bare(&[
        "export",
        "terraform",
        "--cluster",
        CLUSTER,
        "--timeout",
        "300ms",
    ]);
    export
        .env("AWS_ENDPOINT_URL", &middle.url)
        .run()
        .expect_code(1)
        .expect_error(&["gave up after 0.3 s"]);
}
