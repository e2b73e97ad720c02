//! How the calls of a run ended, one by one.

use serde::Serialize;

use crate::model::{ActionError, ActionStatus};
use crate::plan::Action;
use crate::text::visible;
use crate::writer::{ActionResult, Summary};

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
    pub(super) fn line(&self) -> String {
        format!(
            "! {} is not as it should be: {}",
            visible(&self.principal_arn),
            visible(&self.differences)
        )
    }
}

pub(super) fn unverified(summary: &Summary) -> Vec<Unverified> {
    let entries = summary.unverified.iter();
    entries
        .map(|(arn, differences)| Unverified {
            principal_arn: arn.to_string(),
            differences: differences.clone(),
        })
        .collect()
}

/// The principal of a call, hidden characters escaped.
pub(super) fn principal(action: &Action) -> String {
    let arn = action.kind.principal_arn().map(ToString::to_string);
    visible(&arn.unwrap_or_default()).into_owned()
}

/// What went wrong with a call, in a line.
pub(super) fn failure(result: &ActionResult) -> String {
    let error = result.error.as_ref().map_or_else(String::new, |error| {
        let request = error
            .request_id
            .as_ref()
            .map_or_else(String::new, |id| format!(" (request {id})"));
        let grant = match error.code.as_str() {
            "AccessDenied" | "AccessDeniedException" => {
                format!(
                    "; grant `eks:{}` to the caller",
                    result.action.kind.operation()
                )
            }
            _ => String::new(),
        };
        format!("{}: {}{request}{grant}", error.code, error.message)
    });
    format!(
        "! {} for {}: {}",
        result.action.kind.operation(),
        principal(&result.action),
        visible(&error)
    )
}
