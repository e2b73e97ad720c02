//! A fleet as a runbook of an engine that schedules its shards: plan, a look at the merged report, apply, verify.
//!
//! The engine decides where and when a shard runs, and runs it again where it was lost. All shards share one volume with
//! the saved plans, the journals and the reports, so that another machine resumes what one began.

mod argo;
mod kubernetes_job;
mod step_functions;

pub use argo::argo;
pub use kubernetes_job::kubernetes_job;
pub use step_functions::step_functions;

use serde_json::{Value, json};

use super::carried::UNNAMED;
use crate::model::Arn;

/// What a runbook for a fleet needs to know.
#[derive(Debug, Clone, Default)]
pub struct FleetRunbook {
    /// The fleet file, as it is, and the files beside it that it names.
    pub files: std::collections::BTreeMap<String, String>,
    /// How many clusters it has.
    pub clusters: usize,
    /// How many shards there are.
    pub shards: u32,
    /// The container image that holds the tool.
    pub image: Option<String>,
    /// The IAM role that the tool runs as.
    pub role_arn: Option<Arn>,
    /// The options that shape the plans.
    pub options: Vec<String>,
}

const NAME: &str = "aws-auth-migrate-fleet";
/// The volume that all shards share.
const STATE: &str = "/var/lib/aws-auth-migrate";
/// The folder of the fleet file.
const FLEET: &str = "/etc/aws-auth-migrate";
/// What is done with the shards, in this order.
const VERBS: [&str; 3] = ["plan", "apply", "verify"];

impl FleetRunbook {
    fn image(&self) -> String {
        let image = self.image.clone();
        image.unwrap_or_else(|| format!("{UNNAMED}/aws-auth-migrate:{}", env!("CARGO_PKG_VERSION")))
    }

    /// The arguments with which a shard runs; `index` is how the engine names its number.
    fn shard_args(&self, verb: &str, index: &str, fleet: &str) -> Vec<String> {
        let mut args = vec![
            "fleet".to_owned(),
            verb.to_owned(),
            format!("--fleet={fleet}"),
            format!("--shard={index}/{}", self.shards),
            "--progress=plain".to_owned(),
            "--output=json".to_owned(),
            format!("--out-report={STATE}/reports/{verb}/{index}.json"),
        ];
        match verb {
            "plan" => args.push(format!("--out={STATE}/plans")),
            "apply" => args.extend([format!("--plans={STATE}/plans"), "--yes".to_owned()]),
            _ => {}
        }
        if verb != "apply" {
            args.extend(self.options.iter().cloned());
        }
        args
    }
}

/// The arguments with which the reports of all shards are put together.
fn merge_args(verb: &str) -> Vec<String> {
    let reports = format!("{STATE}/reports/{verb}");
    ["fleet", "merge", &reports, "--details"]
        .map(str::to_owned)
        .to_vec()
}

/// The environment: journals and backups are kept on the volume.
fn environment() -> Value {
    json!([{"name": "XDG_STATE_HOME", "value": format!("{STATE}/state")}])
}

/// A container that may do nothing but what it is for.
fn container(runbook: &FleetRunbook, args: &[String]) -> Value {
    json!({
        "name": "aws-auth-migrate",
        "image": runbook.image(),
        "args": args,
        "env": environment(),
        "resources": {"requests": {"cpu": "250m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
        "volumeMounts": [
            {"name": "state", "mountPath": STATE},
            {"name": "fleet", "mountPath": FLEET, "readOnly": true},
        ],
    })
}

fn volumes() -> Value {
    json!([
        {"name": "state", "persistentVolumeClaim": {"claimName": NAME}},
        {"name": "fleet", "configMap": {"name": NAME}},
    ])
}

fn pod_security() -> Value {
    json!({
        "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    })
}

fn meta(name: &str) -> Value {
    json!({"name": name, "namespace": NAME})
}

/// What the shards share: namespace, service account, fleet file and volume.
fn shared(runbook: &FleetRunbook) -> Vec<Value> {
    let mut account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(NAME),
        "automountServiceAccountToken": false,
    });
    if let Some(role) = &runbook.role_arn {
        account["metadata"]["annotations"] =
            json!({"eks.amazonaws.com/role-arn": role.to_string()});
    }
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": NAME, "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        }}),
        account,
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(NAME),
            "data": runbook.files,
        }),
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(NAME),
            "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "10Gi"}}},
        }),
    ]
}

/// The comment at the top.
fn header(runbook: &FleetRunbook, notes: &[&str]) -> String {
    let mut lines = vec![format!(
        "# {} clusters in {} shards, by aws-auth-migrate {}",
        runbook.clusters,
        runbook.shards,
        env!("CARGO_PKG_VERSION")
    )];
    lines.extend(notes.iter().map(|note| format!("# {note}")));
    lines.push(String::new());
    lines.join("\n")
}
