//! 1xx: how a mapping is carried over.

use super::{Example, Text};

pub(super) const REAL_ARN: Text = Text {
    meaning: "`aws-auth` writes a role without its IAM path and in any case; an access entry needs the ARN exactly as IAM has it. It is the same principal, since a name is unique in its account.",
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
    meaning: "The API server gives the group `system:authenticated` to everybody who has logged in, so naming it changes nothing, and EKS refuses it.",
    why: r#"Kubernetes `apiserver/pkg/authentication/group/authenticated_group_adder.go`; EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do.",
    example: None,
};

pub(super) const MASTERS_TO_POLICY: Text = Text {
    meaning: "EKS refuses the group `system:masters`. Its counterpart is the access policy `AmazonEKSClusterAdminPolicy` on the whole cluster; the mapping's other groups stay. The rights are the same, four things are not: the API server no longer exempts the caller's requests from priority and fairness; webhooks and policy engines that look for the group `system:masters` (exclusions of Kyverno or Gatekeeper) no longer match; the policy does not hold while somebody impersonates another user; and `kubectl auth can-i --list` does not show it.",
    why: r#"EKS User Guide, "Review access policy permissions" and "Associate access policies with access entries"; Kubernetes, "API Priority and Fairness", the mandatory level `exempt`."#,
    fix: "Look for `system:masters` in admission policies and webhooks, and add the principal's username or a group of its own there. Otherwise nothing to do.",
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
    meaning: "The mapping lets nodes in. Access entries have a type for each kind of node, and EKS sets their username and groups itself: `EC2_LINUX`, `EC2_WINDOWS`, `FARGATE_LINUX`, `HYBRID_LINUX`, and `EC2` for Auto Mode.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do. A warning with this code names groups that the type gives and the mapping lacks.",
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
    meaning: "`{{AccountID}}` is always the account in the mapping's own ARN, so writing the number out changes nothing, and access entries are not known to fill it in.",
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
    meaning: "The mapping names no username. An access entry always has one: a user's ARN, and for a role `arn:aws:sts::ACCOUNT:assumed-role/ROLE/{{SessionName}}`. The name in audit logs changes.",
    why: r#"EKS User Guide, "Create access entries"; aws-iam-authenticator `pkg/server/server.go`."#,
    fix: "Nothing to do, unless something looks for the name in audit logs.",
    example: None,
};

pub(super) const NOT_LOOKED_UP: Text = Text {
    meaning: "IAM could not be asked for the principal's path and exact case, so the entry is tried as the mapping writes it. EKS refuses an ARN that does not exist, so this can't reach anybody else.",
    why: r#"EKS User Guide, "Create access entries" (an existing principal, with its path)."#,
    fix: "Grant the permission that is named, or for another account `--lookup-role ACCOUNT=ROLE_ARN` or `--principals FILE` with the real ARN.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::444455556666:role/ci
",
        after: "# principals.yaml
arn:aws:iam::444455556666:role/ci: arn:aws:iam::444455556666:role/pipelines/ci
",
    }),
};

pub(super) const GROUP_RENAMED: Text = Text {
    meaning: "The group gets the requested name with `--rename-group`. Rights come from the bindings on the new name.",
    why: r#"EKS User Guide, "Create access entries" (reserved prefixes of group names)."#,
    fix: "Make the bindings for the new name: `--emit-rbac FILE` writes them, `apply --apply-rbac` makes them.",
    example: None,
};

pub(super) const USERNAME_RESERVED: Text = Text {
    meaning: "EKS refuses usernames that begin with `system:`, `eks:`, `aws:`, `amazon:` or `iam:`. The entry is made without it, and EKS sets its own.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do where rights come from groups. A binding on the username must be given a group instead, see AAM308.",
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
    meaning: "A username with `{{SessionName}}` or `{{SessionNameRaw}}` needs a colon somewhere before it, so that nobody can take another's name by choosing a session name. The entry is made without it, and EKS sets its own.",
    why: r#"EKS User Guide, "Set a custom username for EKS access entries"."#,
    fix: "Write the username with a colon in `aws-auth` and plan again, and change bindings that name it. Or leave it: EKS's own username has the session's name at its end too.",
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
    meaning: "Access entries are known to fill in `{{SessionName}}` and `{{SessionNameRaw}}` only. The entry is made without the username, and EKS sets its own.",
    why: r#"EKS User Guide, "Set a custom username for EKS access entries"; aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`."#,
    fix: "Write the username without the placeholder in `aws-auth`, if a custom one is needed.",
    example: None,
};

pub(super) const USERNAME_DEFAULT: Text = Text {
    meaning: "`--usernames default` leaves every username to EKS.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Nothing to do; leave the option out to keep usernames.",
    example: None,
};

pub(super) const NODE_GROUPS_LOST: Text = Text {
    meaning: "An access entry for nodes takes no groups, so those beyond the usual ones are lost. They are shared by all nodes of the role, which is rarely intended.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Bind what needs the rights otherwise, such as a service account, or give these nodes a role of their own.",
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
    meaning: "An empty group is a member of nothing and is left out.",
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
    meaning: "Nodes of EKS Auto Mode need an entry of type `EC2` with the policy `AmazonEKSAutoNodePolicy`. EKS makes it for its own role, and leaves it to you for the role of a NodeClass. Whether a NodeClass uses a role is not seen from AWS, which is what a warning with this code says.",
    why: r#"EKS User Guide, "Create a Node Class for Amazon EKS"."#,
    fix: "Look at the roles with `kubectl get nodeclasses.eks.amazonaws.com -o custom-columns=NAME:.metadata.name,ROLE:.spec.role`.",
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
    meaning: "The mapping has the group `system:nodes`, but a username that no node type has. It is not guessed to be a node, since the kubelet would get another name.",
    why: r#"Kubernetes, "Using Node Authorization" (nodes are named `system:node:NAME`); EKS User Guide, "Create access entries"."#,
    fix: "If nodes use the role, give the mapping the username that they have, and plan again.",
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
    meaning: "The group is bound to nothing but a ClusterRole whose rules equal an access policy, and `policies` in the decisions file lets the policy take its place.",
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
    meaning: "The username gets the new name that `renameUsers` in the decisions file gives it. Bindings that name the old one need copies for the new one, which `bindRenamed` creates.",
    why: "The decisions file.",
    fix: "Nothing to do.",
    example: None,
};
