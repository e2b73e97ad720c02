//! What a plan is about, and how much it does.

use super::page::Page;
use super::words::plural;
use crate::plan::Plan;
use crate::plan::document::{ActionKind, SourceKind};
use crate::text::visible;

/// Cluster, account, region, mode, source, making, caller and choices of the plan: a label and a text each, hidden characters escaped.
pub(super) fn facts(plan: &Plan) -> Vec<(&'static str, String)> {
    let cluster = &plan.cluster;
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "not known".to_owned());
    let with = |label: &str, value: &Option<String>| {
        let value = value.as_ref()?;
        Some(format!("{label} {value}"))
    };
    let name = [
        Some(known(&cluster.name)),
        with("Kubernetes", &cluster.kubernetes_version),
        with("platform", &cluster.platform_version),
    ];
    let account = format!("{} ({})", known(&cluster.account_id), cluster.partition);
    let mode = cluster
        .authentication_mode
        .map_or("not known, planned offline", |mode| mode.as_str());
    let kind = match plan.source.kind {
        SourceKind::Cluster => "the live cluster",
        SourceKind::File => "a file",
    };
    let digest: String = plan.source.sha256.chars().take(12).collect();
    let source = [
        Some(kind.to_owned()),
        with("resourceVersion", &plan.source.resource_version),
        Some(format!("sha256 {digest}")),
    ];
    // The document has the fractions, too.
    let made = plan.created_at.strftime("%Y-%m-%dT%H:%M:%SZ");
    let making = format!("{made} by aws-auth-migrate {}", plan.tool_version);
    let choices = plan.choices.options();
    let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
    let mut facts = vec![
        ("cluster", listed(name)),
        ("account", account),
        ("region", known(&cluster.region)),
        ("mode", mode.to_owned()),
        ("source", listed(source)),
        ("made", making),
    ];
    if let Some(caller) = &plan.caller {
        facts.push(("caller", caller.clone()));
    }
    if !choices.is_empty() {
        facts.push(("choices", choices.join(" ")));
    }
    let shown = facts.into_iter();
    shown
        .map(|(label, value)| (label, visible(&value).into_owned()))
        .collect()
}

/// Who ran the tool on which cluster, at the top of a report of what was done.
pub(super) fn run_by(page: &mut Page, plan: &Plan) {
    let cluster = &plan.cluster;
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    place(
        page,
        plan.caller.as_deref(),
        [
            &known(&cluster.name),
            &known(&cluster.region),
            &known(&cluster.account_id),
        ],
    );
}

/// The same by name, region and account.
pub(super) fn place(page: &mut Page, caller: Option<&str>, [name, region, account]: [&str; 3]) {
    let region = match region {
        "" => String::new(),
        region => format!(" in {region}"),
    };
    page.fact("Cluster", format!("{name}{region}, account {account}"));
    if let Some(caller) = caller {
        page.fact("Run by", caller);
    }
}

fn listed<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

/// How many calls of which kind, and whether one of them can't be undone.
pub(super) fn calls(plan: &Plan) -> String {
    if plan.actions.is_empty() {
        return "none, there is nothing to change".to_owned();
    }
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for action in &plan.actions {
        let operation = action.kind.operation();
        match kinds.iter_mut().find(|(known, _)| *known == operation) {
            Some((_, count)) => *count += 1,
            None => kinds.push((operation, 1)),
        }
    }
    let kinds: Vec<String> = kinds
        .into_iter()
        .map(|(operation, count)| format!("{count} {operation}"))
        .collect();
    let all = plural(plan.actions.len(), "call", "calls");
    let one_way = plan.actions.iter().map(|action| match action.kind {
        ActionKind::UpdateAuthenticationMode { from, to } => {
            format!("; {from} to {to} can't be undone")
        }
        _ => String::new(),
    });
    format!("{all}: {}{}", kinds.join(", "), one_way.collect::<String>())
}
