//! Kubernetes identities as functions of the login: what is known before a session's name is.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::template::{Placeholder, with_account};
use crate::model::{Arn, ArnSubject, Identity, Mapping, Principal, PrincipalKind, Sessions};

pub use crate::model::access::{AUTHENTICATED, MASTERS};

/// How many groups are looked through one by one, which is faster than a table of them.
const FEW: usize = 16;

/// What a principal's logins have in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logins {
    /// The account, which fills `{{AccountID}}`; `None` where the ARN is no principal's.
    pub account: Option<SmolStr>,
    /// Whether logins have a session's name: roles and federated users do, IAM users and root don't.
    pub have_sessions: bool,
}

impl Logins {
    /// The logins of a role or user.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        Self {
            account: Some(principal.account.clone()),
            have_sessions: principal.kind == PrincipalKind::Role,
        }
    }

    /// The logins that match a mapping's ARN.
    #[must_use]
    pub fn of_mapping(mapping: &Mapping) -> Self {
        match Arn::as_matched(&mapping.arn).map(|arn| ArnSubject::of(&arn)) {
            Some(ArnSubject::Principal(principal)) => Self::of(&principal),
            Some(ArnSubject::Root { account }) => Self {
                account: Some(account.into()),
                have_sessions: false,
            },
            _ => Self {
                account: None,
                have_sessions: true,
            },
        }
    }

    /// The identity that these logins get for templates of a username and groups; `None` where nobody is let in.
    ///
    /// `{{EC2PrivateDNSName}}` lets in only sessions named like an instance id, and so no IAM user at all; a session's
    /// name renders to nothing for an IAM user. The other placeholders stay, since they are filled in at login.
    /// Source: aws-iam-authenticator `pkg/server/server.go`, `renderTemplate` and `doMapping`.
    #[must_use]
    pub fn identity<'a>(
        &self,
        username: &'a str,
        groups: impl Iterator<Item = &'a str> + Clone,
        policies: Vec<String>,
    ) -> Option<Identity> {
        let needs_instance = needs_instance(username, groups.clone());
        if needs_instance && !self.have_sessions {
            return None;
        }
        Some(Identity {
            username: self.fill(username),
            groups: groups_once(groups.map(|group| self.fill(group))),
            policies,
            sessions: if needs_instance {
                Sessions::Instances
            } else {
                Sessions::All
            },
        })
    }

    /// The text with everything filled in that is the same for all of these logins.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut filled = match &self.account {
            Some(account) => with_account(text, account),
            None => text.to_owned(),
        };
        if !self.have_sessions {
            for session in [Placeholder::SessionName, Placeholder::SessionNameRaw] {
                if session.is_in(&filled) {
                    filled = filled.replace(session.text(), "");
                }
            }
        }
        filled
    }
}

/// Whether only sessions named like an instance id can log in with this username and these groups.
///
/// Source: aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`.
fn needs_instance<'a>(username: &'a str, groups: impl IntoIterator<Item = &'a str>) -> bool {
    let mut texts = std::iter::once(username).chain(groups);
    texts.any(|text| Placeholder::Ec2PrivateDnsName.is_in(text))
}

/// Whether every login through a mapping fails: it needs a session named like an instance id, and its principal has no
/// sessions.
#[must_use]
pub fn fails_at_every_login(mapping: &Mapping) -> bool {
    let groups = mapping.groups.iter().map(String::as_str);
    needs_instance(&mapping.username, groups) && !Logins::of_mapping(mapping).have_sessions
}

/// The identity that the authenticator gives for a mapping; `None` where it grants no access, as on an IAM user with
/// `{{EC2PrivateDNSName}}`.
///
/// Whether the mapping counts at all is not asked here.
/// Source: aws-iam-authenticator `pkg/server/server.go`, `doMapping`.
#[must_use]
pub fn identity_of_mapping(mapping: &Mapping) -> Option<Identity> {
    let groups = mapping.groups.iter().map(String::as_str);
    Logins::of_mapping(mapping).identity(&mapping.username, groups, Vec::new())
}

/// Groups in order and each once, without the one that everybody has and without empty ones, which no binding can name.
#[must_use]
pub fn groups_once(groups: impl Iterator<Item = String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    // A mapping has a handful of groups as a rule, and may have tens of thousands.
    let mut many = HashSet::new();
    for group in groups.filter(|group| !group.is_empty() && group != AUTHENTICATED) {
        let is_new = if once.len() < FEW {
            !once.contains(&group)
        } else {
            if many.is_empty() {
                many.extend(once.iter().cloned());
            }
            many.insert(group.clone())
        };
        if is_new {
            once.push(group);
        }
    }
    once
}
