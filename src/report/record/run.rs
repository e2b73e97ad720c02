//! One run of a record.

use super::verdict;
use crate::journal::{Intended, RunCommand, RunEnd, WatchedNodes};
use crate::migration::record::{
    BackupRecord, BackupState, BindingRecord, CallRecord, ConfigMapRecord, RunRecord,
};
use crate::model::ActionStatus;
use crate::plan::document::{DecidedBy, Outcome};
use crate::report::open::ranges;
use crate::report::page::{Line, Mark, Page, Table};
use crate::report::results::principal;
use crate::report::rolled_back::says;
use crate::report::words;

/// Shown where an earlier version recorded nothing.
const NOT_RECORDED: &str = "not recorded";

pub(super) fn add(page: &mut Page, run: &RunRecord, (number, of): (usize, usize)) {
    page.heading(format!("Run {number} of {of}: `{}`", command(run.command)));
    page.fact("Run", &run.run);
    page.fact(
        "Began",
        run.began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    );
    page.fact(
        "Last record",
        run.last.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    );
    page.fact("Ended", end(run.end));
    parts(page, run);
    plan(page, run);
    calls(page, run);
    for binding in &run.bindings {
        page.line(of_binding(binding));
    }
    for change in &run.config_map {
        of_config_map(page, change);
    }
    if let Some(nodes) = &run.nodes {
        of_nodes(page, nodes);
    } else if run.command == RunCommand::Cutover {
        page.text("Nodes: not watched, or not recorded.");
    }
    match run.verified {
        Some(0) | None => {}
        Some(count) => page.text(format!(
            "{} read back after the calls and compared with what was asked for; {} differed.",
            words::plural(count, "entry", "entries"),
            run.unverified.len()
        )),
    }
    for (principal, differences) in &run.unverified {
        page.line(Line::marked(
            Mark::Fault,
            format!("{principal} differs from what was asked for: {differences}"),
        ));
    }
}

/// Who ran it from where, once, and again for each time that it was resumed.
fn parts(page: &mut Page, run: &RunRecord) {
    for (index, part) in run.parts.iter().enumerate() {
        let when = if index == 0 {
            String::new()
        } else {
            format!("resumed at {}, ", part.time.strftime("%Y-%m-%dT%H:%M:%SZ"))
        };
        let known =
            |value: &Option<String>| value.clone().unwrap_or_else(|| NOT_RECORDED.to_owned());
        page.fact("Run by", format!("{when}{}", known(&part.caller)));
        page.fact("From", known(&part.holder));
        page.fact("Version", &part.tool_version);
        if !part.options.is_empty() {
            page.fact("Options", part.options.join(" "));
        }
        if !part.plan_sha256.is_empty() {
            let (label, what) = match run.command {
                RunCommand::Apply => (
                    "Plan",
                    format!("{}, ", words::plural(part.actions, "action", "actions")),
                ),
                _ => ("aws-auth", String::new()),
            };
            page.fact(label, format!("{what}sha256 {}", part.plan_sha256));
        }
    }
}

fn plan(page: &mut Page, run: &RunRecord) {
    let Some(plan) = &run.plan else {
        if run.command != RunCommand::Rollback {
            page.text(format!("The plan and its decisions: {NOT_RECORDED}."));
        }
        return;
    };
    if plan.mappings.is_empty() {
        return;
    }
    page.table(Table {
        title: "The plan and its decisions".to_owned(),
        columns: vec![
            "mapping",
            "principal",
            "plan",
            "access",
            "codes",
            "decision",
        ],
        rows: plan.mappings.iter().map(of_mapping).collect(),
    });
}

fn of_mapping(mapping: &Intended) -> Vec<String> {
    let decision = mapping.decision.as_ref().map_or(String::new(), |decided| {
        let by = match decided.by {
            DecidedBy::Answer => "decisions",
            DecidedBy::Option => "an option",
            DecidedBy::Tag => "the entry's tag",
        };
        let reason = decided.reason.as_ref().map(|reason| format!(": {reason}"));
        format!(
            "{} (by {by}){}",
            decided.what.as_str(),
            reason.unwrap_or_default()
        )
    });
    let codes: Vec<String> = mapping.codes.iter().map(ToString::to_string).collect();
    vec![
        mapping.id.to_string(),
        mapping.arn.clone(),
        words::outcome(mapping.outcome).to_owned(),
        match mapping.outcome {
            // It grants nothing today.
            Outcome::Inert => "-",
            _ => verdict(mapping.verdict),
        }
        .to_owned(),
        codes.join(", "),
        decision,
    ]
}

fn calls(page: &mut Page, run: &RunRecord) {
    if run.calls.is_empty() {
        return;
    }
    page.table(Table {
        title: "The calls to EKS".to_owned(),
        columns: vec![
            "time (UTC)",
            "call",
            "principal",
            "values",
            "result",
            "request id",
        ],
        rows: run
            .calls
            .iter()
            .map(|call| of_call(call, run.end))
            .collect(),
    });
}

fn of_call(call: &CallRecord, end: Option<RunEnd>) -> Vec<String> {
    let error = call.error.as_ref();
    let error = error.map(|error| format!(": {}: {}", error.code, error.message));
    let request = call.request_id.as_ref().or_else(|| {
        let error = call.error.as_ref()?;
        error.request_id.as_ref()
    });
    vec![
        call.asked.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        call.action.kind.operation().to_owned(),
        principal(&call.action),
        says(&call.action.kind).trim_start_matches(": ").to_owned(),
        match (call.status, end) {
            // The run was resumed, and looked at the cluster before anything else.
            (None, Some(RunEnd::Complete)) => {
                "no answer is recorded; found when the run was resumed".to_owned()
            }
            (call, _) => format!("{}{}", status(call), error.unwrap_or_default()),
        },
        request.map_or(NOT_RECORDED, String::as_str).to_owned(),
    ]
}

fn of_binding(binding: &BindingRecord) -> Line {
    let mark = match binding.status {
        Some(ActionStatus::Created) => Mark::Add,
        Some(ActionStatus::Deleted) => Mark::Remove,
        Some(ActionStatus::Failed) | None => Mark::Fault,
        Some(_) => Mark::Change,
    };
    let error = binding.error.as_ref().map(|error| format!(": {error}"));
    let line = Line::marked(
        mark,
        format!(
            "{}: {}{}",
            binding.binding,
            status(binding.status),
            error.unwrap_or_default()
        ),
    );
    let time = binding.time.strftime("%Y-%m-%dT%H:%M:%SZ");
    let object = match (&binding.uid, &binding.resource_version) {
        (Some(uid), Some(version)) => format!(", uid {uid}, resourceVersion {version}"),
        (Some(uid), None) => format!(", uid {uid}"),
        _ => String::new(),
    };
    line.with("", format!("{time}{object}"))
}

fn of_config_map(page: &mut Page, change: &ConfigMapRecord) {
    let what = if change.deletes {
        "delete kube-system/aws-auth"
    } else {
        "write kube-system/aws-auth"
    };
    let (mark, how) = match change.status {
        None => (Mark::Fault, "no answer is recorded".to_owned()),
        Some(ActionStatus::Failed) => {
            let error = change.error.as_ref().map(|error| format!(": {error}"));
            (Mark::Fault, format!("failed{}", error.unwrap_or_default()))
        }
        Some(done) => (Mark::Change, status(Some(done)).to_owned()),
    };
    let time = change.time.strftime("%Y-%m-%dT%H:%M:%SZ");
    let version = change.resource_version_before.as_ref();
    let version = version.map(|version| format!(", resourceVersion {version} before"));
    let mut line = Line::marked(mark, format!("{what}: {how}"))
        .with("", format!("{time}{}", version.unwrap_or_default()));
    if let Some(backup) = &change.backup {
        line = line.with("backup", of_backup(backup));
    }
    if let Some(proof) = &change.proof {
        line = line.with("verified before", &proof.sentence);
        if !proof.proven.is_empty() {
            line = line.with("proven", ranges(proof.proven.clone()));
        }
        if !proof.left.is_empty() {
            line = line.with("left, as decided", ranges(proof.left.clone()));
        }
        for objection in &proof.objections {
            line = line.with("stayed", objection);
        }
    }
    page.line(line);
}

fn of_backup(backup: &BackupRecord) -> String {
    let digest = backup.sha256.as_deref().map_or_else(
        || format!("digest {NOT_RECORDED}"),
        |digest| format!("sha256 {digest}"),
    );
    let state = match backup.state {
        BackupState::Unchanged => "there and unchanged",
        BackupState::Changed => "changed since",
        BackupState::Present => "there",
        BackupState::Missing => "no longer there",
        BackupState::Unreadable => "can't be read",
    };
    format!("{}, {digest}, {state}", backup.path)
}

fn of_nodes(page: &mut Page, nodes: &WatchedNodes) {
    let after = nodes.ready_after.map(|after| format!(", {after} after"));
    let seconds = match nodes.watched_seconds {
        0 => String::new(),
        seconds => format!(", watched for {seconds} seconds"),
    };
    page.text(format!(
        "Nodes: {} Ready before{}{seconds}.",
        nodes.ready_before,
        after.unwrap_or_default()
    ));
    for (names, what) in [
        (&nodes.lost, "No longer Ready"),
        (&nodes.gone, "No longer there"),
    ] {
        if !names.is_empty() {
            page.line(Line::marked(
                Mark::Fault,
                format!("{what}: {}", names.join(", ")),
            ));
        }
    }
}

/// The command's own name.
pub(super) fn command(command: RunCommand) -> &'static str {
    match command {
        RunCommand::Apply => "apply",
        RunCommand::Cutover => "cutover",
        RunCommand::Rollback => "rollback",
    }
}

/// How a run ended.
pub(super) fn end(end: Option<RunEnd>) -> &'static str {
    match end {
        Some(RunEnd::Complete) => "complete",
        Some(RunEnd::Incomplete) => "incomplete",
        Some(RunEnd::Interrupted) => "interrupted",
        None => "killed, or still running",
    }
}

/// How a call ended.
fn status(status: Option<ActionStatus>) -> &'static str {
    match status {
        Some(ActionStatus::Created) => "created",
        Some(ActionStatus::Updated) => "updated",
        Some(ActionStatus::Associated) => "policy associated",
        Some(ActionStatus::Disassociated) => "policy detached",
        Some(ActionStatus::Deleted) => "deleted",
        Some(ActionStatus::Exists) => "existed already",
        Some(ActionStatus::Failed) => "failed",
        Some(ActionStatus::Skipped) => "not reached",
        None => "no answer is recorded",
    }
}
