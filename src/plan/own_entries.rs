//! What this tool made earlier, as the journal and the tags say.

use std::collections::BTreeSet;

use crate::choices::Choices;
use crate::model::LiveEntry;

/// What this tool knows of its own earlier work.
#[derive(Debug, Clone, Default)]
pub struct Ours {
    /// Entries that the journal's runs made, by principal ARN.
    pub made: BTreeSet<String>,
    /// Policies that those runs associated, with an answer, as principal and policy ARN.
    pub associated: BTreeSet<(String, String)>,
    /// The choices under which those runs were made: what they decided may be done and gone by now.
    pub choices: Vec<Choices>,
}

/// The tag that marks entries made by this tool; its value is the run's id.
pub const RUN_TAG: &str = "aws-auth-migrate/run";

impl Ours {
    /// Whether this tool made an entry: the journal says so, or its tag does.
    #[must_use]
    pub fn made(&self, live: &LiveEntry) -> bool {
        self.made.contains(&live.entry.principal_arn.to_string())
            || live.entry.tags.contains_key(RUN_TAG)
    }
}
