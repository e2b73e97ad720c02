//! 2xx: why a mapping grants nothing today.

use super::{Example, Text};

pub(super) const NOT_AN_ARN: Text = Text {
    meaning: "The text where an ARN should be is not one. The cluster takes any text and simply never finds it.",
    why: "aws-iam-authenticator `pkg/config/mapper.go`, `Validate`, which checks no syntax.",
    fix: "Remove the mapping, or correct it if access is intended.",
    example: None,
};

pub(super) const ROLE_ARN_HAS_PATH: Text = Text {
    meaning: "Whoever logs in with a role is seen without the role's IAM path, so a `rolearn` with a path never matches. Making an entry for it would give access that nobody has today.",
    why: r#"aws-iam-authenticator `pkg/arn/arn.go`; EKS User Guide, "Grant IAM users access to Kubernetes with a ConfigMap"."#,
    fix: "Remove the mapping. If the access is intended: `--include-inert --only ARN` makes the entry.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/team/x
  username: x
  groups: [devs]
",
        after: "- rolearn: arn:aws:iam::111122223333:role/x
  username: x
  groups: [devs]
",
    }),
};

pub(super) const SESSION_ARN: Text = Text {
    meaning: "A session is matched by its role's ARN, so the ARN of the session itself never matches.",
    why: "aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`.",
    fix: "Remove the mapping. If access is intended, map the role.",
    example: Some(Example {
        before: "- rolearn: arn:aws:sts::111122223333:assumed-role/ops/alice
",
        after: "- rolearn: arn:aws:iam::111122223333:role/ops
",
    }),
};

pub(super) const WRONG_PARTITION: Text = Text {
    meaning: "Credentials of one partition (`aws`, `aws-cn`, `aws-us-gov`, ...) don't log in to a cluster of another.",
    why: "aws-iam-authenticator `pkg/token/token.go`.",
    fix: "Remove the mapping.",
    example: None,
};

pub(super) const SHADOWED: Text = Text {
    meaning: "Another mapping counts for the same ARN: the last one of `mapRoles`, and `mapRoles` before `mapUsers`. Nothing is merged, so the groups of this one count for nothing.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `saveMap`, and `mapper.go`, `Map`.",
    fix: "Remove the mapping. If its groups are intended, add them to the one that counts.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops-ro
  groups: [viewers]
",
        after: "principalArn: arn:aws:iam::111122223333:role/ops
type: STANDARD
username: ops-ro
kubernetesGroups: [viewers]
",
    }),
};

pub(super) const SSO_BLOCK: Text = Text {
    meaning: "An `sso:` block is an alpha form behind the feature gate `SSORoleMatch`, which is off unless somebody turns it on; EKS is not known to.",
    why: "aws-iam-authenticator `pkg/config/features.go` and `docs/sso_role_matcher.md`.",
    fix: "Remove the mapping. If the access is intended, map the role of the permission set by its ARN.",
    example: None,
};

pub(super) const NOT_A_PRINCIPAL: Text = Text {
    meaning: "The ARN is that of an IAM group, an instance profile or something else that never logs in, or it has an account or a name that IAM does not allow. There are no wildcards.",
    why: "aws-iam-authenticator `pkg/arn/arn.go`; IAM API Reference, `CreateRole` and `CreateUser`.",
    fix: "Remove the mapping. If access is intended, map the role or user itself.",
    example: None,
};

pub(super) const SURROUNDING_SPACE: Text = Text {
    meaning: "White space or a line end within the quotes is a part of the ARN, and nothing is trimmed.",
    why: "aws-iam-authenticator `pkg/config/mapper.go`, `Matches`.",
    fix: "Remove the mapping. If the access is intended, write the ARN without the white space.",
    example: Some(Example {
        before: r#"- rolearn: "arn:aws:iam::111122223333:role/ops "
"#,
        after: "- rolearn: arn:aws:iam::111122223333:role/ops
",
    }),
};

pub(super) const PRINCIPAL_MISSING: Text = Text {
    meaning: "IAM has no role or user of this name, so nobody logs in as it, and EKS would refuse the entry.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Remove the mapping. If the principal was re-created under another name, map that one.",
    example: None,
};

pub(super) const DROPPED: Text = Text {
    meaning: "The cluster's reader discards the mapping, since it names no principal, or both a role and an `sso:` block.",
    why: "aws-iam-authenticator `pkg/config/mapper.go`, `Validate`.",
    fix: "Remove the mapping, or name one principal.",
    example: None,
};

pub(super) const INERT_INCLUDED: Text = Text {
    meaning: "The mapping grants nothing today, and an entry is made for it because of `--include-inert`: somebody gains access.",
    why: "aws-iam-authenticator `pkg/arn/arn.go`.",
    fix: "Leave `--include-inert` out, or narrow it down with `--only ARN`.",
    example: None,
};

pub(super) const USER_PATH_DIFFERS: Text = Text {
    meaning: "A user is matched with its IAM path, and the one in the mapping is not the one that the user has.",
    why: "aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`, which keeps users as they are.",
    fix: "Remove the mapping. If the access is intended: `--include-inert --only ARN` makes the entry for the user as it is.",
    example: None,
};

pub(super) const MODE_API: Text = Text {
    meaning: "The cluster is in the authentication mode `API` and does not look at `aws-auth` any more, so this mapping gives nobody anything today. An access entry made from it would give new access.",
    why: "EKS User Guide, \"Grant IAM users and roles access to Kubernetes APIs\": in the mode `API` only access entries count.",
    fix: "Leave it, or create the entry knowingly with `--include-inert`; delete the ConfigMap once nobody wants to read it.",
    example: None,
};

pub(super) const NEVER_RENDERS: Text = Text {
    meaning: "`{{EC2PrivateDNSName}}` is filled in from a session that is named like an instance id. An IAM user has no session, so every login fails and nobody gets in.",
    why: "aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`.",
    fix: "Remove the mapping, or write a username without the placeholder if the user is meant to get in.",
    example: None,
};
