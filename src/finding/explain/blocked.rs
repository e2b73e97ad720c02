//! 3xx: why a mapping can't be carried over without a decision.

use super::{Example, Text};

pub(super) const ROOT_USER: Text = Text {
    meaning: "The account's root user has access through the mapping, and an access entry is for a role or a user. It is the root user alone, not everybody in the account.",
    why: r#"EKS User Guide, "Create access entries"; aws-iam-authenticator `pkg/arn/arn.go`."#,
    fix: "Map a role for emergencies instead, and remove this mapping.",
    example: Some(Example {
        before: "- userarn: arn:aws:iam::111122223333:root
",
        after: "- rolearn: arn:aws:iam::111122223333:role/break-glass
",
    }),
};

pub(super) const FEDERATED_USER: Text = Text {
    meaning: "A federated user has access through the mapping. It is a session and no principal of IAM, and EKS refuses session ARNs.",
    why: "EKS API Reference, `CreateAccessEntry`, `principalArn`.",
    fix: "Let them assume a role, and map the role.",
    example: None,
};

pub(super) const RESERVED_GROUP: Text = Text {
    meaning: "EKS refuses groups that begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`. What the group is bound to would be lost.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Give it another name with `--rename-group OLD=NEW`, and make the bindings for it with `--emit-rbac FILE` or `apply --apply-rbac`.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/audit
  username: audit
  groups: [system:monitoring]
",
        after: "# --rename-group system:monitoring=monitoring
principalArn: arn:aws:iam::111122223333:role/audit
type: STANDARD
username: audit
kubernetesGroups: [monitoring]
",
    }),
};

pub(super) const RENAMED_GROUP_UNBOUND: Text = Text {
    meaning: "The group gets the requested name, but bindings name the old one only. With the new name, what they give would be lost.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "Let `apply --apply-rbac` make the bindings for the new name, or write them with `plan --emit-rbac FILE`, apply them with `kubectl apply -f FILE`, and plan again.",
    example: Some(Example {
        before: "# in a ClusterRoleBinding to the ClusterRole view
subjects:
- kind: Group
  name: system:monitoring
",
        after: "# in a ClusterRoleBinding of its own, to the same ClusterRole
subjects:
- kind: Group
  name: monitoring
",
    }),
};

pub(super) const GROUP_PLACEHOLDER: Text = Text {
    meaning: "The group has a placeholder. It is filled in at login through `aws-auth`, and nothing says that access entries do.",
    why: r#"aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`; EKS User Guide, "Create access entries"."#,
    fix: "Bind a group with a fixed name instead, and name it with `--rename-group OLD=NEW`.",
    example: None,
};

pub(super) const UNDEFINED_DUPLICATE: Text = Text {
    meaning: "Two mappings of one user differ in case only. The cluster keeps both and takes one at random, so what the user has today is not certain.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `saveMap`: a Go map, which has no order.",
    fix: "Remove all but the one that is intended, and plan again.",
    example: None,
};

pub(super) const MAP_ACCOUNTS: Text = Text {
    meaning: "`mapAccounts` lets every principal of an account log in, with its ARN as username and no groups. Access entries name principals one by one.",
    why: r#"aws-iam-authenticator `pkg/server/server.go`, `doMapping`; EKS User Guide, "Create access entries"."#,
    fix: "Find out who uses it: audit logs show usernames that are ARNs of the account. Map those principals one by one, and remove the account.",
    example: Some(Example {
        before: r#"# mapAccounts
- "111122223333"
"#,
        after: "- rolearn: arn:aws:iam::111122223333:role/ci
  username: ci
  groups: [deployers]
",
    }),
};

pub(super) const WINDOWS_AND_LINUX: Text = Text {
    meaning: "A principal has one access entry, and its type can't be changed. `aws-auth` gave one role the groups for both kinds of node, which no single type does for certain.",
    why: r#"EKS User Guide, "Deploy Windows nodes on EKS clusters" and "Create access entries"."#,
    fix: "Give the Windows nodes a role of their own, map it, and plan again.",
    example: None,
};

pub(super) const USERNAME_IN_USE: Text = Text {
    meaning: "A binding gives rights to the username, and EKS does not take that username. Without it, the rights would be lost.",
    why: r#"EKS User Guide, "Create access entries"; Kubernetes, "Using RBAC Authorization"."#,
    fix: "Bind a group instead: add the group to the mapping and to the binding, and plan again.",
    example: Some(Example {
        before: "# in a RoleBinding
subjects:
- kind: User
  name: system:ci
",
        after: "# in a RoleBinding
subjects:
- kind: Group
  name: ci
",
    }),
};

pub(super) const PATH_UNKNOWN: Text = Text { meaning: "A role of IAM Identity Center always has a path, which `aws-auth` leaves out, and it could not be looked up. EKS refuses the ARN without it. This code also says that a look-up answered another principal.", why: r#"IAM Identity Center User Guide, "Referencing permission sets"; EKS User Guide, "Create access entries"."#, fix: "Grant the permission to look it up, or for another account `--lookup-role ACCOUNT=ROLE_ARN` or `--principals FILE`.", example: Some(Example { before: "- rolearn: arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_0a1b2c3d4e5f6071
", after: "# principals.yaml
arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_0a1b2c3d4e5f6071: arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Dev_0a1b2c3d4e5f6071
" }) };

pub(super) const PRINCIPAL_REFUSED: Text = Text {
    meaning: "EKS answered that the principal is invalid: it has a path that the mapping leaves out, or it is gone.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Find out the real ARN and give it with `--principals FILE` or `--lookup-role ACCOUNT=ROLE_ARN`, or remove the mapping.",
    example: None,
};

pub(super) const NODE_IN_OTHER_ACCOUNT: Text = Text {
    meaning: "Access entries for nodes name roles of the cluster's own account.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Give the nodes a role of the cluster's account.",
    example: None,
};

pub(super) const NODE_ON_USER: Text = Text {
    meaning: "The mapping has a node's username and names a user. Access entries for nodes name roles.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Give the nodes a role, or the mapping another username.",
    example: None,
};

pub(super) const STRICT_WARNING: Text = Text {
    meaning: "A warning blocks because of `--strict`.",
    why: "The option `--strict`.",
    fix: "Resolve the warning, or leave `--strict` out.",
    example: None,
};

pub(super) const SERVICE_LINKED_EMR: Text = Text {
    meaning: "The mapping is the one that EMR on EKS asks for. EKS refuses entries for service-linked roles, and EMR creates one itself, but only for virtual clusters that are created once the cluster has access entries. Once it exists it is a live entry like any other: it hides the mapping.",
    why: r#"EKS User Guide, "Create access entries"; AWS re:Post, "Why did my EMR on EKS virtual cluster creation fail"; Amazon EMR on EKS API Reference, `ListVirtualClusters`."#,
    fix: "Keep the mapping and the mode `API_AND_CONFIG_MAP`. After the switch list the virtual clusters that do not use the access entry yet (`aws emr-containers list-virtual-clusters --container-provider-type EKS --container-provider-id CLUSTER --no-eks-access-entry-integrated`), re-create them, then plan again.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/AWSServiceRoleForAmazonEMRContainers
  username: emr-containers
  groups: []
",
        after: "# made by EMR for a new virtual cluster
",
    }),
};

pub(super) const SERVICE_LINKED_BATCH: Text = Text {
    meaning: "The mapping is the one that AWS Batch asks for. EKS refuses entries for service-linked roles, and Batch creates one itself when a compute environment on the cluster asks for it. That entry hides the mapping at once, and it has `AWSBatchClusterPolicy` only: without `AWSBatchNamespacePolicy` for the namespace of each compute environment, jobs stay `RUNNABLE`.",
    why: r#"EKS User Guide, "Create access entries"; AWS Batch User Guide, "Amazon EKS access entries"; AWS Batch API Reference, `EksAccessEntry`."#,
    fix: "Set `accessEntry.desiredState` to `ENABLED` on all compute environments of the cluster, and again on those where it was set before the cluster had access entries. Then associate `AWSBatchNamespacePolicy` with the service's entry for each compute environment's namespace, and plan again.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/AWSServiceRoleForBatch
  username: aws-batch
  groups: []
",
        after: "# in the eksConfiguration of every compute environment
accessEntry:
  desiredState: ENABLED
# and for the namespace of every compute environment: aws eks associate-access-policy --cluster-name CLUSTER --principal-arn arn:aws:iam::111122223333:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch --policy-arn arn:aws:eks::aws:cluster-access-policy/AWSBatchNamespacePolicy --access-scope type=namespace,namespaces=NAMESPACE
",
    }),
};

pub(super) const SERVICE_LINKED_PROMETHEUS: Text = Text {
    meaning: "The mapping is the one that a scraper of Amazon Managed Service for Prometheus asks for. EKS refuses entries for service-linked roles, and the service makes one itself for scrapers that are created once the cluster has access entries.",
    why: r#"EKS User Guide, "Create access entries"; Amazon Managed Service for Prometheus User Guide, "Using an AWS managed collector"."#,
    fix: "Keep the mapping. Re-create the scraper after the switch, then plan again: the entry that the service has created is compared with the mapping.",
    example: None,
};

pub(super) const SERVICE_LINKED_OTHER: Text = Text {
    meaning: "EKS refuses entries for service-linked roles; the service that owns the role makes its own, if it does.",
    why: r#"EKS User Guide, "Create access entries"; IAM User Guide, "Create a service-linked role"."#,
    fix: "Keep the mapping and the mode `API_AND_CONFIG_MAP`, and ask in the service's guide how it works with access entries.",
    example: None,
};

pub(super) const POLICY_NOT_EQUAL: Text = Text {
    meaning: "`policies` in the decisions file may replace a group by an access policy only if the group is bound to nothing but rules equal to that policy. The rules differ, or they could not be read.",
    why: r#"EKS User Guide, "Review access policy permissions": the stock roles `admin`, `edit` and `view` hold rules that the policies of the same name lack."#,
    fix: "Rename the group: `renameGroups` with `bindRenamed: true` in the decisions file, or `--rename-group OLD=NEW` with `--apply-rbac`. Or accept the move; `decide` offers a policy only where it is equal.",
    example: None,
};

pub(super) const ACCESS_MOVES: Text = Text {
    meaning: "Creating or changing the access entry would change what the principal may do: it would lose or gain groups, policies, nodes' rights or roles by bindings. Nothing moves anybody's access unless somebody decided exactly that.",
    why: r#"EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries": an access entry replaces the mapping as soon as it exists."#,
    fix: "Run `decide --out FILE`: it shows what is in force, which bindings are behind it, and what each answer would change. Without a terminal, `plan --write-decisions FILE` writes the same questions. Or change the mapping or the bindings so that nothing moves.",
    example: Some(Example {
        before: "# in aws-auth
- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes, karpenter]",
        after: "# in the decisions file
principals:
- principal: arn:aws:iam::111122223333:role/nodes
  do: migrate
  accept: {verdict: lost, groups: [karpenter]}
  reason: nothing of ours is bound to karpenter any more",
    }),
};

pub(super) const SESSIONS_GAINED: Text = Text {
    meaning: "A username or group with `{{EC2PrivateDNSName}}` lets in only sessions named like an EC2 instance id; all others are refused. An access entry can't hold that placeholder outside the node types, and without it every session of the role would be let in.",
    why: r#"aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`; EKS User Guide, "Set a custom username for EKS access entries"."#,
    fix: "For nodes, use the username `system:node:{{EC2PrivateDNSName}}` and the group `system:nodes` in aws-auth. Otherwise decide: `leave` keeps the mapping in aws-auth, `drop` gives the access up, and `migrate` with `accept: {verdict: gained, sessions: all}` lets every session in.",
    example: None,
};

pub(super) const NAMES_UNPROVEN: Text = Text {
    meaning: "The username or a group would change, and ClusterRoleBindings and RoleBindings could not be read. Whether one of them depends on a name is unknown, and what is unknown needs a decision.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "Grant `list` on `clusterrolebindings` and `rolebindings` of all namespaces to the caller, or give the objects with `--rbac-file FILE`.",
    example: None,
};

pub(super) const IN_FORCE_UNKNOWN: Text = Text {
    meaning: "What the principal has today is not known: mappings name the user with several paths, and IAM was not asked which of them is real.",
    why: "aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`: users are matched with their path.",
    fix: "Grant `iam:GetUser`, give the real ARN with `--principals FILE`, or remove the mapping that is not real.",
    example: None,
};

pub(super) const NEW_NAME_TAKEN: Text = Text {
    meaning: "Somebody else already has the new name. The bindings that are created for it would give them rights that they do not have today.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "Choose a new name that nobody has yet, in `renameGroups`, `renameUsers` or `--rename-group`; `decide` proposes one.",
    example: None,
};
