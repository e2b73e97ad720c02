//! What is left to do: by the live cluster where it was read, otherwise by the journal.

use super::LiveProof;
use crate::decisions::Do;
use crate::journal::{CallHistory, History, Intended, RunCommand, RunEnd, RunHistory};
use crate::migration::verify::{Objection, Verification};
use crate::model::{ActionStatus, AuthenticationMode};
use crate::plan::document::Outcome;

/// Each as a sentence without its stop.
pub(super) fn left(history: &History, proof: &LiveProof) -> Vec<String> {
    let mut left = Vec::new();
    if let Some(run) = history.runs.last() {
        left.extend(unfinished(run));
    }
    if let Some(verification) = &proof.verification {
        left.extend(by_proof(verification));
    } else {
        let parts = history.runs.iter().rev();
        let mut parts = parts.flat_map(|run| run.parts.iter().rev());
        if let Some(plan) = parts.find_map(|part| part.plan.as_ref()) {
            left.extend(plan.mappings.iter().filter_map(open));
        }
    }
    left
}

/// What `verify` shows.
fn by_proof(verification: &Verification) -> Vec<String> {
    let objections = verification.objections.iter();
    let waits = |one: &&Objection| one.settled_by_apply && one.mapping.is_some();
    let waiting = objections.clone().filter(waits).count();
    let waiting = match waiting {
        0 => None,
        1 => Some("1 mapping waits for `apply`".to_owned()),
        count => Some(format!("{count} mappings wait for `apply`")),
    };
    let others = objections.filter(|one| !waits(one));
    let others = others.map(|objection| {
        let about = objection.mapping.map(|id| id.to_string());
        let about: Vec<String> = about.into_iter().chain(objection.arn.clone()).collect();
        match about.as_slice() {
            [] => objection.message.clone(),
            about => format!("{}: {}", about.join(" "), objection.message),
        }
    });
    let stays = verification.left.iter();
    let stays = stays.map(|id| format!("{id}: stays in aws-auth, as decided"));
    let mut left: Vec<String> = waiting.into_iter().chain(others).chain(stays).collect();
    let plan = &verification.plan;
    let mappings = plan.mappings.len() + plan.accounts.len();
    if mappings > verification.left.len()
        && verification.objections.is_empty()
        && plan.cluster.authentication_mode != Some(AuthenticationMode::Api)
    {
        left.push("aws-auth is still in place: `cutover` removes it".to_owned());
    }
    left
}

/// What a run that did not come to its end has left.
fn unfinished(run: &RunHistory) -> Vec<String> {
    let command = command(run.command);
    let how = match run.end {
        Some(RunEnd::Complete) => return Vec::new(),
        Some(RunEnd::Incomplete) => "ended incomplete",
        Some(RunEnd::Interrupted) => "was interrupted",
        None => "was killed, or is still running",
    };
    let mut left = vec![format!(
        "the {command} run {} {how}: run the same command again to resume",
        run.run
    )];
    for call in &run.calls {
        let of = call.action.kind.principal_arn().map(ToString::to_string);
        let of = of.unwrap_or_else(|| "the cluster".to_owned());
        let operation = call.action.kind.operation();
        match call.status {
            None => left.push(format!("{operation} for {of}: no answer is recorded")),
            Some(ActionStatus::Failed) if !is_done(run, call) => {
                left.push(format!("{operation} for {of}: failed"));
            }
            Some(_) => {}
        }
    }
    left
}

/// Whether the same call succeeded later.
fn is_done(run: &RunHistory, call: &CallHistory) -> bool {
    let is_open = |status: Option<ActionStatus>| {
        matches!(
            status,
            None | Some(ActionStatus::Failed | ActionStatus::Skipped)
        )
    };
    let mut same = run.calls.iter();
    same.any(|other| other.action.kind == call.action.kind && !is_open(other.status))
}

/// A mapping that the last plan left open.
fn open(mapping: &Intended) -> Option<String> {
    let Intended { id, arn, .. } = mapping;
    let decided = mapping.decision.as_ref().map(|decided| decided.what);
    match (decided, mapping.outcome) {
        (Some(Do::Leave), _) => Some(format!("{id} {arn}: stays in aws-auth, as decided")),
        (None, Outcome::Blocked | Outcome::Conflict) => {
            let codes: Vec<String> = mapping.codes.iter().map(ToString::to_string).collect();
            let codes = match codes.as_slice() {
                [] => String::new(),
                codes => format!(" ({})", codes.join(", ")),
            };
            Some(format!("{id} {arn}: needs a decision{codes}"))
        }
        _ => None,
    }
}

/// The command's own name.
fn command(command: RunCommand) -> &'static str {
    match command {
        RunCommand::Apply => "apply",
        RunCommand::Cutover => "cutover",
        RunCommand::Rollback => "rollback",
    }
}
