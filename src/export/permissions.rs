//! The least rights that a command needs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::yaml;
use crate::model::{AccessEntry, EntryType};
use crate::plan::Plan;
use crate::plan::document::{ActionKind, Outcome};

/// The command that rights are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum For {
    /// `plan`: reads only.
    Plan,
    /// `apply` of this very plan.
    #[default]
    Apply,
}

/// The IAM policy that lets a principal run the command on the plan's cluster.
///
/// For `apply` it holds what the plan's actions need and no more.
/// Source: Service Authorization Reference, "Amazon EKS" and "AWS Identity and Access Management".
#[must_use]
pub fn iam_policy(plan: &Plan, command: For) -> String {
    let arns = Arns::of(plan);
    let mut statements = reading(&arns);
    if command == For::Apply {
        statements.extend(writing(plan, &arns));
    }
    yaml::json(&json!({"Version": "2012-10-17", "Statement": statements}))
}

fn reading(arns: &Arns) -> Vec<Value> {
    let cluster = [
        "DescribeCluster",
        "ListAccessEntries",
        "ListNodegroups",
        "ListFargateProfiles",
    ];
    vec![
        allow("ReadCluster", &eks(&cluster), &[arns.eks("cluster", "")]),
        allow(
            "ReadNodeRoles",
            &eks(&["DescribeNodegroup", "DescribeFargateProfile"]),
            &[
                arns.eks("nodegroup", "/*"),
                arns.eks("fargateprofile", "/*"),
            ],
        ),
        allow(
            "ReadAccessEntries",
            &eks(&["DescribeAccessEntry", "ListAssociatedAccessPolicies"]),
            &[arns.eks("access-entry", "/*")],
        ),
        allow(
            "LookUpPrincipals",
            &["iam:GetRole".to_owned(), "iam:GetUser".to_owned()],
            &[arns.iam("role/*"), arns.iam("user/*")],
        ),
    ]
}

fn writing(plan: &Plan, arns: &Arns) -> Vec<Value> {
    let (mut on_cluster, mut on_entries) = (BTreeSet::new(), BTreeSet::new());
    let mut passed = BTreeSet::new();
    for action in &plan.actions {
        match &action.kind {
            ActionKind::UpdateAuthenticationMode { .. } => {
                on_cluster.extend(["UpdateClusterConfig", "DescribeUpdate"]);
            }
            ActionKind::CreateAccessEntry {
                principal_arn,
                entry_type,
                ..
            } => {
                on_cluster.insert("CreateAccessEntry");
                // Every entry is tagged with the run that made it.
                on_entries.insert("TagResource");
                if is_passed(entry_type) {
                    passed.insert(principal_arn.to_string());
                }
            }
            kind => {
                on_entries.insert(kind.operation());
            }
        }
    }
    if on_cluster.contains("UpdateClusterConfig") {
        // What EKS does not make itself at the switch, `apply` makes after it.
        for entry in left_to_eks(plan) {
            on_cluster.insert("CreateAccessEntry");
            on_entries.insert("TagResource");
            if is_passed(&entry.entry_type) {
                passed.insert(entry.principal_arn.to_string());
            }
        }
    }
    let mut statements = Vec::new();
    if !on_cluster.is_empty() {
        let actions = eks(&on_cluster.into_iter().collect::<Vec<_>>());
        statements.push(allow("ChangeCluster", &actions, &[arns.eks("cluster", "")]));
    }
    if !on_entries.is_empty() {
        let actions = eks(&on_entries.into_iter().collect::<Vec<_>>());
        statements.push(allow(
            "ChangeAccessEntries",
            &actions,
            &[arns.eks("access-entry", "/*")],
        ));
    }
    if !passed.is_empty() {
        let passed: Vec<String> = passed.iter().map(|arn| literal(arn)).collect();
        let mut pass = allow("PassNodeRoles", &["iam:PassRole".to_owned()], &passed);
        pass["Condition"] = json!({"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}});
        statements.push(pass);
    }
    statements
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

fn eks(operations: &[&str]) -> Vec<String> {
    operations
        .iter()
        .map(|operation| format!("eks:{operation}"))
        .collect()
}

fn allow(id: &str, actions: &[String], resources: &[String]) -> Value {
    json!({"Sid": id, "Effect": "Allow", "Action": actions, "Resource": resources})
}

/// A text in which IAM sees neither wildcards nor variables.
///
/// Source: IAM User Guide, "IAM policy elements: Variables and tags", `${*}`, `${?}`, `${$}`.
fn literal(text: &str) -> String {
    let escaped = |c: char| match c {
        '*' | '?' | '$' => format!("${{{c}}}"),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// What the ARNs of a cluster begin with; what an offline plan does not know is a wildcard.
struct Arns {
    partition: String,
    region: String,
    account: String,
    cluster: String,
}

impl Arns {
    fn of(plan: &Plan) -> Self {
        let cluster = &plan.cluster;
        let known =
            |value: &Option<String>| value.as_deref().map_or_else(|| "*".to_owned(), literal);
        Self {
            partition: literal(&cluster.partition),
            region: known(&cluster.region),
            account: known(&cluster.account_id),
            cluster: known(&cluster.name),
        }
    }

    fn eks(&self, kind: &str, below: &str) -> String {
        let Self {
            partition,
            region,
            account,
            cluster,
        } = self;
        format!("arn:{partition}:eks:{region}:{account}:{kind}/{cluster}{below}")
    }

    fn iam(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.account)
    }
}

/// The Kubernetes roles and bindings for the command, for members of the group `aws-auth-migrate`.
///
/// `plan` and `apply` read the same: the ConfigMap and who is bound to what.
#[must_use]
pub fn rbac() -> String {
    const API: &str = "rbac.authorization.k8s.io/v1";
    const GROUP: &str = "rbac.authorization.k8s.io";
    const NAME: &str = "aws-auth-migrate";
    let subjects = json!([{"apiGroup": GROUP, "kind": "Group", "name": NAME}]);
    let objects = [
        json!({
            "apiVersion": API, "kind": "Role",
            "metadata": {"name": NAME, "namespace": "kube-system"},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["aws-auth"], "verbs": ["get"]}],
        }),
        json!({
            "apiVersion": API, "kind": "RoleBinding",
            "metadata": {"name": NAME, "namespace": "kube-system"},
            "roleRef": {"apiGroup": GROUP, "kind": "Role", "name": NAME}, "subjects": subjects,
        }),
        json!({
            "apiVersion": API, "kind": "ClusterRole",
            "metadata": {"name": NAME},
            "rules": [{"apiGroups": [GROUP], "resources": ["clusterrolebindings", "rolebindings"], "verbs": ["list"]}],
        }),
        json!({
            "apiVersion": API, "kind": "ClusterRoleBinding",
            "metadata": {"name": NAME},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": NAME}, "subjects": subjects,
        }),
    ];
    let documents: Vec<String> = objects.iter().map(yaml::document).collect();
    format!(
        "# Map the principal that runs aws-auth-migrate to the group {NAME}.\n---\n{}",
        documents.join("---\n")
    )
}
