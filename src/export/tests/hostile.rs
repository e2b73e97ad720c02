//! No text, wherever it is, gets out of its place, and every reader of the language reads it back.
#![expect(
    clippy::disallowed_methods,
    reason = "a shell writes what it was given to a file"
)]

use std::process::Command;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::EXPORTS;
use crate::export::carried::carried;
use crate::export::{
    ack, aws_cli, cloudformation, cloudformation_json, eksctl, iam_policy, pulumi, terraform,
    terraform_module,
};
use crate::plan::Plan;
use crate::plan::document::{Action, ActionKind};
use crate::report::tests::plans::{small, text, with_texts};
use crate::rights::{For, Needs};
use crate::text::is_hidden;

pub(super) fn plans() -> impl Strategy<Value = Plan> {
    proptest::collection::vec(text(), 1..3).prop_map(|texts| with_calls(&texts))
}

/// The plan of these texts, with the calls that its entries need.
pub(super) fn with_calls(texts: &[String]) -> Plan {
    let mut plan = with_texts(texts);
    let sample = small().actions.first().expect("a plan has actions").clone();
    plan.actions.clear();
    for mapping in &plan.mappings {
        let Some(entry) = &mapping.entry else {
            continue;
        };
        let mut put = |kind| {
            plan.actions.push(Action {
                kind,
                ..sample.clone()
            });
        };
        put(ActionKind::CreateAccessEntry {
            principal_arn: entry.principal_arn.clone(),
            entry_type: entry.entry_type.clone(),
            username: entry.username.clone(),
            kubernetes_groups: entry.kubernetes_groups.clone(),
            tags: entry.tags.clone(),
        });
        for policy in &entry.access_policies {
            put(ActionKind::AssociateAccessPolicy {
                principal_arn: entry.principal_arn.clone(),
                policy_arn: policy.policy_arn.clone(),
                access_scope: policy.access_scope.clone(),
            });
        }
    }
    plan
}

/// What an export must carry: principal, username, groups, tags and namespaces of each entry.
pub(super) fn facts(plan: &Plan) -> Vec<Value> {
    carried(plan)
        .iter()
        .map(|carried| {
            let entry = carried.entry;
            let spaces: Vec<_> = entry
                .access_policies
                .iter()
                .flat_map(|policy| &policy.access_scope.namespaces)
                .collect();
            json!([
                entry.principal_arn.to_string(),
                entry.username,
                entry.kubernetes_groups,
                carried.tags(),
                spaces
            ])
        })
        .collect()
}

/// The same of documents that were read back, by the names that the language has for them.
pub(super) fn facts_of(entry: &Value, keys: [&str; 4], scope: [&str; 3]) -> Value {
    let tags = match &entry[keys[3]] {
        Value::Array(tags) => {
            let pairs = tags.iter().map(|tag| {
                (
                    tag["Key"].as_str().unwrap().to_owned(),
                    tag["Value"].clone(),
                )
            });
            Value::Object(pairs.collect())
        }
        tags => tags.clone(),
    };
    let policies: Vec<Value> = match &entry[scope[0]] {
        Value::Object(policies) => policies.values().cloned().collect(),
        policies => policies.as_array().cloned().unwrap_or_default(),
    };
    let spaces: Vec<Value> = policies
        .iter()
        .flat_map(|policy| {
            policy[scope[1]][scope[2]]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .collect();
    json!([entry[keys[0]], entry[keys[1]], entry[keys[2]], tags, spaces])
}

fn hcl_module(text: &str) -> Vec<Value> {
    let value: Value = hcl::from_str(text).unwrap();
    let entries = value["locals"]["access_entries"].as_object().unwrap();
    entries
        .values()
        .map(|entry| {
            facts_of(
                entry,
                ["principal_arn", "user_name", "kubernetes_groups", "tags"],
                ["policy_associations", "access_scope", "namespaces"],
            )
        })
        .collect()
}

/// The entries of the resources, each with the namespaces of its associations.
fn hcl_resources(text: &str) -> Vec<Value> {
    let value: Value = hcl::from_str(text).unwrap();
    let resources = &value["resource"];
    let associations = resources["aws_eks_access_policy_association"].as_object();
    let entries = resources["aws_eks_access_entry"].as_object().unwrap();
    entries
        .iter()
        .map(|(name, entry)| {
            let of_entry = format!("${{aws_eks_access_entry.{name}.principal_arn}}");
            let policies = associations.iter().flat_map(|all| all.values());
            let policies: Vec<&Value> = policies
                .filter(|one| one["principal_arn"] == of_entry)
                .collect();
            let mut entry = entry.clone();
            entry["policies"] = json!(policies);
            facts_of(
                &entry,
                ["principal_arn", "user_name", "kubernetes_groups", "tags"],
                ["policies", "access_scope", "namespaces"],
            )
        })
        .collect()
}

/// What Pulumi makes of a text that holds no reference.
fn interpolated(text: &str) -> String {
    let mut read = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        assert!(
            rest[at..].starts_with("$$"),
            "a reference, or a lone `$`: {text}"
        );
        read.push_str(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    read + rest
}

/// The same within a value.
fn interpolated_in(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(interpolated(text)),
        Value::Array(items) => items.iter().map(interpolated_in).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (interpolated(key), interpolated_in(value)))
            .collect(),
        other => other.clone(),
    }
}

/// The entries of a Pulumi program, each with the namespaces of the associations that depend on it.
pub(super) fn pulumi_resources(text: &str) -> Vec<Value> {
    let program: Value = serde_yaml::from_str(text).unwrap();
    let resources = program["resources"].as_object().unwrap();
    let of_type = |resource: &&Value, name: &str| resource["type"] == name;
    resources
        .iter()
        .filter(|(_, resource)| of_type(resource, "aws:eks:AccessEntry"))
        .map(|(name, resource)| {
            let reference = json!([format!("${{{name}}}")]);
            let policies: Vec<Value> = resources
                .values()
                .filter(|resource| of_type(resource, "aws:eks:AccessPolicyAssociation"))
                .filter(|resource| resource["options"]["dependsOn"] == reference)
                .map(|resource| interpolated_in(&resource["properties"]))
                .collect();
            let mut entry = interpolated_in(&resource["properties"]);
            for policy in &policies {
                assert_eq!(policy["principalArn"], entry["principalArn"]);
            }
            entry["policies"] = json!(policies);
            facts_of(
                &entry,
                ["principalArn", "userName", "kubernetesGroups", "tags"],
                ["policies", "accessScope", "namespaces"],
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_export_hides_anything(plan in plans()) {
        for (name, export) in EXPORTS {
            let text = export(&plan);
            let hidden = text.chars().find(|&c| is_hidden(c) && c != '\n');
            prop_assert_eq!(hidden, None, "{}: {}", name, text);
        }
        prop_assert!(!iam_policy(&Needs::of(&plan, For::Apply)).contains(|c| is_hidden(c) && c != '\n'));
    }

    #[test]
    fn cloudformation_reads_back_equal(plan in plans()) {
        let json: Value = serde_json::from_str(&cloudformation_json(&plan)).unwrap();
        let yaml: Value = serde_yaml::from_str(&cloudformation(&plan)).unwrap();
        prop_assert_eq!(&yaml, &json);
        let read: Vec<Value> = json["Resources"].as_object().unwrap().values().map(|resource| facts_of(
            &resource["Properties"],
            ["PrincipalArn", "Username", "KubernetesGroups", "Tags"],
            ["AccessPolicies", "AccessScope", "Namespaces"],
        )).collect();
        prop_assert_eq!(read, facts(&plan));
    }

    #[test]
    fn eksctl_reads_back_equal(plan in plans()) {
        let yaml: Value = serde_yaml::from_str(&eksctl(&plan)).unwrap();
        let keys = ["principalARN", "kubernetesUsername", "kubernetesGroups", "tags"];
        let entries = yaml["accessConfig"]["accessEntries"].as_array().unwrap();
        let read: Vec<Value> = entries.iter().map(|entry| facts_of(entry, keys, ["accessPolicies", "accessScope", "namespaces"])).collect();
        let mut expected = facts(&plan);
        // eksctl has no tags for access entries.
        for fact in &mut expected {
            fact[3] = Value::Null;
        }
        prop_assert_eq!(read, expected);
        prop_assert_eq!(yaml["metadata"]["name"].as_str(), plan.cluster.name.as_deref());
    }

    #[test]
    fn ack_reads_back_equal(plan in plans()) {
        let keys = ["principalARN", "username", "kubernetesGroups", "tags"];
        let text = ack(&plan);
        let read: Vec<Value> = serde_yaml::Deserializer::from_str(&text)
            .map(|document| Value::deserialize(document).unwrap())
            .map(|object| facts_of(&object["spec"], keys, ["accessPolicies", "accessScope", "namespaces"]))
            .collect();
        prop_assert_eq!(read, facts(&plan));
    }

    #[test]
    fn pulumi_reads_back_equal(plan in plans()) {
        prop_assert_eq!(pulumi_resources(&pulumi(&plan)), facts(&plan));
    }

    #[test]
    fn hcl_reads_back_equal(plan in plans()) {
        prop_assert_eq!(hcl_resources(&terraform(&plan)), facts(&plan));
        prop_assert_eq!(hcl_module(&terraform_module(&plan)), facts(&plan));
    }

    #[test]
    fn a_shell_hands_the_same_texts_to_the_aws_command(plan in plans()) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let stub = r#"aws() {
            case $2 in
                describe-cluster) printf API; return ;;
                describe-access-entry) echo ResourceNotFoundException >&2; return 1 ;;
                list-associated-access-policies) printf 'False\tTrue'; return ;;
            esac
            printf '%s\n' "$6" >>"$LOG"
        }
        CLUSTER_NAME=shop
        "#;
        let script = aws_cli(&plan);
        let output = Command::new("sh")
            .env("LOG", &log)
            .arg("-c")
            .arg(format!("{stub}{script}"))
            .output()
            .unwrap();
        prop_assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let sent = std::fs::read_to_string(&log).unwrap();
        let sent: Vec<Value> = sent.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(sent.len(), plan.actions.len());
        for (sent, action) in sent.iter().zip(&plan.actions) {
            let action = serde_json::to_value(&action.kind).unwrap();
            for field in ["principalArn", "username", "kubernetesGroups"] {
                prop_assert_eq!(&sent[field], &action[field]);
            }
            for (key, value) in action["tags"].as_object().into_iter().flatten() {
                prop_assert_eq!(&sent["tags"][key], value);
            }
            prop_assert_eq!(&sent["accessScope"]["namespaces"], &action["accessScope"]["namespaces"]);
        }
    }
}
