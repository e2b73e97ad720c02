//! What a plan carries over, and what it does not.

use serde_json::{Map, Value, json};

use crate::model::access_policy::ScopeKind;
use crate::model::{AccessEntry, PolicyAssociation};
use crate::plan::Plan;
use crate::plan::document::Outcome;
use crate::text::visible;

/// Stands for the name of a cluster that an offline plan was not told.
pub(super) const UNNAMED: &str = "CHANGE-ME";

/// An access entry that the plan makes or finds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carried<'a> {
    pub(super) entry: &'a AccessEntry,
    /// Whether the cluster has it already.
    pub(super) exists: bool,
}

impl Carried<'_> {
    /// The username to ask for; EKS sets that of nodes itself.
    pub(super) fn username(&self) -> Option<&str> {
        let username = self.entry.username.as_deref();
        username.filter(|_| !self.entry.entry_type.is_node())
    }

    /// The groups to ask for; EKS sets those of nodes itself.
    pub(super) fn groups(&self) -> &[String] {
        if self.entry.entry_type.is_node() {
            &[]
        } else {
            &self.entry.kubernetes_groups
        }
    }
}

/// The entries that there are to be, in the order of the mappings.
pub(super) fn carried(plan: &Plan) -> Vec<Carried<'_>> {
    let entries = plan.mappings.iter().filter_map(|mapping| {
        let exists = match mapping.outcome {
            Outcome::Create => false,
            Outcome::Update | Outcome::Unchanged => true,
            _ => return None,
        };
        let entry = mapping.entry.as_ref()?;
        Some(Carried { entry, exists })
    });
    entries.collect()
}

/// A line for everything that grants something today and is not carried over, without hidden characters.
pub(super) fn left_out(plan: &Plan) -> Vec<String> {
    let mappings = plan.mappings.iter().map(|mapping| {
        let why = mapping.findings.iter();
        let why = why.map(|finding| format!("{}: {}", finding.code, finding.message));
        (mapping.outcome, &mapping.id, &mapping.arn, why.collect())
    });
    let accounts = plan.accounts.iter().map(|account| {
        let why = account.findings.iter();
        let why = why.map(|finding| format!("{}: {}", finding.code, finding.message));
        (
            account.outcome,
            &account.id,
            &account.account_id,
            why.collect(),
        )
    });
    let lines =
        mappings
            .chain(accounts)
            .filter_map(|(outcome, id, name, why): (_, _, _, Vec<String>)| {
                let what = match outcome {
                    Outcome::Blocked => "needs a decision",
                    Outcome::Conflict => "differs from the live entry, which is kept",
                    _ => return None,
                };
                let line = format!("{id} {name}: {what} ({})", why.join("; "));
                Some(visible(&line).into_owned())
            });
    lines.collect()
}

/// The comment at the top of an export, each line behind `#`.
pub(super) fn header(plan: &Plan, notes: &[String]) -> String {
    let cluster = plan.cluster.arn.as_ref().or(plan.cluster.name.as_ref());
    let cluster = cluster.map_or("a cluster that is not named", String::as_str);
    let mut lines = vec![format!(
        "Made by aws-auth-migrate {} from the plan of {} for {cluster}.",
        plan.tool_version, plan.created_at
    )];
    lines.extend(notes.iter().cloned());
    let left_out = left_out(plan);
    if !left_out.is_empty() {
        lines.push("NOT carried over:".to_owned());
        lines.extend(left_out.into_iter().map(|line| format!("  {line}")));
    }
    lines
        .iter()
        .map(|line| format!("# {}\n", visible(line).trim_end()))
        .collect()
}

/// The access policies as CloudFormation, eksctl and ACK have them, but for the spelling of their keys.
pub(super) fn policies(policies: &[PolicyAssociation], key: impl Fn(&str) -> String) -> Value {
    let one = |policy: &PolicyAssociation| {
        let mut scope = Map::new();
        let kind = match policy.access_scope.kind {
            ScopeKind::Cluster => "cluster",
            ScopeKind::Namespace => "namespace",
        };
        scope.insert(key("type"), json!(kind));
        if policy.access_scope.kind == ScopeKind::Namespace {
            scope.insert(key("namespaces"), json!(policy.access_scope.namespaces));
        }
        let mut value = Map::new();
        value.insert(key("policyArn"), json!(policy.policy_arn.to_string()));
        value.insert(key("accessScope"), Value::Object(scope));
        Value::Object(value)
    };
    policies.iter().map(one).collect()
}
