//! Finds the principal's real ARN, which an access entry must name with its path and exact case.

use super::case::{Case, Ruling};
use crate::finding::{Code, Finding, Severity};
use crate::invocation::{Advice, Flag};
use crate::model::{Arn, Principal, PrincipalKind};
use crate::observed::Lookup;

/// The right that `--lookup-role` needs.
const ASSUME_ROLE: &str = "sts:AssumeRole";

/// What was looked up must be the same principal: same partition, account, kind and name.
///
/// A principals file can say anything, and access must never go to somebody else.
pub(super) fn other_principal(case: &Case<'_>) -> Option<Ruling> {
    let Lookup::Found { arn: found, .. } = case.lookup() else {
        return None;
    };
    let written = case.principal()?;
    let same = case
        .real_principal()
        .is_some_and(|real| real.key() == written.key());
    (!same).then(|| {
        Ruling::impossible(
            Code::PathUnknown,
            format!(
                "the look-up of `{}` returned `{found}`, a different principal",
                case.mapping.arn
            ),
            "",
        )
    })
}

/// Roles of IAM Identity Center always have a path, so the ARN as it is written is known to be refused.
///
/// An offline plan is an estimate and continues with a warning.
/// Source: IAM Identity Center User Guide, "Referencing permission sets".
pub(super) fn path_unknown(case: &Case<'_>) -> Option<Ruling> {
    let principal = case.principal()?;
    if !is_identity_center(principal) || principal.has_path() {
        return None;
    }
    let why = match case.lookup() {
        Lookup::Denied { permission } => format!("`{permission}` is missing"),
        Lookup::NotAssumed { role } => format!("`{role}` can't be assumed"),
        Lookup::OtherAccount => format!("account `{}` can't be read", principal.account),
        Lookup::NotTried if !case.is_offline() => "IAM was not asked".to_owned(),
        _ => return None,
    };
    Some(Ruling::impossible(
        Code::PathUnknown,
        format!(
            "`{}` is a role of IAM Identity Center, and its path is unknown: {why}",
            case.mapping.arn
        ),
        fix(case.lookup(), principal),
    ))
}

/// The ARN for the access entry, with what there is to say about it.
///
/// Where IAM can't be asked the ARN is taken as it is written: a role's name is unique in its account, and EKS
/// refuses an ARN that does not exist, so nobody else can be reached.
/// Source: EKS User Guide, "Create access entries"; IAM User Guide, "IAM identifiers".
pub(super) fn resolve(case: &Case<'_>, principal: &Principal) -> (Arn, Vec<Finding>) {
    let written = &case.mapping.arn;
    let mut findings = Vec::new();
    if case.is_role_with_path() || case.is_user_with_other_path() {
        findings.push(Finding::new(
            Code::InertIncluded,
            format!(
                "`{written}` matches nobody today and gains access, because of `{}`",
                Flag::IncludeInert
            ),
            "",
        ));
    }
    let mut not_looked_up = |severity, message| {
        findings.push(Finding {
            severity,
            ..Finding::new(Code::NotLookedUp, message, fix(case.lookup(), principal))
        });
        principal.arn()
    };
    let arn = match case.lookup() {
        Lookup::Found { arn, .. } => arn.clone(),
        Lookup::Denied { permission } => not_looked_up(
            Severity::Warning,
            format!(
                "`{written}` can't be looked up without `{permission}`, so it is used as written"
            ),
        ),
        Lookup::NotAssumed { role } => not_looked_up(
            Severity::Warning,
            format!(
                "`{written}` can't be looked up without `{ASSUME_ROLE}` on `{role}`, so it is used as written"
            ),
        ),
        Lookup::OtherAccount => not_looked_up(
            Severity::Warning,
            format!(
                "`{written}` can't be looked up in account `{}`, so it is used as written",
                principal.account
            ),
        ),
        Lookup::NotTried | Lookup::Missing
            if is_identity_center(principal) && !principal.has_path() =>
        {
            not_looked_up(
                Severity::Warning,
                format!(
                    "`{written}` was not looked up (offline), but a role of IAM Identity Center has a path that the entry needs"
                ),
            )
        }
        Lookup::NotTried | Lookup::Missing => not_looked_up(
            Severity::Info,
            format!("`{written}` was not looked up (offline), so it is used as written"),
        ),
    };
    if !arn.is(written) {
        findings.push(Finding::new(
            Code::RealArn,
            format!("the access entry uses the real ARN `{arn}` of `{written}`"),
            "",
        ));
    }
    (arn, findings)
}

fn is_identity_center(principal: &Principal) -> bool {
    principal.kind == PrincipalKind::Role
        && principal.name.to_lowercase().starts_with("awsreservedsso_")
}

/// What makes the look-up possible: an option for another account, a policy statement for one's own.
fn fix(lookup: &Lookup, principal: &Principal) -> String {
    let Principal {
        partition,
        account,
        name,
        ..
    } = principal;
    let kind = match principal.kind {
        PrincipalKind::Role => "role",
        PrincipalKind::User => "user",
    };
    match lookup {
        Lookup::OtherAccount => Advice::LookUp {
            account: account.to_string(),
            partition: partition.to_string(),
        }
        .into(),
        Lookup::NotAssumed { role } => format!(
            r#"{{"Effect": "Allow", "Action": "{ASSUME_ROLE}", "Resource": "{role}"}}, and a trust policy on that role that allows the caller"#
        ),
        Lookup::Denied { permission } => format!(
            r#"{{"Effect": "Allow", "Action": "{permission}", "Resource": ["arn:{partition}:iam::{account}:{kind}/{name}", "arn:{partition}:iam::{account}:{kind}/*/{name}"]}}"#
        ),
        _ => String::new(),
    }
}
