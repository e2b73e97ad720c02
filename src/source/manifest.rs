//! Finds the `aws-auth` ConfigMap in a manifest: YAML or JSON, several documents, a `List`, or the bare `data`.

use serde_json::{Map, Value};

use super::{AwsAuth, NAME, NAMESPACE};
use crate::go_yaml::documents;
use crate::model::Section;

type Mapping = Map<String, Value>;

/// Why a manifest holds no `aws-auth`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is neither YAML nor JSON.
    #[error("it is neither YAML nor JSON: {reason}")]
    Syntax {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// It holds nothing at all.
    #[error("it is empty")]
    Empty,
    /// There is no such ConfigMap in it.
    #[error("it contains no ConfigMap `aws-auth`; it contains {found}")]
    Absent {
        /// What it holds instead.
        found: String,
    },
    /// There are several of them.
    #[error("it contains {count} ConfigMaps `aws-auth`")]
    Several {
        /// How many.
        count: usize,
    },
    /// A value of `data` is no text, so no cluster takes this ConfigMap.
    #[error("`data.{key}` is {kind}, but a ConfigMap's values are strings")]
    NotText {
        /// The key.
        key: String,
        /// What it is.
        kind: &'static str,
    },
}

impl ManifestError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Syntax { .. } | Self::Empty | Self::Absent { .. } => {
                "write the file with `kubectl get configmap aws-auth --namespace kube-system --output yaml`"
                    .to_owned()
            }
            Self::Several { .. } => "keep only the one that is intended".to_owned(),
            Self::NotText { key, .. } => format!("write `{key}: |` and indent what follows"),
        }
    }
}

/// Reads the ConfigMap out of a manifest's text.
pub fn parse(text: &str) -> Result<AwsAuth, ManifestError> {
    let documents = documents(text).map_err(|error| ManifestError::Syntax {
        reason: error.to_string(),
    })?;
    let mut found = Vec::new();
    let mut others = Vec::new();
    for document in &documents {
        collect(document, &mut found, &mut others);
    }
    match found.len() {
        0 if documents.is_empty() => Err(ManifestError::Empty),
        0 => Err(ManifestError::Absent {
            found: describe(&others),
        }),
        1 => aws_auth(found[0]),
        count => Err(ManifestError::Several { count }),
    }
}

/// Walks through lists; keeps what is `aws-auth` and names what is not.
fn collect<'a>(value: &'a Value, found: &mut Vec<&'a Mapping>, others: &mut Vec<String>) {
    let Value::Object(map) = value else {
        if !value.is_null() {
            others.push(kind(value).to_owned());
        }
        return;
    };
    let text = |key: &str| map.get(key).and_then(Value::as_str);
    if let Some(items) = map.get("items").and_then(Value::as_array) {
        for item in items {
            collect(item, found, others);
        }
        return;
    }
    let metadata = |key: &str| {
        map.get("metadata")
            .and_then(|metadata| metadata.get(key))
            .and_then(Value::as_str)
    };
    match text("kind") {
        Some("ConfigMap")
            if metadata("name") == Some(NAME)
                && metadata("namespace").is_none_or(|namespace| namespace == NAMESPACE) =>
        {
            found.push(map);
        }
        Some(kind) => {
            let name = metadata("name")
                .map(|name| format!(" `{name}`"))
                .unwrap_or_default();
            let namespace = metadata("namespace")
                .map(|namespace| format!(" in the namespace `{namespace}`"))
                .unwrap_or_default();
            others.push(format!("a {kind}{name}{namespace}"));
        }
        None if sections(map)
            || map
                .get("data")
                .and_then(Value::as_object)
                .is_some_and(sections) =>
        {
            found.push(map);
        }
        None => others
            .push("a mapping without `kind`, `mapRoles`, `mapUsers` or `mapAccounts`".to_owned()),
    }
}

fn sections(map: &Mapping) -> bool {
    Section::ALL
        .into_iter()
        .any(|section| map.contains_key(section.key()))
}

fn describe(others: &[String]) -> String {
    const SHOWN: usize = 5;
    match others.len() {
        0 => "nothing".to_owned(),
        count if count > SHOWN => {
            format!("{} and {} more", others[..SHOWN].join(", "), count - SHOWN)
        }
        _ => others.join(", "),
    }
}

fn aws_auth(map: &Mapping) -> Result<AwsAuth, ManifestError> {
    let is_manifest = map.contains_key("kind") || map.get("data").is_some_and(Value::is_object);
    let data = if is_manifest {
        map.get("data").and_then(Value::as_object)
    } else {
        Some(map)
    };
    let mut result = AwsAuth::default();
    for (key, value) in data.into_iter().flatten() {
        let key = key.clone();
        match value {
            Value::String(text) => {
                result.data.insert(key, text.clone());
            }
            // The API server takes an absent value for an empty text.
            Value::Null => {
                result.data.insert(key, String::new());
            }
            other => {
                return Err(ManifestError::NotText {
                    key,
                    kind: kind(other),
                });
            }
        }
    }
    if is_manifest {
        let keys = map
            .get("binaryData")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Mapping::keys);
        result.binary_keys = keys.cloned().collect();
        result.resource_version = map
            .get("metadata")
            .and_then(|metadata| metadata.get("resourceVersion"))
            .and_then(Value::as_str)
            .map(ToOwned::to_owned);
    }
    Ok(result)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = "mapRoles: |\n  - rolearn: a\n";

    fn indent(text: &str, by: usize) -> String {
        text.lines()
            .map(|line| format!("{}{line}\n", " ".repeat(by)))
            .collect()
    }

    #[test]
    fn every_form_of_manifest_holds_the_same_text() {
        let manifest = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n{}",
            indent(DATA, 2)
        );
        let list = format!(
            "apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n-{}",
            &indent(&manifest, 2)[1..]
        );
        let documents = format!("kind: Namespace\nmetadata: {{name: x}}\n---\n{manifest}");
        let json = r#"{"kind":"ConfigMap","metadata":{"name":"aws-auth"},"data":{"mapRoles":"- rolearn: a\n"}}"#;
        let bare = format!("data:\n{}", indent(DATA, 2));
        for text in [
            manifest.as_str(),
            &list,
            &documents,
            json,
            &bare,
            DATA,
            &format!("\u{feff}{DATA}"),
        ] {
            let read = parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(
                read.text().map_roles.as_deref(),
                Some("- rolearn: a\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_holds_no_aws_auth_says_what_it_holds() {
        for (text, expected) in [
            ("", "it is empty"),
            ("---\n", "it is empty"),
            (
                "kind: ConfigMap\nmetadata: {name: other}\n",
                "contains a ConfigMap `other`",
            ),
            (
                "kind: ConfigMap\nmetadata: {name: aws-auth, namespace: default}\n",
                "in the namespace `default`",
            ),
            ("hello", "contains a string"),
            ("- 1\n", "contains a list"),
            ("kind: List\nitems: []\n", "contains nothing"),
            ("a: [", "neither YAML nor JSON"),
            ("mapRoles: [1]\n", "`data.mapRoles` is a list"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn an_absent_value_is_an_empty_text() {
        assert_eq!(
            parse("mapRoles:\nmapUsers: ''\n")
                .unwrap()
                .text()
                .map_roles
                .as_deref(),
            Some("")
        );
    }
}
