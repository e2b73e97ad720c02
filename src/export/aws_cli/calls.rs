//! Each action as the call of one of the script's functions.

use serde_json::{Value, json};

use crate::digest::sha256;
use crate::model::access_policy::ScopeKind;
use crate::model::{AccessEntry, AccessScope, Arn, EntryType};
use crate::plan::document::{Action, ActionKind};
use crate::plan::{Plan, RUN_TAG};
use crate::text::shell_word;
use crate::yaml;

/// The run that the entries are marked with, the same whenever the same plan is exported.
pub(super) fn run(plan: &Plan) -> String {
    let actions = serde_json::to_string(&plan.actions).expect("actions are plain data");
    format!("script-{}", &sha256(actions.as_bytes())[..12])
}

/// Whether the plan makes the entry that an action is about.
pub(super) fn is_made(plan: &Plan, action: &Action) -> bool {
    plan.actions.iter().any(|other| {
        matches!(other.kind, ActionKind::CreateAccessEntry { .. })
            && other.kind.principal_arn() == action.kind.principal_arn()
    })
}

/// The check before the first change of an entry that is there.
pub(super) fn known(plan: &Plan, action: &Action, live: Option<&AccessEntry>) -> String {
    let principal = action.kind.principal_arn();
    let update = plan.actions.iter().find_map(|other| match &other.kind {
        ActionKind::UpdateAccessEntry {
            principal_arn,
            username,
            kubernetes_groups,
        } if Some(principal_arn) == principal => Some((username.as_ref(), kubernetes_groups)),
        _ => None,
    });
    let (fields, planned) = match update {
        Some((username, _)) => planned(live, username),
        None => planned(live, live.and_then(|live| live.username.as_ref())),
    };
    let wanted = update.map(|(username, groups)| identity(None, username, Some(groups)).1);
    let wanted = wanted.unwrap_or_else(|| planned.clone());
    call("known_entry", action, &[fields, wanted, planned])
}

/// What the plan saw of an entry; its username only where the plan has a say in it.
fn planned(live: Option<&AccessEntry>, wanted: Option<&String>) -> (String, String) {
    let username = live.and_then(|live| live.username.as_ref());
    let groups = live.map(|live| &live.kubernetes_groups);
    identity(None, wanted.and(username), groups)
}

/// The call of a function with the action's principal and these arguments.
fn call(function: &str, action: &Action, arguments: &[String]) -> String {
    let principal = action.kind.principal_arn().map(ToString::to_string);
    let mut call = format!("{function} {}", quoted(&json!({"principalArn": principal})));
    for argument in arguments {
        call.push_str(&format!(" \\\n  {argument}"));
    }
    call.push('\n');
    call
}

/// An action as the call of a function, which knows what the plan saw and what it wants.
pub(super) fn written(action: &Action, live: Option<&AccessEntry>, run: &str) -> String {
    let input = quoted(&input(action, run));
    match &action.kind {
        ActionKind::UpdateAuthenticationMode { .. } => String::new(),
        ActionKind::CreateAccessEntry {
            entry_type,
            username,
            kubernetes_groups,
            ..
        } => {
            // EKS sets the groups of nodes itself.
            let groups = (!entry_type.is_node()).then_some(kubernetes_groups);
            let (fields, wanted) = identity(Some(entry_type), username.as_ref(), groups);
            call("create_entry", action, &[input, fields, wanted])
        }
        ActionKind::UpdateAccessEntry {
            username,
            kubernetes_groups,
            ..
        } => {
            let (fields, wanted) = identity(None, username.as_ref(), Some(kubernetes_groups));
            let (_, planned) = planned(live, username.as_ref());
            call("update_entry", action, &[input, fields, wanted, planned])
        }
        ActionKind::DeleteAccessEntry { .. } => {
            let (fields, planned) = planned(live, live.and_then(|live| live.username.as_ref()));
            call("delete_entry", action, &[fields, planned])
        }
        ActionKind::AssociateAccessPolicy {
            policy_arn,
            access_scope,
            ..
        } => {
            let policy = quoted(&json!(policy_arn.to_string()));
            let planned = planned_scope(live, policy_arn);
            let arguments = [input, policy, scope(access_scope), planned];
            call("associate_policy", action, &arguments)
        }
        ActionKind::DisassociateAccessPolicy { policy_arn, .. } => {
            let policy = quoted(&json!(policy_arn.to_string()));
            let arguments = [input, policy, planned_scope(live, policy_arn)];
            call("disassociate_policy", action, &arguments)
        }
    }
}

/// The input of the action's operation.
fn input(action: &Action, run: &str) -> Value {
    let principal = action.kind.principal_arn().map(ToString::to_string);
    let mut input = json!({"principalArn": principal});
    match &action.kind {
        ActionKind::UpdateAuthenticationMode { .. } | ActionKind::DeleteAccessEntry { .. } => {}
        ActionKind::CreateAccessEntry {
            entry_type,
            username,
            kubernetes_groups,
            tags,
            ..
        } => {
            input["type"] = json!(entry_type.as_str());
            if let Some(username) = username {
                input["username"] = json!(username);
            }
            if !kubernetes_groups.is_empty() {
                input["kubernetesGroups"] = json!(kubernetes_groups);
            }
            input["tags"] = json!(tags);
            input["tags"][RUN_TAG] = json!(run);
        }
        ActionKind::UpdateAccessEntry {
            username,
            kubernetes_groups,
            ..
        } => {
            if let Some(username) = username {
                input["username"] = json!(username);
            }
            input["kubernetesGroups"] = json!(kubernetes_groups);
        }
        ActionKind::AssociateAccessPolicy {
            policy_arn,
            access_scope,
            ..
        } => {
            input["policyArn"] = json!(policy_arn.to_string());
            input["accessScope"] = match access_scope.kind {
                ScopeKind::Cluster => json!({"type": "cluster"}),
                ScopeKind::Namespace => {
                    json!({"type": "namespace", "namespaces": access_scope.namespaces})
                }
            };
        }
        ActionKind::DisassociateAccessPolicy { policy_arn, .. } => {
            input["policyArn"] = json!(policy_arn.to_string());
        }
    }
    input
}

/// What an entry says of its principal, as a list of fields for a query and their values.
///
/// A field that EKS fills in is in neither. Source: `JMESPath` Specification, "Multiselect list" and "sort".
fn identity(
    entry_type: Option<&EntryType>,
    username: Option<&String>,
    groups: Option<&Vec<String>>,
) -> (String, String) {
    let mut fields = Vec::new();
    let mut values = Vec::new();
    if let Some(entry_type) = entry_type {
        fields.push("type");
        values.push(json!(entry_type.as_str()));
    }
    if let Some(username) = username {
        fields.push("username");
        values.push(json!(username));
    }
    if let Some(groups) = groups {
        fields.push("sort(kubernetesGroups)");
        values.push(json!(sorted(groups)));
    }
    let fields = format!("[{}]", fields.join(", "));
    (shell_word(&fields), quoted(&json!(values)))
}

fn planned_scope(live: Option<&AccessEntry>, policy_arn: &Arn) -> String {
    let policies = live.map(|live| &live.access_policies).into_iter();
    let mut planned = policies
        .flatten()
        .filter(|policy| policy.policy_arn == *policy_arn);
    planned
        .next()
        .map_or_else(|| "null".to_owned(), |policy| scope(&policy.access_scope))
}

/// A scope as the query of `ask_scope` has it.
fn scope(scope: &AccessScope) -> String {
    quoted(&match scope.kind {
        ScopeKind::Cluster => json!(["cluster", []]),
        ScopeKind::Namespace => json!(["namespace", sorted(&scope.namespaces)]),
    })
}

fn sorted(texts: &[String]) -> Vec<&String> {
    let mut texts: Vec<_> = texts.iter().collect();
    texts.sort();
    texts
}

/// JSON as one word of the shell, without a character that means something there or looks as if it did.
fn quoted(json: &Value) -> String {
    let json = yaml::json_line(json);
    let escaped = ['\'', '$', '`'].iter().fold(json, |json, &c| {
        json.replace(c, &format!("\\u{:04x}", u32::from(c)))
    });
    format!("'{escaped}'")
}
