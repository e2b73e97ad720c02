//! 5xx: nodes.

use super::Text;

pub(super) const LEFT_TO_EKS: Text = Text {
    meaning: "The role belongs to a managed node group or a Fargate profile, whose access entry EKS makes itself when the cluster gets access entries.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do; `verify` proves that the entry is there before the mapping goes.",
    example: None,
};

pub(super) const MANAGED_ENTRY_MISSING: Text = Text {
    meaning: "The cluster has access entries, but none for the role of this managed node group or Fargate profile. Once the mapping is gone its nodes can't join.",
    why: r#"EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries"."#,
    fix: "The plan makes the entry; `--managed-nodes skip` leaves it alone.",
    example: None,
};

pub(super) const MANAGED_ENTRY_WRONG_TYPE: Text = Text {
    meaning: "EKS made the entry of this node role with a different type than its nodes need. It can't see the operating system in a custom image and takes Linux.",
    why: r#"EKS User Guide, "Deploy Windows nodes on EKS clusters"."#,
    fix: "Delete the entry, and let the plan make it with the right type.",
    example: None,
};

pub(super) const NODE_OS_UNKNOWN: Text = Text {
    meaning: "A managed node group uses a custom image, so EKS does not tell whether its nodes are Linux or Windows. The groups of the mapping decide alone.",
    why: "EKS API Reference, `Nodegroup`, `amiType` `CUSTOM`.",
    fix: "Check the image. Windows nodes need the type `EC2_WINDOWS`, and the group `eks:kube-proxy-windows` in the mapping.",
    example: None,
};

pub(super) const NODE_ROLES_UNKNOWN: Text = Text {
    meaning: "Managed node groups or Fargate profiles could not be read, so which entries EKS makes itself is not known.",
    why: r#"Service Authorization Reference, "Amazon EKS"."#,
    fix: "Grant `eks:ListNodegroups`, `eks:DescribeNodegroup`, `eks:ListFargateProfiles` and `eks:DescribeFargateProfile`.",
    example: None,
};
