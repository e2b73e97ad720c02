//! Choices as they are given to the program: a decisions file and options.

use aws_auth_migrate::choices::{Choices, OnExisting, Usernames};
use aws_auth_migrate::decisions::DecisionsFile;
use serde_json::json;

/// The text of the decisions file.
pub(crate) fn decisions(choices: &Choices) -> String {
    let document = DecisionsFile {
        rename_groups: choices.rename_groups.clone(),
        rename_users: choices.rename_users.clone(),
        policies: choices.policies.clone(),
        bind_renamed: choices.bind_renamed,
        principals: choices.answers.clone(),
        ..DecisionsFile::default()
    };
    json!(document).to_string()
}

/// The options beside the file.
pub(crate) fn options(choices: &Choices) -> Vec<&str> {
    let mut options = Vec::new();
    if choices.on_existing == OnExisting::Update {
        options.extend(["--on-existing", "update"]);
    }
    if choices.usernames == Usernames::Default {
        options.extend(["--usernames", "default"]);
    }
    if choices.include_inert {
        options.push("--include-inert");
    }
    for (option, globs) in [("--only", &choices.only), ("--exclude", &choices.exclude)] {
        for glob in globs {
            options.extend([option, glob.as_str()]);
        }
    }
    options
}
