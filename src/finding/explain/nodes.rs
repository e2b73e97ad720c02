//! 5xx: nodes.

use super::Text;

pub(super) const LEFT_TO_EKS: Text = Text {
    meaning: "The role belongs to a managed node group or a Fargate profile, and EKS creates its access entry when the mode is switched.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do. `verify` checks that the entry exists before the mapping is removed.",
    example: None,
};

pub(super) const MANAGED_ENTRY_MISSING: Text = Text {
    meaning: "The cluster uses access entries but has none for the role of this managed node group or Fargate profile. Once the mapping is removed, its nodes can't join.",
    why: r#"EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries"."#,
    fix: "Nothing to do: the plan creates the entry. To leave it to EKS, pass `--managed-nodes skip`.",
    example: None,
};

pub(super) const MANAGED_ENTRY_WRONG_TYPE: Text = Text {
    meaning: "EKS created the entry for this node role with the wrong type. It can't see the operating system of a custom image and assumes Linux.",
    why: r#"EKS User Guide, "Deploy Windows nodes on EKS clusters"."#,
    fix: "Delete the entry and plan again: the plan creates it with the right type.",
    example: None,
};

pub(super) const NODE_OS_UNKNOWN: Text = Text {
    meaning: "A managed node group uses a custom image, so EKS does not report whether its nodes run Linux or Windows. Only the groups of the mapping show it.",
    why: "EKS API Reference, `Nodegroup`, `amiType` `CUSTOM`.",
    fix: "Check the image. For Windows nodes, add the group `eks:kube-proxy-windows` to the mapping in aws-auth, so that the entry gets the type `EC2_WINDOWS`.",
    example: None,
};

pub(super) const NODE_ROLES_UNKNOWN: Text = Text {
    meaning: "Managed node groups or Fargate profiles could not be read, so it is unknown which entries EKS creates itself.",
    why: r#"Service Authorization Reference, "Amazon EKS"."#,
    fix: "Grant the caller `eks:ListNodegroups`, `eks:DescribeNodegroup`, `eks:ListFargateProfiles` and `eks:DescribeFargateProfile`.",
    example: None,
};
