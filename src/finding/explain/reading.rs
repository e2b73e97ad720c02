//! 0xx: what the cluster makes of the text of `aws-auth`.

use super::{Example, Text};

pub(super) const SECTION_UNREADABLE: Text = Text {
    meaning: "One of `mapRoles`, `mapUsers` and `mapAccounts` is not valid YAML. The cluster takes no mapping from it, so nobody in it has access today unless an access entry gives it; the other two values still count.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`: each value is parsed by itself, and what can't be parsed is left out.",
    fix: "Fix the text at the place shown, then plan again. A placeholder at the start of a value needs quotes, and YAML takes no tabs for indentation. Look twice at who gets access back by that.",
    example: Some(Example {
        before: "- rolearn: arn:aws:iam::111122223333:role/x
  username: {{SessionName}}
",
        after: r#"- rolearn: arn:aws:iam::111122223333:role/x
  username: "{{SessionName}}"
"#,
    }),
};

pub(super) const SECTION_NOT_A_LIST: Text = Text {
    meaning: "The value is valid YAML, but a mapping or a text instead of a list, so the cluster finds nothing in it.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`: the value is decoded into a list.",
    fix: "Write each mapping as an element of a list, with a dash in front.",
    example: Some(Example {
        before: "rolearn: arn:aws:iam::111122223333:role/x
username: x
",
        after: "- rolearn: arn:aws:iam::111122223333:role/x
  username: x
",
    }),
};

pub(super) const USERNAME_EMPTIED: Text = Text {
    meaning: "A number, a boolean or a list stands where the username should be. The cluster keeps the mapping with an empty username.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`: Go's JSON decoder reports the wrong type and leaves the field empty.",
    fix: "Put the username in quotes, if it is intended.",
    example: Some(Example {
        before: "  username: 12345
",
        after: r#"  username: "12345"
"#,
    }),
};

pub(super) const GROUPS_EMPTIED: Text = Text {
    meaning: "A single text stands where the list of groups should be. The cluster keeps the mapping with no groups at all, so it gives less than it seems to.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`: Go's JSON decoder reports the wrong type and leaves the field empty.",
    fix: "Write the groups as a list, if they are intended. That gives access which nobody has today, so it is yours to decide.",
    example: Some(Example {
        before: "  groups: system:masters
",
        after: "  groups: [system:masters]
",
    }),
};

pub(super) const GROUP_EMPTIED: Text = Text {
    meaning: "An element of the list of groups is a number, a boolean or null, which the cluster reads as an empty text. Unquoted `y`, `yes`, `on`, `no` and `off` are booleans in YAML 1.1.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, with YAML 1.1 from `sigs.k8s.io/yaml`.",
    fix: "Put the group in quotes, if it is intended.",
    example: Some(Example {
        before: "  groups: [on, devs]
",
        after: r#"  groups: ["on", devs]
"#,
    }),
};

pub(super) const DUPLICATE_KEY: Text = Text {
    meaning: "One mapping has the same key twice. The last one counts; of two that differ in case only, the one in lower case.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`: YAML goes through JSON with sorted keys, whose last value wins.",
    fix: "Keep the key that is intended.",
    example: None,
};

pub(super) const UNKNOWN_KEY: Text = Text {
    meaning: "The mapping has a key that the cluster does not read, often a typo.",
    why: "aws-iam-authenticator `pkg/config/types.go`: `rolearn`, `userarn`, `sso`, `username`, `groups` and `userid` are known, in any case.",
    fix: "Correct or remove the key.",
    example: Some(Example {
        before: "  group: [devs]
",
        after: "  groups: [devs]
",
    }),
};

pub(super) const UNKNOWN_SECTION: Text = Text {
    meaning: "A key of `data` is not exactly `mapRoles`, `mapUsers` or `mapAccounts`, so the cluster does not read it. Case counts here.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`.",
    fix: "Rename the key, if it is intended. That gives access which nobody has today, so it is yours to decide.",
    example: Some(Example {
        before: "data:
  maproles: |
",
        after: "data:
  mapRoles: |
",
    }),
};

pub(super) const LATER_DOCUMENTS: Text = Text {
    meaning: "The value holds several YAML documents, and the cluster reads the first one only.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, with `sigs.k8s.io/yaml`.",
    fix: "Move the mappings into the first document, if they are intended.",
    example: None,
};

pub(super) const JOINED_GROUPS: Text = Text {
    meaning: "A group that is indented further than the one before is a continuation of it in YAML, so that two groups are one with a name that nothing is bound to.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/yaml/aws-auth-space-out-of-place.yaml`, a test of the reader itself.",
    fix: "Indent all groups alike, if both are intended.",
    example: Some(Example {
        before: "  groups:
  - system:bootstrappers
    - system:nodes
",
        after: "  groups:
  - system:bootstrappers
  - system:nodes
",
    }),
};

pub(super) const NO_AWS_AUTH: Text = Text {
    meaning: "There is no ConfigMap `aws-auth` in `kube-system`, so there is nothing to carry over.",
    why: r#"EKS User Guide, "Grant IAM users access to Kubernetes with a ConfigMap"."#,
    fix: "Nothing to do.",
    example: None,
};

pub(super) const BINARY_DATA: Text = Text {
    meaning: "Something stands in `binaryData`, which the cluster does not read.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`: only `data` is read.",
    fix: "Move the text to `data`, if it is intended.",
    example: None,
};

pub(super) const ELEMENT_IGNORED: Text = Text {
    meaning: "An element of the list is not a mapping with keys, so the cluster takes nothing from it.",
    why: "aws-iam-authenticator `pkg/config/mapper.go`, `Validate`.",
    fix: "Remove it, or write it as a mapping.",
    example: None,
};

pub(super) const SECTION_UNDECIDED: Text = Text {
    meaning: "The text uses a construct of YAML for which it is not known for sure how the cluster's own reader takes it. To guess could give or take access, so nothing of the value is carried over.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`, reads by way of go-yaml v2, whose answer for this construct is not reproduced here.",
    fix: "Write the value as a plain list of mappings, see that everybody still gets in, then plan again.",
    example: None,
};

pub(super) const ACCOUNTS_CUT_SHORT: Text = Text {
    meaning: "The text of `mapAccounts` breaks off for the cluster in the middle: the accounts before that place count, those behind it do not.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`: `mapAccounts` is decoded element by element, and what was decoded before an error is kept.",
    fix: "Fix the text at the place shown. Look twice at which accounts get access back by that.",
    example: None,
};
