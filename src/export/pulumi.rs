//! A program in YAML for Pulumi.

use serde_json::{Map, Value, json};

use super::carried::{Carried, UNNAMED, beside, carried, cluster_code, header, policies};
use super::names::{Style, names};
use super::yaml;
use crate::plan::Plan;

/// A project with the entries and their policies, which imports what the cluster has already.
///
/// Source: Pulumi Registry, AWS, `aws.eks.AccessEntry` and `aws.eks.AccessPolicyAssociation`, "Import"; Pulumi, "Pulumi
/// YAML language reference" and "Resource option: import".
#[must_use]
pub fn pulumi(plan: &Plan) -> String {
    let entries = carried(plan);
    let cluster = plan.cluster.name.as_deref().unwrap_or(UNNAMED);
    let mut resources = Map::new();
    for (carried, name) in entries.iter().zip(names(&entries, Style::Snake)) {
        resources.insert(name.clone(), entry(carried, cluster));
        let associations = policies(&carried.entry.access_policies, str::to_owned);
        let associations = associations.as_array().cloned().unwrap_or_default();
        for (index, (policy, association)) in carried
            .entry
            .access_policies
            .iter()
            .zip(associations)
            .enumerate()
        {
            let arn = carried.entry.principal_arn.to_string();
            let mut options = json!({"dependsOn": [format!("${{{name}}}")]});
            if carried.has(policy) {
                let id = format!("{cluster}#{arn}#{}", policy.policy_arn);
                options["import"] = json!(id);
            }
            let mut properties =
                json!({"clusterName": literal(cluster), "principalArn": literal(&arn)});
            properties["policyArn"] = quoted(&association["policyArn"]);
            properties["accessScope"] = quoted(&association["accessScope"]);
            let resource = json!({
                "type": "aws:eks:AccessPolicyAssociation",
                "properties": properties,
                "options": options,
            });
            resources.insert(format!("{name}_policy_{}", index + 1), resource);
        }
    }
    let mut document = json!({
        "name": "aws-auth-access-entries",
        "description": "EKS access entries, generated from aws-auth",
        "runtime": "yaml",
    });
    if !resources.is_empty() {
        document["resources"] = Value::Object(resources);
    }
    header(plan, &notes(plan, &entries)) + &yaml::document(&document)
}

fn notes(plan: &Plan, entries: &[Carried<'_>]) -> Vec<String> {
    let mut notes = beside(plan);
    notes.extend(cluster_code());
    notes.push("Save it as Pulumi.yaml in its own folder, or copy its resources into your program. Needs the AWS provider 6.13.".to_owned());
    if let Some(region) = &plan.cluster.region {
        notes.push(format!("The region: pulumi config set aws:region {region}"));
    }
    if entries.iter().any(|carried| carried.exists) {
        notes.extend([
            "`import` imports existing entries; remove these options after the first `pulumi up`. Pulumi refuses an import that would change".to_owned(),
            "something: where the plan updates an entry, run `apply` before.".to_owned(),
        ]);
    }
    let functions = entries.iter().filter(|carried| has_function(carried));
    notes.extend(functions.map(|carried| {
        format!(
            "NOT migrated: Pulumi would call a function for them: the tags of {}",
            carried.entry.principal_arn
        )
    }));
    notes
}

fn entry(carried: &Carried<'_>, cluster: &str) -> Value {
    let entry = carried.entry;
    let arn = entry.principal_arn.to_string();
    let mut properties = json!({
        "clusterName": literal(cluster),
        "principalArn": literal(&arn),
        "type": literal(entry.entry_type.as_str()),
    });
    if let Some(username) = carried.username() {
        properties["userName"] = json!(literal(username));
    }
    if !carried.groups().is_empty() {
        properties["kubernetesGroups"] = quoted(&json!(carried.groups()));
    }
    let tags = carried.tags();
    if !tags.is_empty() && !has_function(carried) {
        properties["tags"] = quoted(&json!(tags));
    }
    let mut resource = json!({"type": "aws:eks:AccessEntry", "properties": properties});
    if carried.exists {
        resource["options"] = json!({"import": format!("{cluster}:{arn}")});
    }
    resource
}

/// Whether a tag's key reads as the call of a function, which there is no way to quote.
fn has_function(carried: &Carried<'_>) -> bool {
    let tags = carried.tags();
    let mut keys = tags.keys();
    keys.any(|key| key.to_lowercase().starts_with("fn::"))
}

/// A text in which Pulumi sees no reference: two dollar signs stand for one.
///
/// Source: Pulumi YAML, `pkg/pulumiyaml/ast/interpolation.go`.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// The same for every text of a value, keys included.
fn quoted(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(literal(text)),
        Value::Array(items) => items.iter().map(quoted).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (literal(key), quoted(value)))
            .collect(),
        other => other.clone(),
    }
}
