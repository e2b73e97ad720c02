//! Indexed Jobs of Kubernetes: one index for each shard.

use serde_json::{Value, json};

use super::{
    FLEET, FleetRunbook, NAME, VERBS, container, header, merge_args, meta, pod_security, shared,
    volumes,
};
use crate::yaml;

/// How many shards run at a time; the rates of EKS and IAM are per account, not per shard.
const PARALLELISM: u32 = 16;

/// The manifest: for each command an Indexed Job over the shards, and a Job that merges their reports.
///
/// Only the plan runs at once; the others are suspended until a person resumes them. An index whose pod is lost, or whose
/// clusters were not all done, runs again; one that needs a decision does not, since the same again ends the same.
/// Source: Kubernetes documentation, "Indexed Job for Parallel Processing with Static Work Assignment", and "Jobs",
/// `backoffLimitPerIndex` and `podFailurePolicy`.
#[must_use]
pub fn kubernetes_job(runbook: &FleetRunbook) -> String {
    let mut objects = shared(runbook);
    for verb in VERBS {
        objects.push(shards(runbook, verb));
        objects.push(merge(runbook, verb));
    }
    let documents: Vec<String> = objects.iter().map(yaml::readable).collect();
    format!(
        "{}---\n{}",
        header(runbook, &NOTES),
        documents.join("---\n")
    )
}

const NOTES: [&str; 10] = [
    "Run: kubectl apply --filename FILE",
    "The volume claim needs a storage class whose volumes many nodes mount at the same time, such as Amazon EFS.",
    "Only the plan runs at once. When all its indexes are done, read the merged report:",
    "  kubectl patch job --namespace aws-auth-migrate-fleet plan-report --patch '{\"spec\":{\"suspend\":false}}'",
    "  kubectl logs --namespace aws-auth-migrate-fleet job/plan-report",
    "Review it, then start apply in the same way, then apply-report, verify, verify-report.",
    "Clusters in the mode CONFIG_MAP need --enable-access-entries among the args of apply; the switch can't be undone.",
    "The tool's role needs the policy of `export iam-policy`, and sts:AssumeRole for the roles in the fleet file.",
    "Without an annotation on the service account, associate it with the role by EKS Pod Identity:",
    "  aws eks create-pod-identity-association --namespace aws-auth-migrate-fleet --service-account aws-auth-migrate-fleet ...",
];

fn shards(runbook: &FleetRunbook, verb: &str) -> Value {
    // The Job controller sets the variable in every container.
    let index = "$(JOB_COMPLETION_INDEX)";
    let fleet = format!("{FLEET}/fleet.yaml");
    let args = runbook.shard_args(verb, index, &fleet);
    let args: Vec<String> = args
        .iter()
        .map(|arg| match arg.split_once(index) {
            // Kubernetes puts variables in where it sees one.
            None => arg.replace('$', "$$"),
            Some(_) => arg.clone(),
        })
        .collect();
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": meta(verb),
        "spec": {
            "completionMode": "Indexed",
            "completions": runbook.shards,
            "parallelism": runbook.shards.min(PARALLELISM),
            "suspend": verb != "plan",
            "backoffLimitPerIndex": 3,
            "podFailurePolicy": {"rules": [
                {"action": "FailIndex", "onExitCodes": {"containerName": "aws-auth-migrate", "operator": "In", "values": [3, 64]}},
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
            ]},
            "template": template(runbook, &args),
        },
    })
}

fn merge(runbook: &FleetRunbook, verb: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": meta(&format!("{verb}-report")),
        "spec": {
            "suspend": true,
            "backoffLimit": 0,
            "template": template(runbook, &merge_args(verb)),
        },
    })
}

fn template(runbook: &FleetRunbook, args: &[String]) -> Value {
    json!({
        "metadata": {"labels": {"app.kubernetes.io/name": NAME}},
        "spec": {
            "serviceAccountName": NAME,
            "restartPolicy": "Never",
            // The time that a run has to finish what is under way.
            "terminationGracePeriodSeconds": 120,
            "securityContext": pod_security(),
            "containers": [container(runbook, args)],
            "volumes": volumes(),
        },
    })
}
