//! What exports say of a cluster that has entries already, or can't have any yet.

use super::EXPORTS;
use crate::export::{
    Runbook, cdk, github_actions, kubernetes_job, ssm_automation, terraform, terraform_module,
};
use crate::model::AccessEntry;
use crate::plan::Plan;
use crate::plan::document::{Action, ActionKind, Outcome};
use crate::report::tests::plans::{large, small};

/// The exports that only tell what there is to be; the script does all that the plan does.
fn declarations() -> impl Iterator<Item = (&'static str, super::Export)> {
    let all = EXPORTS.iter().copied();
    all.filter(|(name, _)| *name != "aws-cli.sh")
}

/// The large plan with calls for its entry that is updated, which the cluster has with these tags.
fn updating(tags: &[(&str, &str)], calls: impl Fn(&AccessEntry) -> Vec<ActionKind>) -> Plan {
    let mut plan = large();
    let updated = plan.mappings.iter().find_map(|mapping| {
        (mapping.outcome == Outcome::Update)
            .then_some(mapping.entry.clone())
            .flatten()
    });
    let mut live = updated.unwrap();
    let sample = plan.actions.first().unwrap().clone();
    plan.actions = calls(&live)
        .into_iter()
        .map(|kind| Action {
            kind,
            ..sample.clone()
        })
        .collect();
    live.tags = tags
        .iter()
        .map(|&(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    plan.observed.insert(live.principal_arn.to_string(), live);
    plan
}

#[test]
fn an_entry_that_exists_keeps_its_tags() {
    let plan = updating(&[("team", "blue"), ("aws:stack", "one")], |_| Vec::new());
    for (name, export) in declarations().filter(|(name, _)| *name != "eksctl.yaml") {
        let text = export(&plan);
        assert!(text.contains("blue"), "{name}: {text}");
        assert!(!text.contains("aws:stack"), "{name}: {text}");
    }
}

#[test]
fn what_the_plan_deletes_is_listed_with_its_command() {
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    let plan = updating(&[], |live| {
        vec![ActionKind::DisassociateAccessPolicy {
            principal_arn: live.principal_arn.clone(),
            policy_arn: policy.parse().unwrap(),
        }]
    });
    for (name, export) in declarations() {
        let text = export(&plan);
        let command = format!(
            "aws eks disassociate-access-policy --cluster-name prod --principal-arn \
             arn:aws:iam::111122223333:role/tuned --policy-arn {policy}"
        );
        assert!(text.contains(&command), "{name}: {text}");
    }
}

#[test]
fn a_recreated_entry_is_deleted_first_and_not_imported() {
    let plan = updating(&[], |live| {
        vec![ActionKind::DeleteAccessEntry {
            principal_arn: live.principal_arn.clone(),
        }]
    });
    for (name, export) in declarations() {
        let text = export(&plan);
        assert!(text.contains("aws eks delete-access-entry "), "{name}");
        assert!(!text.contains("}:arn:aws:iam::111122223333:role/tuned"));
    }
}

#[test]
fn a_cluster_without_access_entries_is_switched_first() {
    let mut switched = small();
    switched.actions.remove(0);
    for (name, export) in declarations() {
        let switch = "aws eks update-cluster-config --name prod \
                      --access-config authenticationMode=API_AND_CONFIG_MAP";
        assert!(export(&small()).contains(switch), "{name}");
        assert!(!export(&switched).contains(switch), "{name}");
    }
}

/// Terraform replaced a cluster whose code got an `access_config`, and failed on one that still said `CONFIG_MAP`.
#[test]
fn code_that_describes_the_cluster_is_not_forgotten() {
    for (name, text) in [
        ("terraform", terraform(&small())),
        ("module", terraform_module(&small())),
    ] {
        for part in [
            "REPLACEMENT of the cluster",
            "hashicorp/terraform-provider-aws#38967",
            "CONFIG_MAP in it fails from then on",
        ] {
            assert!(text.contains(part), "{name}: {part}");
        }
    }
    assert!(terraform_module(&small()).contains("version 20 or later"));
    assert!(cdk(&small()).contains("`mastersRole`"));
    let runbook = Runbook::default();
    for text in [
        ssm_automation(&small(), &runbook),
        kubernetes_job(&small(), &runbook),
        github_actions(&small(), &runbook),
    ] {
        assert!(
            text.contains("CONFIG_MAP in it fails from then on"),
            "{text}"
        );
        assert!(
            text.contains("can plan a REPLACEMENT of the cluster"),
            "{text}"
        );
    }
}
