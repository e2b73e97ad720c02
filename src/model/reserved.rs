//! Names that EKS keeps to itself.

/// What no custom username and no Kubernetes group of an access entry may begin with.
///
/// Source: EKS User Guide, "Create access entries", and the API's answers.
pub const PREFIXES: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// The reserved prefix that a name begins with, where it does.
#[must_use]
pub fn prefix_of(name: &str) -> Option<&'static str> {
    PREFIXES.into_iter().find(|prefix| name.starts_with(prefix))
}
