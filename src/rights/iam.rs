//! The IAM policy of a command.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::arns::{Arns, literal};
use super::{For, Needs};
use crate::model::{AccessEntry, Arn, AuthenticationMode, EntryType, Principal, PrincipalKind};
use crate::plan::Plan;
use crate::plan::document::{ActionKind, Outcome};

/// A statement of an IAM policy, which allows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is for.
    pub sid: &'static str,
    /// What it allows.
    pub actions: Vec<&'static str>,
    /// On what, as ARNs.
    pub resources: Vec<String>,
    /// A key of the request, and the value that it has to have.
    pub condition: Option<(&'static str, &'static str)>,
}

impl Statement {
    fn json(&self) -> Value {
        let mut statement = json!({
            "Sid": self.sid, "Effect": "Allow", "Action": self.actions, "Resource": self.resources,
        });
        if let Some((key, value)) = self.condition {
            statement["Condition"] = json!({"StringEquals": {key: value}});
        }
        statement
    }
}

/// The IAM policy that lets a principal run the command on the plan's cluster.
#[must_use]
pub fn iam_policy(needs: &Needs<'_>) -> Value {
    policy_of(&iam_statements(needs))
}

/// The IAM policy of these statements.
#[must_use]
pub fn policy_of(statements: &[Statement]) -> Value {
    let statements: Vec<Value> = statements.iter().map(Statement::json).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The statements of that policy: what the command calls and no more.
///
/// What is read of access entries is listed also while the cluster has none, since the next run meets some.
/// Source: Service Authorization Reference, "Amazon EKS" and "AWS Identity and Access Management".
#[must_use]
pub fn iam_statements(needs: &Needs<'_>) -> Vec<Statement> {
    let arns = Arns::of(needs.plan);
    let mut statements = reading(&arns, needs.command);
    // Going back asks for no principal: what was there before is in the journal.
    if needs.command != For::Rollback {
        statements.extend(looking_up(needs, &arns));
    }
    let calls = match needs.command {
        For::Plan => Calls::default(),
        For::Apply => Calls::of_apply(needs.plan),
        For::Cutover => Calls::of_cutover(needs.plan),
        For::Rollback => Calls::of_rollback(needs),
    };
    statements.extend(calls.statements(&arns));
    statements
}

fn reading(arns: &Arns, command: For) -> Vec<Statement> {
    let mut of_cluster = vec!["eks:DescribeCluster", "eks:ListAccessEntries"];
    if command != For::Rollback {
        of_cluster.extend(["eks:ListNodegroups", "eks:ListFargateProfiles"]);
    }
    let mut statements = vec![
        allow("ReadCluster", of_cluster, [arns.cluster()]),
        allow(
            "ReadAccessEntries",
            [
                "eks:DescribeAccessEntry",
                "eks:ListAssociatedAccessPolicies",
            ],
            [arns.all("access-entry")],
        ),
    ];
    if command != For::Rollback {
        let (group, profile) = (["eks:DescribeNodegroup"], ["eks:DescribeFargateProfile"]);
        statements.extend([
            allow("ReadNodeGroups", group, [arns.all("nodegroup")]),
            allow("ReadFargateProfiles", profile, [arns.all("fargateprofile")]),
        ]);
    }
    statements
}

/// The real ARNs of the principals, by name; that many are listed at once where that is allowed only makes it faster.
fn looking_up(needs: &Needs<'_>, arns: &Arns) -> Vec<Statement> {
    let home = needs.plan.cluster.account_id.as_deref();
    let named: BTreeSet<_> = needs
        .plan
        .mappings
        .iter()
        .filter_map(|mapping| Principal::as_matched(&mapping.arn))
        .filter(|principal| home.is_none_or(|home| principal.account == home))
        .map(|principal| principal.kind)
        .collect();
    let kinds = [
        (PrincipalKind::Role, "LookUpRoles", "iam:GetRole", "role/*"),
        (PrincipalKind::User, "LookUpUsers", "iam:GetUser", "user/*"),
    ];
    let mut statements: Vec<Statement> = kinds
        .into_iter()
        .filter(|(kind, ..)| named.contains(kind))
        .map(|(_, id, action, resource)| allow(id, [action], [arns.iam(resource)]))
        .collect();
    let roles: Vec<String> = needs
        .lookup_roles
        .values()
        .map(|role| literal(&role.to_string()))
        .collect();
    if !roles.is_empty() {
        statements.push(allow("LookUpInOtherAccounts", ["sts:AssumeRole"], roles));
    }
    statements
}

/// What a command changes.
#[derive(Debug, Default)]
struct Calls {
    /// Whether it switches the authentication mode.
    switches: bool,
    on_entries: BTreeSet<&'static str>,
    creates: bool,
    /// The roles of the nodes whose entries it makes.
    passed: BTreeSet<String>,
}

impl Calls {
    fn of_apply(plan: &Plan) -> Self {
        let mut calls = Self::default();
        for action in &plan.actions {
            // Every entry is tagged with the run that made it.
            calls.add(&action.kind, true);
        }
        if calls.switches {
            // What EKS does not make itself at the switch, `apply` makes after it.
            for entry in left_to_eks(plan) {
                calls.create(&entry.principal_arn, &entry.entry_type, true);
            }
        }
        calls
    }

    fn of_cutover(plan: &Plan) -> Self {
        Self {
            switches: plan.cluster.authentication_mode != Some(AuthenticationMode::Api),
            ..Self::default()
        }
    }

    /// In the mode API the entries are all the access there is, and a rollback leaves them.
    fn of_rollback(needs: &Needs<'_>) -> Self {
        let mut calls = Self::default();
        if needs.plan.cluster.authentication_mode == Some(AuthenticationMode::Api) {
            return calls;
        }
        for action in needs.undoing {
            let tagged = matches!(&action.kind, ActionKind::CreateAccessEntry { tags, .. } if !tags.is_empty());
            calls.add(&action.kind, tagged);
        }
        let made: BTreeSet<String> = needs
            .plan
            .actions
            .iter()
            .filter_map(|action| match &action.kind {
                ActionKind::CreateAccessEntry { principal_arn, .. } => {
                    Some(principal_arn.to_string())
                }
                _ => None,
            })
            .collect();
        for action in &needs.plan.actions {
            calls.undo(&action.kind, &made);
        }
        if needs
            .plan
            .actions
            .iter()
            .any(|action| matches!(action.kind, ActionKind::UpdateAuthenticationMode { .. }))
            && left_to_eks(needs.plan).next().is_some()
        {
            calls.on_entries.insert("eks:DeleteAccessEntry");
        }
        calls
    }

    fn add(&mut self, kind: &ActionKind, tagged: bool) {
        match kind {
            ActionKind::UpdateAuthenticationMode { .. } => self.switches = true,
            ActionKind::CreateAccessEntry {
                principal_arn,
                entry_type,
                ..
            } => self.create(principal_arn, entry_type, tagged),
            ActionKind::UpdateAccessEntry { .. } => self.on_entry("eks:UpdateAccessEntry"),
            ActionKind::DeleteAccessEntry { .. } => self.on_entry("eks:DeleteAccessEntry"),
            ActionKind::AssociateAccessPolicy { .. } => self.on_entry("eks:AssociateAccessPolicy"),
            ActionKind::DisassociateAccessPolicy { .. } => {
                self.on_entry("eks:DisassociateAccessPolicy");
            }
        }
    }

    /// The opposite of an action of the plan.
    fn undo(&mut self, kind: &ActionKind, made: &BTreeSet<String>) {
        let goes_with_its_entry = kind
            .principal_arn()
            .is_some_and(|arn| made.contains(&arn.to_string()));
        match kind {
            ActionKind::UpdateAuthenticationMode { .. } => {}
            ActionKind::CreateAccessEntry { .. } => self.on_entry("eks:DeleteAccessEntry"),
            // An entry of another type comes back as it was.
            ActionKind::DeleteAccessEntry { principal_arn } => {
                self.create(principal_arn, &EntryType::Ec2Linux, true);
                self.on_entry("eks:AssociateAccessPolicy");
            }
            _ if goes_with_its_entry => {}
            ActionKind::UpdateAccessEntry { .. } => self.on_entry("eks:UpdateAccessEntry"),
            // A policy that was there with another scope gets it back.
            ActionKind::AssociateAccessPolicy { .. } => {
                self.on_entry("eks:DisassociateAccessPolicy");
                self.on_entry("eks:AssociateAccessPolicy");
            }
            ActionKind::DisassociateAccessPolicy { .. } => {
                self.on_entry("eks:AssociateAccessPolicy");
            }
        }
    }

    fn create(&mut self, principal: &Arn, entry_type: &EntryType, tagged: bool) {
        self.creates = true;
        if tagged {
            self.on_entry("eks:TagResource");
        }
        if is_passed(entry_type) {
            self.passed.insert(literal(&principal.to_string()));
        }
    }

    fn on_entry(&mut self, action: &'static str) {
        self.on_entries.insert(action);
    }

    fn statements(self, arns: &Arns) -> Vec<Statement> {
        let mut statements = Vec::new();
        if self.switches {
            let actions = ["eks:UpdateClusterConfig", "eks:DescribeUpdate"];
            statements.push(allow("SwitchAuthenticationMode", actions, [arns.cluster()]));
        }
        if self.creates {
            let actions = ["eks:CreateAccessEntry"];
            statements.push(allow("CreateAccessEntries", actions, [arns.cluster()]));
        }
        if !self.on_entries.is_empty() {
            let entries = [arns.all("access-entry")];
            statements.push(allow("ChangeAccessEntries", self.on_entries, entries));
        }
        if !self.passed.is_empty() {
            statements.push(Statement {
                condition: Some(("iam:PassedToService", "ec2.amazonaws.com")),
                ..allow("PassNodeRoles", ["iam:PassRole"], self.passed)
            });
        }
        statements
    }
}

/// The entries of managed nodes that EKS is expected to make.
fn left_to_eks(plan: &Plan) -> impl Iterator<Item = &AccessEntry> {
    plan.mappings
        .iter()
        .filter(|mapping| mapping.outcome == Outcome::Skipped)
        .filter_map(|mapping| mapping.entry.as_ref())
}

/// Whether EKS asks for `iam:PassRole` on the principal of an entry of this type.
///
/// Source: EKS User Guide, "Create access entries".
fn is_passed(entry_type: &EntryType) -> bool {
    matches!(entry_type, EntryType::Ec2Linux | EntryType::Ec2Windows)
}

fn allow(
    sid: &'static str,
    actions: impl IntoIterator<Item = &'static str>,
    resources: impl IntoIterator<Item = String>,
) -> Statement {
    Statement {
        sid,
        actions: actions.into_iter().collect(),
        resources: resources.into_iter().collect(),
        condition: None,
    }
}
