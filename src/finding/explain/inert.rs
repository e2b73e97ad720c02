//! 2xx: why a mapping grants nothing today.

use super::{Example, Text};

pub(super) const NOT_AN_ARN: Text = Text {
    meaning: "The text is not an ARN. The cluster accepts any text and never matches it.",
    why: "aws-iam-authenticator `pkg/config/mapper.go`, `Validate`, which checks no syntax.",
    fix: "In aws-auth, remove the mapping. If the access is intended, correct the ARN.",
    example: None,
};

pub(super) const ROLE_ARN_HAS_PATH: Text = Text {
    meaning: "The cluster sees a role login without the role's IAM path, so a `rolearn` with a path never matches. Creating an entry for it would grant access that nobody has today.",
    why: r#"aws-iam-authenticator `pkg/arn/arn.go`; EKS User Guide, "Grant IAM users access to Kubernetes with a ConfigMap"."#,
    fix: "In aws-auth, remove the mapping. If the access is intended, create the entry with `--include-inert --only ARN`.",
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
    fix: "In aws-auth, remove the mapping. If the access is intended, map the role.",
    example: Some(Example {
        before: "- rolearn: arn:aws:sts::111122223333:assumed-role/ops/alice
",
        after: "- rolearn: arn:aws:iam::111122223333:role/ops
",
    }),
};

pub(super) const WRONG_PARTITION: Text = Text {
    meaning: "Credentials of one partition (`aws`, `aws-cn`, `aws-us-gov`, ...) can't log in to a cluster in another.",
    why: "aws-iam-authenticator `pkg/token/token.go`.",
    fix: "In aws-auth, remove the mapping.",
    example: None,
};

pub(super) const SHADOWED: Text = Text {
    meaning: "Another mapping of the same ARN overrides this one: the last one in `mapRoles` wins, and `mapRoles` wins over `mapUsers`. Nothing is merged, so the groups of this mapping have no effect.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `saveMap`, and `mapper.go`, `Map`.",
    fix: "In aws-auth, remove the mapping. If its groups are intended, add them to the mapping that wins.",
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
    meaning: "An `sso:` block is an alpha form behind the feature gate `SSORoleMatch`, which is off by default; EKS is not known to turn it on.",
    why: "aws-iam-authenticator `pkg/config/features.go` and `docs/sso_role_matcher.md`.",
    fix: "In aws-auth, remove the mapping. If the access is intended, map the permission set's role by its ARN.",
    example: None,
};

pub(super) const NOT_A_PRINCIPAL: Text = Text {
    meaning: "The ARN belongs to an IAM group, an instance profile or something else that can't log in, or it has an account or a name that IAM does not allow. Wildcards are not supported.",
    why: "aws-iam-authenticator `pkg/arn/arn.go`; IAM API Reference, `CreateRole` and `CreateUser`.",
    fix: "In aws-auth, remove the mapping. If the access is intended, map the role or user itself.",
    example: None,
};

pub(super) const SURROUNDING_SPACE: Text = Text {
    meaning: "White space or a line break inside the quotes is part of the ARN; nothing is trimmed.",
    why: "aws-iam-authenticator `pkg/config/mapper.go`, `Matches`.",
    fix: "In aws-auth, remove the mapping. If the access is intended, remove the white space instead.",
    example: Some(Example {
        before: r#"- rolearn: "arn:aws:iam::111122223333:role/ops "
"#,
        after: "- rolearn: arn:aws:iam::111122223333:role/ops
",
    }),
};

pub(super) const PRINCIPAL_MISSING: Text = Text {
    meaning: "IAM has no role or user with this name, so nobody can log in as it, and EKS would refuse the entry.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "In aws-auth, remove the mapping. If the principal was re-created under another name, map that name.",
    example: None,
};

pub(super) const DROPPED: Text = Text {
    meaning: "The cluster discards the mapping because it names no principal, or both a role and an `sso:` block.",
    why: "aws-iam-authenticator `pkg/config/mapper.go`, `Validate`.",
    fix: "In aws-auth, remove the mapping, or name one principal in it.",
    example: None,
};

pub(super) const INERT_INCLUDED: Text = Text {
    meaning: "The mapping grants nothing today, and `--include-inert` creates an entry for it: somebody gains access.",
    why: "aws-iam-authenticator `pkg/arn/arn.go`.",
    fix: "Run without `--include-inert`, or narrow it down with `--only ARN`.",
    example: None,
};

pub(super) const USER_PATH_DIFFERS: Text = Text {
    meaning: "A user is matched with its IAM path, and the mapping has a different path than IAM.",
    why: "aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`, which keeps users as they are.",
    fix: "In aws-auth, remove the mapping. If the access is intended, create the entry for the user's real ARN with `--include-inert --only ARN`.",
    example: None,
};

pub(super) const MODE_API: Text = Text {
    meaning: "The cluster is in the authentication mode `API` and no longer reads `aws-auth`, so this mapping grants nothing today. An access entry for it would grant new access.",
    why: "EKS User Guide, \"Grant IAM users and roles access to Kubernetes APIs\": in the mode `API` only access entries are used.",
    fix: "Nothing to do. If the access is intended, create the entry with `--include-inert`. Delete the ConfigMap when you no longer need it as a record.",
    example: None,
};

pub(super) const NEVER_RENDERS: Text = Text {
    meaning: "`{{EC2PrivateDNSName}}` is filled in from a session named like an instance id. An IAM user has no session, so every login fails and nobody gets in.",
    why: "aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`.",
    fix: "In aws-auth, remove the mapping. If the access is intended, write a username without the placeholder.",
    example: None,
};
