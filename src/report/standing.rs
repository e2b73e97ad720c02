//! Where a cluster stands, on one screen.

use std::fmt::Write;

use super::verified::Form;
use crate::journal::{RunCommand, RunEnd};
use crate::migration::status::{Preflight, Right, RightApi, RightState, Status};
use crate::text::visible;

/// The status as a document or, for every other form, in words.
#[must_use]
pub fn standing(status: &Status, form: Form) -> String {
    match form {
        Form::Json => super::json::document(status),
        Form::Yaml => super::yaml::document(status),
        _ => words(status),
    }
}

fn words(status: &Status) -> String {
    let mut text = String::new();
    let mut row = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<14}{}", visible(value));
    };
    row("Cluster", status.cluster.as_deref().unwrap_or("unknown"));
    if let Some(account) = &status.account_id {
        row("Account", account);
    }
    if let Some(caller) = &status.caller {
        row("Caller", caller);
    }
    let mode = status
        .authentication_mode
        .map_or("unknown", |mode| mode.as_str());
    row("Mode", mode);
    row(
        "aws-auth",
        if status.has_aws_auth { "there" } else { "gone" },
    );
    let entries = status.entries.map_or_else(
        || "can't be read".to_owned(),
        |entries| {
            format!(
                "{} of this tool, {} of EKS for nodes, {} others",
                entries.ours, entries.nodes, entries.others
            )
        },
    );
    row("Entries", &entries);
    let of = &status.mappings;
    let counts = [
        (of.unchanged, "carried over"),
        (of.create, "to create"),
        (of.update, "to update"),
        (of.conflict, "in conflict"),
        (of.blocked, "blocked"),
        (of.inert, "inert"),
        (of.skipped, "skipped"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    row("Mappings", if counts.is_empty() { "none" } else { "" });
    if !counts.is_empty() {
        text.pop();
        let _ = writeln!(text, "{}", counts.join(", "));
    }
    let mut row = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<14}{}", visible(value));
    };
    row("Cut-over", &status.sentence);
    row("Journal", status.journal.as_deref().unwrap_or("none"));
    if let Some(run) = &status.last_run {
        let command = match run.command {
            RunCommand::Apply => "apply",
            RunCommand::Cutover => "cutover",
            RunCommand::Rollback => "rollback",
        };
        let end = match run.end {
            Some(RunEnd::Complete) => "complete",
            Some(RunEnd::Incomplete) => "incomplete",
            Some(RunEnd::Interrupted) => "interrupted",
            None => "killed, or still running",
        };
        // The document has the fractions, too.
        let time = run.time.strftime("%Y-%m-%dT%H:%M:%SZ");
        row(
            "Last run",
            &format!("{command} {} at {time}: {end}", run.run),
        );
    }
    for drift in &status.drift {
        row("Drift", drift);
    }
    for note in &status.notes {
        row("Note", note);
    }
    if let Some(preflight) = &status.preflight {
        checks(preflight, &mut row);
    }
    row("Next", &status.next);
    text + &status.preflight.as_ref().map(grants).unwrap_or_default()
}

fn checks(preflight: &Preflight, row: &mut impl FnMut(&str, &str)) {
    for right in &preflight.rights {
        match right.state {
            RightState::Allowed => {}
            RightState::Missing => row(
                "! Right",
                &format!("{} on {} is missing", right.right, right.on),
            ),
            RightState::NotTried => row(
                "? Right",
                &format!("{} on {}: {}", right.right, right.on, right.how),
            ),
        }
    }
    for finding in &preflight.findings {
        row(
            "! Cluster",
            &format!("{} ({})", finding.message, finding.code),
        );
    }
    for writer in preflight.writers.iter().chain(&preflight.owners) {
        row("! Owner", &super::writer(writer));
    }
}

/// What to paste where rights are missing; nothing where all are there.
fn grants(preflight: &Preflight) -> String {
    let open = |api: RightApi| {
        let open = |right: &Right| right.state != RightState::Allowed && right.api == api;
        preflight.rights.iter().any(open)
    };
    let mut text = String::new();
    if open(RightApi::Iam) {
        let policy = serde_json::to_string_pretty(&preflight.policy);
        let policy = policy.expect("a policy is plain data");
        let _ = writeln!(text, "\nThe IAM policy that grants it:\n{policy}");
    }
    if open(RightApi::Kubernetes) {
        text.push_str("\nThe Kubernetes roles that grant it, for `kubectl apply -f -`:\n");
        for object in &preflight.rbac {
            text.push_str(&super::yaml::document(object));
            text.push_str("---\n");
        }
    }
    text
}
