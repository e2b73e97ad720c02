//! 6xx and 8xx: the cluster as a whole, and choices.

use super::Text;

pub(super) const MODE_SWITCH_NEEDED: Text = Text {
    meaning: "The cluster reads only `aws-auth`. Access entries need the mode `API_AND_CONFIG_MAP`, and that switch can't be undone.",
    why: r#"EKS User Guide, "Grant IAM users and roles access to Kubernetes APIs"."#,
    fix: "Run `apply --enable-access-entries`: it switches the mode first. All mappings stay in effect.",
    example: None,
};

pub(super) const PLATFORM_TOO_OLD: Text = Text {
    meaning: "The cluster's platform version is older than the first one that supports access entries.",
    why: r#"EKS User Guide, "Grant IAM users access to Kubernetes with EKS access entries" (prerequisites)."#,
    fix: "Wait for EKS to update the platform version, or upgrade the cluster to the next Kubernetes version.",
    example: None,
};

pub(super) const OUTPOST_CLUSTER: Text = Text {
    meaning: "A local cluster on AWS Outposts is not migrated: access entries are not documented for it.",
    why: r#"EKS User Guide, "Create local Amazon EKS clusters on AWS Outposts"."#,
    fix: "Keep `aws-auth` on this cluster.",
    example: None,
};

pub(super) const CLUSTER_NOT_ACTIVE: Text = Text {
    meaning: "The cluster is being created, updated or deleted, and EKS takes one change at a time.",
    why: "EKS API Reference, `UpdateClusterConfig` and `Cluster`, `status`.",
    fix: "Wait until the cluster is `ACTIVE`, and retry.",
    example: None,
};

pub(super) const CALLER_LOSES_ADMIN: Text = Text {
    meaning: "The caller is a cluster administrator today and would no longer be one.",
    why: r#"EKS User Guide, "Grant IAM users access to Kubernetes with EKS access entries"."#,
    fix: "Create an access entry with `AmazonEKSClusterAdminPolicy` for the caller or for a role that it can assume. With `--allow-self-lockout`, `apply` and `cutover` continue anyway; anybody who may call `eks:CreateAccessEntry` can restore their own access.",
    example: None,
};

pub(super) const ENTRIES_UNKNOWN: Text = Text {
    meaning: "The live access entries could not be read, so it is unknown whether one already exists. An offline plan never knows.",
    why: r#"Service Authorization Reference, "Amazon EKS"."#,
    fix: "Grant the caller `eks:ListAccessEntries`, `eks:DescribeAccessEntry` and `eks:ListAssociatedAccessPolicies`, or plan with `--cluster`.",
    example: None,
};

pub(super) const FOREIGN_WRITER: Text = Text {
    meaning: "The ConfigMap shows traces of a tool that writes it: a field manager, a label or an annotation. That tool may restore on its next run what `cutover` removes, and most tools delete the ConfigMap once it is gone from their code. Not reported: kubectl, this tool, and `vpcLambda`, with which EKS writes the roles of managed nodes.",
    why: r#"Kubernetes, "Server-Side Apply" (`metadata.managedFields`); `status --preflight` names the trace."#,
    fix: "First, configure the tool to keep the ConfigMap: Terraform `state rm` or `removed` with `destroy = false`, CDK `RemovalPolicy.RETAIN`, Pulumi `retainOnDelete`, Helm `helm.sh/resource-policy: keep`, Argo CD `Prune=false`, Flux `kustomize.toolkit.fluxcd.io/prune: disabled`. Then remove `aws-auth` from its code, and cut over after that.",
    example: None,
};

pub(super) const EXCLUDED: Text = Text {
    meaning: "`--only` or `--exclude` excludes the mapping. It stays in `aws-auth`, and `cutover` keeps it there.",
    why: "The options `--only` and `--exclude`.",
    fix: "To migrate it, plan without the option.",
    example: None,
};

pub(super) const DECIDED: Text = Text {
    meaning: "An answer in the decisions file, or an option that is a short form of one, decides what happens to the mapping.",
    why: "The decisions file.",
    fix: "Nothing to do. To decide otherwise, change the answer in the decisions file.",
    example: None,
};
