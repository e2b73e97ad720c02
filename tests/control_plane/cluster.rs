//! A cluster: the real control plane in one test's hands, and the sandbox's EKS, IAM and STS around it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aws_auth_migrate::model::{AuthenticationMode, PrincipalKind};
use aws_auth_migrate::sandbox::{ControlPlane, KnownEntry, Sandbox, Seed};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::plane::{Plane, Process, Turn, free_port, up};
use crate::support::Tool;

/// The group in place of an access policy, which on EKS an authorizer of its own decides about.
pub(crate) const POLICY_GROUP: &str = "eks-access-policy:";

/// The usual path of the ConfigMap.
pub(crate) const AWS_AUTH: &str = "/api/v1/namespaces/kube-system/configmaps/aws-auth";

/// A cluster that is up, for one test.
pub(crate) struct Cluster {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) partition: String,
    pub(crate) region: String,
    pub(crate) turn: Turn,
    name: String,
    authenticator: Process,
    entries: JoinHandle<()>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.entries.abort();
    }
}

impl Cluster {
    /// Starts one with the objects, the `aws-auth` and the entries of the seed.
    pub(crate) async fn start(turn: Turn, mut seed: Seed) -> Self {
        let plane = turn.as_ref().unwrap();
        seed.control_plane = Some(ControlPlane {
            endpoint: plane.endpoint.clone(),
            ca_pem: plane.ca_pem.clone(),
        });
        let folder = tempfile::tempdir().unwrap();
        fill(plane, &seed).await;
        let (creator, name) = (seed.creator.to_string(), seed.cluster.name.clone());
        let (partition, region) = (seed.cluster.partition.clone(), seed.cluster.region.clone());
        let sandbox = Sandbox::start(seed).await.unwrap();

        let (sts, sts_ca) = sandbox.sts_over_tls().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("sts.pem"), sts_ca).unwrap();
        let mut written = Written::default();
        written.follow(&sandbox, &name, folder.path());
        let health_port = free_port();
        let settings = json!({
            "cluster": name,
            "partition": partition,
            "port": plane.authenticator_port,
            "healthPort": health_port,
            "stateDir": plane.folder,
            "kubeconfig": plane.folder.join("admin.kubeconfig"),
            "webhookKubeconfig": plane.folder.join("webhook.kubeconfig"),
            "backendModes": backend_modes(sandbox.state().mode),
            "backendModeFile": file("modes.json"),
            "entriesFile": file("entries.json"),
            "creator": creator,
            "stsAddress": sts.to_string(),
            "stsCA": file("sts.pem"),
        });
        std::fs::write(file("authenticator.json"), settings.to_string()).unwrap();
        let args = [file("authenticator.json").display().to_string()];
        let log = file("authenticator.log");
        let authenticator = Process::start(&plane.programs.authenticator, &args, &log);
        up(&authenticator, async || {
            tokio::net::TcpStream::connect(("127.0.0.1", health_port))
                .await
                .is_ok()
        })
        .await;

        let (followed, cluster) = (sandbox.clone(), name.clone());
        let path = folder.path().to_owned();
        let entries = tokio::spawn(async move {
            loop {
                written.follow(&followed, &cluster, &path);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Self {
            sandbox,
            folder,
            partition,
            region,
            turn,
            name,
            authenticator,
            entries,
        }
    }

    pub(crate) fn plane(&self) -> &Plane {
        self.turn.as_ref().unwrap()
    }

    pub(crate) fn plane_mut(&mut self) -> &mut Plane {
        self.turn.as_mut().unwrap()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The binary as the sandbox's caller, who reaches the API server by its token alone.
    pub(crate) fn tool(&self, args: &[&str]) -> Tool {
        let tool = Tool::new(args)
            .env("XDG_STATE_HOME", self.folder.path())
            .args(&["--cluster", &self.name]);
        self.sandbox
            .environment()
            .into_iter()
            .fold(tool, |tool, (name, value)| tool.env(name, value))
    }

    /// The binary as another role in a session.
    pub(crate) fn tool_as(&self, (principal, session): (&str, &str), args: &[&str]) -> Tool {
        let arn = principal.parse().unwrap();
        let credentials = self.sandbox.credentials_of(&arn, session);
        let (key, secret, token) = credentials.unwrap();
        self.tool(args)
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_SESSION_TOKEN", token.unwrap_or_default())
    }

    /// What the authenticator said last.
    pub(crate) fn last_words(&self) -> String {
        self.authenticator.last_words()
    }

    /// The `aws-auth` that the API server holds.
    pub(crate) async fn aws_auth(&self) -> Option<Value> {
        let (status, found) = self.plane().admin.get(AWS_AUTH).await;
        (status == 200).then_some(found)
    }
}

/// Makes what a seed has in Kubernetes.
async fn fill(plane: &Plane, seed: &Seed) {
    for (policy, role) in [
        ("AmazonEKSClusterAdminPolicy", "cluster-admin"),
        ("AmazonEKSAdminPolicy", "admin"),
        ("AmazonEKSEditPolicy", "edit"),
        ("AmazonEKSViewPolicy", "view"),
    ] {
        let group = format!("{POLICY_GROUP}{policy}");
        let binding = binding("ClusterRoleBinding", None, &group, role, "Group", &group);
        plane.admin.make(&binding).await;
    }
    for object in &seed.objects {
        plane.admin.make(object).await;
    }
    if let Some(aws_auth) = &seed.aws_auth {
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "aws-auth",
                "namespace": "kube-system",
                "annotations": aws_auth.annotations,
                "labels": aws_auth.labels,
            },
            "data": aws_auth.data,
        });
        plane.admin.make(&object).await;
    }
}

/// A binding of one subject to a `ClusterRole`.
pub(crate) fn binding(
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    role: &str,
    subject_kind: &str,
    subject: &str,
) -> Value {
    let mut metadata = json!({ "name": name });
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": subject_kind, "name": subject }],
    })
}

/// The authenticator's backends in a mode; the creator of a cluster without entries is built in.
fn backend_modes(mode: AuthenticationMode) -> Vec<&'static str> {
    match mode {
        AuthenticationMode::ConfigMap => vec!["MountedFile", "EKSConfigMap"],
        AuthenticationMode::ApiAndConfigMap => vec!["DynamicFile", "EKSConfigMap"],
        AuthenticationMode::Api => vec!["DynamicFile"],
    }
}

/// What the authenticator was handed last.
#[derive(Debug, Default)]
struct Written {
    modes: String,
    entries: String,
    version: u32,
}

impl Written {
    /// Writes what EKS has, where that is not what the files say.
    ///
    /// In place, since the authenticator looks at a file that was replaced only after a second.
    fn follow(&mut self, sandbox: &Sandbox, cluster: &str, folder: &Path) {
        let modes = backend_modes(sandbox.state().mode).join(" ");
        let entries = sandbox.edit(|world| world.known_entries(cluster));
        let entries = entries_file(&entries);
        let text = entries.to_string();
        if text != self.entries {
            self.version += 1;
            let mut document = entries;
            document["Version"] = self.version.to_string().into();
            document["LastUpdatedDateTime"] = "1700000000".into();
            std::fs::write(folder.join("entries.json"), document.to_string()).unwrap();
            self.entries = text;
        }
        if modes != self.modes {
            let document = json!({
                "Version": "1",
                "LastUpdatedDateTime": "1700000000",
                "backendMode": modes,
            });
            std::fs::write(folder.join("modes.json"), document.to_string()).unwrap();
            self.modes = modes;
        }
    }
}

/// Access entries in the form of the authenticator's backend `DynamicFile`.
///
/// Source: aws-iam-authenticator `pkg/mapper/dynamicfile/dynamicfile.go`.
fn entries_file(entries: &[KnownEntry]) -> Value {
    let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for entry in entries {
        let (list, field) = match entry.principal.kind {
            PrincipalKind::Role => ("mapRoles", "rolearn"),
            PrincipalKind::User => ("mapUsers", "userarn"),
        };
        let mut groups = entry.identity.groups.clone();
        let policies = entry.identity.policies.iter();
        groups.extend(policies.map(|policy| format!("{POLICY_GROUP}{}", policy.with_scope())));
        lists.entry(list).or_default().push(json!({
            field: entry.principal.to_string(),
            "userid": entry.unique_id,
            "username": entry.identity.username,
            "groups": groups,
        }));
    }
    json!(lists)
}
