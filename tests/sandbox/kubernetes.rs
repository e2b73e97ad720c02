//! The Kubernetes API: objects, tokens, rights.

use std::time::{Duration, SystemTime};

use aws_auth_migrate::model::{AuthenticationMode, Principal};
use aws_auth_migrate::sandbox::{
    KubernetesRights, KubernetesRule, NodeSeed, Rights, Sandbox, SandboxLimits, Seed,
};
use aws_credential_types::Credentials;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node};
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;

use crate::support::*;

fn with_aws_auth() -> Seed {
    seed().with_aws_auth(aws_auth(&[(OPS, "ops:{{SessionName}}", "admins")]))
}

async fn maps(sandbox: &Sandbox, token: Option<String>) -> Api<ConfigMap> {
    Api::namespaced(kubernetes(sandbox, token).await, "kube-system")
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> (u16, String) {
    match result {
        Err(kube::Error::Api(status)) => (status.code, status.message),
        other => panic!("the API should refuse: {other:?}"),
    }
}

#[tokio::test]
async fn a_lost_update_is_a_conflict() {
    let sandbox = Sandbox::start(with_aws_auth()).await.unwrap();
    let maps = maps(&sandbox, None).await;
    let mut mine = maps.get("aws-auth").await.unwrap();
    let theirs = json!({ "data": { "mapUsers": "[]" } });
    maps.patch("aws-auth", &PatchParams::default(), &Patch::Merge(theirs))
        .await
        .unwrap();
    mine.data = None;
    let (status, message) = code(
        maps.replace("aws-auth", &PostParams::default(), &mine)
            .await,
    );
    assert_eq!(status, 409);
    assert_eq!(
        message,
        "Operation cannot be fulfilled on configmaps \"aws-auth\": the object has been modified; please apply your changes \
         to the latest version and try again"
    );
    let mut fresh = maps.get("aws-auth").await.unwrap();
    let version = fresh.metadata.resource_version.clone();
    let same = maps
        .replace("aws-auth", &PostParams::default(), &fresh)
        .await
        .unwrap();
    assert_eq!(same.metadata.resource_version, version);
    fresh.data.as_mut().unwrap().remove("mapUsers");
    let next = maps
        .replace("aws-auth", &PostParams::default(), &fresh)
        .await
        .unwrap();
    assert_ne!(next.metadata.resource_version, version);
    assert_eq!(next.metadata.uid, fresh.metadata.uid);
    assert!(next.metadata.managed_fields.is_some());
}

#[tokio::test]
async fn objects_are_made_patched_and_deleted_with_preconditions() {
    let sandbox = Sandbox::start(seed()).await.unwrap();
    let maps = maps(&sandbox, None).await;
    let map: ConfigMap =
        serde_json::from_value(json!({ "metadata": { "name": "aws-auth" }, "data": { "a": "1" } }))
            .unwrap();
    assert_eq!(
        code(maps.get("aws-auth").await),
        (404, "configmaps \"aws-auth\" not found".to_owned())
    );
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    maps.create(&dry, &map).await.unwrap();
    assert_eq!(sandbox.state().aws_auth, None);
    let made = maps.create(&PostParams::default(), &map).await.unwrap();
    assert_eq!(code(maps.create(&PostParams::default(), &map).await).0, 409);
    let version = made.metadata.resource_version.unwrap();
    let path = "/api/v1/namespaces/kube-system/configmaps/aws-auth";
    let client = kubernetes(&sandbox, None).await;
    let send = |steps: Vec<u8>| {
        let request =
            http::Request::patch(path).header("content-type", "application/json-patch+json");
        client.request::<ConfigMap>(request.body(steps).unwrap())
    };
    assert_eq!(code(send(steps("0")).await).0, 422);
    let patched = send(steps(&version)).await.unwrap();
    assert_eq!(patched.data.unwrap()["b"], "2");
    let stale = DeleteParams {
        preconditions: Some(Preconditions {
            resource_version: Some(version),
            uid: None,
        }),
        ..DeleteParams::default()
    };
    assert_eq!(code(maps.delete("aws-auth", &stale).await).0, 409);
    let fresh = DeleteParams {
        preconditions: Some(Preconditions {
            resource_version: patched.metadata.resource_version,
            uid: made.metadata.uid,
        }),
        ..DeleteParams::default()
    };
    maps.delete("aws-auth", &fresh).await.unwrap();
    assert_eq!(sandbox.state().aws_auth, None);
    assert_eq!(
        code(maps.delete("aws-auth", &DeleteParams::default()).await).0,
        404
    );
}

/// A JSON patch that holds for one version of the object only.
fn steps(version: &str) -> Vec<u8> {
    let steps = json!([
        { "op": "test", "path": "/metadata/resourceVersion", "value": version },
        { "op": "add", "path": "/data/b", "value": "2" },
    ]);
    steps.to_string().into_bytes()
}

#[tokio::test]
async fn a_config_map_must_be_one() {
    let sandbox = Sandbox::start(with_aws_auth()).await.unwrap();
    let maps = maps(&sandbox, None).await;
    for (data, status) in [
        (json!({ "a": [1] }), 400),
        (json!("x"), 400),
        (json!({ "a": "x".repeat(1024 * 1024 + 1) }), 422),
        (json!({ "a b": "x" }), 422),
    ] {
        let patch = Patch::Merge(json!({ "data": data }));
        let result = maps
            .patch("aws-auth", &PatchParams::default(), &patch)
            .await;
        assert_eq!(code(result).0, status);
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let binding = |name: &str| {
        json!({ "kind": "ClusterRoleBinding", "metadata": { "name": name },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view" },
                "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "admins" }] })
    };
    let mut seed = seed().with_limits(SandboxLimits {
        page_size: 2,
        ..SandboxLimits::default()
    });
    seed.objects = ["a", "b", "c", "d", "e"].map(binding).into();
    let sandbox = Sandbox::start(seed).await.unwrap();
    let client = kubernetes(&sandbox, None).await;
    let bindings: Api<ClusterRoleBinding> = Api::all(client.clone());
    let mut names = Vec::new();
    let mut params = ListParams::default().limit(500);
    let mut pages = 0;
    loop {
        let page = bindings.list(&params).await.unwrap();
        names.extend(page.items.into_iter().filter_map(|item| item.metadata.name));
        pages += 1;
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    assert_eq!(pages, 3);
    let namespaces: Api<Namespace> = Api::all(client);
    assert_eq!(
        namespaces
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .len(),
        4
    );
}

#[tokio::test]
async fn nodes_tell_whether_they_are_ready() {
    let mut seed = seed();
    seed.nodes = vec![NodeSeed {
        name: "n1".to_owned(),
        ready: false,
        role: None,
    }];
    let sandbox = Sandbox::start(seed).await.unwrap();
    let nodes: Api<Node> = Api::all(kubernetes(&sandbox, None).await);
    let node = nodes.get("n1").await.unwrap();
    assert_eq!(node.status.unwrap().conditions.unwrap()[0].status, "False");
}

async fn who_am_i(sandbox: &Sandbox, token: String) -> Result<(String, Vec<String>), kube::Error> {
    let reviews: Api<SelfSubjectReview> = Api::all(kubernetes(sandbox, Some(token)).await);
    let review = reviews
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await?;
    let user = review.status.unwrap().user_info.unwrap();
    Ok((
        user.username.unwrap_or_default(),
        user.groups.unwrap_or_default(),
    ))
}

fn of(sandbox: &Sandbox, arn: &str, session: &str) -> Credentials {
    let (key, secret, token) = sandbox
        .credentials_of(&arn.parse().unwrap(), session)
        .unwrap();
    keys(key, secret, token)
}

#[tokio::test]
async fn a_token_gives_the_identity_that_aws_auth_has_for_its_role() {
    let sandbox = Sandbox::start(with_aws_auth()).await.unwrap();
    let ops = of(&sandbox, OPS, "jo@x.org");
    let (username, groups) = who_am_i(&sandbox, good_token(&ops)).await.unwrap();
    assert_eq!(username, "ops:jo-x.org");
    assert_eq!(groups, ["admins", "system:authenticated"]);
    let bob = of(&sandbox, BOB, "");
    assert_eq!(code(who_am_i(&sandbox, good_token(&bob)).await).0, 401);
}

/// In YAML 1.1 a bare `no` is a truth value and `0x10` a number: the authenticator has an empty username for the one, and
/// none of these groups.
#[tokio::test]
async fn aws_auth_is_read_as_yaml_1_1() {
    let text = format!("- rolearn: {OPS}\n  username: no\n  groups: [ops, 'no']\n");
    let seed = seed().with_aws_auth([("mapRoles".to_owned(), text)].into());
    let sandbox = Sandbox::start(seed).await.unwrap();
    let principal = Principal::from_arn(&OPS.parse().unwrap()).unwrap();
    let who = sandbox.edit(|world| world.admits(CLUSTER, &principal, "s"));
    let who = who.unwrap();
    assert_eq!(who.username, "");
    assert_eq!(who.groups, ["ops", "no"]);
}

#[tokio::test]
async fn an_entry_hides_the_mapping_and_a_dead_one_does_not() {
    let sandbox = Sandbox::start(with_aws_auth()).await.unwrap();
    let client = eks(&sandbox, credentials(&sandbox));
    let create = client
        .create_access_entry()
        .cluster_name(CLUSTER)
        .principal_arn(OPS);
    create.username("entry").send().await.unwrap();
    let principal = Principal::from_arn(&OPS.parse().unwrap()).unwrap();
    let admitted = |sandbox: &Sandbox| {
        sandbox
            .edit(|world| world.admits(CLUSTER, &principal, "s"))
            .map(|who| who.username)
    };
    assert_eq!(admitted(&sandbox).as_deref(), Some("entry"));
    sandbox.edit(|world| world.create_principal(principal.clone()));
    assert_eq!(admitted(&sandbox).as_deref(), Some("ops:s"));
    sandbox.edit(|world| world.set_mode(CLUSTER, AuthenticationMode::Api));
    assert_eq!(admitted(&sandbox), None);
}

#[tokio::test]
async fn the_creator_is_master_while_there_are_no_entries() {
    let sandbox = Sandbox::start(seed().with_mode(AuthenticationMode::ConfigMap))
        .await
        .unwrap();
    let token = good_token(&credentials(&sandbox));
    let (_, groups) = who_am_i(&sandbox, token.clone()).await.unwrap();
    assert!(groups.contains(&"system:masters".to_owned()));
    sandbox.edit(|world| world.set_mode(CLUSTER, AuthenticationMode::Api));
    assert_eq!(code(who_am_i(&sandbox, token).await).0, 401);
}

#[tokio::test]
async fn tokens_of_other_hosts_clusters_and_times_are_refused() {
    let sandbox = Sandbox::start(seed().with_mode(AuthenticationMode::ConfigMap))
        .await
        .unwrap();
    let good = credentials(&sandbox);
    let now = SystemTime::now();
    let host = "sts.eu-west-1.amazonaws.com";
    let loopback = sandbox.aws_url().trim_start_matches("http://").to_owned();
    let wrong = keys(
        good.access_key_id(),
        "wrong",
        good.session_token().map(str::to_owned),
    );
    for (credentials, host, cluster, at, works) in [
        (&good, host, CLUSTER, now, true),
        (&good, "sts.us-east-1.amazonaws.com", CLUSTER, now, true),
        (&good, host, CLUSTER, now - Duration::from_mins(14), true),
        (&good, host, CLUSTER, now - Duration::from_mins(16), false),
        (&good, loopback.as_str(), CLUSTER, now, false),
        (
            &good,
            "sts.cn-north-1.amazonaws.com.cn",
            CLUSTER,
            now,
            false,
        ),
        (&good, host, "other", now, false),
        (&wrong, host, CLUSTER, now, false),
    ] {
        let token = token(credentials, &TokenUrl { host, cluster, at });
        assert_eq!(
            who_am_i(&sandbox, token).await.is_ok(),
            works,
            "{host} {cluster}"
        );
    }
    assert_eq!(
        code(who_am_i(&sandbox, "k8s-aws-v1.junk".to_owned()).await).0,
        401
    );
}

#[tokio::test]
async fn rights_are_asked_for_and_refused_by_name() {
    let rights = Rights {
        kubernetes: KubernetesRights::Rules(vec![KubernetesRule::new("get", "configmaps")]),
        ..Rights::default()
    };
    let sandbox = Sandbox::start(with_aws_auth().with_rights(rights))
        .await
        .unwrap();
    let maps = maps(&sandbox, None).await;
    maps.get("aws-auth").await.unwrap();
    let (status, message) = code(maps.delete("aws-auth", &DeleteParams::default()).await);
    assert_eq!(status, 403);
    assert_eq!(
        message,
        "configmaps \"aws-auth\" is forbidden: User \"kubernetes-admin\" cannot delete resource \"configmaps\" in API group \
         \"\" in the namespace \"kube-system\""
    );
    let client = kubernetes(&sandbox, None).await;
    let bindings: Api<ClusterRoleBinding> = Api::all(client.clone());
    let (_, message) = code(bindings.list(&ListParams::default()).await);
    assert_eq!(
        message,
        "clusterrolebindings.rbac.authorization.k8s.io is forbidden: User \"kubernetes-admin\" cannot list resource \
         \"clusterrolebindings\" in API group \"rbac.authorization.k8s.io\" at the cluster scope"
    );
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client);
    for (verb, allowed) in [("get", true), ("delete", false)] {
        let review: SelfSubjectAccessReview =
            serde_json::from_value(json!({ "spec": { "resourceAttributes": {
            "verb": verb, "resource": "configmaps", "namespace": "kube-system", "name": "aws-auth",
        } } }))
            .unwrap();
        let answer = reviews
            .create(&PostParams::default(), &review)
            .await
            .unwrap();
        assert_eq!(answer.status.unwrap().allowed, allowed);
    }
}

#[tokio::test]
async fn rbac_objects_decide_where_they_are_asked_to() {
    let mut seed = with_aws_auth();
    seed.rights.kubernetes = KubernetesRights::Rbac;
    seed.objects = vec![
        json!({ "kind": "Role", "metadata": { "name": "reader", "namespace": "kube-system" },
                "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"] }] }),
        json!({ "kind": "RoleBinding", "metadata": { "name": "readers", "namespace": "kube-system" },
                "roleRef": { "kind": "Role", "name": "reader" }, "subjects": [{ "kind": "Group", "name": "admins" }] }),
    ];
    let sandbox = Sandbox::start(seed).await.unwrap();
    let token = good_token(&of(&sandbox, OPS, "s"));
    let maps = maps(&sandbox, Some(token)).await;
    maps.get("aws-auth").await.unwrap();
    assert_eq!(code(maps.list(&ListParams::default()).await).0, 403);
}

#[tokio::test]
async fn a_node_is_lost_when_its_role_is_no_longer_admitted() {
    let mapping = (OPS, "system:node:{{EC2PrivateDNSName}}", "system:nodes");
    let mut seed = seed().with_aws_auth(aws_auth(&[mapping]));
    seed.nodes = vec![NodeSeed {
        name: "n1".to_owned(),
        ready: true,
        role: Some(OPS.parse().unwrap()),
    }];
    let sandbox = Sandbox::start(seed).await.unwrap();
    let nodes: Api<Node> = Api::all(kubernetes(&sandbox, None).await);
    let ready = async || {
        let node = nodes.get("n1").await.unwrap();
        node.status.unwrap().conditions.unwrap()[0].status.clone()
    };
    assert_eq!(ready().await, "True");
    sandbox.edit(|world| world.put_aws_auth(CLUSTER, &aws_auth(&[])));
    assert_eq!(ready().await, "Unknown");
    let client = eks(&sandbox, credentials(&sandbox));
    let create = client
        .create_access_entry()
        .cluster_name(CLUSTER)
        .principal_arn(OPS);
    create.r#type("EC2_LINUX").send().await.unwrap();
    assert_eq!(ready().await, "True");
}

#[tokio::test]
async fn apply_makes_merges_and_minds_other_managers() {
    let sandbox = Sandbox::start(seed()).await.unwrap();
    let maps = maps(&sandbox, None).await;
    let map = |value: &str| {
        Patch::Apply(
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "m" }, "data": { "a": value } }),
        )
    };
    let (mine, theirs) = (PatchParams::apply("mine"), PatchParams::apply("theirs"));
    maps.patch("m", &mine, &map("1")).await.unwrap();
    maps.patch("m", &mine, &map("2")).await.unwrap();
    let (status, message) = code(maps.patch("m", &theirs, &map("3")).await);
    assert_eq!(status, 409);
    assert_eq!(
        message,
        "Apply failed with 1 conflict: conflict with \"mine\": .data.a"
    );
    let forced = maps
        .patch("m", &theirs.clone().force(), &map("3"))
        .await
        .unwrap();
    assert_eq!(forced.data.unwrap()["a"], "3");
    let owners = forced.metadata.managed_fields.unwrap();
    let owns = |manager: &str| {
        let of = |field: &&ManagedFieldsEntry| field.manager.as_deref() == Some(manager);
        let fields = owners.iter().find(of).unwrap().fields_v1.as_ref().unwrap();
        fields.0["f:data"].get("f:a").is_some()
    };
    assert!(owns("theirs"));
    assert!(!owns("mine"));
}

#[tokio::test]
async fn objects_of_any_shape_are_answered() {
    let sandbox = Sandbox::start(with_aws_auth()).await.unwrap();
    let client = kubernetes(&sandbox, None).await;
    let collection = "/api/v1/namespaces/kube-system/configmaps";
    let one = format!("{collection}/aws-auth");
    for body in [
        "[]",
        "null",
        "\"x\"",
        "{}",
        r#"{"metadata":"x"}"#,
        r#"{"metadata":{"name":7}}"#,
        r#"{"metadata":{"name":"aws-auth","managedFields":["x",{"manager":"test","operation":"Update","fieldsV1":"y"}]},"data":7}"#,
        r#"{"metadata":{"name":"aws-auth","annotations":[]},"data":null}"#,
        "{{",
    ] {
        for (method, path, kind) in [
            ("POST", collection, "application/json"),
            ("PUT", one.as_str(), "application/json"),
            ("PATCH", one.as_str(), "application/merge-patch+json"),
            ("PATCH", one.as_str(), "application/json-patch+json"),
        ] {
            let request = http::Request::builder()
                .method(method)
                .uri(format!("{path}?fieldManager=test"));
            let request = request
                .header("content-type", kind)
                .body(body.as_bytes().to_vec())
                .unwrap();
            // An answer, whatever it says, and no broken connection.
            let answer = client.send(request.map(kube::client::Body::from)).await;
            assert!(answer.is_ok(), "{method} {body}: {answer:?}");
        }
    }
}
