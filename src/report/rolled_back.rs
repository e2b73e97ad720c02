//! What a rollback did, or would do.

use std::fmt::Write;

use serde::Serialize;

use super::about::by_whom;
use super::results::{Result, Unverified, failure, principal, unverified};
use super::verified::Form;
use super::words::plural;
use crate::journal::RunEnd;
use crate::migration::RolledBack;
use crate::migration::owners::Writer;
use crate::migration::rollback::{Fate, Left, MovedMapping, Moves, Restoring, UndoneBinding};
use crate::model::access_policy::ScopeKind;
use crate::model::{ActionStatus, AuthenticationMode, Section};
use crate::plan::{Action, ActionKind};
use crate::text::visible;
use crate::writer::ActionResult;

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document<'a> {
    schema: &'static str,
    tool_version: &'static str,
    dry_run: bool,
    cluster: &'a str,
    /// The ARN of whoever ran it.
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a str>,
    account_id: &'a str,
    restores_config_map: bool,
    /// The mappings that come and go with the ConfigMap.
    moves: &'a Moves,
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
    /// How the calls ended; empty for a dry run.
    results: Vec<Result<'a>>,
    unverified: Vec<Unverified>,
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
        caller: done.caller.as_deref(),
        account_id: &done.account_id,
        restores_config_map: done.config_map != Restoring::Nothing,
        moves: &done.moves,
        actions: &done.entries.actions,
        left: &done.entries.left,
        bindings: &done.bindings,
        writers: &done.writers,
        stays: &done.stays,
        run: done.run.as_deref(),
        end: done.end,
        failed: failed(done),
        results: results(done).iter().map(Result::of).collect(),
        unverified: done.summary.as_ref().map(unverified).unwrap_or_default(),
        journal: done.journal.display().to_string(),
    };
    match form {
        Form::Json => super::json::document(&document),
        Form::Yaml => super::yaml::document(&document),
        _ => words(done),
    }
}

fn results(done: &RolledBack) -> &[ActionResult] {
    done.summary
        .as_ref()
        .map_or(&[], |summary| &summary.results)
}

fn failed(done: &RolledBack) -> usize {
    done.summary
        .as_ref()
        .map_or(0, |summary| summary.count(ActionStatus::Failed))
}

fn words(done: &RolledBack) -> String {
    let by = by_whom(done.caller.as_deref(), Some(&done.account_id));
    let mut text = by.map(|by| by + "\n").unwrap_or_default();
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
        text.push_str(&moves_text(&done.moves));
    }
    let done_or_planned = |action: &Action| {
        let operation = action.kind.operation();
        format!("~ {operation} {}{}", principal(action), says(&action.kind))
    };
    let calls: Vec<String> = if done.summary.is_some() {
        let lines = results(done).iter().map(|result| match result.status {
            ActionStatus::Failed => failure(result),
            ActionStatus::Skipped => format!(
                "! {} for {}: not reached",
                result.action.kind.operation(),
                principal(&result.action)
            ),
            _ => done_or_planned(&result.action),
        });
        lines.collect()
    } else {
        done.entries.actions.iter().map(done_or_planned).collect()
    };
    for call in calls {
        let _ = writeln!(text, "{call}");
    }
    if let Some(summary) = &done.summary {
        for entry in unverified(summary) {
            let _ = writeln!(text, "{}", entry.line());
        }
        if let Some(reason) = &summary.stopped {
            let _ = writeln!(text, "It stopped before its end: {}.", visible(reason));
        }
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
        let _ = writeln!(text, "Note: {}.", visible(stays));
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

/// Every mapping that comes or goes, a line each.
fn moves_text(moves: &Moves) -> String {
    let mut text = String::new();
    let mut line = |sign: char, moved: &MovedMapping| {
        let groups = if moved.groups.is_empty() {
            "no groups".to_owned()
        } else {
            format!("groups {}", moved.groups.join(", "))
        };
        let who = match moved.id.section {
            Section::MapAccounts => format!("account {}", moved.arn),
            _ => format!("{}, user `{}`, {groups}", moved.arn, moved.username),
        };
        let _ = writeln!(text, "  {sign} {}: {}", moved.id, visible(&who));
    };
    moves.back.iter().for_each(|moved| line('+', moved));
    moves.gone.iter().for_each(|moved| line('-', moved));
    for key in &moves.keys {
        let _ = writeln!(text, "  ~ the text of `{}`", visible(key));
    }
    text
}

/// What a call gives, where it gives something.
fn says(kind: &ActionKind) -> String {
    let identity = |username: &Option<String>, groups: &[String]| {
        let username = username.as_deref().unwrap_or("EKS's own");
        let groups = if groups.is_empty() {
            "none".to_owned()
        } else {
            groups.join(", ")
        };
        format!("user {username}, groups {groups}")
    };
    let said = match kind {
        ActionKind::CreateAccessEntry { entry_type, .. } if entry_type.is_node() => {
            entry_type.to_string()
        }
        ActionKind::CreateAccessEntry {
            entry_type,
            username,
            kubernetes_groups,
            ..
        } => format!("{entry_type}, {}", identity(username, kubernetes_groups)),
        ActionKind::UpdateAccessEntry {
            username,
            kubernetes_groups,
            ..
        } => identity(username, kubernetes_groups),
        ActionKind::AssociateAccessPolicy {
            policy_arn,
            access_scope,
            ..
        } => {
            let scope = match access_scope.kind {
                ScopeKind::Cluster => "on the cluster".to_owned(),
                ScopeKind::Namespace => format!("in {}", access_scope.namespaces.join(", ")),
            };
            format!("{policy_arn} {scope}")
        }
        ActionKind::DisassociateAccessPolicy { policy_arn, .. } => policy_arn.to_string(),
        ActionKind::DeleteAccessEntry { .. } | ActionKind::UpdateAuthenticationMode { .. } => {
            return String::new();
        }
    };
    format!(": {}", visible(&said))
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::migration::rollback::Undoing;
    use crate::model::ActionError;
    use crate::writer::Summary;

    fn action(name: &str) -> Action {
        let action = json!({
            "id": "r1", "kind": "deleteAccessEntry", "stage": "others", "why": "",
            "principalArn": format!("arn:aws:iam::111122223333:role/{name}"),
        });
        serde_json::from_value(action).unwrap()
    }

    fn done(summary: Option<Summary>) -> RolledBack {
        RolledBack {
            cluster: "shop".to_owned(),
            caller: None,
            account_id: "111122223333".to_owned(),
            mode: None,
            config_map: Restoring::Nothing,
            moves: Moves::default(),
            entries: Undoing {
                actions: ["done", "failed", "skipped"].map(action).into(),
                ..Undoing::default()
            },
            bindings: Vec::new(),
            writers: Vec::new(),
            stays: vec!["role/\u{202e}x stays".to_owned()],
            end: summary.as_ref().map(|_| RunEnd::Incomplete),
            summary,
            run: None,
            journal: "journal".into(),
        }
    }

    #[test]
    fn each_call_of_a_rollback_tells_how_it_ended() {
        let result = |name: &str, status, message: Option<&str>| ActionResult {
            action: action(name),
            status,
            error: message.map(|message| ActionError {
                code: "AccessDeniedException".to_owned(),
                message: message.to_owned(),
                request_id: None,
            }),
        };
        let ended = done(Some(Summary {
            results: vec![
                result("done", ActionStatus::Deleted, None),
                result("failed", ActionStatus::Failed, Some("not\nyou")),
                result("skipped", ActionStatus::Skipped, None),
            ],
            stopped: Some("it was interrupted".to_owned()),
            ..Summary::default()
        }));
        let arn = "arn:aws:iam::111122223333:role";
        let text = rolled_back(&ended, Form::Table);
        for line in [
            format!("~ DeleteAccessEntry {arn}/done"),
            format!(
                "! DeleteAccessEntry for {arn}/failed: AccessDeniedException: not\\nyou; grant `eks:DeleteAccessEntry` to the caller"
            ),
            format!("! DeleteAccessEntry for {arn}/skipped: not reached"),
            "It stopped before its end: it was interrupted.".to_owned(),
            "Note: role/\\u{202e}x stays.".to_owned(),
        ] {
            assert!(text.lines().any(|known| known == line), "{line}: {text}");
        }
        let document: Value = serde_json::from_str(&rolled_back(&ended, Form::Json)).unwrap();
        assert_eq!(document["results"][0]["status"], "deleted");
        assert_eq!(document["results"][1]["error"]["message"], "not\nyou");
        assert_eq!(document["results"][2]["status"], "skipped");

        let dry = rolled_back(&done(None), Form::Table);
        assert!(
            dry.contains(&format!("~ DeleteAccessEntry {arn}/failed\n")),
            "{dry}"
        );
    }
}
