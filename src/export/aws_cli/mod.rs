//! A POSIX shell script of `aws eks` commands.

mod calls;

use std::collections::BTreeSet;

use super::carried::header;
use crate::plan::document::{ActionKind, Stage};
use crate::plan::{Plan, RUN_TAG};

/// What every script begins with: its settings and one function for each kind of call.
///
/// All text from `aws-auth` travels as JSON: a value of its own such as `file:///etc/passwd` would be read as a file by
/// the `aws` command.
const FUNCTIONS: &str = include_str!("functions.sh");

/// The script; it does what the plan's actions do, in the same order, and may be run again.
///
/// It needs nothing but `sh` and the AWS CLI. What it makes has the tag of the tool's own runs, by which a second run
/// knows it; what somebody else made or changed since the plan is left alone, what EKS refuses for one principal does not
/// stop the others, and both end the script with 3.
#[must_use]
pub fn aws_cli(plan: &Plan) -> String {
    let notes = [
        "Run: sh FILE. It uses the AWS CLI's credentials, and can be run again.".to_owned(),
        "Set CLUSTER_NAME and AWS_REGION to override the cluster; ENABLE_ACCESS_ENTRIES=yes allows the one-way mode switch.".to_owned(),
    ];
    let mut text = format!("#!/bin/sh\n{}set -eu\n\n", header(plan, &notes));
    let default = |name: &str, value: Option<&String>| {
        let value = value
            .filter(|value| is_word(value))
            .map_or("", String::as_str);
        format!("{name}=${{{name}:-{value}}}\n")
    };
    text.push_str(&default("CLUSTER_NAME", plan.cluster.name.as_ref()));
    if plan.cluster.region.as_deref().is_some_and(is_word) {
        text.push_str(&default("AWS_REGION", plan.cluster.region.as_ref()));
        // Version 1 of the AWS CLI reads the second name alone.
        text.push_str("AWS_DEFAULT_REGION=$AWS_REGION\nexport AWS_REGION AWS_DEFAULT_REGION\n");
    }
    text.push_str("export AWS_PAGER=\n");
    let run = calls::run(plan);
    text.push_str(&format!("RUN_TAG={RUN_TAG}\nRUN={run}\n"));
    text.push('\n');
    text.push_str(FUNCTIONS);
    let mut stage = None;
    let mut seen = BTreeSet::new();
    for action in &plan.actions {
        let Some(arn) = action.kind.principal_arn().map(ToString::to_string) else {
            continue;
        };
        if stage.replace(action.stage) != Some(action.stage) {
            let title = match action.stage {
                Stage::Cluster => "The cluster",
                Stage::Administrators => "Administrators and the caller",
                Stage::Others => "People and CI",
                Stage::Nodes => "Nodes",
                Stage::Caller => "The caller",
            };
            text.push_str(&format!("\n# {title}\n"));
        }
        let is_made = calls::is_made(plan, action);
        let deletes = matches!(action.kind, ActionKind::DeleteAccessEntry { .. });
        // What is made has nothing of the entry that was there before.
        let live = plan.observed.get(&arn).filter(|_| deletes || !is_made);
        if seen.insert(arn) && !is_made {
            text.push_str(&calls::known(plan, action, live));
        }
        text.push_str(&calls::written(action, live, &run));
    }
    text.push_str(END);
    text
}

/// Says what was left alone and what EKS refused; done as far as possible is no success.
const END: &str = "
if [ \"$left\" -gt 0 ] || [ \"$refused\" -gt 0 ]; then
  say \"done as far as possible: $left skipped, $refused refused by EKS; see the lines above, then plan again\"
  exit 3
fi
say 'done'
";

/// Whether a text means nothing to the shell.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}
