//! Findings: what the tool has to say about a mapping, an entry or the cluster, each with a stable code.
//!
//! The codes and their explanations are declared once, in [`code`], and explained in [`mod@explain`].

pub mod code;
pub mod explain;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use code::Code;
pub use explain::explain;

use crate::model::{MappingId, Place};
use crate::text::counted;

/// How much a finding weighs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nobody's access changes; worth knowing.
    Info,
    /// Something changes or may not be as intended; read it. `--strict` lets it block.
    Warning,
    /// Needs a decision before anything is done.
    Error,
}

/// One thing to know, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The stable code, explained by `explain CODE`.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// What was found, in one sentence; text from the cluster in it is not escaped yet.
    pub message: String,
    /// What to do, a command line or a snippet where possible; empty where there is nothing to do.
    pub fix: String,
}

impl Finding {
    /// A finding with its code's own severity.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            fix: fix.into(),
        }
    }
}

/// How many findings of one code are kept; the rest are counted.
const MAX_ALIKE: usize = 20;

/// Findings about one mapping, of which many may be alike: a mapping has room for half a million groups.
///
/// The first of each code stay, and one more says how many there are beside them.
#[must_use]
pub fn capped(findings: Vec<Finding>) -> Vec<Finding> {
    if findings.len() <= MAX_ALIKE {
        return findings;
    }
    let mut alike: BTreeMap<Code, (Severity, usize)> = BTreeMap::new();
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        let (_, count) = alike.entry(finding.code).or_insert((finding.severity, 0));
        *count += 1;
        if *count <= MAX_ALIKE {
            kept.push(finding);
        }
    }
    for (code, (severity, count)) in alike {
        if count > MAX_ALIKE {
            let more = counted(count - MAX_ALIKE);
            kept.push(Finding {
                severity,
                ..Finding::new(code, format!("and {more} more like this"), "")
            });
        }
    }
    kept
}

/// A finding about a place in the text of `aws-auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What was found.
    pub finding: Finding,
    /// Where; `None` where the finding is about a key of `data` as a whole.
    pub place: Option<Place>,
    /// The mapping that it belongs to, where it belongs to one.
    pub mapping: Option<MappingId>,
}
