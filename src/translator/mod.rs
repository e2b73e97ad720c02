//! Translates each mapping to the access entry that stands for it, or says why there is none.

use crate::access::before::Standing;
use crate::choices::Choices;
use crate::finding::Finding;
use crate::model::{AccessEntry, Mapping, MappingId};
use crate::observed::Observed;

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
#[must_use]
pub fn translate(
    mapping: &Mapping,
    _standing: &Standing,
    _observed: &Observed,
    _choices: &Choices,
) -> Translation {
    Translation {
        mapping: mapping.id,
        decision: Decision::Inert,
        findings: Vec::new(),
    }
}
