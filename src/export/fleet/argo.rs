//! A workflow template for Argo Workflows.

use serde_json::{Value, json};

use super::{
    FLEET, FleetRunbook, NAME, VERBS, container, header, merge_args, meta, pod_security, shared,
    volumes,
};
use crate::yaml;

/// The manifest: what the shards share, and a `WorkflowTemplate` that fans out over them.
///
/// The workflow plans, merges, and waits for a person; then it applies, verifies, and merges. A shard whose pod is lost
/// runs again. What needs a decision or failed in some clusters is in the report and does not end the workflow.
/// Argo puts parameters in where it sees two braces, and knows no way to write them otherwise: options have none.
/// Source: Argo Workflows documentation, "Loops", "Suspending", "Retries"; `WorkflowTemplate` of `argoproj.io/v1alpha1`.
#[must_use]
pub fn argo(runbook: &FleetRunbook) -> String {
    let mut objects = shared(runbook);
    objects.push(workflow(runbook));
    let documents: Vec<String> = objects.iter().map(yaml::readable).collect();
    format!(
        "{}---\n{}",
        header(runbook, &NOTES),
        documents.join("---\n")
    )
}

const NOTES: [&str; 7] = [
    "Run: kubectl apply --filename FILE",
    "  argo submit --namespace aws-auth-migrate-fleet --from workflowtemplate/aws-auth-migrate-fleet",
    "The volume claim needs a storage class whose volumes many nodes mount at the same time, such as Amazon EFS.",
    "After the plan it pauses: read the log of plan-report, then `argo resume`, or `argo stop`.",
    "Clusters in the mode CONFIG_MAP need --enable-access-entries among the args of apply; the switch can't be undone.",
    "The tool's role needs the policy of `export iam-policy`, and sts:AssumeRole for the roles in the fleet file.",
    "The service account needs the right to create workflowtaskresults, as Argo's documentation says under Workflow RBAC.",
];

fn workflow(runbook: &FleetRunbook) -> Value {
    let mut steps = Vec::new();
    let mut templates = Vec::new();
    for verb in VERBS {
        steps.push(json!([{
            "name": verb,
            "template": verb,
            "arguments": {"parameters": [{"name": "index", "value": "{{item}}"}]},
            "withSequence": {"count": runbook.shards.to_string()},
            "continueOn": {"failed": true},
        }]));
        let report = format!("{verb}-report");
        steps.push(json!([{"name": report, "template": report, "continueOn": {"failed": true}}]));
        if verb == "plan" {
            steps.push(json!([{"name": "approve", "template": "approve"}]));
        }
        let index = "{{inputs.parameters.index}}";
        let fleet = format!("{FLEET}/fleet.yaml");
        let args = runbook.shard_args(verb, index, &fleet);
        templates.push(json!({
            "name": verb,
            "inputs": {"parameters": [{"name": "index"}]},
            "retryStrategy": {"limit": "3", "retryPolicy": "OnError"},
            "container": bare(container(runbook, &args)),
        }));
        templates.push(json!({
            "name": report,
            "container": bare(container(runbook, &merge_args(verb))),
        }));
    }
    let mut all = vec![
        json!({"name": "fleet", "steps": steps}),
        json!({"name": "approve", "suspend": {}}),
    ];
    all.append(&mut templates);
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": meta(NAME),
        "spec": {
            "entrypoint": "fleet",
            "parallelism": 16,
            "serviceAccountName": NAME,
            "securityContext": pod_security(),
            "volumes": volumes(),
            "templates": all,
        },
    })
}

/// Argo names the container of a template itself.
fn bare(mut container: Value) -> Value {
    if let Value::Object(fields) = &mut container {
        fields.remove("name");
    }
    container
}
