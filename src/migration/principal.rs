//! One principal: what it gets now, through which way, and what it would get without `aws-auth`; pure.

use std::sync::Arc;

use serde::Serialize;

use crate::access::template::Placeholder;
use crate::access::{Bindings, ClusterAccess, Through, canonical, compare};
use crate::model::{
    AccessChange, Arn, ArnSubject, AuthenticationMode, Identity, MappingId, Principal,
    PrincipalKind, Sessions,
};
use crate::observed::{Lookup, Observed};
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
        /// Whether the entry was made before the principal, and so grants no access.
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
    /// The principal of an access entry that was made before it, and so grants no access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_entry: Option<Arn>,
    /// Whether it may be the cluster's creator, who is a hidden administrator in the mode `CONFIG_MAP`: EKS shows no
    /// entry for it there, and nothing else does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub may_be_creator: bool,
    /// Now and after the cutover.
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
/// An access entry comes before `aws-auth`, and hides it, unless it is older than its principal. A session's name is filled
/// in, and a session that is refused for its name gets nothing.
/// Source: aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`, and `pkg/server/server.go`, `doMapping`.
pub fn who(asked: &str, reading: &Reading, observed: &Observed) -> Result<Who, NotAPrincipal> {
    let unknown = || NotAPrincipal {
        text: asked.to_owned(),
    };
    let (principal, session) = principal(asked, observed).ok_or_else(unknown)?;
    let cluster = ClusterAccess::new(reading, observed);
    let in_force = cluster.access(&principal);
    let stale_entry = cluster
        .entry(&principal.key())
        .filter(|live| observed.is_stale(live))
        .map(|live| live.entry.principal_arn.clone());
    let may_be_creator = in_force.through == Through::Nothing
        && observed.cluster.authentication_mode == Some(AuthenticationMode::ConfigMap);
    let way = match (&in_force.through, &stale_entry) {
        (Through::Entry(principal_arn), _) => Way::AccessEntry {
            principal_arn: principal_arn.clone(),
            stale: false,
        },
        (Through::Nothing, Some(principal_arn)) => Way::AccessEntry {
            principal_arn: principal_arn.clone(),
            stale: true,
        },
        (Through::Mapping(mapping), _) => Way::Mapping { mapping: *mapping },
        (Through::Undefined(among), _) => Way::Undefined {
            among: among.to_vec(),
        },
        (Through::UnknownPath, _) => Way::Undefined { among: Vec::new() },
        (Through::Nothing, None) => Way::Nowhere,
    };
    let login = |identity: Arc<Identity>| match &session {
        Some(session) => in_session(&identity, session).map(Arc::new),
        None => Some(identity),
    };
    let is_known = in_force.is_known() && !may_be_creator;
    let before = in_force.identity.and_then(login);
    let after = match in_force.through {
        Through::Entry(_) => before.clone(),
        _ => None,
    };
    let access = compare(
        before.as_ref(),
        after.as_ref(),
        Bindings::as_read(observed.rbac.as_ref()),
    );
    Ok(Who {
        schema: "aws-auth-migrate/principal/v1",
        asked: asked.to_owned(),
        canonical_arn: canonical(&principal),
        way,
        stale_entry,
        may_be_creator,
        access: AccessChange {
            verdict: access.verdict.filter(|_| is_known),
            ..access
        },
    })
}

/// What one session gets: the names with its own filled in, or nothing where its name is no instance id.
///
/// The instance's private DNS name is not known here, so that placeholder stays.
/// Source: aws-iam-authenticator `pkg/server/server.go`, `renderTemplate` and `instanceIDPattern`.
fn in_session(identity: &Identity, session: &str) -> Option<Identity> {
    let is_instance = session.strip_prefix("i-").is_some_and(|id| {
        matches!(id.len(), 8 | 17) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    if identity.sessions == Sessions::Instances && !is_instance {
        return None;
    }
    let fill = |text: &String| {
        text.replace(Placeholder::SessionName.text(), &session.replace('@', "-"))
            .replace(Placeholder::SessionNameRaw.text(), session)
    };
    Some(Identity {
        username: fill(&identity.username),
        groups: identity.groups.iter().map(fill).collect(),
        ..identity.clone()
    })
}

/// The principal behind a text: `role/NAME/SESSION` names a session when the cluster knows `role/NAME`.
fn principal(asked: &str, observed: &Observed) -> Option<(Principal, Option<String>)> {
    let arn: Arn = asked.parse().ok()?;
    match ArnSubject::of(&arn) {
        ArnSubject::AssumedRole => {
            let mut parts = arn.resource.split('/').skip(1);
            let role = role(&arn, parts.next()?)?;
            Some((role, parts.next().map(str::to_owned)))
        }
        ArnSubject::Principal(principal) if principal.kind == PrincipalKind::Role => {
            // A session behind a name reads as a name behind a path; an entry or IAM says which it is.
            let is_known = |principal: &Principal| {
                observed.entry(&principal.key()).is_some()
                    || matches!(observed.lookup(&principal.key()), Lookup::Found { .. })
            };
            let before = arn.resource.rsplit_once('/').map(|(before, session)| {
                let role = Arn {
                    resource: before.into(),
                    ..arn.clone()
                };
                (role, session.to_owned())
            });
            let session_of = before
                .as_ref()
                .and_then(|(role, session)| Some((Principal::from_arn(role)?, session.clone())));
            match session_of {
                Some((role, session)) if !is_known(&principal) && is_known(&role) => {
                    Some((role, Some(session)))
                }
                _ => Some((principal, None)),
            }
        }
        ArnSubject::Principal(principal) => Some((principal, None)),
        _ => None,
    }
}

fn role(session: &Arn, name: &str) -> Option<Principal> {
    Principal::from_arn(&Arn {
        partition: session.partition.clone(),
        service: "iam".into(),
        region: "".into(),
        account: session.account.clone(),
        resource: format!("role/{name}").into(),
    })
}
