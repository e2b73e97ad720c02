//! TypeScript for the AWS CDK.

use serde_json::{Value, json};

use super::carried::{Carried, UNNAMED, beside, carried, cluster_code, header, policies};
use super::cloudformation::is_resolved;
use super::names::{Style, names};
use super::yaml;
use crate::plan::Plan;
use crate::text::visible_json;

/// What every file needs.
const IMPORTS: &str = "import { CfnAccessEntry } from 'aws-cdk-lib/aws-eks';\nimport { Construct } from 'constructs';\n";

/// A function that adds a `CfnAccessEntry` for each entry to a stack.
///
/// The construct `AccessEntry` has neither usernames nor groups, so the resource itself is used.
/// Source: AWS CDK API Reference, `aws_eks.CfnAccessEntry`, and AWS CDK Developer Guide, "Import existing resources
/// into a stack".
#[must_use]
pub fn cdk(plan: &Plan) -> String {
    let (left, entries): (Vec<_>, Vec<_>) = carried(plan)
        .into_iter()
        .partition(|carried| is_resolved(carried) || has_token(carried));
    let names = names(&entries, Style::Pascal);
    let named: Vec<(String, &Carried<'_>)> = names
        .iter()
        .map(|name| format!("AccessEntry{name}"))
        .zip(&entries)
        .collect();
    let head: String = header(plan, &notes(plan, &left, &named))
        .lines()
        .map(|line| format!("//{}\n", line.trim_start_matches('#')))
        .collect();
    let name = plan.cluster.name.as_deref().unwrap_or(UNNAMED);
    let resources: Vec<String> = named
        .iter()
        .map(|(id, carried)| resource(id, carried))
        .collect();
    let exists = entries.iter().any(|carried| carried.exists);
    let (before, retain, after) = if exists {
        (
            "  const existing: CfnAccessEntry[] = [];\n",
            "import { RemovalPolicy } from 'aws-cdk-lib';\n",
            "  // Entries from before the stack are kept when it is deleted.\n  existing.forEach((entry) => entry.applyRemovalPolicy(RemovalPolicy.RETAIN));\n",
        )
    } else {
        ("", "", "")
    };
    format!(
        "{head}{retain}{IMPORTS}\n/** Adds the access entries of an EKS cluster to a stack. */\n\
         export function addAccessEntries(scope: Construct, clusterName: string = {}): void {{\n{before}{}{after}}}\n",
        literal(&json!(name)),
        resources.concat()
    )
}

fn notes(plan: &Plan, left: &[Carried<'_>], named: &[(String, &Carried<'_>)]) -> Vec<String> {
    let mut notes = beside(plan);
    notes.extend(cluster_code());
    notes.extend([
        "In the modes API and API_AND_CONFIG_MAP the construct `Cluster` creates an entry for its `mastersRole` by itself: leave that".to_owned(),
        "role out here, or EKS answers 409 ResourceInUseException.".to_owned(),
        "Call addAccessEntries(this) in a stack of the cluster's account and region.".to_owned(),
    ]);
    let existing: serde_json::Map<String, Value> = named
        .iter()
        .filter(|(_, carried)| carried.exists)
        .map(|(id, carried)| {
            let arn = carried.entry.principal_arn.to_string();
            let cluster = plan.cluster.name.as_deref().unwrap_or(UNNAMED);
            let key = json!({"PrincipalArn": arn, "ClusterName": cluster});
            (id.clone(), key)
        })
        .collect();
    if !existing.is_empty() {
        notes.extend([
            "Existing entries are imported, not created: save the next line as mapping.json, then run".to_owned(),
            format!("  {}", yaml::json_line(&Value::Object(existing))),
            "  cdk import --resource-mapping mapping.json".to_owned(),
        ]);
    }
    notes.extend(left.iter().map(|carried| {
        format!(
            "NOT migrated: CDK or CloudFormation would resolve a reference in it: {}",
            carried.entry.principal_arn
        )
    }));
    notes
}

fn resource(id: &str, carried: &Carried<'_>) -> String {
    let entry = carried.entry;
    let mut properties = vec![
        "clusterName".to_owned(),
        format!(
            "principalArn: {}",
            literal(&json!(entry.principal_arn.to_string()))
        ),
        format!("type: {}", literal(&json!(entry.entry_type.as_str()))),
    ];
    let mut put =
        |name: &str, value: &Value| properties.push(format!("{name}: {}", literal(value)));
    if let Some(username) = carried.username() {
        put("username", &json!(username));
    }
    if !carried.groups().is_empty() {
        put("kubernetesGroups", &json!(carried.groups()));
    }
    if !entry.access_policies.is_empty() {
        put(
            "accessPolicies",
            &policies(&entry.access_policies, str::to_owned),
        );
    }
    let tags = carried.tags();
    if !tags.is_empty() {
        let tags = tags
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value}));
        put("tags", &tags.collect());
    }
    let properties: Vec<String> = properties
        .iter()
        .map(|property| format!("    {property},\n"))
        .collect();
    let new = format!(
        "new CfnAccessEntry(scope, {}, {{\n{}  }})",
        literal(&json!(id)),
        properties.concat()
    );
    if carried.exists {
        format!("  existing.push({new});\n")
    } else {
        format!("  {new};\n")
    }
}

/// JSON, which is TypeScript as well, without a character that nobody can see.
fn literal(value: &Value) -> String {
    visible_json(&yaml::json_line(value)).into_owned()
}

/// Whether CDK would take a part of a text for one of its own tokens; there is no way to quote that.
///
/// Source: AWS CDK Developer Guide, "Tokens and the AWS CDK".
fn has_token(carried: &Carried<'_>) -> bool {
    const TOKEN: &str = "${Token[";
    let entry = carried.entry;
    let tags = carried.tags();
    let texts = entry.username.iter().chain(&entry.kubernetes_groups);
    let mut tags = tags.iter().flat_map(|(key, value)| [*key, *value]);
    let mut namespaces = entry
        .access_policies
        .iter()
        .flat_map(|policy| &policy.access_scope.namespaces);
    texts.map(String::as_str).any(|text| text.contains(TOKEN))
        || tags.any(|text| text.contains(TOKEN))
        || namespaces.any(|text| text.contains(TOKEN))
        || entry.principal_arn.to_string().contains(TOKEN)
}
