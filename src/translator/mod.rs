//! Translates each mapping to the access entry that stands for it, or says why there is none.
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

/// What a mapping becomes, as far as the mapping, its principal and the choices decide it.
///
/// Live access entries are not looked at here; the plan compares with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The mapping.
    pub mapping: MappingId,
    /// What it becomes.
    pub decision: Decision,
    /// Why, and what else there is to know.
    pub findings: Vec<Finding>,
}

/// The four things that a mapping can become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This access entry.
    Entry(AccessEntry),
    /// Nothing: it grants nothing today.
    Inert,
    /// Nothing yet: it grants something today that needs a decision first. The entry is what could be made of it.
    Blocked(Option<AccessEntry>),
    /// Nothing: it is filtered out.
    Skipped,
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
    let Ruling { decision, findings } = rule(&Case::new(mapping, standing, observed, choices));
    let findings = finding::capped(findings);
    Translation {
        mapping: mapping.id,
        decision,
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
        decision: ruling.decision,
        findings,
    }
}
