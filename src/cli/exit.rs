//! The exit codes: what a script can tell apart.

use std::process::ExitCode;

use crate::error::{Failure, FailureKind};
use crate::plan::document::Plan;

/// An exit code with its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exit(u8);

/// Done.
pub(super) const DONE: Exit = Exit(0);
/// Failed; the message says what, why and what to do.
pub(super) const FAILED: Exit = Exit(1);
/// Changes are pending; only with --detailed-exitcode.
pub(super) const PENDING: Exit = Exit(2);
/// Done as far as possible, but some mappings need a decision.
pub(super) const BLOCKED: Exit = Exit(3);
/// Some actions failed or were not reached; the same command resumes.
pub(super) const INCOMPLETE: Exit = Exit(4);
/// The command line is wrong.
pub(super) const USAGE: Exit = Exit(64);

/// Every code with its meaning, for the manual.
pub(super) const MEANINGS: [(&str, &str); 7] = [
    ("0", "Done; also a plan without --detailed-exitcode."),
    ("1", "Failed; the message says what, why and what to do."),
    ("2", "With --detailed-exitcode: changes are pending."),
    (
        "3",
        "Done as far as possible, but something needs a decision: apply, verify, cutover, rollback, and plan with --detailed-exitcode.",
    ),
    (
        "4",
        "Incomplete: some actions failed or were not reached; run the same command again to resume.",
    ),
    ("64", "The command line is wrong."),
    (
        "130, 143",
        "Stopped by SIGINT or SIGTERM; calls in progress were finished. Run the same command again to resume.",
    ),
];

impl From<Exit> for ExitCode {
    fn from(code: Exit) -> Self {
        Self::from(code.0)
    }
}

/// Stopped by a signal, as shells tell it.
pub(super) fn signal(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(FAILED.0))
}

/// The code of a failure.
pub(super) fn of(failure: &Failure) -> ExitCode {
    number(failure).into()
}

/// The same as a number, for documents.
pub(super) fn number(failure: &Failure) -> u8 {
    match failure.kind {
        FailureKind::Failed => FAILED.0,
        FailureKind::Usage => USAGE.0,
        FailureKind::Incomplete => INCOMPLETE.0,
        // SIGINT, as shells report it.
        FailureKind::Interrupted => 128 + 2,
    }
}

/// The worst of several codes: failed, then incomplete, then blocked, then pending.
pub(super) fn worst(codes: impl IntoIterator<Item = Exit>) -> Exit {
    const ORDER: [Exit; 5] = [DONE, PENDING, BLOCKED, INCOMPLETE, FAILED];
    let weight = |code: &Exit| ORDER.iter().position(|known| known == code);
    codes.into_iter().max_by_key(weight).unwrap_or(DONE)
}

/// The code of a plan under `--detailed-exitcode`.
pub(super) fn detailed(plan: &Plan) -> Exit {
    if plan.needs_decision() {
        BLOCKED
    } else if plan.actions.is_empty() {
        DONE
    } else {
        PENDING
    }
}
