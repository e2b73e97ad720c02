//! A runbook for AWS Systems Manager Automation.

use askama::Template;

use super::super::yaml;
use super::{Runbook, cluster_name, comment, region, words, written};
use crate::plan::Plan;

#[derive(Template)]
#[template(path = "ssm_automation.yaml", syntax = "runbook", escape = "none")]
struct AutomationDocument {
    header: String,
    cluster: Option<String>,
    region: Option<String>,
    options: String,
}

/// The document, of the type `Automation`.
///
/// The commands run on an instance that holds the tool and keeps plan, journal and backup between the steps, since an
/// automation itself has no place for files. Systems Manager puts parameters into scripts as they are, so each has a
/// pattern that lets nothing through which a shell would take for more than a word. The undo step reverts the runs that the
/// journal has and had not when the execution began: what an earlier one finished is not its own.
/// Source: Systems Manager User Guide, "Systems Manager Automation actions reference" and "Data elements and parameters".
#[must_use]
pub fn ssm_automation(plan: &Plan, runbook: &Runbook) -> String {
    let notes = [
        "Create it with: aws ssm create-document --document-type Automation --document-format YAML --name NAME --content file://FILE".to_owned(),
        "The instance needs the tool and a role with the rights that `export iam-policy` and `export rbac` write.".to_owned(),
    ];
    let document = AutomationDocument {
        header: comment(plan, &notes),
        cluster: cluster_name(plan).map(yaml::scalar),
        region: region(plan).map(yaml::scalar),
        options: words(&runbook.options),
    };
    written(&document)
}
