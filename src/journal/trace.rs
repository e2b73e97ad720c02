//! What is written to the journal, logged under `-v`.

use serde::Serialize;
use tracing::debug;

use super::record::Record;
use crate::plan::Action;
use crate::text::visible;

/// Describes a record in a few words, with nothing in it that could write over a terminal.
pub(super) fn tell(record: &Record) {
    match record {
        Record::Run {
            run,
            cluster,
            actions,
            ..
        } => debug!(run, cluster = %visible(&cluster.name), actions, "run started or resumed"),
        Record::Intent {
            action,
            token,
            before,
            then,
            ..
        } => {
            let (operation, principal) = words(action);
            debug!(
                action = action.id,
                operation,
                principal,
                token,
                exists = before.is_some(),
                follow = then.len(),
                "intent"
            );
        }
        Record::Outcome {
            action,
            status,
            request_id,
            error,
            ..
        } => {
            let error = error
                .as_ref()
                .map(|error| visible(&format!("{}: {}", error.code, error.message)).into_owned());
            debug!(action, status = word(status), request_id, error, "outcome");
        }
        Record::ConfigMapIntent { before, after, .. } => debug!(
            exists = before.is_some(),
            deletes = after.is_none(),
            "intent for the ConfigMap"
        ),
        Record::ConfigMapOutcome { status, error, .. } => {
            let error = error.as_deref().map(|error| visible(error).into_owned());
            debug!(status = word(status), error, "outcome for the ConfigMap");
        }
        Record::BindingOutcome {
            binding,
            status,
            error,
            ..
        } => {
            let error = error.as_deref().map(|error| visible(error).into_owned());
            let binding = visible(&binding.to_string()).into_owned();
            debug!(
                binding,
                status = word(status),
                error,
                "outcome for a binding"
            );
        }
        Record::End { run, end, .. } => debug!(run, end = word(end), "run ends"),
        Record::BindingIntent { .. } | Record::Purpose { .. } => {}
    }
}

/// The operation, and for whom.
fn words(action: &Action) -> (String, String) {
    let principal = action.kind.principal_arn();
    let principal = principal.map(|arn| visible(&arn.to_string()).into_owned());
    (
        action.kind.operation().to_owned(),
        principal.unwrap_or_default(),
    )
}

/// A word as the journal has it.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
