//! Translates each mapping to the access entry that replaces it, or says why there is none.
//!
//! Three stages, each a file or more of small rules:
//!
//! 1. `rules`: is there an entry to make at all? The first rule that matches decides.
//! 2. `node`: is it a node's mapping? Its shape decides the type of the entry.
//! 3. `standard`: everybody else; the rules for `groups` and the `username` are combined.

mod case;
mod groups;
mod lookup;
mod node;
mod rules;
mod service_linked;
mod standard;
mod username;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod properties;

use crate::access::before::Standing;
use crate::choices::Choices;
use crate::finding::{self, Finding};
use crate::model::{AccessEntry, Mapping, MappingId};
use crate::observed::Observed;
use case::{Case, Ruling};

/// What is proposed for a mapping, as far as the mapping, its principal and the choices shape it.
///
/// Whether a proposal may be made without a decision is not decided here: the plan compares access before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The mapping.
    pub mapping: MappingId,
    /// What is proposed.
    pub proposal: Proposal,
    /// Whether the mapping grants something today; one that does not is proposed only where that was asked for.
    pub grants_today: bool,
    /// Whether the entry leaves out groups that EKS refuses by their names: they are asked about, bound or not.
    pub drops_groups: bool,
    /// Why, and what else there is to know.
    pub findings: Vec<Finding>,
}

/// The four things that can be proposed for a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every mapping has an entry proposed"
)]
pub enum Proposal {
    /// This access entry.
    Entry(AccessEntry),
    /// Nothing: it grants nothing today.
    Inert,
    /// Nothing: it grants something today that no access entry can.
    Impossible,
    /// Nothing: it is filtered out.
    FilteredOut,
}

/// Translates one mapping.
///
/// Pure: what is known of IAM, of node groups and of RBAC comes in `observed`, and what is not known there is said
/// in a finding. Whether EKS makes a node role's entry itself is not decided here but by the plan.
#[must_use]
pub fn translate(
    mapping: &Mapping,
    standing: &Standing,
    observed: &Observed,
    choices: &Choices,
) -> Translation {
    let case = Case::new(mapping, standing, observed, choices);
    let Ruling {
        proposal,
        drops_groups,
        findings,
    } = rule(&case);
    let findings = finding::capped(findings);
    Translation {
        mapping: mapping.id,
        grants_today: proposal != Proposal::Inert
            && !case.is_role_with_path()
            && !case.is_user_with_other_path(),
        drops_groups,
        proposal,
        findings,
    }
}

fn rule(case: &Case<'_>) -> Ruling {
    if let Some(ruling) = rules::RULES.iter().find_map(|rule| rule(case)) {
        return ruling;
    }
    let principal = case
        .principal()
        .expect("the rules let nothing but roles and users through");
    let (principal_arn, mut findings) = lookup::resolve(case, principal);
    let ruling = match node::shape(case.mapping) {
        Some(shape) => node::translate(case, principal, principal_arn, shape),
        None => standard::translate(case, principal, principal_arn),
    };
    findings.extend(ruling.findings);
    Ruling {
        proposal: ruling.proposal,
        drops_groups: ruling.drops_groups,
        findings,
    }
}
