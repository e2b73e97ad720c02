//! Kubernetes objects for the EKS controller of AWS Controllers for Kubernetes.

use serde_json::{Value, json};

use super::carried::{Carried, UNNAMED, beside, carried, header, policies};
use super::names::{Style, names};
use super::yaml;
use crate::plan::Plan;

/// One `AccessEntry` object for each entry.
///
/// Source: AWS Controllers for Kubernetes, API reference, `eks.services.k8s.aws/v1alpha1`, `AccessEntry`.
#[must_use]
pub fn ack(plan: &Plan) -> String {
    let entries = carried(plan);
    let existing = entries.iter().filter(|carried| carried.exists);
    let mut notes = beside(plan);
    notes.extend(existing.map(|carried| {
        format!(
            "Already exists, and the controller adopts it: {}",
            carried.entry.principal_arn
        )
    }));
    let mut text = header(plan, &notes);
    for (carried, name) in entries.iter().zip(names(&entries, Style::Kebab)) {
        text.push_str("---\n");
        text.push_str(&yaml::document(&object(plan, carried, &name)));
    }
    text
}

fn object(plan: &Plan, carried: &Carried<'_>, name: &str) -> Value {
    let entry = carried.entry;
    let cluster = plan.cluster.name.as_deref().unwrap_or(UNNAMED);
    let arn = entry.principal_arn.to_string();
    let mut annotations = json!({});
    if let Some(region) = &plan.cluster.region {
        annotations["services.k8s.aws/region"] = json!(region);
    }
    if carried.exists {
        let key = json!({"clusterName": cluster, "principalARN": arn});
        annotations["services.k8s.aws/adoption-policy"] = json!("adopt-or-create");
        annotations["services.k8s.aws/adoption-fields"] = json!(yaml::json_line(&key));
        // What was there before the object outlives it.
        annotations["services.k8s.aws/deletion-policy"] = json!("retain");
    }
    let mut spec =
        json!({"clusterName": cluster, "principalARN": arn, "type": entry.entry_type.as_str()});
    if let Some(username) = carried.username() {
        spec["username"] = json!(username);
    }
    if !carried.groups().is_empty() {
        spec["kubernetesGroups"] = json!(carried.groups());
    }
    if !entry.access_policies.is_empty() {
        spec["accessPolicies"] = policies(&entry.access_policies, |key| key.replace("Arn", "ARN"));
    }
    if !carried.tags().is_empty() {
        spec["tags"] = json!(carried.tags());
    }
    json!({
        "apiVersion": "eks.services.k8s.aws/v1alpha1",
        "kind": "AccessEntry",
        "metadata": {"name": name, "annotations": annotations},
        "spec": spec,
    })
}
