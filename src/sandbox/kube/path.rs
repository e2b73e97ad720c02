//! What a path of the Kubernetes API names.

use super::discovery::{AUTHENTICATION, AUTHORIZATION};
use super::objects::{RESOURCES, Resource};

/// A collection of objects, or one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourcePath {
    /// The kind; `None` for reviews, which are answered and not kept.
    pub(super) resource: Option<&'static Resource>,
    pub(super) plural: String,
    /// Empty for cluster-wide objects and for all namespaces.
    pub(super) namespace: String,
    /// Empty for the whole collection.
    pub(super) name: String,
}

impl ResourcePath {
    /// Reads a path; `None` for discovery and for what there is not.
    pub(super) fn of(segments: &[String]) -> Option<Self> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (group, rest) = match &segments[..] {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", group, "v1", rest @ ..] => (*group, rest),
            _ => return None,
        };
        let review = match (group, rest) {
            (AUTHORIZATION, [plural @ "selfsubjectaccessreviews"])
            | (AUTHENTICATION, [plural @ "selfsubjectreviews"]) => Some(*plural),
            _ => None,
        };
        if let Some(plural) = review {
            return Some(Self {
                resource: None,
                plural: plural.to_owned(),
                namespace: String::new(),
                name: String::new(),
            });
        }
        let (namespace, plural, name) = match rest {
            ["namespaces", namespace, plural] => (*namespace, *plural, ""),
            ["namespaces", namespace, plural, name] => (*namespace, *plural, *name),
            [plural] => ("", *plural, ""),
            [plural, name] => ("", *plural, *name),
            _ => return None,
        };
        let resource = RESOURCES
            .iter()
            .find(|known| known.group == group && known.plural == plural)?;
        let shape = if resource.namespaced {
            !namespace.is_empty() || name.is_empty()
        } else {
            namespace.is_empty()
        };
        shape.then(|| Self {
            resource: Some(resource),
            plural: plural.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}
