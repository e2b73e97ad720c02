//! A POSIX shell script of `aws eks` commands.

use serde_json::{Map, Value, json};

use super::carried::header;
use super::yaml;
use crate::model::access_policy::ScopeKind;
use crate::plan::Plan;
use crate::plan::document::{Action, ActionKind, Stage};

/// What every script begins with: its settings and one function for each kind of call.
///
/// All text from `aws-auth` travels as JSON: a value of its own such as `file:///etc/passwd` would be read as a file by
/// the `aws` command.
const FUNCTIONS: &str = r#"
fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}

say() { printf '%s\n' "$1"; }

case $CLUSTER_NAME in
  '' | *[!A-Za-z0-9_-]*) fail 'set CLUSTER_NAME to the name of the EKS cluster' ;;
esac

mode() {
  aws eks describe-cluster --name "$CLUSTER_NAME" \
    --query cluster.accessConfig.authenticationMode --output text
}

# Runs an `aws eks` command for the cluster with JSON as its input.
eks() {
  aws eks "$1" --cluster-name "$CLUSTER_NAME" --cli-input-json "$2" --output json
}

# Whether the entry is there; an error other than "not found" ends the script.
entry_exists() {
  if answer=$(eks describe-access-entry "$1" 2>&1); then
    return 0
  fi
  case $answer in
    *ResourceNotFoundException*) return 1 ;;
    *) fail "$answer" ;;
  esac
}

create_entry() {
  if entry_exists "$1"; then
    say "exists: $1"
  else
    eks create-access-entry "$2" >/dev/null
    say "created: $1"
  fi
}

update_entry() {
  eks update-access-entry "$2" >/dev/null
  say "updated: $1"
}

delete_entry() {
  if entry_exists "$1"; then
    eks delete-access-entry "$1" >/dev/null
    say "deleted: $1"
  fi
}

# Associating a policy again replaces its scope, so it may be repeated.
associate_policy() {
  eks associate-access-policy "$2" >/dev/null
  say "associated: $1"
}

disassociate_policy() {
  if answer=$(eks disassociate-access-policy "$2" 2>&1); then
    say "disassociated: $1"
  else
    case $answer in
      *ResourceNotFoundException*) ;;
      *) fail "$answer" ;;
    esac
  fi
}

current=$(mode)
if [ "$current" = CONFIG_MAP ]; then
  [ "${ENABLE_ACCESS_ENTRIES-}" = yes ] ||
    fail 'the cluster is in the mode CONFIG_MAP; ENABLE_ACCESS_ENTRIES=yes allows the switch, which can not be undone'
  aws eks update-cluster-config --name "$CLUSTER_NAME" \
    --access-config authenticationMode=API_AND_CONFIG_MAP >/dev/null
  say 'switching the mode to API_AND_CONFIG_MAP'
  tries=0
  while [ "$current" = CONFIG_MAP ]; do
    tries=$((tries + 1))
    [ "$tries" -le 120 ] || fail 'the mode did not change'
    sleep "${POLL_SECONDS:-10}"
    current=$(mode)
  done
fi
"#;

/// The script; it does what the plan's actions do, in the same order, and may be run again.
///
/// It needs nothing but `sh` and the AWS CLI. Entries that are there already are left as they are unless the plan
/// changes them.
#[must_use]
pub fn aws_cli(plan: &Plan) -> String {
    let notes = [
        "Run it with: sh FILE. Credentials are the AWS CLI's own; it may be run again.".to_owned(),
        "CLUSTER_NAME and AWS_REGION may be set; ENABLE_ACCESS_ENTRIES=yes allows the one-way mode switch.".to_owned(),
    ];
    let mut text = format!("#!/bin/sh\n{}set -eu\n\n", header(plan, &notes));
    let default = |name: &str, value: Option<&String>| {
        let value = value
            .filter(|value| is_word(value))
            .map_or("", String::as_str);
        format!("{name}=${{{name}:-{value}}}\n")
    };
    text.push_str(&default("CLUSTER_NAME", plan.cluster.name.as_ref()));
    if plan.cluster.region.as_deref().is_some_and(is_word) {
        text.push_str(&default("AWS_REGION", plan.cluster.region.as_ref()));
        text.push_str("export AWS_REGION\n");
    }
    text.push_str("export AWS_PAGER=\n");
    text.push_str(FUNCTIONS);
    let mut stage = None;
    for action in &plan.actions {
        let Some(call) = call(action) else { continue };
        if stage.replace(action.stage) != Some(action.stage) {
            let title = match action.stage {
                Stage::Cluster => "The cluster",
                Stage::Administrators => "Administrators and the caller",
                Stage::Others => "People and CI",
                Stage::Nodes => "Nodes",
            };
            text.push_str(&format!("\n# {title}\n"));
        }
        text.push_str(&call);
    }
    text.push_str("\nsay 'done'\n");
    text
}

/// The call of a function; the mode switch is no function's.
fn call(action: &Action) -> Option<String> {
    let principal = action.kind.principal_arn()?.to_string();
    let mut input = Map::from_iter([("principalArn".to_owned(), json!(principal))]);
    let key = Value::Object(input.clone());
    let mut put = |name: &str, value: Value| input.insert(name.to_owned(), value);
    let function = match &action.kind {
        ActionKind::UpdateAuthenticationMode { .. } => return None,
        ActionKind::CreateAccessEntry {
            entry_type,
            username,
            kubernetes_groups,
            tags,
            ..
        } => {
            put("type", json!(entry_type.as_str()));
            if let Some(username) = username {
                put("username", json!(username));
            }
            if !kubernetes_groups.is_empty() {
                put("kubernetesGroups", json!(kubernetes_groups));
            }
            if !tags.is_empty() {
                put("tags", json!(tags));
            }
            "create_entry"
        }
        ActionKind::UpdateAccessEntry {
            username,
            kubernetes_groups,
            ..
        } => {
            if let Some(username) = username {
                put("username", json!(username));
            }
            put("kubernetesGroups", json!(kubernetes_groups));
            "update_entry"
        }
        ActionKind::DeleteAccessEntry { .. } => {
            return Some(format!("delete_entry {}\n", quoted(&key)));
        }
        ActionKind::AssociateAccessPolicy {
            policy_arn,
            access_scope,
            ..
        } => {
            put("policyArn", json!(policy_arn.to_string()));
            put(
                "accessScope",
                match access_scope.kind {
                    ScopeKind::Cluster => json!({"type": "cluster"}),
                    ScopeKind::Namespace => {
                        json!({"type": "namespace", "namespaces": access_scope.namespaces})
                    }
                },
            );
            "associate_policy"
        }
        ActionKind::DisassociateAccessPolicy { policy_arn, .. } => {
            put("policyArn", json!(policy_arn.to_string()));
            "disassociate_policy"
        }
    };
    let input = Value::Object(input);
    Some(format!(
        "{function} {} \\\n  {}\n",
        quoted(&key),
        quoted(&input)
    ))
}

/// JSON as one word of the shell, without a character that means something there or looks as if it did.
fn quoted(json: &Value) -> String {
    let json = yaml::json_line(json);
    let escaped = ['\'', '$', '`'].iter().fold(json, |json, &c| {
        json.replace(c, &format!("\\u{:04x}", u32::from(c)))
    });
    format!("'{escaped}'")
}

/// Whether a text means nothing to the shell.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}
