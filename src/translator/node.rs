//! Stage 2: nodes, whose entries have a type of their own and neither groups nor username.

use std::collections::BTreeSet;

use super::Proposal;
use super::case::{Case, Ruling};
use crate::access::after::node_groups;
use crate::finding::{Code, Finding, Severity};
use crate::model::access::{AUTHENTICATED, BOOTSTRAPPERS, NODES};
use crate::model::access_policy::AUTO_NODE;
use crate::model::{
    AccessEntry, Arn, EntryType, Mapping, PolicyAssociation, Principal, PrincipalKind,
};
use crate::observed::{NodeOs, NodeRoleUser};

const PROXIER: &str = "system:node-proxier";
const WINDOWS: &str = "eks:kube-proxy-windows";

/// The kinds of node, by the username that they log in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `system:node:{{EC2PrivateDNSName}}`: an instance of EC2.
    Ec2,
    /// `system:node:{{SessionName}}`: a pod on Fargate or a hybrid node.
    Session,
}

/// The kind of node that a mapping lets in, by what its username renders to; `None` where it is no node.
///
/// A session name of a node has no `@`, so the raw session name is the same.
/// Source: EKS User Guide, "Grant IAM users access to Kubernetes with a ConfigMap" and "Prepare cluster access for
/// hybrid nodes".
pub(super) fn shape(mapping: &Mapping) -> Option<Shape> {
    match mapping.username.as_str() {
        "system:node:{{EC2PrivateDNSName}}" => Some(Shape::Ec2),
        "system:node:{{SessionName}}" | "system:node:{{SessionNameRaw}}" => Some(Shape::Session),
        _ => None,
    }
}

/// A mapping with the nodes' group whose username is none of the nodes': kubelets log in under a name of its own.
///
/// It is not guessed to be a node, since an entry of a node type would change the name that the kubelet has.
pub(super) fn unusual(mapping: &Mapping) -> Option<Finding> {
    let is_node = mapping.groups.iter().any(|group| group == NODES);
    is_node.then(|| {
        Finding::new(
            Code::NodeUsernameKept,
            format!(
                "the group `{NODES}` is for nodes, but no node type has the username `{}`",
                mapping.username
            ),
            "username: system:node:{{EC2PrivateDNSName}}",
        )
    })
}

/// Makes the entry of a node type.
pub(super) fn translate(
    case: &Case<'_>,
    principal: &Principal,
    principal_arn: Arn,
    shape: Shape,
) -> Ruling {
    if let Some(ruling) = on_user(case, principal).or_else(|| in_other_account(case, principal)) {
        return ruling;
    }
    let seen = Seen::by(case, principal);
    let mut findings = Vec::new();
    let entry_type = match shape {
        Shape::Ec2 if seen.has(Use::AutoMode) => EntryType::Ec2,
        Shape::Ec2 => {
            if let Some(ruling) = windows_and_linux(case, &seen) {
                return ruling;
            }
            findings.extend(os_unknown(case, &seen));
            if seen.has(Use::Windows) || has(case, WINDOWS) {
                EntryType::Ec2Windows
            } else {
                EntryType::Ec2Linux
            }
        }
        Shape::Session if seen.has(Use::Fargate) || has(case, PROXIER) => EntryType::FargateLinux,
        Shape::Session => EntryType::HybridLinux,
    };
    findings.insert(0, becomes(case, &entry_type));
    findings.extend(auto_mode(case, &seen, &entry_type));
    findings.extend(lost_groups(case, &entry_type));
    Ruling {
        proposal: Proposal::Entry(entry(case, principal_arn, entry_type)),
        drops_groups: false,
        findings,
    }
}

/// Nodes have no groups and no username of their own; those of Auto Mode need a policy.
///
/// Source: EKS User Guide, "Create access entries" and "Create a Node Class for Amazon EKS".
fn entry(case: &Case<'_>, principal_arn: Arn, entry_type: EntryType) -> AccessEntry {
    let partition = &case.observed.cluster.partition;
    AccessEntry {
        principal_arn,
        access_policies: (entry_type == EntryType::Ec2)
            .then(|| PolicyAssociation::cluster_wide(partition, AUTO_NODE))
            .into_iter()
            .collect(),
        entry_type,
        username: None,
        kubernetes_groups: Vec::new(),
        tags: case.choices.tags.clone(),
    }
}

/// What EKS is seen to use a role for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Linux,
    Windows,
    UnknownOs,
    Fargate,
    AutoMode,
}

/// All that EKS is seen to use the mapping's role for.
struct Seen(BTreeSet<Use>);

impl Seen {
    fn by(case: &Case<'_>, principal: &Principal) -> Self {
        let key = principal.key();
        let uses = case.observed.users_of_role(&key);
        Self(
            uses.filter_map(|role| match &role.user {
                NodeRoleUser::NodeGroup { os, .. } => Some(match os {
                    NodeOs::Linux => Use::Linux,
                    NodeOs::Windows => Use::Windows,
                    NodeOs::Unknown => Use::UnknownOs,
                }),
                NodeRoleUser::FargateProfile { .. } => Some(Use::Fargate),
                NodeRoleUser::AutoMode => case.observed.cluster.auto_mode.then_some(Use::AutoMode),
            })
            .collect(),
        )
    }

    fn has(&self, what: Use) -> bool {
        self.0.contains(&what)
    }
}

fn has(case: &Case<'_>, group: &str) -> bool {
    case.mapping.groups.iter().any(|mapped| mapped == group)
}

/// Node types are for roles.
///
/// Source: EKS API, answer of `CreateAccessEntry` ("principalArn must be IAM role when using types ...").
fn on_user(case: &Case<'_>, principal: &Principal) -> Option<Ruling> {
    (principal.kind == PrincipalKind::User).then(|| {
        Ruling::impossible(
            Code::NodeOnUser,
            format!(
                "`{}` is an IAM user with the username `{}` of a node; entries for nodes take roles",
                case.mapping.arn, case.mapping.username
            ),
            "",
        )
    })
}

/// Node types are for the cluster's own account.
///
/// Source: EKS User Guide, "Create access entries".
fn in_other_account(case: &Case<'_>, principal: &Principal) -> Option<Ruling> {
    let own = case.observed.cluster.account_id.as_ref()?;
    (principal.account != *own).then(|| {
        Ruling::impossible(
            Code::NodeInOtherAccount,
            format!(
                "`{}` is in account `{}`; entries for nodes take roles of the cluster's account `{own}`",
                case.mapping.arn, principal.account
            ),
            "",
        )
    })
}

/// A principal has one entry, and its type can't be changed, so a role of both kinds of node needs a decision.
///
/// The group `eks:kube-proxy-windows` is there for Windows nodes, so with it one Linux node group is enough.
/// Source: EKS User Guide, "Deploy Windows nodes on EKS clusters" (a role of their own for Windows nodes).
fn windows_and_linux(case: &Case<'_>, seen: &Seen) -> Option<Ruling> {
    let windows = seen.has(Use::Windows) || has(case, WINDOWS);
    (windows && seen.has(Use::Linux)).then(|| {
        Ruling::impossible(
            Code::WindowsAndLinux,
            format!(
                "`{}` serves Windows and Linux nodes, but an entry has one type, `EC2_WINDOWS` or `EC2_LINUX`; give the Windows nodes their own role",
                case.mapping.arn
            ),
            "",
        )
    })
}

/// EKS can't see which operating system a custom image has.
///
/// Source: EKS API Reference, `Nodegroup`, `amiType` `CUSTOM`.
fn os_unknown(case: &Case<'_>, seen: &Seen) -> Option<Finding> {
    seen.has(Use::UnknownOs).then(|| {
        Finding::new(
            Code::NodeOsUnknown,
            format!(
                "a node group with a custom image uses `{}`, so only the group `{WINDOWS}` shows whether its nodes run Windows",
                case.mapping.arn
            ),
            "",
        )
    })
}

/// What the entry is; a warning where its type gives groups that the mapping lacks.
fn becomes(case: &Case<'_>, entry_type: &EntryType) -> Finding {
    let arn = &case.mapping.arn;
    let gained: Vec<_> = node_groups(entry_type)
        .iter()
        .filter(|group| !has(case, group))
        .map(|group| format!("`{group}`"))
        .collect();
    if gained.is_empty() {
        return Finding::new(
            Code::NodeEntry,
            format!("`{arn}` is a node role and gets an entry of type `{entry_type}`"),
            "",
        );
    }
    Finding {
        severity: Severity::Warning,
        ..Finding::new(
            Code::NodeEntry,
            format!(
                "`{arn}` gets an entry of type `{entry_type}`, which adds {}",
                gained.join(", ")
            ),
            "",
        )
    }
}

/// Nodes of Auto Mode need the type `EC2` with a policy; whether a `NodeClass` of one's own uses a role is not seen here.
///
/// Source: EKS User Guide, "Create a Node Class for Amazon EKS".
fn auto_mode(case: &Case<'_>, seen: &Seen, entry_type: &EntryType) -> Option<Finding> {
    let arn = &case.mapping.arn;
    match entry_type {
        EntryType::Ec2 => Some(Finding::new(
            Code::AutoModeNode,
            format!(
                "`{arn}` is a role for Auto Mode nodes and gets an entry of type `EC2` with `{AUTO_NODE}`"
            ),
            "",
        )),
        EntryType::Ec2Linux if case.observed.cluster.auto_mode && seen.0.is_empty() => {
            Some(Finding {
                severity: Severity::Warning,
                ..Finding::new(
                    Code::AutoModeNode,
                    format!(
                        "Auto Mode is on: if a NodeClass uses `{arn}`, its entry needs the type `EC2` with `{AUTO_NODE}` instead of `EC2_LINUX`"
                    ),
                    "list the node classes with `kubectl get nodeclasses.eks.amazonaws.com -o custom-columns=NAME:.metadata.name,ROLE:.spec.role`",
                )
            })
        }
        _ => None,
    }
}

/// Groups beyond those of the node type are lost, since entries of node types take none.
///
/// Source: EKS User Guide, "Create access entries".
fn lost_groups(case: &Case<'_>, entry_type: &EntryType) -> Option<Finding> {
    let usual = |group: &str| {
        matches!(group, "" | BOOTSTRAPPERS | AUTHENTICATED)
            || node_groups(entry_type).contains(&group)
    };
    let lost: Vec<_> = case
        .mapping
        .groups
        .iter()
        .filter(|group| !usual(group))
        .map(|group| format!("`{group}`"))
        .collect();
    (!lost.is_empty()).then(|| {
        Finding::new(
            Code::NodeGroupsLost,
            format!(
                "an entry of type `{entry_type}` can't have groups, so `{}` loses {}",
                case.mapping.arn,
                lost.join(", ")
            ),
            "",
        )
    })
}
