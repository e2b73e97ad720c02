//! 3xx: why a mapping can't be carried over without a decision.

use super::{Example, Text};

pub(super) const ROOT_USER: Text = Text {
    meaning: "The mapping grants access to the account's root user alone, not to everybody in the account. An access entry takes a role or a user; it does not support root.",
    why: r#"EKS User Guide, "Create access entries"; aws-iam-authenticator `pkg/arn/arn.go`."#,
    fix: "In aws-auth, remove this mapping. If you need it for emergencies, map a break-glass role instead.",
    example: Some(Example {
        before: "- userarn: arn:aws:iam::111122223333:root
",
        after: "- rolearn: arn:aws:iam::111122223333:role/break-glass
",
    }),
};

pub(super) const FEDERATED_USER: Text = Text {
    meaning: "The mapping grants access to a federated user. That is a session, not an IAM principal, and EKS refuses session ARNs.",
    why: "EKS API Reference, `CreateAccessEntry`, `principalArn`.",
    fix: "Have the user assume a role, and map that role in aws-auth.",
    example: None,
};

pub(super) const RESERVED_GROUP: Text = Text {
    meaning: "EKS refuses groups that begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`. The roles that the group is bound to would be lost.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Rename the group with `--rename-group OLD=NEW`, and create its bindings with `apply --apply-rbac`, or write them with `--emit-rbac FILE`.",
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
    meaning: "The group is renamed as requested, but bindings name only the old group. Under the new name, the roles they give would be lost.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "Run `apply --apply-rbac` to create the bindings for the new name. Or write them with `plan --emit-rbac FILE`, create them with `kubectl apply -f FILE`, and plan again.",
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
    meaning: "The group contains a placeholder. `aws-auth` fills it in at login; access entries are not documented to do so.",
    why: r#"aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`; EKS User Guide, "Create access entries"."#,
    fix: "Bind a group with a fixed name, and switch to it with `--rename-group OLD=NEW`.",
    example: None,
};

pub(super) const UNDEFINED_DUPLICATE: Text = Text {
    meaning: "Two mappings of one user differ only in case. The cluster keeps both and picks one at random, so the user's current access is uncertain.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `saveMap`: a Go map, which has no order.",
    fix: "In aws-auth, keep the mapping that is intended, remove the others, and plan again.",
    example: None,
};

pub(super) const MAP_ACCOUNTS: Text = Text {
    meaning: "`mapAccounts` lets every principal of an account log in, with its ARN as username and no groups. Access entries name principals one by one.",
    why: r#"aws-iam-authenticator `pkg/server/server.go`, `doMapping`; EKS User Guide, "Create access entries"."#,
    fix: "Find out who uses it: in the audit logs, look for usernames that are ARNs of the account. Map those principals one by one in aws-auth, and remove the account from `mapAccounts`.",
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
    meaning: "A principal has one access entry with one type. In `aws-auth` this role has the groups of Linux and of Windows nodes, which no single type is documented to give.",
    why: r#"EKS User Guide, "Deploy Windows nodes on EKS clusters" and "Create access entries"."#,
    fix: "Give the Windows nodes their own role, map it in aws-auth, and plan again.",
    example: None,
};

pub(super) const USERNAME_IN_USE: Text = Text {
    meaning: "A binding names this username, and EKS does not accept it. Without it, the binding's role would be lost.",
    why: r#"EKS User Guide, "Create access entries"; Kubernetes, "Using RBAC Authorization"."#,
    fix: "Bind a group instead: add it to the mapping in aws-auth and to the binding, and plan again.",
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

pub(super) const PATH_UNKNOWN: Text = Text { meaning: "A role of IAM Identity Center always has a path, which `aws-auth` leaves out, and the path could not be looked up. EKS refuses the ARN without it. The code is also used when a look-up returned a different principal.", why: r#"IAM Identity Center User Guide, "Referencing permission sets"; EKS User Guide, "Create access entries"."#, fix: "Grant the caller the permission to look it up. For another account, pass `--lookup-role ACCOUNT=ROLE_ARN` or `--principals FILE`.", example: Some(Example { before: "- rolearn: arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_0a1b2c3d4e5f6071
", after: "# principals.yaml
arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_0a1b2c3d4e5f6071: arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Dev_0a1b2c3d4e5f6071
" }) };

pub(super) const PRINCIPAL_REFUSED: Text = Text {
    meaning: "EKS rejected the principal as invalid: either it has a path that the mapping leaves out, or it was deleted.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Find the real ARN and pass it with `--principals FILE`, or let it be looked up with `--lookup-role ACCOUNT=ROLE_ARN`. If the principal was deleted, remove the mapping from aws-auth.",
    example: None,
};

pub(super) const NODE_IN_OTHER_ACCOUNT: Text = Text {
    meaning: "An access entry for nodes must name a role of the cluster's own account.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Give the nodes a role in the cluster's account, and map it in aws-auth.",
    example: None,
};

pub(super) const NODE_ON_USER: Text = Text {
    meaning: "The mapping has a node's username but names an IAM user. Access entries for nodes take roles.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "In aws-auth, map the nodes' role instead of the user, or change the username.",
    example: None,
};

pub(super) const STRICT_WARNING: Text = Text {
    meaning: "A warning blocks because of `--strict`.",
    why: "The option `--strict`.",
    fix: "Resolve the warning, or run without `--strict`.",
    example: None,
};

pub(super) const SERVICE_LINKED_EMR: Text = Text {
    meaning: "This is the mapping that EMR on EKS requires. EKS refuses entries for service-linked roles; EMR creates its own, but only for virtual clusters that are created after the cluster supports access entries. Once that entry exists, it overrides the mapping like any other.",
    why: r#"EKS User Guide, "Create access entries"; AWS re:Post, "Why did my EMR on EKS virtual cluster creation fail"; Amazon EMR on EKS API Reference, `ListVirtualClusters`."#,
    fix: "Keep the mapping and the mode `API_AND_CONFIG_MAP`. After the switch, list the virtual clusters that do not use the access entry yet (`aws emr-containers list-virtual-clusters --container-provider-type EKS --container-provider-id CLUSTER --no-eks-access-entry-integrated`), re-create those, and plan again.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/AWSServiceRoleForAmazonEMRContainers
  username: emr-containers
  groups: []
",
        after: "# created by EMR for a new virtual cluster
",
    }),
};

pub(super) const SERVICE_LINKED_BATCH: Text = Text {
    meaning: "This is the mapping that AWS Batch requires. EKS refuses entries for service-linked roles; Batch creates its own when a compute environment on the cluster asks for it. That entry overrides the mapping at once and has only `AWSBatchClusterPolicy`: without `AWSBatchNamespacePolicy` for the namespace of each compute environment, jobs stay `RUNNABLE`.",
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
    meaning: "This is the mapping that a scraper of Amazon Managed Service for Prometheus requires. EKS refuses entries for service-linked roles; the service creates its own for scrapers that are created after the cluster supports access entries.",
    why: r#"EKS User Guide, "Create access entries"; Amazon Managed Service for Prometheus User Guide, "Using an AWS managed collector"."#,
    fix: "Keep the mapping. Re-create the scraper after the switch, and plan again: the service's entry is then compared with the mapping.",
    example: None,
};

pub(super) const SERVICE_LINKED_OTHER: Text = Text {
    meaning: "EKS refuses entries for service-linked roles. The service that owns the role has to create its own entry, if it supports access entries.",
    why: r#"EKS User Guide, "Create access entries"; IAM User Guide, "Create a service-linked role"."#,
    fix: "Keep the mapping and the mode `API_AND_CONFIG_MAP`, and read in the service's guide how it works with access entries.",
    example: None,
};

pub(super) const POLICY_NOT_EQUAL: Text = Text {
    meaning: "`policies` in the decisions file may replace a group with an access policy only if the group's bindings give exactly the rules of that policy. The rules differ, or they could not be read.",
    why: r#"EKS User Guide, "Review access policy permissions": the stock roles `admin`, `edit` and `view` have rules that the policies of the same name lack."#,
    fix: "Rename the group: `renameGroups` with `bindRenamed: true` in the decisions file, or `--rename-group OLD=NEW` with `--apply-rbac`. Or accept the change; `decide` offers a policy only where it is equal.",
    example: None,
};

pub(super) const ACCESS_MOVES: Text = Text {
    meaning: "Creating or changing the access entry would change what the principal may do: it would lose or gain groups, policies, node rights or roles through bindings. Access is changed only if a decision accepts exactly that change.",
    why: r#"EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries": an access entry overrides the mapping as soon as it exists."#,
    fix: "Run `decide --out FILE`: it shows the current access, the bindings behind it, and what each answer would change. Without a terminal, `plan --write-decisions FILE` writes the same questions. Or change the mapping or the bindings until nothing changes.",
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
  reason: none of our bindings use karpenter any more",
    }),
};

pub(super) const SESSIONS_GAINED: Text = Text {
    meaning: "A username or group with `{{EC2PrivateDNSName}}` lets in only sessions named like an EC2 instance id; all others are refused. Outside the node types, an access entry can't have that placeholder, and without it every session of the role would be let in.",
    why: r#"aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`; EKS User Guide, "Set a custom username for EKS access entries"."#,
    fix: "For nodes, set the username `system:node:{{EC2PrivateDNSName}}` and the group `system:nodes` in aws-auth. Otherwise decide: `leave` keeps the mapping in aws-auth, `drop` removes the access, and `migrate` with `accept: {verdict: gained, sessions: all}` lets every session in.",
    example: None,
};

pub(super) const NAMES_UNPROVEN: Text = Text {
    meaning: "The username or a group would change, and ClusterRoleBindings and RoleBindings could not be read. Whether one of them depends on the name is unknown, so it needs a decision.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "Grant the caller `list` on `clusterrolebindings` and `rolebindings` in all namespaces, or pass the objects with `--rbac-file FILE`.",
    example: None,
};

pub(super) const IN_FORCE_UNKNOWN: Text = Text {
    meaning: "The principal's current access is unknown: mappings name the user with several paths, and IAM was not asked which one is real.",
    why: "aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`: users are matched with their path.",
    fix: "Grant the caller `iam:GetUser`, pass the real ARN with `--principals FILE`, or remove the wrong mapping from aws-auth.",
    example: None,
};

pub(super) const NEW_NAME_TAKEN: Text = Text {
    meaning: "Somebody else already has the new name. The bindings that would be created for it would give them rights they don't have today.",
    why: r#"Kubernetes, "Using RBAC Authorization": subjects match by their exact name."#,
    fix: "In `renameGroups`, `renameUsers` or `--rename-group`, choose a name that nobody has; `decide` proposes one.",
    example: None,
};
