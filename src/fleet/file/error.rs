//! Why a fleet file is not taken.

use super::SCHEMA;
use crate::fleet::member::MemberId;

/// Why a fleet file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// It is no YAML, or has something in it that has no meaning there; the message names the line.
    #[error("{0}")]
    Syntax(String),
    /// It says that it is something else.
    #[error("its `schema` is `{0}`, not `{SCHEMA}`")]
    OtherSchema(String),
    /// There is no cluster in it.
    #[error("it lists no cluster")]
    Empty,
    /// A cluster that can't be meant so.
    #[error("{place}: {problem}")]
    Cluster {
        /// Its place in the file.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A cluster that is there twice.
    #[error("{second}: the cluster {identity} is already listed at {first}")]
    Twice {
        /// Which cluster.
        identity: MemberId,
        /// Its first place in the file.
        first: String,
        /// Its second place in the file.
        second: String,
    },
}
