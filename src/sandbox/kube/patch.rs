//! The two ways in which an object is patched: merge patch and JSON patch.
//!
//! A strategic merge patch is a merge patch for the kinds at hand: their lists that clients patch (`subjects`, `rules`)
//! are replaced as a whole.
//! Source: RFC 7386, RFC 6902, and the Kubernetes API conventions.

use serde_json::{Map, Value};

use super::status::StatusError;

/// Applies a merge patch: `null` removes, objects are merged, all else replaces.
///
/// Source: RFC 7386, section 2.
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (key, value) in fields {
        if value.is_null() {
            target.as_object_mut().map(|map| map.shift_remove(key));
        } else {
            merge(&mut target[key.as_str()], value);
        }
    }
}

/// Applies a JSON patch; either all of it or nothing.
pub(super) fn json(target: &Value, patch: &Value) -> Result<Value, StatusError> {
    let steps = patch
        .as_array()
        .ok_or_else(|| StatusError::bad_request("a JSON patch must be a list"))?;
    if steps.len() > 10_000 {
        return Err(StatusError::bad_request(
            "the JSON patch has too many operations",
        ));
    }
    let mut result = target.clone();
    for step in steps {
        apply(&mut result, step).ok_or_else(|| {
            StatusError::new(
                422,
                "Invalid",
                "the server rejected our request due to an error in our request",
            )
        })?;
    }
    Ok(result)
}

fn apply(document: &mut Value, step: &Value) -> Option<()> {
    let path = step.get("path")?.as_str()?;
    let from = step.get("from").and_then(Value::as_str);
    match step.get("op")?.as_str()? {
        "add" => add(document, path, step.get("value")?.clone()),
        "replace" => {
            *document.pointer_mut(path)? = step.get("value")?.clone();
            Some(())
        }
        "remove" => remove(document, path).map(drop),
        "test" => (document.pointer(path)? == step.get("value")?).then_some(()),
        "copy" => {
            let value = document.pointer(from?)?.clone();
            add(document, path, value)
        }
        "move" => {
            let value = remove(document, from?)?;
            add(document, path, value)
        }
        _ => None,
    }
}

/// The parent of a pointer's target, and the last step.
fn parent<'a>(document: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    Some((document.pointer_mut(parent)?, last))
}

fn add(document: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *document = value;
        return Some(());
    }
    match parent(document, path)? {
        (Value::Object(map), key) => {
            map.insert(key, value);
        }
        (Value::Array(list), key) if key == "-" => list.push(value),
        (Value::Array(list), key) => {
            let at = key.parse().ok().filter(|at| *at <= list.len())?;
            list.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &str) -> Option<Value> {
    match parent(document, path)? {
        (Value::Object(map), key) => map.shift_remove(&key),
        (Value::Array(list), key) => {
            let at: usize = key.parse().ok().filter(|at| *at < list.len())?;
            Some(list.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_merges_objects_and_removes_nulls() {
        let mut target = json!({"data": {"mapRoles": "a", "mapUsers": "b"}, "list": [1, 2]});
        merge(
            &mut target,
            &json!({"data": {"mapRoles": null, "mapAccounts": "c"}, "list": [3]}),
        );
        assert_eq!(
            target,
            json!({"data": {"mapUsers": "b", "mapAccounts": "c"}, "list": [3]})
        );
    }

    #[test]
    fn a_json_patch_with_a_failing_test_changes_nothing() {
        let target = json!({"metadata": {"resourceVersion": "7"}, "data": {"a/b": "x"}});
        let steps = |version: &str| {
            json!([
                {"op": "test", "path": "/metadata/resourceVersion", "value": version},
                {"op": "remove", "path": "/data/a~1b"},
                {"op": "add", "path": "/data/c", "value": "y"},
            ])
        };
        assert_eq!(json(&target, &steps("6")).unwrap_err().code, 422);
        let patched = json(&target, &steps("7")).unwrap();
        assert_eq!(patched["data"], json!({"c": "y"}));
    }
}
