//! Kubernetes Jobs that run the tool in the cluster.

use serde_json::{Value, json};

use super::super::carried::{UNNAMED, header};
use super::super::yaml;
use super::Runbook;
use crate::invocation::CommandOption;
use crate::plan::Plan;
use crate::rights::{For, rbac_objects};

const NAME: &str = "aws-auth-migrate";
const STATE: &str = "/var/lib/aws-auth-migrate";

/// The Jobs in the order in which they are run; `rollback` undoes any of them.
const JOBS: [&str; 5] = ["plan", "apply", "verify", "cutover", "rollback"];

/// The manifest: a Job for each command, and what they share.
///
/// Only `plan` runs at once. The others are suspended until a person resumes them. Plan, journal and backup are kept on
/// a volume, so that a Job that runs again resumes where the last one stopped.
///
/// The tool reaches the Kubernetes API as the IAM role does, through the token that EKS takes for it, so the pods get no
/// token of their service account and the roles are bound to the group that the IAM role is mapped to.
/// Source: Kubernetes documentation, "Jobs", `suspend` and `podFailurePolicy`; EKS User Guide, "Learn how EKS Pod
/// Identity grants pods access to AWS services" and "IAM roles for service accounts".
#[must_use]
pub fn kubernetes_job(plan: &Plan, runbook: &Runbook) -> String {
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": NAME, "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        }}),
        service_account(runbook),
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(NAME),
            "data": {
                "CLUSTER": plan.cluster.name.as_deref().unwrap_or(UNNAMED),
                "REGION": plan.cluster.region.as_deref().unwrap_or(UNNAMED),
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(NAME),
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }),
    ];
    for command in [For::Cutover, For::Rollback] {
        objects.extend(rbac_objects(command, &[]));
    }
    objects.extend(JOBS.map(|command| job(command, runbook)));
    let documents: Vec<String> = objects.iter().map(yaml::document).collect();
    format!(
        "{}---\n{}",
        header(plan, &super::with_common(&notes())),
        documents.join("---\n")
    )
}

fn notes() -> Vec<String> {
    [
        "Run: kubectl apply --filename FILE",
        "Only the Job of plan runs at once: kubectl logs --namespace aws-auth-migrate job/aws-auth-migrate-plan",
        "Review it, then start the next one (then verify, cutover; or rollback):",
        "  kubectl patch job --namespace aws-auth-migrate aws-auth-migrate-apply --patch '{\"spec\":{\"suspend\":false}}'",
        "The IAM role needs the policy of `export iam-policy` and has to be mapped to the group aws-auth-migrate.",
        "Without an annotation on the service account, associate it with the role by EKS Pod Identity:",
        "  aws eks create-pod-identity-association --namespace aws-auth-migrate --service-account aws-auth-migrate ...",
        "A cluster in the mode CONFIG_MAP needs --enable-access-entries among the args of apply; the switch can't be undone.",
    ]
    .map(ToOwned::to_owned)
    .to_vec()
}

fn meta(name: &str) -> Value {
    json!({"name": name, "namespace": NAME})
}

fn service_account(runbook: &Runbook) -> Value {
    let mut account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(NAME),
        "automountServiceAccountToken": false,
    });
    if let Some(role) = &runbook.role_arn {
        account["metadata"]["annotations"] =
            json!({"eks.amazonaws.com/role-arn": role.to_string()});
    }
    account
}

fn job(command: &str, runbook: &Runbook) -> Value {
    let image = runbook.image.clone();
    let image = image.unwrap_or_else(|| format!("{UNNAMED}/{NAME}:{}", env!("CARGO_PKG_VERSION")));
    let container = json!({
        "name": NAME,
        "image": image,
        "args": args(command, runbook),
        "env": [setting("CLUSTER"), setting("REGION")],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
        // The end of the log says why, when a Job has failed.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "state", "mountPath": STATE}],
    });
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": meta(&format!("{NAME}-{command}")),
        "spec": {
            "suspend": command != "plan",
            "backoffLimit": 6,
            "podFailurePolicy": {"rules": [
                // A decision is needed, or the command line is wrong: the same again ends the same.
                {"action": "FailJob", "onExitCodes": {"containerName": NAME, "operator": "In", "values": [3, 64]}},
                // A node that goes away is no failure of the run.
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            ]},
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": NAME}},
                "spec": {
                    "serviceAccountName": NAME,
                    "restartPolicy": "Never",
                    // The time that a run has to finish what is under way.
                    "terminationGracePeriodSeconds": 120,
                    "securityContext": {
                        "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [container],
                    "volumes": [{"name": "state", "persistentVolumeClaim": {"claimName": NAME}}],
                },
            },
        },
    })
}

fn setting(key: &str) -> Value {
    json!({"name": key, "valueFrom": {"configMapKeyRef": {"name": NAME, "key": key}}})
}

fn args(command: &str, runbook: &Runbook) -> Vec<String> {
    let unasked = [
        CommandOption::Yes,
        CommandOption::Progress("plain".to_owned()),
    ];
    let plan = || format!("{STATE}/plan.json").into();
    let mut options = vec![
        CommandOption::Cluster("$(CLUSTER)".to_owned()),
        CommandOption::Region("$(REGION)".to_owned()),
        CommandOption::Journal(format!("{STATE}/journal.jsonl").into()),
    ];
    match command {
        "plan" => options.push(CommandOption::Out(plan())),
        "apply" => options.extend(
            [CommandOption::SavedPlan(plan())]
                .into_iter()
                .chain(unasked),
        ),
        "cutover" | "rollback" => options.extend(unasked),
        _ => {}
    }
    let mut args = vec![command.to_owned()];
    args.extend(options.iter().map(ToString::to_string));
    if command != "rollback" {
        // Kubernetes puts variables in where it sees one.
        let given = runbook.options.iter().map(ToString::to_string);
        args.extend(given.map(|option| option.replace('$', "$$")));
    }
    args
}
