//! What is in force now: who gets in through what, an access entry or `aws-auth`.
//!
//! Source: EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries" (an entry hides the mapping
//! of the same principal); aws-iam-authenticator `pkg/server/server.go`, `doMapping`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::after::identity_of_entry;
use super::before::{Authenticator, AuthenticatorAnswer, to_lower};
use super::identity::Logins;
use crate::model::{
    Arn, AuthenticationMode, Identity, LiveEntry, MappingId, Principal, PrincipalKey, PrincipalKind,
};
use crate::observed::{Lookup, Observed};
use crate::reader::Reading;

/// What lets a principal in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Through {
    /// Its access entry, which hides whatever `aws-auth` says of it.
    Entry(Arn),
    /// A mapping, or an element of `mapAccounts`.
    Mapping(MappingId),
    /// One of several mappings, at random: what it gets is unknown.
    Undefined(Arc<[MappingId]>),
    /// Mappings name the user with several paths, and neither IAM nor an access entry says which is the real one.
    UnknownPath,
    /// Nothing.
    Nothing,
}

/// The access of one principal as it is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// What lets it in.
    pub through: Through,
    /// What its logins get; `None` where nobody is let in or it is unknown.
    pub identity: Option<Arc<Identity>>,
}

impl InForce {
    fn nothing() -> Self {
        Self {
            through: Through::Nothing,
            identity: None,
        }
    }

    /// Whether it is known who gets what.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self.through, Through::Undefined(_) | Through::UnknownPath)
    }
}

/// Answers for any principal of a cluster.
#[derive(Debug)]
pub struct ClusterAccess<'a> {
    authenticator: Authenticator<'a>,
    observed: &'a Observed,
    entries: BTreeMap<PrincipalKey, &'a LiveEntry>,
    /// The paths with which mappings name users.
    paths: BTreeMap<PrincipalKey, BTreeSet<String>>,
}

impl<'a> ClusterAccess<'a> {
    /// Takes in what `aws-auth` says and what the cluster has.
    #[must_use]
    pub fn new(reading: &'a Reading, observed: &'a Observed) -> Self {
        let mut paths: BTreeMap<PrincipalKey, BTreeSet<String>> = BTreeMap::new();
        for mapping in &reading.mappings {
            let user = Principal::as_matched(&mapping.arn)
                .filter(|principal| principal.kind == PrincipalKind::User);
            if let Some(user) = user.filter(|_| mapping.dropped.is_none()) {
                let path = to_lower(&user.path);
                paths.entry(user.key()).or_default().insert(path);
            }
        }
        Self {
            authenticator: Authenticator::new(reading),
            observed,
            entries: observed.entries_by_principal(),
            paths,
        }
    }

    /// What the authenticator makes of the mappings.
    #[must_use]
    pub fn authenticator(&self) -> &Authenticator<'a> {
        &self.authenticator
    }

    /// The principal's access entry that lets it in: there is one, the mode has entries, and it is not older than the
    /// principal.
    #[must_use]
    pub fn entry_in_force(&self, key: &PrincipalKey) -> Option<&'a LiveEntry> {
        let mode = self.observed.cluster.authentication_mode;
        let live = self.entries.get(key).copied()?;
        (mode.is_none_or(AuthenticationMode::has_access_entries) && !self.observed.is_stale(live))
            .then_some(live)
    }

    /// The principal's access entry, whether or not it lets anybody in.
    #[must_use]
    pub fn entry(&self, key: &PrincipalKey) -> Option<&'a LiveEntry> {
        self.entries.get(key).copied()
    }

    /// What a principal has now.
    #[must_use]
    pub fn access(&self, principal: &Principal) -> InForce {
        match self.entry_in_force(&principal.key()) {
            Some(live) => InForce {
                through: Through::Entry(live.entry.principal_arn.clone()),
                identity: identity_of_entry(&live.entry).map(Arc::new),
            },
            None => self.by_aws_auth(principal),
        }
    }

    /// What a principal has, or would have without its entry, through `aws-auth`.
    ///
    /// Source: EKS User Guide, "Create access entries" (the principal has to exist, and its ARN has its path).
    #[must_use]
    pub fn by_aws_auth(&self, principal: &Principal) -> InForce {
        let mode = self.observed.cluster.authentication_mode;
        if !mode.is_none_or(AuthenticationMode::reads_config_map) {
            return InForce::nothing();
        }
        let real = match self.observed.lookup(&principal.key()) {
            Lookup::Found { arn, .. } => Principal::from_arn(arn),
            Lookup::Missing => None,
            // EKS takes an entry for the real path only, so that the entry answers where IAM was not asked.
            Lookup::Denied { .. }
            | Lookup::NotAssumed { .. }
            | Lookup::OtherAccount
            | Lookup::NotTried => self
                .entry_in_force(&principal.key())
                .and_then(|live| Principal::from_arn(&live.entry.principal_arn)),
        };
        let paths = self.paths.get(&principal.key());
        if real.is_none() && paths.is_some_and(|paths| paths.len() > 1) {
            return InForce {
                through: Through::UnknownPath,
                identity: None,
            };
        }
        let principal = real
            .filter(|real| real.key() == principal.key())
            .unwrap_or_else(|| principal.clone());
        match self.authenticator.answer(&canonical(&principal)) {
            AuthenticatorAnswer::Mapped {
                by,
                username,
                groups,
            } => InForce {
                through: Through::Mapping(by),
                identity: Logins::of(&principal)
                    .identity(&username, groups.iter().map(String::as_str), Vec::new())
                    .map(Arc::new),
            },
            AuthenticatorAnswer::Undefined { among } => InForce {
                through: Through::Undefined(among),
                identity: None,
            },
            AuthenticatorAnswer::Refused => InForce::nothing(),
        }
    }
}

/// The ARN by which the authenticator knows a principal: a role's has no path.
///
/// Source: aws-iam-authenticator `pkg/arn/arn.go`, `Canonicalize`.
#[must_use]
pub fn canonical(principal: &Principal) -> String {
    let mut principal = principal.clone();
    if principal.kind == PrincipalKind::Role {
        principal.path = "/".into();
    }
    principal.arn().to_string()
}
