//! 4xx: live access entries.

use super::Text;

pub(super) const ENTRY_DIFFERS: Text = Text {
    meaning: "The principal already has an access entry that says something other than the mapping. In `API_AND_CONFIG_MAP` the entry counts and hides the mapping, so it may be that somebody has lost access already.",
    why: r#"EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries"."#,
    fix: "Compare the two. `--on-existing update` changes the entry to what the mapping says; if the entry is right, remove the mapping.",
    example: None,
};

pub(super) const ENTRY_WRONG_TYPE: Text = Text {
    meaning: "The live entry has a different type than the mapping needs, and a type can't be changed. Nodes with an entry of the type `STANDARD` can't join.",
    why: r#"EKS User Guide, "Create access entries"."#,
    fix: "Delete the entry and plan again. While it is gone the mapping counts, as long as the mode is `API_AND_CONFIG_MAP`.",
    example: None,
};

pub(super) const ENTRY_STALE: Text = Text {
    meaning: "The role or user was made after the access entry. EKS keeps the unique id of the principal, so the entry lets nobody in although its ARN is right.",
    why: r#"EKS API Reference, `AccessEntry`, `principalArn`; IAM User Guide, "IAM identifiers"."#,
    fix: "Delete the entry and plan again.",
    example: None,
};

pub(super) const ENTRY_UPDATED: Text = Text {
    meaning: "The live entry is changed to what the mapping says, because of `--on-existing update`.",
    why: "EKS API Reference, `UpdateAccessEntry`.",
    fix: "Read the difference before you apply; `rollback` puts the entry back as it was.",
    example: None,
};

pub(super) const ENTRY_GIVES_MORE: Text = Text {
    meaning: "The live entry gives all that the mapping gives, and more. That is not changed.",
    why: r#"EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries"."#,
    fix: "Nothing to do if the entry is intended.",
    example: None,
};

pub(super) const QUOTA_EXCEEDED: Text = Text {
    meaning: "A cluster has at most 3,000 access entries, and with those of the plan it would have more.",
    why: r#"AWS General Reference, "Amazon EKS endpoints and quotas"."#,
    fix: "Map fewer principals: roles that people assume, instead of users one by one.",
    example: None,
};

pub(super) const FOREIGN_OWNER: Text = Text {
    meaning: "Tags say that something else, such as CloudFormation or Terraform, manages the entry. A change made here would be undone or reported as drift there.",
    why: r#"AWS CloudFormation User Guide, "Resource tag" (tags that begin with `aws:cloudformation:`)."#,
    fix: "Change the entry where it is owned, for which `export` writes the code.",
    example: None,
};

pub(super) const ENTRY_UNFINISHED: Text = Text {
    meaning: "A run of this tool made the access entry and was stopped before its policies were associated, so its principal has less than its mapping gives. The entry is finished first.",
    why: "The journal or the entry's tag `aws-auth-migrate/run` says that this tool made it, and what it says is a beginning of what the mapping asks for.",
    fix: "Run `apply`; nothing else is needed.",
    example: None,
};
