//! What a rollback did, or would do.

use std::fmt::Write;

use serde::Serialize;

use super::verified::Form;
use super::words::plural;
use crate::journal::RunEnd;
use crate::migration::RolledBack;
use crate::migration::owners::Writer;
use crate::migration::rollback::{Fate, Left, Restoring, UndoneBinding};
use crate::model::AuthenticationMode;
use crate::plan::Action;
use crate::text::visible;
use crate::writer::Status;

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document<'a> {
    schema: &'static str,
    tool_version: &'static str,
    dry_run: bool,
    cluster: &'a str,
    restores_config_map: bool,
    actions: &'a [Action],
    left: &'a [Left],
    /// The bindings that `apply --apply-rbac` made.
    bindings: &'a [UndoneBinding],
    /// Others that write the ConfigMap that is put back.
    writers: &'a [Writer],
    stays: &'a [String],
    run: Option<&'a str>,
    end: Option<RunEnd>,
    failed: usize,
    journal: String,
}

/// The result as a document or, for every other form, in words.
#[must_use]
pub fn rolled_back(done: &RolledBack, form: Form) -> String {
    let document = Document {
        schema: "aws-auth-migrate/rollback/v1",
        tool_version: env!("CARGO_PKG_VERSION"),
        dry_run: done.end.is_none() && !done.is_nothing(),
        cluster: &done.cluster,
        restores_config_map: done.config_map != Restoring::Nothing,
        actions: &done.entries.actions,
        left: &done.entries.left,
        bindings: &done.bindings,
        writers: &done.writers,
        stays: &done.stays,
        run: done.run.as_deref(),
        end: done.end,
        failed: failed(done),
        journal: done.journal.display().to_string(),
    };
    match form {
        Form::Json => super::json::document(&document),
        Form::Yaml => super::yaml::document(&document),
        _ => words(done),
    }
}

fn failed(done: &RolledBack) -> usize {
    done.summary
        .as_ref()
        .map_or(0, |summary| summary.count(Status::Failed))
}

fn words(done: &RolledBack) -> String {
    let mut text = String::new();
    let has_run = done.end.is_some();
    if done.is_nothing() {
        let is_as_before = done.mode != Some(AuthenticationMode::Api)
            && done.entries.left.is_empty()
            && matches!(done.end, None | Some(RunEnd::Complete));
        text.push_str(if is_as_before {
            "Nothing to undo: everything is as it was before this tool.\n"
        } else {
            "Nothing is undone.\n"
        });
    }
    if done.config_map != Restoring::Nothing {
        text.push_str(if has_run {
            "aws-auth is back as it was before the cut-over.\n"
        } else {
            "aws-auth would be put back as it was before the cut-over.\n"
        });
    }
    for action in &done.entries.actions {
        let principal = action.kind.principal_arn().map(ToString::to_string);
        let _ = writeln!(
            text,
            "~ {} {}",
            action.kind.operation(),
            visible(&principal.unwrap_or_default())
        );
    }
    for left in &done.entries.left {
        let _ = writeln!(
            text,
            "! {} is left alone: {}",
            visible(&left.principal_arn),
            visible(&left.reason)
        );
    }
    for binding in &done.bindings {
        let _ = writeln!(text, "{}", visible(&binding_line(binding, has_run)));
    }
    for writer in &done.writers {
        let _ = writeln!(text, "! {}", super::writer(writer));
    }
    for stays in &done.stays {
        let _ = writeln!(text, "Note: {stays}.");
    }
    match done.end {
        None if !done.is_nothing() => {
            text.push_str("This was a dry run; add --yes to do it.\n");
        }
        None => {}
        Some(RunEnd::Complete) => text.push_str("Rolled back; `apply` starts over.\n"),
        Some(_) => {
            if failed(done) > 0 {
                let _ = write!(
                    text,
                    "{}. ",
                    plural(failed(done), "call failed", "calls failed")
                );
            }
            text.push_str("Run the same command again to go on.\n");
        }
    }
    if has_run {
        let _ = writeln!(
            text,
            "Journal: {}",
            visible(&done.journal.display().to_string())
        );
    }
    text
}

fn binding_line(binding: &UndoneBinding, has_run: bool) -> String {
    let UndoneBinding {
        id, fate, reason, ..
    } = binding;
    let reason = reason.as_deref().unwrap_or_default();
    match fate {
        Fate::Planned if has_run => format!("! {id} is still there"),
        Fate::Planned => format!("~ {id} would be deleted"),
        Fate::Deleted => format!("~ {id} is deleted"),
        Fate::Left => format!("! {id} is left alone: {reason}"),
        Fate::Failed => format!("! {id} is still there: {reason}"),
    }
}
