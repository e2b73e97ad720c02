//! 1xx: how a mapping is carried over.

use super::{Example, Text};

pub(super) const REAL_ARN: Text = Text {
    meaning: "In `aws-auth`, a role is written without its IAM path and in any case; an access entry needs the exact ARN from IAM. It is the same principal: names are unique within an account.",
    why: r#"EKS User Guide, "Create access entries"; IAM User Guide, "IAM identifiers"."#,
    fix: "Nothing to do.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [devs]
",
        after: "principalArn: arn:aws:iam::111122223333:role/team/ops
type: STANDARD
username: ops
kubernetesGroups: [devs]
",
    }),
};

pub(super) const AUTHENTICATED_GROUP_DROPPED: Text = Text {
    meaning: "The API server adds every user to the group `system:authenticated`, so mapping it has no effect, and EKS refuses it.",
    why: r#"Kubernetes `apiserver/pkg/authentication/group/authenticated_group_adder.go`; EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do.",
    example: None,
};

pub(super) const MASTERS_TO_POLICY: Text = Text {
    meaning: "EKS refuses the group `system:masters`. Its counterpart is the access policy `AmazonEKSClusterAdminPolicy` on the whole cluster; the mapping's other groups stay. The rights are the same, but four things change: the caller's requests are no longer exempt from API priority and fairness; webhooks and policy engines that look for the group `system:masters` (exclusions of Kyverno or Gatekeeper) no longer match; the policy does not apply while impersonating another user; and `kubectl auth can-i --list` does not show it.",
    why: r#"EKS User Guide, "Review access policy permissions" and "Associate access policies with access entries"; Kubernetes, "API Priority and Fairness", the mandatory level `exempt`."#,
    fix: "Search your admission policies and webhooks for `system:masters`, and add the principal's username or one of its own groups there. Otherwise nothing to do.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/platform
  username: platform
  groups: [system:masters, argocd-admins]
",
        after: "principalArn: arn:aws:iam::111122223333:role/platform
type: STANDARD
username: platform
kubernetesGroups: [argocd-admins]
accessPolicies:
- AmazonEKSClusterAdminPolicy on the whole cluster
",
    }),
};

pub(super) const NODE_ENTRY: Text = Text {
    meaning: "The mapping is for nodes. Access entries have a type for each kind of node, and EKS sets the username and groups: `EC2_LINUX`, `EC2_WINDOWS`, `FARGATE_LINUX`, `HYBRID_LINUX`, and `EC2` for Auto Mode.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do. A warning with this code names the groups that the type adds to those of the mapping.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
",
        after: "principalArn: arn:aws:iam::111122223333:role/nodes
type: EC2_LINUX
",
    }),
};

pub(super) const ACCOUNT_ID_SUBSTITUTED: Text = Text {
    meaning: "`{{AccountID}}` is always the account in the mapping's own ARN, so replacing it with the number changes nothing. Access entries are not documented to fill it in.",
    why: r#"aws-iam-authenticator `pkg/token/token.go`; EKS User Guide, "Set a custom username for EKS access entries"."#,
    fix: "Nothing to do.",
    example: Some(Example {
        before: r#"- rolearn: arn:aws:iam::111122223333:role/ops
  username: "{{AccountID}}:ops"
  groups: [devs]
"#,
        after: "principalArn: arn:aws:iam::111122223333:role/ops
type: STANDARD
username: 111122223333:ops
kubernetesGroups: [devs]
",
    }),
};

pub(super) const NO_USERNAME: Text = Text {
    meaning: "The mapping has no username. An access entry always has one: a user's ARN, and for a role `arn:aws:sts::ACCOUNT:assumed-role/ROLE/{{SessionName}}`. The name in the audit logs changes.",
    why: r#"EKS User Guide, "Create access entries"; aws-iam-authenticator `pkg/server/server.go`."#,
    fix: "Nothing to do, unless something searches the audit logs for the name.",
    example: None,
};

pub(super) const NOT_LOOKED_UP: Text = Text {
    meaning: "IAM could not be asked for the principal's path and exact case, so the entry is created with the ARN as written. EKS refuses an ARN that does not exist, so nobody else can get the access.",
    why: r#"EKS User Guide, "Create access entries" (an existing principal, with its path)."#,
    fix: "Grant the caller the missing permission. For another account, pass `--lookup-role ACCOUNT=ROLE_ARN`, or the real ARN with `--principals FILE`.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::444455556666:role/ci
",
        after: "# principals.yaml
arn:aws:iam::444455556666:role/ci: arn:aws:iam::444455556666:role/pipelines/ci
",
    }),
};

pub(super) const GROUP_RENAMED: Text = Text {
    meaning: "The group is renamed by `--rename-group` or the decisions file. Its rights come from the bindings of the new name.",
    why: r#"EKS User Guide, "Create access entries" (reserved prefixes of group names)."#,
    fix: "Create the bindings for the new name: `apply --apply-rbac` creates them, `--emit-rbac FILE` writes them to a file.",
    example: None,
};

pub(super) const USERNAME_RESERVED: Text = Text {
    meaning: "EKS refuses usernames that begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`. The entry is created without a username, and EKS sets its own.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do if the rights come from groups. If a binding names the username, bind a group instead, see AAM308.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/ci
  username: system:ci
  groups: [deployers]
",
        after: "principalArn: arn:aws:iam::111122223333:role/ci
type: STANDARD
kubernetesGroups: [deployers]
",
    }),
};

pub(super) const USERNAME_NEEDS_COLON: Text = Text {
    meaning: "A username with `{{SessionName}}` or `{{SessionNameRaw}}` needs a colon before the placeholder, so that nobody can impersonate another user by choosing a session name. The entry is created without a username, and EKS sets its own.",
    why: r#"EKS User Guide, "Set a custom username for EKS access entries"."#,
    fix: "In aws-auth, write the username with a colon, change the bindings that name it, and plan again. Or leave it: EKS's own username ends with the session name too.",
    example: Some(Example {
        before: r#"- rolearn: arn:aws:iam::111122223333:role/people
  username: "{{SessionName}}"
  groups: [devs]
"#,
        after: r#"- rolearn: arn:aws:iam::111122223333:role/people
  username: "people:{{SessionName}}"
  groups: [devs]
"#,
    }),
};

pub(super) const USERNAME_PLACEHOLDER: Text = Text {
    meaning: "Access entries support only `{{SessionName}}` and `{{SessionNameRaw}}`. The entry is created without the username, and EKS sets its own.",
    why: r#"EKS User Guide, "Set a custom username for EKS access entries"; aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`."#,
    fix: "If you need a custom username, write it in aws-auth without the placeholder.",
    example: None,
};

pub(super) const USERNAME_DEFAULT: Text = Text {
    meaning: "`--usernames default` leaves every username to EKS.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do. To keep the usernames, run without the option.",
    example: None,
};

pub(super) const NODE_GROUPS_LOST: Text = Text {
    meaning: "An access entry for nodes can't have groups, so any groups beyond those that every node has are lost. All nodes of the role share them, which is rarely intended.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Bind the rights to what needs them, such as a service account, or give these nodes their own role.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes, dashboard]
",
        after: "principalArn: arn:aws:iam::111122223333:role/nodes
type: EC2_LINUX
",
    }),
};

pub(super) const EMPTY_GROUP_DROPPED: Text = Text {
    meaning: "An empty group grants nothing and is dropped.",
    why: r#"aws-iam-authenticator `pkg/config/types.go`; Kubernetes, "Using RBAC Authorization"."#,
    fix: "Nothing to do.",
    example: None,
};

pub(super) const REPEATED_GROUP: Text = Text {
    meaning: "The same group appears twice and is kept once.",
    why: "EKS API Reference, `CreateAccessEntry`, `kubernetesGroups`.",
    fix: "Nothing to do.",
    example: None,
};

pub(super) const AUTO_MODE_NODE: Text = Text {
    meaning: "Nodes of EKS Auto Mode need an entry of type `EC2` with the policy `AmazonEKSAutoNodePolicy`. EKS creates it for the default node role, but not for the role of a custom NodeClass. AWS does not show which roles NodeClasses use; a warning with this code asks you to check.",
    why: r#"EKS User Guide, "Create a Node Class for Amazon EKS"."#,
    fix: "List the roles with `kubectl get nodeclasses.eks.amazonaws.com -o custom-columns=NAME:.metadata.name,ROLE:.spec.role`.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/auto-nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
",
        after: "principalArn: arn:aws:iam::111122223333:role/auto-nodes
type: EC2
accessPolicies:
- AmazonEKSAutoNodePolicy on the whole cluster
",
    }),
};

pub(super) const NODE_USERNAME_KEPT: Text = Text {
    meaning: "The mapping has the group `system:nodes`, but a username that no node type has. It is not treated as a node, since the kubelet would get a different name.",
    why: r#"Kubernetes, "Using Node Authorization" (nodes are named `system:node:NAME`); EKS User Guide, "Create access entries"."#,
    fix: "If nodes use the role, correct the username in aws-auth, and plan again.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/nodes
  username: nodes
  groups: [system:bootstrappers, system:nodes]
",
        after: "- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
",
    }),
};

pub(super) const GROUP_TO_POLICY: Text = Text {
    meaning: "The group is bound only to a ClusterRole whose rules equal an access policy, and `policies` in the decisions file replaces the group with that policy.",
    why: r#"EKS User Guide, "Review access policy permissions"; the rules of both were compared."#,
    fix: "Nothing to do.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:ops]
",
        after: "principalArn: arn:aws:iam::111122223333:role/ops
type: STANDARD
username: ops
accessPolicies:
- AmazonEKSClusterAdminPolicy on the whole cluster
",
    }),
};

pub(super) const USERNAME_RENAMED: Text = Text {
    meaning: "`renameUsers` in the decisions file renames the username. Bindings that name the old username need copies for the new one; `bindRenamed` creates them.",
    why: "The decisions file.",
    fix: "Nothing to do.",
    example: None,
};
