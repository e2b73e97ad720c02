//! Names that EKS reserves.

/// What no custom username and no Kubernetes group of an access entry may begin with.
///
/// Source: EKS User Guide, "Create access entries", and the API's answers.
pub const PREFIXES: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

/// The reserved prefix that a name begins with, where it does.
#[must_use]
pub fn prefix_of(name: &str) -> Option<&'static str> {
    PREFIXES.into_iter().find(|prefix| name.starts_with(prefix))
}

/// The name without what EKS refuses in a group's name; a stand-in where nothing is left.
#[must_use]
pub fn legal_name(old: &str) -> String {
    let plain: String = old
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_.:".contains(*c))
        .collect();
    let mut bare = plain.as_str();
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| bare.strip_prefix(prefix)) {
        bare = rest;
    }
    if bare.is_empty() {
        "renamed-group".to_owned()
    } else {
        bare.to_owned()
    }
}
