//! 4xx: live access entries.

use super::Text;

pub(super) const ENTRY_DIFFERS: Text = Text {
    meaning: "The principal already has an access entry that differs from the mapping. In `API_AND_CONFIG_MAP` the entry overrides the mapping, so somebody may already have lost access.",
    why: r#"EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries"."#,
    fix: "Compare the two. If the mapping is right, update the entry with `--on-existing update`; if the entry is right, answer `keep-live` in the decisions file.",
    example: None,
};

pub(super) const ENTRY_WRONG_TYPE: Text = Text {
    meaning: "The live entry has the wrong type for the mapping, and a type can't be changed. Nodes with an entry of the type `STANDARD` can't join.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Delete the entry and plan again. Until the new entry exists, the mapping applies, as long as the mode is `API_AND_CONFIG_MAP`.",
    example: None,
};

pub(super) const ENTRY_STALE: Text = Text {
    meaning: "The role or user was re-created after the access entry. EKS stores the principal's unique id, so the entry grants no access although its ARN matches.",
    why: r#"EKS API Reference, `AccessEntry`, `principalArn`; IAM User Guide, "IAM identifiers"."#,
    fix: "Delete the entry and plan again.",
    example: None,
};

pub(super) const ENTRY_UPDATED: Text = Text {
    meaning: "The live entry is updated to match the mapping, because of `--on-existing update` or the decision `update-live`.",
    why: "EKS API Reference, `UpdateAccessEntry`.",
    fix: "Read the difference before you apply; `rollback` restores the entry.",
    example: None,
};

pub(super) const ENTRY_GIVES_MORE: Text = Text {
    meaning: "The live entry grants everything that the mapping grants, and more. It is not changed.",
    why: r#"EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries"."#,
    fix: "Nothing to do if the entry is intended.",
    example: None,
};

pub(super) const QUOTA_EXCEEDED: Text = Text {
    meaning: "A cluster can have 3,000 access entries, and the plan would exceed that.",
    why: r#"AWS General Reference, "Amazon EKS endpoints and quotas"."#,
    fix: "In aws-auth, map fewer principals: a role that people assume instead of each user.",
    example: None,
};

pub(super) const FOREIGN_OWNER: Text = Text {
    meaning: "Tags say that something else, such as CloudFormation or Terraform, manages the entry. A change made here would be reverted there, or reported as drift.",
    why: r#"AWS CloudFormation User Guide, "Resource tag" (tags that begin with `aws:cloudformation:`)."#,
    fix: "Change the entry in the tool that manages it; `export` writes the code.",
    example: None,
};

pub(super) const ENTRY_UNFINISHED: Text = Text {
    meaning: "A run of this tool created the access entry and was stopped before its policies were associated, so the principal has less access than its mapping grants. The entry is completed first.",
    why: "The journal or the entry's tag `aws-auth-migrate/run` says that this tool created it, and the entry is a part of what the mapping needs.",
    fix: "Run `apply` to complete it.",
    example: None,
};
