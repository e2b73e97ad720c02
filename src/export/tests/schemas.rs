//! The exports fit what eksctl and the EKS controller publish of their own files; `testdata/schemas/SOURCE.md` says where.

use jsonschema::Validator;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::hostile::plans;
use crate::export::{ack, eksctl};
use crate::plan::Plan;
use crate::plan::document::Outcome;
use crate::report::tests::plans::{awkward, large, small};

const EKSCTL: &str = include_str!("../../../testdata/schemas/eksctl.schema.json");
const ACK: &str = include_str!("../../../testdata/schemas/ack.accessentries.yaml");
fn eksctl_schema() -> Validator {
    // The names of Go packages in its references hold a `|`, which no URI may.
    let schema: Value = serde_json::from_str(&EKSCTL.replace('|', ".")).unwrap();
    jsonschema::draft7::new(&schema).unwrap()
}

/// The schema of the custom resource, as strict as an API server that is asked to refuse unknown fields.
fn ack_schema() -> Validator {
    let definition: Value = serde_yaml::from_str(ACK).unwrap();
    let version = &definition["spec"]["versions"][0];
    assert_eq!(version["name"], "v1alpha1");
    let mut schema = version["schema"]["openAPIV3Schema"].clone();
    within(&mut schema, &mut |object| {
        if object.get("properties").is_some_and(Value::is_object) {
            object.insert("additionalProperties".to_owned(), json!(false));
        }
    });
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Does something to every object of a schema.
fn within(value: &mut Value, change: &mut impl FnMut(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            change(object);
            object.values_mut().for_each(|value| within(value, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| within(item, change)),
        _ => {}
    }
}

#[track_caller]
fn check(schema: &Validator, document: &Value) {
    let errors: Vec<String> = schema
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
}

fn eksctl_document(plan: &Plan) -> Value {
    serde_yaml::from_str(&eksctl(plan)).unwrap()
}

fn ack_objects(plan: &Plan) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(&ack(plan))
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

/// What an API server asks of every object, whatever its schema.
///
/// Source: Kubernetes, "Object Names and IDs", "DNS Subdomain Names", and "Annotations".
#[track_caller]
fn check_metadata(object: &Value) {
    let name = object["metadata"]["name"].as_str().unwrap();
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    assert!(
        name.len() <= 253
            && name.starts_with(letters)
            && name.ends_with(letters)
            && name.chars().all(|c| letters(c) || c == '-'),
        "{name}"
    );
    let annotations = object["metadata"]["annotations"].as_object().unwrap();
    assert!(annotations.values().all(Value::is_string), "{object:#}");
}

#[test]
fn eksctl_takes_every_config_file() {
    let schema = eksctl_schema();
    for plan in [small(), large(), awkward()] {
        check(&schema, &eksctl_document(&plan));
    }
}

#[test]
fn an_api_server_takes_every_object_for_the_eks_controller() {
    let schema = ack_schema();
    for plan in [small(), large(), awkward()] {
        for object in ack_objects(&plan) {
            check(&schema, &object);
            check_metadata(&object);
        }
    }
}

#[test]
fn the_published_schemas_do_refuse() {
    let mut document = eksctl_document(&small());
    document["accessConfig"]["accessEntries"][0]["tags"] = json!({"team": "ops"});
    assert!(!eksctl_schema().is_valid(&document));
    let mut document = eksctl_document(&small());
    document["accessConfig"]["accessEntries"][0]["kubernetesGroups"] = json!("ops");
    assert!(!eksctl_schema().is_valid(&document));

    let mut object = ack_objects(&small()).remove(0);
    object["spec"]["userName"] = json!("ops");
    assert!(!ack_schema().is_valid(&object));
    let mut object = ack_objects(&small()).remove(0);
    object["spec"]
        .as_object_mut()
        .unwrap()
        .remove("principalARN");
    assert!(!ack_schema().is_valid(&object));
}

/// An eksctl stack makes an entry or fails; it takes nothing over.
#[test]
fn eksctl_is_asked_only_for_entries_that_are_not_there() {
    let plan = large();
    let text = eksctl(&plan);
    let document = eksctl_document(&plan);
    let asked = document["accessConfig"]["accessEntries"].to_string();
    for mapping in &plan.mappings {
        let arn = format!("\"{}\"", mapping.arn);
        let is_there = matches!(mapping.outcome, Outcome::Update | Outcome::Unchanged);
        if is_there {
            assert!(!asked.contains(&arn), "{arn}");
            assert!(text.contains(&mapping.arn), "{arn}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_text_makes_a_file_that_its_reader_refuses(plan in plans()) {
        check(&eksctl_schema(), &eksctl_document(&plan));
        let schema = ack_schema();
        for object in ack_objects(&plan) {
            check(&schema, &object);
            check_metadata(&object);
        }
    }
}
