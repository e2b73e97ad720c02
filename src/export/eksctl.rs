//! A `ClusterConfig` for `eksctl create accessentry --config-file`.

use serde_json::{Value, json};

use super::carried::{Carried, UNNAMED, beside, carried, header, policies};
use super::yaml;
use crate::plan::Plan;

/// The configuration file, with the entries that are not there yet.
///
/// eksctl makes a stack for each entry and fails on one that exists; it changes none.
/// Source: eksctl, "EKS Access Entries" and "Config file schema", `accessConfig`; `pkg/actions/accessentry/creator.go`.
#[must_use]
pub fn eksctl(plan: &Plan) -> String {
    let (existing, new): (Vec<_>, Vec<_>) = carried(plan)
        .into_iter()
        .partition(|carried| carried.exists);
    let mut notes = beside(plan);
    notes.push("Run: eksctl create accessentry --config-file FILE".to_owned());
    if new.is_empty() {
        notes
            .push("There is no entry to create, and eksctl refuses a file without one.".to_owned());
    }
    notes.extend(existing.iter().map(|carried| {
        format!(
            "NOT in this file: eksctl does not import existing entries: {}",
            carried.entry.principal_arn
        )
    }));
    let tagged = new.iter().filter(|carried| !carried.tags().is_empty());
    notes.extend(tagged.map(|carried| {
        format!(
            "NOT migrated: eksctl sets no tags on access entries: the tags of {}",
            carried.entry.principal_arn
        )
    }));
    let document = json!({
        "apiVersion": "eksctl.io/v1alpha5",
        "kind": "ClusterConfig",
        "metadata": {
            "name": plan.cluster.name.as_deref().unwrap_or(UNNAMED),
            "region": plan.cluster.region.as_deref().unwrap_or(UNNAMED),
        },
        "accessConfig": {
            "authenticationMode": "API_AND_CONFIG_MAP",
            "accessEntries": new.iter().map(entry).collect::<Vec<_>>(),
        },
    });
    header(plan, &notes) + &yaml::document(&document)
}

fn entry(carried: &Carried<'_>) -> Value {
    let entry = carried.entry;
    let mut value = json!({
        "principalARN": entry.principal_arn.to_string(),
        "type": entry.entry_type.as_str(),
    });
    if let Some(username) = carried.username() {
        value["kubernetesUsername"] = json!(username);
    }
    if !carried.groups().is_empty() {
        value["kubernetesGroups"] = json!(carried.groups());
    }
    if !entry.access_policies.is_empty() {
        value["accessPolicies"] = policies(&entry.access_policies, |key| key.replace("Arn", "ARN"));
    }
    value
}
