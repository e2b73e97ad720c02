//! Why a mapping grants nothing today.

use crate::access::before::Standing;
use crate::access::identity::fails_at_every_login;
use crate::finding::Code;
use crate::invocation::Advice;
use crate::model::mapping::Dropped;
use crate::model::{ArnSubject, Section};
use crate::observed::Lookup;
use crate::text::shell_word;
use crate::translator::case::{Case, Ruling};

/// The reader drops elements without a principal, one by one.
///
/// Source: aws-iam-authenticator `pkg/config/mapper.go`, `Validate`.
pub(super) fn thrown_away(case: &Case<'_>) -> Option<Ruling> {
    let id = case.mapping.id;
    let why = match &case.mapping.dropped {
        Some(Dropped::NoPrincipal) => "it names no principal".to_owned(),
        Some(Dropped::RoleAndSso) => "it has both a `rolearn` and an `sso` block".to_owned(),
        Some(Dropped::InvalidSso { reason }) => format!("its `sso` block is invalid: {reason}"),
        None if *case.standing == Standing::Dropped => "it is not valid".to_owned(),
        None => return None,
    };
    Some(Ruling::inert(
        Code::Dropped,
        format!("the cluster discards `{id}`: {why}"),
        "",
    ))
}

/// An empty account id is nobody's.
///
/// Source: aws-iam-authenticator `pkg/server/server.go`, `doMapping`, which compares account ids as text.
pub(super) fn empty_account(case: &Case<'_>) -> Option<Ruling> {
    let id = case.mapping.id;
    (id.section == Section::MapAccounts && case.mapping.arn.is_empty()).then(|| {
        Ruling::inert(
            Code::Dropped,
            format!("`{id}` is empty, so it matches no account"),
            "",
        )
    })
}

/// `sso:` blocks sit behind an alpha feature gate that is off unless somebody turns it on.
///
/// Source: aws-iam-authenticator `pkg/config/features.go`, `SSORoleMatch`.
pub(super) fn sso_block(case: &Case<'_>) -> Option<Ruling> {
    let sso = case.mapping.sso.as_ref()?;
    Some(Ruling::inert(
        Code::SsoBlock,
        format!(
            "EKS ignores the `sso` block for permission set `{}` in account `{}`",
            sso.permission_set_name, sso.account_id
        ),
        "",
    ))
}

/// Nothing is trimmed before matching, so a blank or a line end within the quotes keeps an ARN from matching.
///
/// Source: aws-iam-authenticator `pkg/config/mapper.go`, `Matches`.
pub(super) fn surrounding_space(case: &Case<'_>) -> Option<Ruling> {
    let (text, trimmed) = (&case.mapping.arn, case.mapping.arn.trim());
    (text != trimmed && !trimmed.is_empty()).then(|| {
        Ruling::inert(
            Code::SurroundingSpace,
            format!("`{text}` has white space around it and matches nobody"),
            "",
        )
    })
}

/// Any text is accepted, but only an ARN can match.
///
/// Source: aws-iam-authenticator `pkg/config/mapper.go`, `Validate`, which checks no syntax.
pub(super) fn not_an_arn(case: &Case<'_>) -> Option<Ruling> {
    let text = &case.mapping.arn;
    case.subject.is_none().then(|| {
        Ruling::inert(
            Code::NotAnArn,
            format!("`{text}` is not an ARN and matches nobody"),
            "",
        )
    })
}

/// A session logs in as its role, so the session's own ARN is never asked for.
///
/// Source: aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`.
pub(super) fn role_session(case: &Case<'_>) -> Option<Ruling> {
    (case.subject == Some(ArnSubject::AssumedRole)).then(|| {
        Ruling::inert(
            Code::SessionArn,
            format!(
                "`{}` is the ARN of a role session; sessions are matched by their role's ARN",
                case.mapping.arn
            ),
            "",
        )
    })
}

/// Only roles, users, root users and federated users ever log in, with accounts and names that IAM allows.
///
/// Source: IAM API Reference, `CreateRole`, pattern of `RoleName`; `CreateUser`, pattern of `UserName`.
pub(super) fn not_a_principal(case: &Case<'_>) -> Option<Ruling> {
    let arn = &case.mapping.arn;
    let why = match &case.subject {
        Some(ArnSubject::Other) => "is not the ARN of a role or user".to_owned(),
        Some(ArnSubject::Root { account }) if !is_account(account) => not_an_account(account),
        Some(ArnSubject::Principal(principal)) if !is_account(&principal.account) => {
            not_an_account(&principal.account)
        }
        Some(ArnSubject::Principal(principal)) if !is_name(&principal.name) => {
            format!(
                "has `{}`, which is not a name that IAM allows",
                principal.name
            )
        }
        _ => return None,
    };
    Some(Ruling::inert(
        Code::NotAPrincipal,
        format!("`{arn}` {why}, so it matches nobody"),
        "",
    ))
}

fn not_an_account(account: &str) -> String {
    format!("has `{account}`, which is not a 12-digit account id")
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

/// Credentials of one partition can't log in to a cluster in another.
///
/// Source: aws-iam-authenticator `pkg/token/token.go`, which accepts the STS hosts of the cluster's partition only.
pub(super) fn wrong_partition(case: &Case<'_>) -> Option<Ruling> {
    let cluster = &case.observed.cluster.partition;
    (case.partition != *cluster).then(|| {
        Ruling::inert(
            Code::WrongPartition,
            format!(
                "`{}` is in partition `{}` and the cluster in `{cluster}`, so it matches nobody",
                case.mapping.arn, case.partition
            ),
            "",
        )
    })
}

/// Of two mappings of one ARN the later one counts, and `mapRoles` counts before `mapUsers`; nothing is merged.
///
/// Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `saveMap`, and `mapper.go`, `Map`.
pub(super) fn shadowed(case: &Case<'_>) -> Option<Ruling> {
    let Standing::Shadowed { by } = case.standing else {
        return None;
    };
    Some(Ruling::inert(
        Code::Shadowed,
        format!(
            "overridden by {by}: the last mapping of `{}` wins",
            case.mapping.arn
        ),
        "",
    ))
}

/// `{{EC2PrivateDNSName}}` needs a session named like an instance id, and an IAM user has no session.
///
/// Source: aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`, whose failure ends the login.
pub(super) fn never_renders(case: &Case<'_>) -> Option<Ruling> {
    fails_at_every_login(case.mapping).then(|| {
        Ruling::inert(
            Code::NeverRenders,
            format!(
                "`{}` is not a role, so `{{{{EC2PrivateDNSName}}}}` fails at every login and nobody gets in",
                case.mapping.arn
            ),
            "",
        )
    })
}

/// STS leaves the path out of a session's ARN, so a role that is written with one is never asked for.
///
/// `--include-inert` lets it through, unless a service owns the role and EKS would refuse it.
/// Source: aws-iam-authenticator `pkg/arn/arn.go`; EKS User Guide, "Grant IAM users access to Kubernetes with a ConfigMap".
pub(super) fn role_with_path(case: &Case<'_>) -> Option<Ruling> {
    let principal = case.principal()?;
    let lets_in = case.choices.include_inert && !principal.is_service_linked();
    (case.is_role_with_path() && !lets_in).then(|| {
        let arn = &case.mapping.arn;
        let fix = if principal.is_service_linked() {
            String::new()
        } else {
            Advice::IncludeOnly { arn: shell_word(arn) }.into()
        };
        Ruling::inert(
            Code::RoleArnHasPath,
            format!(
                "`{arn}` has the path `{}`, and role sessions never show a path, so it matches nobody",
                principal.path
            ),
            fix,
        )
    })
}

/// A principal that is gone can't log in, and EKS makes no entry for it.
///
/// Source: EKS User Guide, "Create access entries" ("an existing IAM principal").
pub(super) fn principal_missing(case: &Case<'_>) -> Option<Ruling> {
    (*case.lookup() == Lookup::Missing).then(|| {
        Ruling::inert(
            Code::PrincipalMissing,
            format!(
                "`{}` does not exist in IAM, so nobody can log in as it",
                case.mapping.arn
            ),
            "",
        )
    })
}

/// Users are matched with their path, so another path than the real one matches nobody.
///
/// Source: aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`, which keeps users as they are.
pub(super) fn user_with_other_path(case: &Case<'_>) -> Option<Ruling> {
    if case.choices.include_inert || !case.is_user_with_other_path() {
        return None;
    }
    let real = case.real_principal()?;
    let arn = &case.mapping.arn;
    Some(Ruling::inert(
        Code::UserPathDiffers,
        format!("the user is `{real}` in IAM, so `{arn}` matches nobody"),
        Advice::IncludeOnly {
            arn: shell_word(arn),
        },
    ))
}
