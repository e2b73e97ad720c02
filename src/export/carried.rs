//! What a plan carries over, and what it does not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::model::access_policy::ScopeKind;
use crate::model::{AccessEntry, Arn, PolicyAssociation};
use crate::plan::Plan;
use crate::plan::document::{ActionKind, Outcome};
use crate::text::{shell_word, visible};

/// The name of a cluster where an offline plan was given none.
pub(super) const UNNAMED: &str = "CHANGE-ME";

/// An access entry that the plan makes or finds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carried<'a> {
    pub(super) entry: &'a AccessEntry,
    /// Whether the cluster has it already.
    pub(super) exists: bool,
    /// What the cluster has, where the plan has seen it.
    live: Option<&'a AccessEntry>,
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

    /// The tags to ask for; an entry that exists keeps those it has, but for AWS's own, which nobody else can set.
    ///
    /// Source: AWS General Reference, "Tag naming limits and requirements", the prefix `aws:`.
    pub(super) fn tags(&self) -> BTreeMap<&str, &str> {
        let tags = &self.live.unwrap_or(self.entry).tags;
        let set = tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
        set.map(|(key, value)| (key.as_str(), value.as_str()))
            .collect()
    }

    /// Whether the cluster has an association already.
    pub(super) fn has(&self, policy: &PolicyAssociation) -> bool {
        let is_it = |live: &PolicyAssociation| live.policy_arn == policy.policy_arn;
        self.exists
            && self
                .live
                .is_none_or(|live| live.access_policies.iter().any(is_it))
    }
}

/// The entries that there are to be, in the order of the mappings.
///
/// One that the plan re-creates does not count as existing.
pub(super) fn carried(plan: &Plan) -> Vec<Carried<'_>> {
    let deleted: BTreeSet<&Arn> = plan
        .actions
        .iter()
        .filter_map(|action| match &action.kind {
            ActionKind::DeleteAccessEntry { principal_arn } => Some(principal_arn),
            _ => None,
        })
        .collect();
    let entries = plan.mappings.iter().filter_map(|mapping| {
        let exists = match mapping.outcome {
            Outcome::Create => false,
            Outcome::Update | Outcome::Unchanged => true,
            _ => return None,
        };
        let entry = mapping.entry.as_ref()?;
        let exists = exists && !deleted.contains(&entry.principal_arn);
        let live = plan.observed.get(&entry.principal_arn.to_string());
        Some(Carried {
            entry,
            exists,
            live: live.filter(|_| exists),
        })
    });
    entries.collect()
}

/// What has to be done beside a file that only declares what there is to be, with the commands that do it.
///
/// Source: EKS User Guide, "Change authentication mode to use access entries": the switch makes entries for the cluster's
/// creator and for managed nodes.
pub(super) fn beside(plan: &Plan) -> Vec<String> {
    let cluster = shell_word(plan.cluster.name.as_deref().unwrap_or(UNNAMED));
    let mut notes = Vec::new();
    let mut taken = Vec::new();
    for action in &plan.actions {
        match &action.kind {
            ActionKind::UpdateAuthenticationMode { from, to } => notes.extend([
                format!("The cluster is in the mode {from}, without access entries. Switch it, wait until it is ACTIVE, and export again,"),
                "since EKS then creates the entries of its creator and of managed nodes itself. The switch can't be undone:".to_owned(),
                format!("  aws eks update-cluster-config --name {cluster} --access-config authenticationMode={to}"),
            ]),
            ActionKind::DeleteAccessEntry { principal_arn } => taken.push(format!(
                "  aws eks delete-access-entry --cluster-name {cluster} --principal-arn {}",
                shell_word(&principal_arn.to_string())
            )),
            ActionKind::DisassociateAccessPolicy {
                principal_arn,
                policy_arn,
            } => taken.push(format!(
                "  aws eks disassociate-access-policy --cluster-name {cluster} --principal-arn {} --policy-arn {}",
                shell_word(&principal_arn.to_string()),
                shell_word(&policy_arn.to_string())
            )),
            _ => {}
        }
    }
    if !taken.is_empty() {
        notes.push(
            "NOT in this file: what the plan deletes. Run these before you use this file:"
                .to_owned(),
        );
        notes.extend(taken);
    }
    notes
}

/// What becomes of code that describes the cluster itself, once its mode has been switched.
///
/// Source: EKS User Guide, "Change authentication mode to use access entries": the switch can't be undone.
pub(super) fn cluster_code() -> Vec<String> {
    vec![
        "Code that describes the cluster itself: set its authentication mode to API_AND_CONFIG_MAP there once the cluster is switched.".to_owned(),
        "CONFIG_MAP in it fails from then on: the switch can't be undone. Change nothing else about the cluster in the same step.".to_owned(),
    ]
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
        "Generated by aws-auth-migrate {} from the plan of {} for {cluster}.",
        plan.tool_version,
        plan.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    )];
    lines.extend(notes.iter().cloned());
    let left_out = left_out(plan);
    if !left_out.is_empty() {
        lines.push("NOT migrated:".to_owned());
        lines.extend(left_out.into_iter().map(|line| format!("  {line}")));
    }
    lines
        .iter()
        .map(|line| format!("# {}\n", visible(line).trim_end()))
        .collect()
}

/// A text in which no two braces open side by side, however many there are in a row.
pub(super) fn braces_apart(text: &str, between: &str) -> String {
    let mut apart = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '{' && apart.ends_with('{') {
            apart.push_str(between);
        }
        apart.push(c);
    }
    apart
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
