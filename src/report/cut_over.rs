//! What became of a cut-over.

use std::fmt::Write;

use serde::Serialize;

use super::about::by_whom;
use super::verified::{Form, doubts_text, verdict_text};
use crate::journal::RunEnd;
use crate::kubernetes::Terminating;
use crate::migration::cutover::Nodes;
use crate::migration::deletion::{TAKE_OFF, held_by};
use crate::migration::owners::Writer;
use crate::migration::{CutOver, Verification};
use crate::model::MappingId;
use crate::text::visible;

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Document<'a> {
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
    /// The command that puts `aws-auth` back.
    #[serde(skip_serializing_if = "Option::is_none")]
    way_back: Option<String>,
    journal: String,
    verification: &'a Verification,
}

/// The result as a document or, for every other form, in words.
#[must_use]
pub fn cut_over(done: &CutOver, form: Form) -> String {
    let document = Document {
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
        way_back: done
            .run
            .as_ref()
            .filter(|_| !done.switched)
            .map(|_| rollback(done)),
        journal: done.journal.display().to_string(),
        verification: &done.verification,
    };
    match form {
        Form::Json => super::json::document(&document),
        Form::Yaml => super::yaml::document(&document),
        _ => words(done),
    }
}

fn words(done: &CutOver) -> String {
    let plan = &done.verification.plan;
    let by = by_whom(plan.caller.as_deref(), plan.cluster.account_id.as_deref());
    let mut text = by.map(|by| by + "\n").unwrap_or_default();
    if done.refused {
        return format!(
            "{text}Nothing was removed from aws-auth.\n{}",
            verdict_text(&done.verification)
        );
    }
    if let Some(path) = &done.backup {
        let _ = writeln!(text, "Backup: {}", visible(&path.display().to_string()));
    }
    if let Some(held) = &done.held {
        let _ = writeln!(
            text,
            "! The ConfigMap kube-system/aws-auth is not deleted yet: its deletion was asked for at {}, and it is {}. Until it \
             is gone it counts as before.\n  Fix: {TAKE_OFF}",
            held.since,
            visible(&held_by(held))
        );
    } else if done.came_back {
        text.push_str(
            "! The ConfigMap kube-system/aws-auth was deleted, and somebody has created it again already: it counts.\n",
        );
    } else if done.deleted {
        text.push_str(
            "The ConfigMap kube-system/aws-auth is deleted: access entries alone count now.\n",
        );
    } else if done.removed.is_empty() {
        text.push_str("Nothing was left to remove from aws-auth.\n");
    } else {
        let removed: Vec<String> = done.removed.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "Removed from aws-auth: {}.", removed.join(", "));
    }
    for writer in &done.writers {
        let _ = writeln!(text, "! {}", super::writer(writer));
    }
    if done.verification.objections.is_empty() {
        text.push_str(&doubts_text(&done.verification));
    } else {
        let _ = write!(
            text,
            "Left in aws-auth:\n{}",
            verdict_text(&done.verification)
        );
    }
    if let Some(reason) = &done.nodes_unseen {
        let _ = writeln!(text, "? The nodes were not watched: {}", visible(reason));
    }
    if let Some(nodes) = &done.nodes {
        let _ = writeln!(
            text,
            "Nodes: {} Ready before, {} after, of {} (watched for {} seconds).",
            nodes.ready_before, nodes.ready_after, nodes.total, nodes.watched_seconds
        );
        if nodes.dropped() {
            for (names, what) in [
                (&nodes.lost, "No longer Ready"),
                (&nodes.gone, "No longer there, perhaps scaled down"),
            ] {
                if !names.is_empty() {
                    let names: Vec<_> = names.iter().map(|name| visible(name)).collect();
                    let _ = writeln!(text, "! {what}: {}.", names.join(", "));
                }
            }
            let _ = writeln!(text, "! Put aws-auth back:\n  {}", rollback(done));
        }
    }
    if done.switched {
        text.push_str("The cluster is in the mode API.\n");
    }
    if let Some(failure) = &done.failure {
        let _ = writeln!(
            text,
            "! The cluster is not in the mode API: {}.",
            visible(&failure.to_string())
        );
    }
    if done.end != RunEnd::Complete {
        text.push_str("Run the same command again to go on.\n");
    }
    if done.run.is_some() {
        let _ = writeln!(
            text,
            "Journal: {}",
            visible(&done.journal.display().to_string())
        );
        if done.switched {
            text.push_str(
                "There is no way back from the mode API; the backup shows what aws-auth was.\n",
            );
        } else {
            let _ = writeln!(text, "The way back:\n  {}", rollback(done));
        }
    }
    text
}

fn rollback(done: &CutOver) -> String {
    done.verification.plan.command("rollback", &["--yes"])
}
