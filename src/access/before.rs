//! The authenticator's answer: which mapping counts for whom.

use std::collections::BTreeMap;

use crate::model::MappingId;
use crate::reader::Reading;

/// How a mapping stands among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is the one that counts for its ARN.
    Effective,
    /// Another mapping of the same ARN counts instead.
    Shadowed {
        /// The one that counts.
        by: MappingId,
    },
    /// The authenticator takes this one or another at random.
    Undefined {
        /// The others.
        with: Vec<MappingId>,
    },
    /// The authenticator threw it away while reading.
    Dropped,
}

/// Tells how each mapping stands.
#[must_use]
pub fn standings(_reading: &Reading) -> BTreeMap<MappingId, Standing> {
    BTreeMap::new()
}
