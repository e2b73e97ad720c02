//! How the calls of a run ended, one by one.

use serde::Serialize;

use super::page::{Line, Mark};
use crate::model::{ActionError, ActionStatus};
use crate::plan::Action;
use crate::writer::{ActionResult, RunSummary};

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Result<'a> {
    action: &'a Action,
    status: ActionStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ActionError>,
    /// Whether EKS doesn't know the principal, so that a person has to decide.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    blocked: bool,
}

impl<'a> Result<'a> {
    pub(super) fn of(result: &'a ActionResult) -> Self {
        Self {
            action: &result.action,
            status: result.status,
            error: result.error.as_ref(),
            blocked: result.is_refused(),
        }
    }
}

/// An entry that was read back and does not say what it should.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Unverified {
    principal_arn: String,
    differences: String,
}

impl Unverified {
    pub(super) fn line(&self) -> Line {
        let Self {
            principal_arn,
            differences,
        } = self;
        Line::marked(
            Mark::Fault,
            format!("{principal_arn} differs from what was asked for: {differences}"),
        )
    }
}

pub(super) fn unverified(summary: &RunSummary) -> Vec<Unverified> {
    let entries = summary.unverified.iter();
    entries
        .map(|(arn, differences)| Unverified {
            principal_arn: arn.to_string(),
            differences: differences.clone(),
        })
        .collect()
}

/// The principal of a call.
pub(super) fn principal(action: &Action) -> String {
    let arn = action.kind.principal_arn().map(ToString::to_string);
    arn.unwrap_or_default()
}

/// What went wrong with a call.
pub(super) fn failure(result: &ActionResult) -> Line {
    let operation = result.action.kind.operation();
    let error = result.error.as_ref().map_or_else(String::new, |error| {
        let request = error
            .request_id
            .as_ref()
            .map_or_else(String::new, |id| format!(" (request {id})"));
        format!("{}: {}{request}", error.code, error.message)
    });
    let line = Line::marked(
        Mark::Fault,
        format!("{operation} for {}: {error}", principal(&result.action)),
    );
    let code = result.error.as_ref().map(|error| error.code.as_str());
    match code {
        Some("AccessDenied" | "AccessDeniedException") => {
            line.fix(&format!("grant `eks:{operation}` to the caller"))
        }
        _ => line,
    }
}

/// A call that was not tried.
pub(super) fn not_reached(action: &Action) -> Line {
    let operation = action.kind.operation();
    Line::marked(
        Mark::Fault,
        format!("{operation} for {}: not reached", principal(action)),
    )
}
