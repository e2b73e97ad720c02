//! One mapping with all that the rules may ask about it.

use std::cell::OnceCell;
use std::collections::HashSet;

use smol_str::SmolStr;

use super::Proposal;
use crate::access::before::Standing;
use crate::choices::Choices;
use crate::finding::{Code, Finding};
use crate::model::{Arn, ArnSubject, Mapping, Principal, PrincipalKind};
use crate::observed::{Lookup, Observed};

/// A mapping, what surrounds it, and what its ARN was read as.
pub(super) struct Case<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) standing: &'a Standing,
    pub(super) observed: &'a Observed,
    pub(super) choices: &'a Choices,
    /// What the ARN points at; `None` where the text is no ARN.
    pub(super) subject: Option<ArnSubject>,
    /// The partition in the ARN, lower case; empty where the text is no ARN.
    pub(super) partition: SmolStr,
    /// The mapping's groups, to be found among many.
    groups: OnceCell<HashSet<&'a str>>,
}

/// What a rule proposes, with its findings.
pub(super) struct Ruling {
    pub(super) proposal: Proposal,
    /// Whether groups are left out that EKS refuses.
    pub(super) drops_groups: bool,
    pub(super) findings: Vec<Finding>,
}

impl Ruling {
    /// Nothing is made, because nothing is granted today.
    pub(super) fn inert(code: Code, message: String, fix: impl Into<String>) -> Self {
        Self::because(Proposal::Inert, Finding::new(code, message, fix))
    }

    /// No entry can be made, though something is granted today.
    pub(super) fn impossible(code: Code, message: String, fix: impl Into<String>) -> Self {
        Self::because(Proposal::Impossible, Finding::new(code, message, fix))
    }

    /// A proposal with one reason.
    pub(super) fn because(proposal: Proposal, finding: Finding) -> Self {
        Self {
            proposal,
            drops_groups: false,
            findings: vec![finding],
        }
    }
}

impl<'a> Case<'a> {
    pub(super) fn new(
        mapping: &'a Mapping,
        standing: &'a Standing,
        observed: &'a Observed,
        choices: &'a Choices,
    ) -> Self {
        let arn = Arn::as_matched(&mapping.arn);
        Self {
            mapping,
            standing,
            observed,
            choices,
            subject: arn.as_ref().map(ArnSubject::of),
            partition: arn.map(|arn| arn.partition).unwrap_or_default(),
            groups: OnceCell::new(),
        }
    }

    /// Whether the mapping has a group.
    pub(super) fn has_group(&self, name: &str) -> bool {
        let groups = &self.mapping.groups;
        let all = || groups.iter().map(String::as_str).collect();
        self.groups.get_or_init(all).contains(name)
    }

    /// The role or user that the ARN names, as it is written.
    pub(super) fn principal(&self) -> Option<&Principal> {
        match &self.subject {
            Some(ArnSubject::Principal(principal)) => Some(principal),
            _ => None,
        }
    }

    /// What IAM said about the principal.
    pub(super) fn lookup(&self) -> &'a Lookup {
        match self.principal() {
            Some(principal) if !self.observed.principals.is_empty() => {
                self.observed.lookup(&principal.key())
            }
            _ => &Lookup::NotTried,
        }
    }

    /// The principal as IAM has it, where that is known.
    pub(super) fn real_principal(&self) -> Option<Principal> {
        match self.lookup() {
            Lookup::Found { arn, .. } => Principal::from_arn(arn),
            _ => None,
        }
    }

    /// Whether the ARN is a role's with a path, which the cluster never matches.
    pub(super) fn is_role_with_path(&self) -> bool {
        self.principal()
            .is_some_and(|principal| principal.kind == PrincipalKind::Role && principal.has_path())
    }

    /// Whether the ARN is a user's whose real path is known to be another one, which the cluster never matches.
    pub(super) fn is_user_with_other_path(&self) -> bool {
        let (Some(written), Some(real)) = (self.principal(), self.real_principal()) else {
            return false;
        };
        written.kind == PrincipalKind::User
            && real.kind == PrincipalKind::User
            && written.path.to_lowercase() != real.path.to_lowercase()
    }

    /// Whether nothing of AWS was asked: an offline plan has no authentication mode.
    pub(super) fn is_offline(&self) -> bool {
        self.observed.cluster.authentication_mode.is_none()
    }
}
