//! What became of a cutover.

use serde::Serialize;

use super::about::run_by;
use super::format::Format;
use super::page::{Line, Mark, Page, Shown, rendered, resume};
use super::verified::{doubts, judge, judge_in_short, sentence};
use crate::invocation::{CommandOption, Invocation, Verb};
use crate::journal::RunEnd;
use crate::kubernetes::Terminating;
use crate::migration::cutover::{AddedMapping, Nodes};
use crate::migration::deletion::{TAKE_OFF, held_by};
use crate::migration::owners::Writer;
use crate::migration::{CutOver, Verification};
use crate::model::{AuthenticationMode, Glob, MappingId};

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct CutOverDocument<'a> {
    schema: &'static str,
    tool_version: &'static str,
    refused: bool,
    run: Option<&'a str>,
    end: RunEnd,
    removed: &'a [MappingId],
    config_map_deleted: bool,
    /// What holds the ConfigMap up, where it is being deleted and still there.
    config_map_held: Option<&'a Terminating>,
    /// Whether somebody has created the ConfigMap again right after its deletion.
    config_map_came_back: bool,
    backup: Option<String>,
    writers: &'a [Writer],
    nodes: Option<&'a Nodes>,
    nodes_unseen: Option<&'a str>,
    switched_to_api_mode: bool,
    /// Mappings that somebody added just before or during the switch: they grant nothing any more.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    added_too_late: &'a [AddedMapping],
    /// The command that puts `aws-auth` back.
    #[serde(skip_serializing_if = "Option::is_none")]
    way_back: Option<String>,
    journal: String,
    verification: &'a Verification,
}

/// What became of a cutover, in a format.
#[must_use]
pub fn cut_over(done: &CutOver, format: Format, shown: Shown) -> String {
    rendered(&document(done), || page(done, format), format, shown)
}

pub(super) fn document(done: &CutOver) -> CutOverDocument<'_> {
    CutOverDocument {
        schema: "aws-auth-migrate/cutover/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        refused: done.refused,
        run: done.run.as_deref(),
        end: done.end,
        removed: &done.removed,
        config_map_deleted: done.deleted,
        config_map_held: done.held.as_ref(),
        config_map_came_back: done.came_back,
        backup: done.backup.as_ref().map(|path| path.display().to_string()),
        writers: &done.writers,
        nodes: done.nodes.as_ref(),
        nodes_unseen: done.nodes_unseen.as_deref(),
        switched_to_api_mode: done.switched,
        added_too_late: &done.added_too_late,
        way_back: done
            .run
            .as_ref()
            .filter(|_| !done.switched)
            .map(|_| rollback(done).to_string()),
        journal: done.journal.display().to_string(),
        verification: &done.verification,
    }
}

pub(super) fn page(done: &CutOver, format: Format) -> Page {
    let mut page = Page::new("What `cutover` did");
    page.verdict(if done.refused {
        "Nothing was removed from aws-auth.".to_owned()
    } else {
        removed(done).text().to_owned()
    });
    run_by(&mut page, &done.verification.plan);
    if done.refused {
        refused(&mut page, done);
        return page;
    }
    if let Some(run) = &done.run {
        page.fact("Run", run);
    }
    if let Some(path) = &done.backup {
        page.fact("Backup", path.display().to_string());
    }
    if done.run.is_some() {
        page.fact("Journal", done.journal.display().to_string());
    }
    page.line(removed(done));
    for writer in &done.writers {
        page.line(Line::marked(Mark::Fault, super::writer(writer)));
    }
    if done.verification.objections.is_empty() {
        doubts(&mut page, &done.verification);
    } else {
        page.heading("Left in aws-auth");
        judge(&mut page, &done.verification);
    }
    nodes(&mut page, done);
    if done.switched {
        page.text("The cluster is in the mode API.");
    }
    for AddedMapping { mapping, arn } in &done.added_too_late {
        page.line(Line::marked(
            Mark::Fault,
            format!(
                "{mapping} (`{arn}`) was added to aws-auth during the switch and grants nothing now: create its access entry."
            ),
        ));
    }
    if let Some(failure) = &done.failure {
        page.line(Line::marked(
            Mark::Fault,
            format!("The cluster is not in the mode API: {failure}."),
        ));
    }
    if !done.added_too_late.is_empty() {
        let plan = &done.verification.plan;
        page.command(
            "To create the access entries of what was added",
            plan.command(Verb::Apply, [CommandOption::IncludeInert]),
        );
    } else if done.end != RunEnd::Complete {
        resume(&mut page, format);
    }
    if done.run.is_some() && done.switched {
        page.text("The mode API can't be undone; the backup shows what aws-auth was.");
    } else if done.run.is_some() {
        page.command("To undo this", rollback(done));
    }
    page
}

/// Why nothing was removed, and what could go already.
fn refused(page: &mut Page, done: &CutOver) {
    let verification = &done.verification;
    page.heading(format!(
        "Nothing was removed from aws-auth. {}",
        sentence(verification)
    ));
    judge_in_short(page, verification);
    ready(page, verification);
}

/// What could go already, and the command that removes just that.
fn ready(page: &mut Page, verification: &Verification) {
    let plan = &verification.plan;
    let is_partial = !plan.choices.only.is_empty() || !plan.choices.exclude.is_empty();
    let mode = plan.cluster.authentication_mode;
    if verification.proven.is_empty() || is_partial || mode == Some(AuthenticationMode::ConfigMap) {
        return;
    }
    let all = plan.mappings.len() + plan.accounts.len();
    page.command(
        format!(
            "{} of {all} mappings could go already; to remove just those that are proven",
            verification.proven.len()
        ),
        plan.command(Verb::Cutover, [CommandOption::Only(Glob::new("*"))]),
    );
}

/// What became of the ConfigMap.
fn removed(done: &CutOver) -> Line {
    if let Some(held) = &done.held {
        return Line::marked(
            Mark::Fault,
            format!(
                "The ConfigMap kube-system/aws-auth is not deleted yet: its deletion was requested at {}, and it is {}. Until it \
                 is gone it applies as before.",
                held.since,
                held_by(held)
            ),
        )
        .fix(TAKE_OFF);
    }
    if done.came_back {
        Line::marked(
            Mark::Fault,
            "The ConfigMap kube-system/aws-auth was deleted, but somebody has created it again already: it is in force.",
        )
    } else if done.deleted {
        Line::new(
            "The ConfigMap kube-system/aws-auth is deleted: access entries are the only source of access.",
        )
    } else if done.removed.is_empty() {
        Line::new("Nothing was left to remove from aws-auth.")
    } else {
        let removed: Vec<String> = done.removed.iter().map(ToString::to_string).collect();
        Line::new(format!("Removed from aws-auth: {}.", removed.join(", ")))
    }
}

/// The nodes before and after, where they were watched.
fn nodes(page: &mut Page, done: &CutOver) {
    if let Some(reason) = &done.nodes_unseen {
        page.line(Line::marked(
            Mark::Doubt,
            format!("The nodes were not watched: {reason}"),
        ));
    }
    let Some(nodes) = &done.nodes else {
        return;
    };
    page.text(format!(
        "Nodes: {} Ready before, {} after, of {} (watched for {} seconds).",
        nodes.ready_before, nodes.ready_after, nodes.total, nodes.watched_seconds
    ));
    if nodes.dropped() {
        for (names, what) in [
            (&nodes.lost, "No longer Ready"),
            (&nodes.gone, "No longer there, perhaps scaled down"),
        ] {
            if !names.is_empty() {
                let text = format!("{what}: {}.", names.join(", "));
                page.line(Line::marked(Mark::Fault, text));
            }
        }
        page.line(Line::marked(
            Mark::Fault,
            "Restore aws-auth with the command below.",
        ));
    }
}

fn rollback(done: &CutOver) -> Invocation {
    let plan = &done.verification.plan;
    plan.command(Verb::Rollback, [CommandOption::Yes])
}
