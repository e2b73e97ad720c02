//! 6xx and 8xx: the cluster as a whole, and choices.

use super::Text;

pub(super) const MODE_SWITCH_NEEDED: Text = Text {
    meaning: "The cluster reads `aws-auth` only. It needs the mode `API_AND_CONFIG_MAP` to have access entries, and there is no way back from that.",
    why: r#"EKS User Guide, "Grant IAM users and roles access to Kubernetes APIs"."#,
    fix: "`apply --enable-access-entries` switches first. All mappings stay in effect.",
    example: None,
};

pub(super) const PLATFORM_TOO_OLD: Text = Text {
    meaning: "The cluster's platform version is older than the first with access entries.",
    why: r#"EKS User Guide, "Grant IAM users access to Kubernetes with EKS access entries" (prerequisites)."#,
    fix: "Wait for EKS to update the platform version, or update Kubernetes to the next version.",
    example: None,
};

pub(super) const OUTPOST_CLUSTER: Text = Text {
    meaning: "A local cluster on AWS Outposts is not moved: it is not known to support access entries.",
    why: r#"EKS User Guide, "Create local Amazon EKS clusters on AWS Outposts"."#,
    fix: "Keep `aws-auth` on this cluster.",
    example: None,
};

pub(super) const CLUSTER_NOT_ACTIVE: Text = Text {
    meaning: "The cluster is being created, updated or deleted, and EKS takes one change at a time.",
    why: "EKS API Reference, `UpdateClusterConfig` and `Cluster`, `status`.",
    fix: "Wait until the cluster is `ACTIVE`, and run the command again.",
    example: None,
};

pub(super) const CALLER_LOSES_ADMIN: Text = Text {
    meaning: "Whoever runs the tool is a cluster administrator today and no longer would be.",
    why: r#"EKS User Guide, "Grant IAM users access to Kubernetes with EKS access entries"."#,
    fix: "Make an access entry with `AmazonEKSClusterAdminPolicy` for the caller or for a role that it can assume. `--allow-self-lockout` goes on all the same, for `apply` and `cutover` alike; whoever may call `eks:CreateAccessEntry` can let themselves in again.",
    example: None,
};

pub(super) const ENTRIES_UNKNOWN: Text = Text {
    meaning: "The live access entries could not be read, so whether one exists already is not known. An offline plan never knows.",
    why: r#"Service Authorization Reference, "Amazon EKS"."#,
    fix: "Grant `eks:ListAccessEntries`, `eks:DescribeAccessEntry` and `eks:ListAssociatedAccessPolicies`, or plan with `--cluster`.",
    example: None,
};

pub(super) const FOREIGN_WRITER: Text = Text {
    meaning: "The ConfigMap shows traces of a tool that writes it: the name of a field manager, a label or an annotation. What `cutover` takes away, that tool may put back with its next run, and most tools delete the ConfigMap once it is gone from their code. People at kubectl, this tool, and `vpcLambda`, by which EKS itself writes the roles of managed nodes, are not reported.",
    why: r#"Kubernetes, "Server-Side Apply" (`metadata.managedFields`); `status --preflight` names the trace."#,
    fix: "First make the tool keep the ConfigMap: Terraform `state rm` or `removed` with `destroy = false`, CDK `RemovalPolicy.RETAIN`, Pulumi `retainOnDelete`, Helm `helm.sh/resource-policy: keep`, Argo CD `Prune=false`, Flux `kustomize.toolkit.fluxcd.io/prune: disabled`. Then take `aws-auth` out of its code, and cut over after that.",
    example: None,
};

pub(super) const EXCLUDED: Text = Text {
    meaning: "`--only` or `--exclude` leaves the mapping out. It stays in `aws-auth`, and `cutover` keeps it there.",
    why: "The options `--only` and `--exclude`.",
    fix: "Plan without the option to carry it over.",
    example: None,
};

pub(super) const DECIDED: Text = Text {
    meaning: "An answer in the decisions file, or an option that is a short form of one, says what becomes of the mapping.",
    why: "The decisions file.",
    fix: "Nothing to do. Change the answer to decide otherwise.",
    example: None,
};
