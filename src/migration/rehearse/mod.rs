//! The seed of a rehearsal: a cluster as it was seen, or one that is invented around an `aws-auth`.

mod invented;
mod seed;

use serde::Deserialize;

pub use invented::{CLUSTER, invent};
pub use seed::{Beside, as_seen};

/// Reads Kubernetes objects for the sandbox out of a manifest with any number of documents and lists.
///
/// # Errors
/// What the YAML parser says.
pub fn objects(text: &str) -> Result<Vec<serde_json::Value>, serde_yaml::Error> {
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let mut value = serde_json::Value::deserialize(document)?;
        match value.get_mut("items").map(serde_json::Value::take) {
            Some(serde_json::Value::Array(items)) => objects.extend(items),
            _ if value.is_null() => {}
            _ => objects.push(value),
        }
    }
    Ok(objects)
}
