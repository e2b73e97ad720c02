//! A CloudFormation template.

use serde_json::{Map, Value, json};

use super::carried::{Carried, beside, braces_apart, carried, header, left_out, policies};
use super::names::{Style, names};
use super::yaml;
use crate::plan::Plan;
use crate::text::visible;

/// The template in YAML.
///
/// Source: CloudFormation Template Reference, `AWS::EKS::AccessEntry`.
#[must_use]
pub fn cloudformation(plan: &Plan) -> String {
    header(plan, &notes(plan)) + &yaml::document(&template(plan))
}

/// The template in JSON; what is not carried over is in its metadata.
#[must_use]
pub fn cloudformation_json(plan: &Plan) -> String {
    super::yaml::json(&template(plan))
}

/// A placeholder for "no resource": a template needs one, and this one makes nothing.
///
/// Source: CloudFormation User Guide, "Template sections", "Resources (required)"; CloudFormation Template Reference,
/// `AWS::CloudFormation::WaitConditionHandle`.
const NOTHING: &str = "AWS::CloudFormation::WaitConditionHandle";

fn notes(plan: &Plan) -> Vec<String> {
    let entries = carried(plan);
    let mut notes = beside(plan);
    if entries.iter().any(|carried| carried.exists) {
        notes.push(
            "Entries with `DeletionPolicy: Retain` already exist: import them into the stack first."
                .to_owned(),
        );
    }
    notes.extend(
        entries
            .iter()
            .filter(|carried| is_resolved(carried))
            .map(|carried| {
                format!(
                    "NOT migrated: CloudFormation would resolve a reference in it: {}",
                    carried.entry.principal_arn
                )
            }),
    );
    notes
}

fn template(plan: &Plan) -> Value {
    let entries: Vec<Carried<'_>> = carried(plan)
        .into_iter()
        .filter(|carried| !is_resolved(carried))
        .collect();
    let resources: Map<String, Value> = names(&entries, Style::Pascal)
        .into_iter()
        .zip(&entries)
        .map(|(name, carried)| (format!("AccessEntry{name}"), resource(carried)))
        .collect();
    let mut parameter = Map::from_iter([
        ("Type".to_owned(), json!("String")),
        ("Description".to_owned(), json!("The EKS cluster")),
    ]);
    if let Some(name) = &plan.cluster.name {
        parameter.insert("Default".to_owned(), json!(name));
    }
    let mut template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "EKS access entries, generated from aws-auth",
    });
    let mut open = left_out(plan);
    open.extend(notes(plan).iter().map(|note| visible(note).into_owned()));
    if !open.is_empty() {
        // References are resolved wherever they stand.
        let open: Vec<String> = open.iter().map(|line| braces_apart(line, " ")).collect();
        template["Metadata"] = json!({"AwsAuthMigrate": {"Notes": open}});
    }
    if resources.is_empty() {
        template["Resources"] = json!({"NothingToDo": {"Type": NOTHING}});
    } else {
        template["Parameters"] = json!({"ClusterName": parameter});
        template["Resources"] = Value::Object(resources);
    }
    template
}

fn resource(carried: &Carried<'_>) -> Value {
    let entry = carried.entry;
    let mut properties = json!({
        "ClusterName": {"Ref": "ClusterName"},
        "PrincipalArn": entry.principal_arn.to_string(),
        "Type": entry.entry_type.as_str(),
    });
    if let Some(username) = carried.username() {
        properties["Username"] = json!(username);
    }
    if !carried.groups().is_empty() {
        properties["KubernetesGroups"] = json!(carried.groups());
    }
    if !entry.access_policies.is_empty() {
        properties["AccessPolicies"] = policies(&entry.access_policies, pascal);
    }
    let tags = carried.tags();
    if !tags.is_empty() {
        properties["Tags"] = tags
            .iter()
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
    }
    let mut resource = json!({"Type": "AWS::EKS::AccessEntry"});
    if carried.exists {
        // An import asks for the first, and a linter for both.
        resource["DeletionPolicy"] = json!("Retain");
        resource["UpdateReplacePolicy"] = json!("Retain");
    }
    resource["Properties"] = properties;
    resource
}

fn pascal(key: &str) -> String {
    let (first, rest) = key.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// How a dynamic reference begins.
const REFERENCE: &str = "{{resolve:";

/// Whether CloudFormation would put something else in the place of a text; there is no way to quote that.
///
/// Source: CloudFormation User Guide, "Get values stored in other services using dynamic references".
pub(super) fn is_resolved(carried: &Carried<'_>) -> bool {
    let entry = carried.entry;
    let texts = [
        entry.principal_arn.to_string(),
        entry.entry_type.as_str().to_owned(),
    ];
    let tags = carried.tags();
    let mut tags = tags.iter().flat_map(|(key, value)| [key, value]);
    let namespaces = entry
        .access_policies
        .iter()
        .flat_map(|policy| &policy.access_scope.namespaces);
    texts
        .iter()
        .chain(&entry.username)
        .chain(&entry.kubernetes_groups)
        .chain(namespaces)
        .any(|text| text.contains(REFERENCE))
        || tags.any(|text| text.contains(REFERENCE))
}
