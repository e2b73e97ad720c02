//! Why `aws-auth` may not go yet: for the cluster, a mapping, an account.

use super::Objection;
use crate::choices::ManagedNodes;
use crate::finding::{Code, Finding, Severity};
use crate::invocation::Advice;
use crate::model::AuthenticationMode;
use crate::observed::Observed;
use crate::plan::document::{Blocker, Outcome, Plan, PlannedAccount, PlannedMapping, Verdict};
use crate::plan::{Obstacle, Stage};
use crate::reader::Reading;

/// What speaks against taking everything away, whatever the mappings.
pub(super) fn of_cluster(plan: &Plan, reading: &Reading) -> Vec<Objection> {
    let plain = |code, settled_by_apply, message: String, fix: &str| Objection {
        mapping: None,
        arn: None,
        code,
        settled_by_apply,
        message,
        fix: fix.to_owned(),
    };
    let mut objections = Vec::new();
    if plan
        .actions
        .iter()
        .any(|action| action.stage == Stage::Cluster)
    {
        objections.push(plain(
            Some(Code::ModeSwitchNeeded),
            true,
            "the cluster is in the mode CONFIG_MAP, and aws-auth is the only source of access"
                .to_owned(),
            &Advice::ApplyWithModeSwitch.to_string(),
        ));
    }
    for section in &reading.broken {
        objections.push(plain(
            Some(Code::SectionUnreadable),
            false,
            format!("`{section}` can't be read, so it is unknown who was meant to have access"),
            "in aws-auth, fix or remove it, then verify again",
        ));
    }
    for section in &reading.undecided {
        objections.push(plain(
            Some(Code::SectionUndecided),
            false,
            format!("it is unclear how the cluster reads `{section}`"),
            "in aws-auth, write it in plain YAML, then verify again",
        ));
    }
    for (obstacle, finding) in plan.obstacles() {
        if matches!(
            obstacle,
            Obstacle::EntriesUnknown | Obstacle::NodeRolesUnknown | Obstacle::AccountsCutShort
        ) {
            let (code, message) = (Some(finding.code), finding.message.clone());
            objections.push(plain(code, false, message, &finding.fix));
        }
    }
    objections
}

pub(super) fn of_mapping(
    mapping: &PlannedMapping,
    plan: &Plan,
    observed: &Observed,
) -> Option<Objection> {
    let finding = heaviest(&mapping.findings);
    let objection = |settled_by_apply, code: Option<Code>, message: &str, fix: String| {
        Some(Objection {
            mapping: Some(mapping.id),
            arn: Some(mapping.arn.clone()),
            code,
            settled_by_apply,
            message: message.to_owned(),
            fix,
        })
    };
    let code = finding.map(|finding| finding.code);
    if mapping.is_dropped() {
        return None;
    }
    if let Some(blocker) = mapping.blocker {
        let verdict = mapping.shown_change().verdict;
        let message = match (blocker, verdict) {
            (Blocker::LiveDiffers, Some(Verdict::Lost)) if mapping.access.after.is_some() => {
                "its access entry grants less than its mapping"
            }
            (Blocker::LiveDiffers, Some(Verdict::Gained)) => {
                "its access entry grants more than its mapping"
            }
            (Blocker::LiveDiffers, Some(Verdict::Changed)) => {
                "its access entry grants different access than its mapping"
            }
            (Blocker::BindingsUnread, _) => {
                "its access entry gives another name, and the bindings could not be read"
            }
            _ => finding.map_or("it would lose its access", |finding| &finding.message),
        };
        return objection(false, code, message, fix(finding, &explain(code)));
    }
    match (mapping.outcome, mapping.access.verdict) {
        (Outcome::Inert | Outcome::Unchanged | Outcome::Conflict, _) => None,
        (Outcome::Create, _) if observed.has_unread_entries() => objection(
            false,
            Some(Code::EntriesUnknown),
            "it is unknown whether it has an access entry",
            "grant the caller the rights to read the access entries, then verify again".to_owned(),
        ),
        (Outcome::Create, _) => objection(
            true,
            None,
            "it would lose its access: it has no access entry yet",
            "run `apply` to create it".to_owned(),
        ),
        (Outcome::Update, _) => objection(
            true,
            code,
            "its access entry does not match the mapping yet",
            "run `apply` to update it".to_owned(),
        ),
        (Outcome::Blocked, _) => objection(
            false,
            code,
            finding.map_or("it would lose its access", |finding| &finding.message),
            fix(finding, &explain(code)),
        ),
        (Outcome::Skipped, _)
            if observed.cluster.authentication_mode == Some(AuthenticationMode::ConfigMap)
                && plan.choices.managed_nodes == ManagedNodes::Create =>
        {
            objection(
                true,
                code,
                "it has no access entry yet: EKS creates one when the mode is switched, or `apply` does",
                Advice::ApplyWithModeSwitch.into(),
            )
        }
        (Outcome::Skipped, _) => objection(
            false,
            code,
            "it was left to EKS, which has not created an access entry for it",
            Advice::CreateManagedNodes.into(),
        ),
    }
}

/// A whole account that can't be carried over.
pub(super) fn of_account(account: &PlannedAccount) -> Objection {
    let finding = heaviest(&account.findings);
    Objection {
        mapping: Some(account.id),
        arn: Some(account.account_id.clone()),
        code: finding.map(|finding| finding.code),
        settled_by_apply: false,
        message: format!(
            "every principal of account {} without an access entry would lose its access",
            account.account_id
        ),
        fix: fix(
            finding,
            "in aws-auth, map its principals one by one in mapRoles or mapUsers, then run `apply`",
        ),
    }
}

/// Where the way out is explained, for a finding that names none.
fn explain(code: Option<Code>) -> String {
    code.map_or_else(
        || "run `plan` to see what needs a decision".to_owned(),
        |code| format!("run `aws-auth-migrate explain {code}` to see what to do"),
    )
}

fn heaviest(findings: &[Finding]) -> Option<&Finding> {
    let weight = |finding: &&Finding| std::cmp::Reverse(finding.severity);
    findings
        .iter()
        .filter(|finding| finding.severity != Severity::Info)
        .min_by_key(weight)
}

fn fix(finding: Option<&Finding>, otherwise: &str) -> String {
    finding
        .map(|finding| finding.fix.clone())
        .filter(|fix| !fix.is_empty())
        .unwrap_or_else(|| otherwise.to_owned())
}
