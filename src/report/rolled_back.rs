//! What a rollback did, or would do.

use serde::Serialize;

use super::about::place;
use super::format::Format;
use super::page::{Line, Mark, Page, Shown, rendered, resume};
use super::results::{Result, Unverified, failure, not_reached, principal, unverified};
use super::words::plural;
use crate::invocation::Flag;
use crate::journal::RunEnd;
use crate::migration::RolledBack;
use crate::migration::owners::Writer;
use crate::migration::rollback::{
    BindingFate, Left, MovedMapping, Moves, Restoring, UndoneBinding,
};
use crate::model::access_policy::ScopeKind;
use crate::model::{ActionStatus, AuthenticationMode, Section};
use crate::plan::{Action, ActionKind};
use crate::writer::ActionResult;

#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RolledBackDocument<'a> {
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

/// What a rollback did, or would do, in a format.
#[must_use]
pub fn rolled_back(done: &RolledBack, format: Format, shown: Shown) -> String {
    rendered(&document(done), || page(done, format), format, shown)
}

/// What a rollback would do, before the question whether to do it.
#[must_use]
pub fn rolling_back(done: &RolledBack, shown: Shown) -> String {
    preview(done).terminal(shown)
}

pub(super) fn document(done: &RolledBack) -> RolledBackDocument<'_> {
    RolledBackDocument {
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

pub(super) fn page(done: &RolledBack, format: Format) -> Page {
    let mut page = preview(done);
    closing(&mut page, done, format);
    page
}

/// The page without its last line, which says what to do next.
fn preview(done: &RolledBack) -> Page {
    let has_run = done.end.is_some();
    let mut page = Page::new(if has_run || done.is_nothing() {
        "What `rollback` did"
    } else {
        "What `rollback` would do"
    });
    page.verdict(match done.end {
        _ if done.is_nothing() => "Nothing was undone",
        None => "Dry run: nothing was changed",
        Some(RunEnd::Complete) => "Rolled back",
        Some(RunEnd::Incomplete) => "Not everything is rolled back",
        Some(RunEnd::Interrupted) => "The rollback was interrupted",
    });
    place(
        &mut page,
        done.caller.as_deref(),
        [&done.cluster, "", &done.account_id],
    );
    if let Some(run) = &done.run {
        page.fact("Run", run);
    }
    if has_run {
        page.fact("Journal", done.journal.display().to_string());
    }
    if done.is_nothing() {
        let is_as_before = done.mode != Some(AuthenticationMode::Api)
            && done.entries.left.is_empty()
            && matches!(done.end, None | Some(RunEnd::Complete));
        page.text(if is_as_before {
            "Nothing to undo: the cluster is as it was before this tool's changes."
        } else {
            "Nothing was undone."
        });
    }
    if done.config_map != Restoring::Nothing {
        page.text(if has_run {
            "aws-auth is restored to what it was before the cutover."
        } else {
            "aws-auth would be restored to what it was before the cutover."
        });
        moves(&mut page, &done.moves, has_run);
    }
    calls(&mut page, done);
    left(&mut page, done, has_run || done.is_nothing());
    page
}

/// Every call, as it ended or as it would be made.
fn calls(page: &mut Page, done: &RolledBack) {
    let line = |how: &str, action: &Action| {
        let operation = action.kind.operation();
        Line::marked(
            Mark::Change,
            format!(
                "{how} {operation} for {}{}",
                principal(action),
                says(&action.kind)
            ),
        )
    };
    let Some(summary) = &done.summary else {
        for action in &done.entries.actions {
            page.line(line("would call", action));
        }
        return;
    };
    for result in &summary.results {
        page.line(match result.status {
            ActionStatus::Failed => failure(result),
            ActionStatus::Skipped => not_reached(&result.action),
            _ => line("called", &result.action),
        });
    }
    for entry in unverified(summary) {
        page.line(entry.line());
    }
    if let Some(reason) = &summary.stopped {
        page.line(Line::marked(
            Mark::Fault,
            format!("stopped early: {reason}"),
        ));
    }
}

/// What is not undone, and the bindings.
fn left(page: &mut Page, done: &RolledBack, has_run: bool) {
    for left in &done.entries.left {
        let is = if has_run { "is" } else { "would be" };
        page.line(Line::marked(
            Mark::Fault,
            format!("{} {is} left alone: {}", left.principal_arn, left.reason),
        ));
    }
    for binding in &done.bindings {
        page.line(binding_line(binding, has_run));
    }
    for writer in &done.writers {
        page.line(Line::marked(Mark::Fault, super::writer(writer)));
    }
    for stays in &done.stays {
        page.text(format!("Note: {stays}."));
    }
}

fn closing(page: &mut Page, done: &RolledBack, format: Format) {
    match done.end {
        None if !done.is_nothing() => {
            page.text(format!(
                "This was a dry run: nothing was changed. Run it without {} to undo this.",
                Flag::DryRun
            ));
        }
        None => {}
        Some(RunEnd::Complete) => page.text("Rolled back. Run `apply` to migrate again."),
        Some(_) => {
            match failed(done) {
                0 => {}
                count => page.text(format!("{}.", plural(count, "call failed", "calls failed"))),
            }
            resume(page, format);
        }
    }
}

/// Every mapping that comes or goes, a line each.
fn moves(page: &mut Page, moves: &Moves, has_run: bool) {
    let mut line = |mark: Mark, moved: &MovedMapping| {
        let groups = if moved.groups.is_empty() {
            "no groups".to_owned()
        } else {
            format!("groups {}", moved.groups.join(", "))
        };
        let who = match moved.id.section {
            Section::MapAccounts => format!("account {}", moved.arn),
            _ => format!("{}, user `{}`, {groups}", moved.arn, moved.username),
        };
        let what = match (mark, has_run) {
            (Mark::Add, true) => "is back",
            (Mark::Add, false) => "would come back",
            (_, true) => "is removed",
            (_, false) => "would be removed",
        };
        page.line(Line::marked(mark, format!("{} {what}: {who}", moved.id)));
    };
    moves.back.iter().for_each(|moved| line(Mark::Add, moved));
    moves
        .gone
        .iter()
        .for_each(|moved| line(Mark::Remove, moved));
    for key in &moves.keys {
        let how = if has_run {
            "is restored"
        } else {
            "would be restored"
        };
        page.line(Line::marked(
            Mark::Change,
            format!("the text of `{key}` {how}"),
        ));
    }
}

/// What a call gives, where it gives something.
pub(super) fn says(kind: &ActionKind) -> String {
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
    format!(": {said}")
}

fn binding_line(binding: &UndoneBinding, has_run: bool) -> Line {
    let UndoneBinding {
        id, fate, reason, ..
    } = binding;
    let reason = reason.as_deref().unwrap_or_default();
    let (mark, text) = match fate {
        BindingFate::Planned if has_run => (Mark::Fault, format!("{id} is still there")),
        BindingFate::Planned => (Mark::Change, format!("{id} would be deleted")),
        BindingFate::Deleted => (Mark::Change, format!("{id} is deleted")),
        BindingFate::Left if has_run => (Mark::Fault, format!("{id} is left alone: {reason}")),
        BindingFate::Left => (Mark::Fault, format!("{id} would be left alone: {reason}")),
        BindingFate::Failed => (Mark::Fault, format!("{id} is still there: {reason}")),
    };
    Line::marked(mark, text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::migration::rollback::Undoing;
    use crate::model::ActionError;
    use crate::writer::RunSummary;

    fn action(name: &str) -> Action {
        let action = json!({
            "id": "r1", "kind": "deleteAccessEntry", "stage": "others", "why": "",
            "principalArn": format!("arn:aws:iam::111122223333:role/{name}"),
        });
        serde_json::from_value(action).unwrap()
    }

    fn done(summary: Option<RunSummary>) -> RolledBack {
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
    fn each_call_of_a_rollback_shows_its_result() {
        let result = |name: &str, status, message: Option<&str>| ActionResult {
            action: action(name),
            status,
            error: message.map(|message| ActionError {
                code: "AccessDeniedException".to_owned(),
                message: message.to_owned(),
                request_id: None,
            }),
        };
        let ended = done(Some(RunSummary {
            results: vec![
                result("done", ActionStatus::Deleted, None),
                result("failed", ActionStatus::Failed, Some("not\nyou")),
                result("skipped", ActionStatus::Skipped, None),
            ],
            stopped: Some("it was interrupted".to_owned()),
            ..RunSummary::default()
        }));
        let arn = "arn:aws:iam::111122223333:role";
        let text = rolled_back(&ended, Format::Table, Shown::default());
        for line in [
            format!("~ called DeleteAccessEntry for {arn}/done"),
            format!("! DeleteAccessEntry for {arn}/failed: AccessDeniedException: not\\nyou"),
            format!("! DeleteAccessEntry for {arn}/skipped: not reached"),
            "  fix: grant `eks:DeleteAccessEntry` to the caller".to_owned(),
            "! stopped early: it was interrupted".to_owned(),
            "Note: role/\\u{202e}x stays.".to_owned(),
        ] {
            assert!(text.lines().any(|known| known == line), "{line}: {text}");
        }
        let document: Value =
            serde_json::from_str(&rolled_back(&ended, Format::Json, Shown::default())).unwrap();
        assert_eq!(document["results"][0]["status"], "deleted");
        assert_eq!(document["results"][1]["error"]["message"], "not\nyou");
        assert_eq!(document["results"][2]["status"], "skipped");

        let dry = rolled_back(&done(None), Format::Table, Shown::default());
        assert!(
            dry.contains(&format!(
                "~ would call DeleteAccessEntry for {arn}/failed\n"
            )),
            "{dry}"
        );
    }
}
