//! One principal: what it gets now, through which way, and what it would get without `aws-auth`; pure.

use serde::Serialize;

use super::verify::canonical;
use crate::access::before::{Answer, Authenticator};
use crate::access::compare::compare;
use crate::access::identity::groups_once;
use crate::access::identity_of_entry;
use crate::access::template::with_account;
use crate::model::{Arn, AuthenticationMode, MappingId, Principal, PrincipalKind, Subject};
use crate::observed::{Lookup, Observed};
use crate::plan::document::{AccessChange, Identity};
use crate::plan::is_stale;
use crate::reader::Reading;

/// How a principal gets in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Way {
    /// By its access entry.
    AccessEntry {
        /// The entry's principal.
        principal_arn: Arn,
        /// Whether the entry was made before the principal, and so lets nobody in.
        stale: bool,
    },
    /// By a mapping of `aws-auth`, or an element of `mapAccounts`.
    Mapping {
        /// Which one.
        mapping: MappingId,
    },
    /// By one of several mappings, at random.
    Undefined {
        /// Which ones.
        among: Vec<MappingId>,
    },
    /// Not at all.
    Nowhere,
}

/// What is known of one principal's access.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// The name and version of the document.
    pub schema: &'static str,
    /// The principal as it was asked for.
    pub asked: String,
    /// The ARN by which the cluster knows it.
    pub canonical_arn: String,
    /// How it gets in now.
    pub way: Way,
    /// The principal of an access entry that was made before it, and so lets nobody in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_entry: Option<Arn>,
    /// Now and after the cut-over.
    pub access: AccessChange,
}

/// Why nothing can be said of a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the ARN of a role, a user or a role session")]
pub struct NotAPrincipal {
    text: String,
}

/// Answers for one ARN, with a session's name where it has one: of a role, a user, or an STS session.
///
/// An access entry comes before `aws-auth`, and hides it, unless it is older than its principal.
/// Source: aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`, and `pkg/server/server.go`, `doMapping`.
pub fn who(asked: &str, reading: &Reading, observed: &Observed) -> Result<Who, NotAPrincipal> {
    let unknown = || NotAPrincipal {
        text: asked.to_owned(),
    };
    let principal = principal(asked, observed).ok_or_else(unknown)?;
    let canonical_arn = canonical(&principal);
    let mode = observed.cluster.authentication_mode;
    let live = observed
        .entry(&principal.key())
        .filter(|_| mode.is_none_or(AuthenticationMode::has_access_entries));
    let dead = live.filter(|live| is_stale(observed.lookup(&principal.key()), live));
    let reads_aws_auth = mode.is_none_or(AuthenticationMode::reads_config_map);
    let (way, before, after) = match live.filter(|_| dead.is_none()) {
        Some(live) => {
            let identity = Some(identity_of_entry(&live.entry));
            let way = Way::AccessEntry {
                principal_arn: live.entry.principal_arn.clone(),
                stale: false,
            };
            (way, identity.clone(), identity)
        }
        // A dead entry is found by nobody's id, and hides no mapping.
        None if reads_aws_auth => {
            let (way, before) = by_aws_auth(&canonical_arn, &principal, reading);
            (way, before, None)
        }
        None => (Way::Nowhere, None, None),
    };
    let stale_entry = dead.map(|live| live.entry.principal_arn.clone());
    let way = match (way, &stale_entry) {
        (Way::Nowhere, Some(principal_arn)) => Way::AccessEntry {
            principal_arn: principal_arn.clone(),
            stale: true,
        },
        (way, _) => way,
    };
    let entry_type = live.map(|live| &live.entry.entry_type);
    Ok(Who {
        schema: "aws-auth-migrate/principal/v1",
        asked: asked.to_owned(),
        canonical_arn,
        way,
        stale_entry,
        access: compare(
            before.as_ref(),
            after.as_ref(),
            entry_type,
            observed.rbac.as_ref(),
        ),
    })
}

fn by_aws_auth(
    canonical_arn: &str,
    principal: &Principal,
    reading: &Reading,
) -> (Way, Option<Identity>) {
    match Authenticator::new(reading).answer(canonical_arn) {
        Answer::Mapped {
            by,
            username,
            groups,
        } => {
            let fill = |text: &str| with_account(text, &principal.account);
            let identity = Identity {
                username: fill(&username),
                groups: groups_once(groups.iter().map(|group| fill(group))),
                policies: Vec::new(),
            };
            (Way::Mapping { mapping: by }, Some(identity))
        }
        Answer::Undefined { among } => {
            let among = among.to_vec();
            (Way::Undefined { among }, None)
        }
        Answer::Refused => (Way::Nowhere, None),
    }
}

/// The principal behind a text: `role/NAME/SESSION` names a session when the cluster knows `role/NAME`.
fn principal(asked: &str, observed: &Observed) -> Option<Principal> {
    let arn: Arn = asked.parse().ok()?;
    match Subject::of(&arn) {
        Subject::AssumedRole => role(&arn, arn.resource.split('/').nth(1)?),
        Subject::Principal(principal) if principal.kind == PrincipalKind::Role => {
            // A session behind a name reads as a name behind a path; an entry or IAM tells which it is.
            let is_known = |principal: &Principal| {
                observed.entry(&principal.key()).is_some()
                    || matches!(observed.lookup(&principal.key()), Lookup::Found { .. })
            };
            let before = arn.resource.rsplit_once('/').map(|(before, _)| Arn {
                resource: before.to_owned(),
                ..arn.clone()
            });
            let session_of = before.as_ref().and_then(Principal::from_arn);
            match session_of {
                Some(role) if !is_known(&principal) && is_known(&role) => Some(role),
                _ => Some(principal),
            }
        }
        Subject::Principal(principal) => Some(principal),
        _ => None,
    }
}

fn role(session: &Arn, name: &str) -> Option<Principal> {
    Principal::from_arn(&Arn {
        partition: session.partition.clone(),
        service: "iam".to_owned(),
        region: String::new(),
        account: session.account.clone(),
        resource: format!("role/{name}"),
    })
}
