//! How whoever runs a command agreed to what it is about to do.

use crate::error::Failure;

/// How whoever runs a command agreed to what it is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// On the command line, before anything was seen.
    Given,
    /// By the answer to a question; what was seen may have changed while it was thought about.
    Answered,
}

/// Refuses to continue where what was shown to a person is no longer what would be done.
pub(super) fn refuse_unless_as_shown(is_same: bool) -> Result<(), Failure> {
    if is_same {
        return Ok(());
    }
    Err(
        Failure::refused("the cluster changed while the question was open")
            .hint("run the same command again, and review what it shows"),
    )
}
