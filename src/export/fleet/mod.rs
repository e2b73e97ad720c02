//! A fleet as a runbook of an engine that schedules its shards: plan, a look at the merged report, apply, verify.
//!
//! The engine decides where and when a shard runs, and runs it again where it was lost. All shards share the saved plans,
//! the journals and the reports, on a volume or in S3, so that another machine resumes what one began.

mod argo;
mod kubernetes_job;
mod step_functions;

pub use argo::argo;
pub use kubernetes_job::kubernetes_job;
pub use step_functions::step_functions;

use serde_json::{Value, json};

use super::carried::UNNAMED;
use crate::invocation::{CommandOption, Flag};
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
    /// The folder in S3 that all shards share, without a slash at its end; a volume where there is none.
    pub state: Option<String>,
    /// The options that shape the plans.
    pub options: Vec<CommandOption>,
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

    /// Where the shards keep what they share.
    fn state(&self) -> &str {
        self.state.as_deref().unwrap_or(STATE)
    }

    /// The arguments with which a shard runs; `index` is how the engine names its number.
    fn shard_args(&self, verb: &str, index: &str, fleet: &str) -> Vec<String> {
        let path = |of: &str| format!("{}/{of}", self.state()).into();
        let mut options = vec![
            CommandOption::Fleet(fleet.into()),
            CommandOption::Shard(format!("{index}/{}", self.shards)),
            CommandOption::Progress("plain".to_owned()),
            CommandOption::Output("json".to_owned()),
            CommandOption::OutReport(path(&format!("reports/{verb}/{index}.json"))),
        ];
        if self.state.is_some() {
            options.push(CommandOption::Journals(path("journals")));
        }
        match verb {
            "plan" => options.push(CommandOption::Out(path("plans"))),
            "apply" => options.extend([CommandOption::Plans(path("plans")), CommandOption::Yes]),
            _ => {}
        }
        if verb != "apply" {
            options.extend(self.options.iter().cloned());
        }
        let command = ["fleet".to_owned(), verb.to_owned()].into_iter();
        command.chain(options.into_iter().map(Into::into)).collect()
    }

    /// The arguments with which the reports of all shards are put together.
    fn merge_args(&self, verb: &str) -> Vec<String> {
        let reports = format!("{}/reports/{verb}", self.state());
        ["fleet", "merge", &reports, Flag::Details.name()]
            .map(str::to_owned)
            .to_vec()
    }

    /// What has to be there for the shards to share something.
    fn state_notes(&self) -> Vec<String> {
        let Some(state) = &self.state else {
            return vec![
                "The volume claim needs a storage class whose volumes many nodes mount at the same time, such as Amazon EFS."
                    .to_owned(),
            ];
        };
        let path = state.trim_start_matches("s3://");
        let bucket = path.split('/').next().unwrap_or(path);
        vec![
            format!(
                "Plans, journals and reports are in {state}; create the bucket first, for nobody but this role."
            ),
            format!(
                "The tool's role needs s3:GetObject, s3:PutObject and s3:DeleteObject on arn:aws:s3:::{path}/*,"
            ),
            format!("and s3:ListBucket on arn:aws:s3:::{bucket}."),
        ]
    }
}

/// The environment: journals and backups are kept on the volume, where there is one.
fn environment(runbook: &FleetRunbook) -> Value {
    match &runbook.state {
        Some(_) => json!([]),
        None => json!([{"name": "XDG_STATE_HOME", "value": format!("{STATE}/state")}]),
    }
}

/// A container that may do nothing but what it is for.
fn container(runbook: &FleetRunbook, args: &[String]) -> Value {
    json!({
        "name": "aws-auth-migrate",
        "image": runbook.image(),
        "args": args,
        "env": environment(runbook),
        "resources": {"requests": {"cpu": "250m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
        "volumeMounts": mounted(
            runbook,
            &json!({"name": "state", "mountPath": STATE}),
            &json!({"name": "fleet", "mountPath": FLEET, "readOnly": true}),
        ),
    })
}

fn volumes(runbook: &FleetRunbook) -> Value {
    mounted(
        runbook,
        &json!({"name": "state", "persistentVolumeClaim": {"claimName": NAME}}),
        &json!({"name": "fleet", "configMap": {"name": NAME}}),
    )
}

/// What belongs to the volume that is shared, where there is one, and what belongs to the fleet file.
fn mounted(runbook: &FleetRunbook, state: &Value, fleet: &Value) -> Value {
    match &runbook.state {
        Some(_) => json!([fleet]),
        None => json!([state, fleet]),
    }
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

/// What the shards share: namespace, service account, fleet file and, where there is one, the volume.
fn shared(runbook: &FleetRunbook) -> Vec<Value> {
    let mut account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(NAME),
        "automountServiceAccountToken": false,
    });
    if let Some(role) = &runbook.role_arn {
        account["metadata"]["annotations"] =
            json!({"eks.amazonaws.com/role-arn": role.to_string()});
    }
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": NAME, "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        }}),
        account,
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(NAME),
            "data": runbook.files,
        }),
    ];
    if runbook.state.is_none() {
        objects.push(json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(NAME),
            "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "10Gi"}}},
        }));
    }
    objects
}

/// The comment at the top.
fn header(runbook: &FleetRunbook, use_it: &[&str], notes: &[&str]) -> String {
    let mut lines = vec![format!(
        "# {} clusters in {} shards, by aws-auth-migrate {}",
        runbook.clusters,
        runbook.shards,
        env!("CARGO_PKG_VERSION")
    )];
    let state = runbook.state_notes();
    let state = state.iter().map(String::as_str);
    let notes = use_it
        .iter()
        .copied()
        .chain(state)
        .chain(notes.iter().copied());
    lines.extend(notes.map(|note| format!("# {note}")));
    lines.push(String::new());
    lines.join("\n")
}
