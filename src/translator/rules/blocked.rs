//! Why a mapping that grants something has no access entry.

use crate::access::before::Standing;
use crate::finding::Code;
use crate::model::{ArnSubject, Section};
use crate::text::counted;
use crate::translator::case::{Case, Ruling};

/// `mapAccounts` lets every principal of an account log in; access entries name principals one by one.
///
/// Source: aws-iam-authenticator `pkg/server/server.go`, `doMapping`; EKS User Guide, "Create access entries".
pub(super) fn whole_account(case: &Case<'_>) -> Option<Ruling> {
    let account = &case.mapping.arn;
    (case.mapping.id.section == Section::MapAccounts).then(|| {
        Ruling::impossible(
            Code::MapAccounts,
            format!("every principal of account `{account}` may log in with its ARN as username; an access entry covers one principal only"),
            "",
        )
    })
}

/// The root user logs in through `aws-auth`, but an access entry is for a role or a user.
///
/// Source: aws-iam-authenticator `pkg/arn/arn.go`; EKS User Guide, "Create access entries".
pub(super) fn root_user(case: &Case<'_>) -> Option<Ruling> {
    let Some(ArnSubject::Root { .. }) = &case.subject else {
        return None;
    };
    Some(Ruling::impossible(
        Code::RootUser,
        format!(
            "`{}` grants the account's root user; access entries don't support root",
            case.mapping.arn
        ),
        "",
    ))
}

/// A federated user logs in through `aws-auth`, but it is a session and not a principal of IAM.
///
/// Source: aws-iam-authenticator `pkg/arn/arn.go`; EKS API Reference, `CreateAccessEntry`, `principalArn`.
pub(super) fn federated_user(case: &Case<'_>) -> Option<Ruling> {
    (case.subject == Some(ArnSubject::FederatedUser)).then(|| {
        Ruling::impossible(
            Code::FederatedUser,
            format!(
                "`{}` grants a federated user; access entries take roles and users only",
                case.mapping.arn
            ),
            "",
        )
    })
}

/// User mappings are kept by their exact text but matched without case, so the cluster takes one at random.
///
/// Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `saveMap` (a Go map in random order).
pub(super) fn undefined_duplicate(case: &Case<'_>) -> Option<Ruling> {
    const SHOWN: usize = 10;
    let Standing::Undefined { among } = case.standing else {
        return None;
    };
    let others = among.iter().filter(|id| **id != case.mapping.id);
    let mut others: Vec<String> = others.take(SHOWN).map(|id| format!("`{id}`")).collect();
    // The mapping itself is among them.
    if let Some(more @ 1..) = among.len().checked_sub(SHOWN + 1) {
        others.push(format!("{} more", counted(more)));
    }
    let others = others.join(", ");
    Some(Ruling::impossible(
        Code::UndefinedDuplicate,
        format!(
            "`{}` and {others} name one user in different case, and the cluster picks one at random; in aws-auth, remove all but one",
            case.mapping.id
        ),
        "",
    ))
}
