//! How a plan is applied.

use std::time::Duration;

use crate::choices::Choices;
use crate::invocation::CommandOption;
use crate::migration::session::JournalPlace;
use crate::plan::document::Plan;

/// How a plan is applied.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// The choices that shape the plan; those of the saved plan where there is one.
    pub choices: Choices,
    /// A saved plan, to be applied exactly.
    pub saved: Option<Plan>,
    /// Whether the one-way mode switch is allowed.
    pub enable_access_entries: bool,
    /// Where its journal is.
    pub journal: JournalPlace,
    /// How many principals to work on at a time.
    pub concurrency: usize,
    /// Calls per second at most.
    pub max_rate: Option<f64>,
    /// Whether the first failure stops the run.
    pub fail_fast: bool,
    /// How long the run may take.
    pub timeout: Option<Duration>,
    /// How long the nodes are watched after the first node role got its entry; not at all where there is none.
    pub canary: Option<Duration>,
    /// Whether the caller may lose the cluster-admin that it has today.
    pub allow_self_lockout: bool,
    /// Whether the decisions are shared with other clusters, so that one that matches nothing here is no slip.
    pub shared_decisions: bool,
}

impl Default for ApplyOptions {
    /// Nothing is decided for anybody, and the mode is not switched.
    fn default() -> Self {
        Self {
            choices: Choices::default(),
            saved: None,
            enable_access_entries: false,
            journal: JournalPlace::default(),
            concurrency: 8,
            max_rate: None,
            fail_fast: false,
            timeout: None,
            canary: None,
            allow_self_lockout: false,
            shared_decisions: false,
        }
    }
}

impl ApplyOptions {
    /// The options that it has to be given again to resume.
    pub(super) fn again(&self) -> Vec<CommandOption> {
        let flags = [
            (CommandOption::ApplyRbac, self.choices.bind_renamed),
            (CommandOption::AllowSelfLockout, self.allow_self_lockout),
            (CommandOption::FailFast, self.fail_fast),
        ];
        let flags = flags.into_iter().filter(|(_, given)| *given);
        flags
            .map(|(flag, _)| flag)
            .chain(self.canary.map(CommandOption::Canary))
            .chain(self.max_rate.map(CommandOption::MaxRate))
            .collect()
    }
}
