//! What EKS checks before it looks at the cluster, in its order.
//!
//! Usernames, groups, the shape of the ARN and the account come before the cluster, as measured on the real service.
//! Source: EKS User Guide, "Create access entries" and "Set a custom username".

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{EntryType, Principal, PrincipalKind, reserved};
use crate::sandbox::aws::ErrorReply;

use super::errors::invalid_parameter;

/// The types that are bound to roles of the cluster's own account.
const NODE_TYPES: &str = "[EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]";

/// Checks a cluster's name.
pub(super) fn cluster_name(name: &str) -> Result<(), ErrorReply> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let starts_well = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    if starts_well && name.len() <= 100 && name.bytes().all(good) {
        return Ok(());
    }
    Err(invalid_parameter(
        "The clusterName parameter contains invalid characters. It should conform to the regular expression \
         \"^[0-9A-Za-z][A-Za-z0-9-_]*\"",
    ))
}

/// Reads a principal's ARN: a role or a user.
pub(super) fn principal(text: &str) -> Result<Principal, ErrorReply> {
    let found = text.parse().ok().and_then(|arn| Principal::from_arn(&arn));
    found
        .filter(|found| {
            let account = &found.account;
            account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && found.to_string() == text
        })
        .ok_or_else(|| invalid_parameter("The principalArn parameter format is not valid"))
}

/// Refuses roles that AWS services own.
pub(super) fn not_service_linked(principal: &Principal) -> Result<(), ErrorReply> {
    if principal.kind == PrincipalKind::Role && principal.path.starts_with("/aws-service-role/") {
        return Err(invalid_parameter(
            "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role",
        ));
    }
    Ok(())
}

/// Reads the type; it is written in upper case.
pub(super) fn entry_type(text: Option<&str>) -> Result<EntryType, ErrorReply> {
    let text = text.unwrap_or("STANDARD");
    let found = EntryType::from(text.to_owned());
    if matches!(found, EntryType::Other(_)) || found.as_str() != text {
        // Invented: the words for an unknown type are not published.
        return Err(invalid_parameter(format!(
            "The specified type is invalid: {text}"
        )));
    }
    Ok(found)
}

/// Checks a custom username; an empty one is none.
pub(super) fn username(name: &str) -> Result<(), ErrorReply> {
    if let Some(prefix) = reserved::prefix_of(name) {
        return Err(invalid_parameter(format!(
            "The username must not begin with {prefix}"
        )));
    }
    let mut before = 0;
    while let Some(found) = name[before..].find("{{") {
        let at = before + found;
        let rest = &name[at..];
        let known = ["{{SessionName}}", "{{SessionNameRaw}}"];
        // Invented: both rules are documented or likely, their words are not published.
        let Some(macro_name) = known.into_iter().find(|known| rest.starts_with(known)) else {
            return Err(invalid_parameter(
                "The specified username is invalid: only {{SessionName}} and {{SessionNameRaw}} can be used",
            ));
        };
        if !name[..at].contains(':') {
            return Err(invalid_parameter(format!(
                "The specified username is invalid: a colon must come before {macro_name}"
            )));
        }
        before = at + macro_name.len();
    }
    Ok(())
}

/// Reads and checks the groups.
pub(super) fn groups(value: Option<&Value>) -> Result<Vec<String>, ErrorReply> {
    let wrong = || {
        ErrorReply::new(
            400,
            "SerializationException",
            "kubernetesGroups must be a list of strings",
        )
    };
    let list = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(value) => value.as_array().ok_or_else(wrong)?,
    };
    let mut groups = Vec::with_capacity(list.len());
    for group in list {
        let group = group.as_str().ok_or_else(wrong)?;
        if let Some(prefix) = reserved::prefix_of(group) {
            return Err(invalid_parameter(format!(
                "The kubernetes group name {group} is invalid, it cannot start with {prefix}"
            )));
        }
        groups.push(group.to_owned());
    }
    Ok(groups)
}

/// Refuses node types for users and for roles of other accounts.
pub(super) fn type_of_principal(
    entry_type: &EntryType,
    principal: &Principal,
    account: &str,
) -> Result<(), ErrorReply> {
    // HyperPod is left out, as it is in the service's own list.
    if !entry_type.is_node() || *entry_type == EntryType::HyperpodLinux {
        return Ok(());
    }
    if principal.account != account {
        return Err(invalid_parameter(format!(
            "AccessEntry principalArn must be from the same account as the cluster when using types {NODE_TYPES}"
        )));
    }
    if principal.kind != PrincipalKind::Role {
        return Err(invalid_parameter(format!(
            "AccessEntry principalArn must be IAM role when using types {NODE_TYPES}"
        )));
    }
    Ok(())
}

/// Refuses a username and groups of one's own for node types.
pub(super) fn only_standard(
    entry_type: &EntryType,
    has_username: bool,
    has_groups: bool,
) -> Result<(), ErrorReply> {
    let field = match (entry_type.is_node(), has_username, has_groups) {
        (true, true, _) => "username",
        (true, _, true) => "kubernetesGroups",
        _ => return Ok(()),
    };
    Err(invalid_parameter(format!(
        "The specified {field} is invalid: setting {field} is not allowed when the type is \"{entry_type}\""
    )))
}

/// Reads and checks tags.
///
/// Source: EKS API Reference, `TagResource`: at most 50, keys of 1 to 128 and values of up to 256 characters.
pub(super) fn tags(value: Option<&Value>) -> Result<BTreeMap<String, String>, ErrorReply> {
    let wrong = || invalid_parameter("The tags parameter is not valid");
    let map = match value {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(value) => value.as_object().ok_or_else(wrong)?,
    };
    let mut tags = BTreeMap::new();
    for (key, value) in map {
        let value = value.as_str().ok_or_else(wrong)?;
        let sizes = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !sizes || key.to_lowercase().starts_with("aws:") {
            return Err(wrong());
        }
        tags.insert(key.clone(), value.to_owned());
    }
    if tags.len() > 50 {
        return Err(wrong());
    }
    Ok(tags)
}
