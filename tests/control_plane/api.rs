//! Requests to an API server, with the answer as it came.

use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

/// A client of one user.
#[derive(Clone)]
pub(crate) struct Api {
    client: kube::Client,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api")
    }
}

/// A status and a document.
pub(crate) type Answer = (u16, Value);

impl Api {
    pub(crate) async fn of_kubeconfig(text: &str) -> Self {
        let kubeconfig = Kubeconfig::from_yaml(text).unwrap();
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
        Self {
            client: kube::Client::try_from(config.await.unwrap()).unwrap(),
        }
    }

    /// Asks, and answers with status and document; 0 where no answer came.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: Option<&Value>,
    ) -> Answer {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", kind);
        self.send(request, body).await
    }

    /// Asks under the name of another program.
    pub(crate) async fn ask_as(
        &self,
        user_agent: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("user-agent", user_agent)
            .header("content-type", "application/json");
        self.send(request, Some(body)).await
    }

    async fn send(&self, request: http::request::Builder, body: Option<&Value>) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let request = request.header("accept", "application/json");
        let request = request.body(Body::from(bytes.unwrap_or_default()));
        let Ok(response) = self.client.send(request.unwrap()).await else {
            return (0, Value::Null);
        };
        let status = response.status().as_u16();
        let Ok(body) = response.into_body().collect().await else {
            return (0, Value::Null);
        };
        let body = body.to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        let document = serde_json::from_slice(&body).unwrap_or(Value::String(text));
        (status, document)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "application/json", None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, "application/json", Some(body)).await
    }

    pub(crate) async fn merge(&self, path: &str, body: &Value) -> Answer {
        let kind = "application/merge-patch+json";
        self.ask("PATCH", path, kind, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, "application/json", None).await
    }

    pub(crate) async fn is_ready(&self) -> bool {
        self.get("/readyz").await.0 == 200
    }

    /// All objects of a kind.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let (status, list) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {list:#}");
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Makes an object that has to be there.
    #[track_caller]
    pub(crate) fn make<'a>(&'a self, object: &'a Value) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let path = folder_of(object);
            let (status, answer) = self.post(&path, object).await;
            assert_eq!(status, 201, "{caller}: {object:#}\n{answer:#}");
        }
    }

    /// Who the API server takes this user for: its user info, `None` where it grants no access.
    pub(crate) async fn who_am_i(&self) -> Option<Value> {
        let review =
            json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let (status, answer) = self.post(path, &review).await;
        match status {
            201 => Some(answer["status"]["userInfo"].clone()),
            401 => None,
            _ => panic!("a review was answered with {status}: {answer:#}"),
        }
    }
}

/// The path of the list that an object belongs in.
pub(crate) fn folder_of(object: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let kind = text(&object["kind"]).unwrap();
    let group = match kind.as_str() {
        "ConfigMap" | "Namespace" | "Node" | "ServiceAccount" | "Pod" | "Secret" => {
            "/api/v1".to_owned()
        }
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => {
            "/apis/rbac.authorization.k8s.io/v1".to_owned()
        }
        _ => format!("/apis/{}", text(&object["apiVersion"]).unwrap()),
    };
    let mut plural = kind.to_lowercase();
    if plural.ends_with("policy") {
        plural.truncate(plural.len() - 1);
        plural.push_str("ies");
    } else {
        plural.push('s');
    }
    match text(&object["metadata"]["namespace"]) {
        Some(namespace) => format!("{group}/namespaces/{namespace}/{plural}"),
        None => format!("{group}/{plural}"),
    }
}
