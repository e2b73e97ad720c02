//! 0xx: what the cluster makes of the text of `aws-auth`.

use super::{Example, Text};

pub(super) const SECTION_UNREADABLE: Text = Text {
    meaning: "One of `mapRoles`, `mapUsers` and `mapAccounts` is not valid YAML. The cluster ignores all its mappings, so nobody in it has access today except through an access entry; the other two values still apply.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`: each value is parsed on its own, and one that can't be parsed is skipped.",
    fix: "In aws-auth, fix the text at the place shown, and plan again. A placeholder at the start of a value needs quotes, and YAML does not allow tabs for indentation. Check who gets access back before you do.",
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
    meaning: "The value is valid YAML, but a mapping or a string instead of a list, so the cluster finds nothing in it.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`: the value is decoded into a list.",
    fix: "In aws-auth, write each mapping as a list element that begins with a dash.",
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
    meaning: "The username is a number, a boolean or a list instead of a string. The cluster keeps the mapping with an empty username.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`: Go's JSON decoder reports the wrong type and leaves the field empty.",
    fix: "If the username is intended, put it in quotes in aws-auth.",
    example: Some(Example {
        before: "  username: 12345
",
        after: r#"  username: "12345"
"#,
    }),
};

pub(super) const GROUPS_EMPTIED: Text = Text {
    meaning: "The groups are a single string instead of a list. The cluster keeps the mapping with no groups at all, so it grants less than it seems to.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`: Go's JSON decoder reports the wrong type and leaves the field empty.",
    fix: "If the groups are intended, write them as a list in aws-auth. That grants access that nobody has today, so it is your decision.",
    example: Some(Example {
        before: "  groups: system:masters
",
        after: "  groups: [system:masters]
",
    }),
};

pub(super) const GROUP_EMPTIED: Text = Text {
    meaning: "An element of the list of groups is a number, a boolean or null, which the cluster reads as an empty string. Unquoted `y`, `yes`, `on`, `no` and `off` are booleans in YAML 1.1.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, with YAML 1.1 from `sigs.k8s.io/yaml`.",
    fix: "If the group is intended, put it in quotes in aws-auth.",
    example: Some(Example {
        before: "  groups: [on, devs]
",
        after: r#"  groups: ["on", devs]
"#,
    }),
};

pub(super) const DUPLICATE_KEY: Text = Text {
    meaning: "One mapping has the same key twice. The last one wins; if they differ only in case, the one in lower case wins.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`: YAML is converted to JSON with sorted keys, and the last value wins.",
    fix: "In aws-auth, keep the key that is intended and remove the other.",
    example: None,
};

pub(super) const UNKNOWN_KEY: Text = Text {
    meaning: "The mapping has a key that the cluster does not read, often a typo.",
    why: "aws-iam-authenticator `pkg/config/types.go`: `rolearn`, `userarn`, `sso`, `username`, `groups` and `userid` are known, in any case.",
    fix: "In aws-auth, correct or remove the key.",
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
    fix: "If it is intended, rename the key in aws-auth. That grants access that nobody has today, so it is your decision.",
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
    meaning: "The value contains several YAML documents, and the cluster reads only the first one.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, with `sigs.k8s.io/yaml`.",
    fix: "If the mappings are intended, move them into the first document.",
    example: None,
};

pub(super) const JOINED_GROUPS: Text = Text {
    meaning: "A group that is indented further than the one before is a continuation of it in YAML, so two groups become one, with a name that nothing is bound to.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/yaml/aws-auth-space-out-of-place.yaml`, a test of the authenticator itself.",
    fix: "If both groups are intended, indent them alike in aws-auth.",
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
    meaning: "There is no ConfigMap `aws-auth` in `kube-system`, so there is nothing to migrate.",
    why: r#"EKS User Guide, "Grant IAM users access to Kubernetes with a ConfigMap"."#,
    fix: "Nothing to do.",
    example: None,
};

pub(super) const BINARY_DATA: Text = Text {
    meaning: "`binaryData` is not empty, and the cluster does not read it.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`: only `data` is read.",
    fix: "If it is intended, move the text to `data`.",
    example: None,
};

pub(super) const ELEMENT_IGNORED: Text = Text {
    meaning: "An element of the list is not a mapping with keys, so the cluster skips it.",
    why: "aws-iam-authenticator `pkg/config/mapper.go`, `Validate`.",
    fix: "In aws-auth, remove the element, or write it as a mapping.",
    example: None,
};

pub(super) const SECTION_UNDECIDED: Text = Text {
    meaning: "The text uses a YAML construct, and it is not certain how the cluster reads it. A wrong guess could grant or remove access, so nothing in this value is migrated.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`, uses go-yaml v2, whose result for this construct is not reproduced here.",
    fix: "In aws-auth, write the value as a plain list of mappings, check that everybody still has access, and plan again.",
    example: None,
};

pub(super) const ACCOUNTS_CUT_SHORT: Text = Text {
    meaning: "The cluster stops reading `mapAccounts` at an error: it uses the accounts before it and ignores those after it.",
    why: "aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`: `mapAccounts` is decoded element by element, and those decoded before an error are kept.",
    fix: "In aws-auth, fix the text at the place shown. Check which accounts get access back before you do.",
    example: None,
};
