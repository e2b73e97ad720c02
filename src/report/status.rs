//! The state of a cluster, on one screen.

use super::format::Format;
use super::page::{Mark, Page, Shown, Text, rendered};
use super::words::plural;
use crate::journal::{RunCommand, RunEnd};
use crate::migration::status::{LastRun, Preflight, Right, RightApi, RightState, Status};

/// The status in a format.
#[must_use]
pub fn status(status: &Status, format: Format, shown: Shown) -> String {
    rendered(status, || page(status), format, shown)
}

fn page(status: &Status) -> Page {
    let mut page = Page::new("The state of the cluster");
    page.verdict(&status.sentence);
    page.fact("Cluster", status.cluster.as_deref().unwrap_or("unknown"));
    if let Some(account) = &status.account_id {
        page.fact("Account", account);
    }
    if let Some(caller) = &status.caller {
        page.fact("Caller", caller);
    }
    let mode = status
        .authentication_mode
        .map_or("unknown", |mode| mode.as_str());
    page.fact("Mode", mode);
    let aws_auth = if status.has_aws_auth {
        "present"
    } else {
        "gone"
    };
    page.fact("aws-auth", aws_auth);
    page.fact("Entries", entries(status));
    page.fact("Mappings", mappings(status));
    page.fact("Cutover", &status.sentence);
    page.fact("Journal", status.journal.as_deref().unwrap_or("none"));
    if let Some(run) = &status.last_run {
        page.fact("Last run", last(run));
    }
    for drift in &status.drift {
        page.fact("Drift", drift);
    }
    for note in &status.notes {
        page.fact("Note", note);
    }
    if let Some(preflight) = &status.preflight {
        checks(preflight, &mut page);
    }
    page.fact("Next", Text::Command(status.next.to_string()));
    if let Some(preflight) = &status.preflight {
        grants(preflight, &mut page);
    }
    page
}

fn entries(status: &Status) -> String {
    let Some(entries) = status.entries else {
        return "can't be read".to_owned();
    };
    format!(
        "{} created by this tool, {} created by EKS for nodes, {}",
        entries.ours,
        entries.nodes,
        plural(entries.others, "other", "others")
    )
}

fn mappings(status: &Status) -> String {
    let of = &status.mappings;
    let counts = [
        (of.unchanged, "migrated"),
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
    match counts.as_slice() {
        [] => "none".to_owned(),
        counts => counts.join(", "),
    }
}

fn last(run: &LastRun) -> String {
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
    format!("{command} {} at {time}: {end}", run.run)
}

fn checks(preflight: &Preflight, page: &mut Page) {
    for right in &preflight.rights {
        match right.state {
            RightState::Allowed => {}
            RightState::Missing => page.marked_fact(
                Mark::Fault,
                "Right",
                format!("{} on {} is missing", right.right, right.on),
            ),
            RightState::NotTried => page.marked_fact(
                Mark::Doubt,
                "Right",
                format!("{} on {}: {}", right.right, right.on, right.how),
            ),
        }
    }
    for finding in &preflight.findings {
        let text = format!("{} ({})", finding.message, finding.code);
        page.marked_fact(Mark::Fault, "Cluster", text);
    }
    for writer in preflight.writers.iter().chain(&preflight.owners) {
        page.marked_fact(Mark::Fault, "Owner", super::writer(writer));
    }
}

/// What to paste where rights are missing; nothing where all are there.
fn grants(preflight: &Preflight, page: &mut Page) {
    let open = |api: RightApi| {
        let open = |right: &Right| right.state != RightState::Allowed && right.api == api;
        preflight.rights.iter().any(open)
    };
    if open(RightApi::Iam) {
        let policy = serde_json::to_string_pretty(&preflight.policy);
        let policy = policy.expect("a policy is plain data");
        page.block("The IAM policy that grants it", policy);
    }
    if open(RightApi::Kubernetes) {
        let objects = preflight.rbac.iter();
        let objects = objects.map(|object| super::yaml::document(object) + "---\n");
        page.block(
            "The Kubernetes roles that grant it, for `kubectl apply -f -`",
            objects.collect::<String>(),
        );
    }
}
