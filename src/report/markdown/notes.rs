//! Why: what there is to say about mappings and whole accounts, each code once.

use std::collections::HashMap;
use std::fmt::Write;

use super::super::principal::ShortNames;
use super::super::words::{self, entry_facts};
use super::{code, fact, outcome, prose};
use crate::finding::{Code, Finding, Severity};
use crate::plan::Plan;
use crate::plan::document::Outcome;

/// A finding with whom it is about: the id, and the principal where the section shows it; both as code.
struct Note<'a> {
    finding: &'a Finding,
    id: String,
    principal: String,
}

/// Writes the sections; returns how many notes were left out since they are mere information.
pub(super) fn notes(page: &mut String, plan: &Plan, names: &ShortNames, details: bool) -> usize {
    let of_mappings = plan.mappings.iter().flat_map(|mapping| {
        let id = code(&mapping.id.to_string());
        let principal = format!(" {}", code(&names.get(&mapping.arn)));
        mapping.findings.iter().map(move |finding| Note {
            finding,
            id: id.clone(),
            principal: principal.clone(),
        })
    });
    let (shown, left_out): (Vec<_>, Vec<_>) =
        of_mappings.partition(|note| details || note.finding.severity != Severity::Info);
    by_code(page, "Why", &shown);
    wanted(page, plan, details);
    bindings(page, plan);
    accounts(page, plan);
    left_out.len()
}

/// Each code once, in the order in which they first come up; a message that several share, and a fix, once, too.
fn by_code(page: &mut String, title: &str, notes: &[Note<'_>]) {
    if notes.is_empty() {
        return;
    }
    let _ = write!(page, "\n### {title}\n\n");
    let mut codes: Vec<Code> = Vec::new();
    for note in notes {
        if !codes.contains(&note.finding.code) {
            codes.push(note.finding.code);
        }
    }
    for code in codes {
        let of_code: Vec<&Note> = notes
            .iter()
            .filter(|note| note.finding.code == code)
            .collect();
        group(page, code, &of_code);
    }
}

fn group(page: &mut String, code: Code, notes: &[&Note<'_>]) {
    let first = notes[0].finding;
    let same_fix = notes.iter().all(|note| note.finding.fix == first.fix);
    let fix = |fix: &str| match fix {
        "" => String::new(),
        fix => format!(" (fix: {})", prose(fix)),
    };
    let severity = notes.iter().map(|note| note.finding.severity).max();
    let severity = words::severity(severity.unwrap_or(first.severity));
    if let [note] = notes {
        let message = prose(&first.message);
        let _ = writeln!(
            page,
            "- **{severity}** {code}: {}{}: {message}{}",
            note.id,
            note.principal,
            fix(&first.fix)
        );
        return;
    }
    let shared = if same_fix {
        fix(&first.fix)
    } else {
        String::new()
    };
    let _ = writeln!(
        page,
        "- **{severity}** {code}: {}{shared}",
        prose(code.title())
    );
    let mut grouped: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    // The place of each message and fix; tens of thousands of accounts have one each.
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for note in notes {
        let Finding { message, fix, .. } = note.finding;
        let place = *places.entry((message, fix)).or_insert(grouped.len());
        match grouped.get_mut(place) {
            Some((_, _, of)) => of.push(&note.id),
            None => grouped.push((message, fix, vec![&note.id])),
        }
    }
    for (message, own, of) in grouped {
        let own = if same_fix { String::new() } else { fix(own) };
        let _ = writeln!(page, "  - {}: {}{own}", of.join(", "), prose(message));
    }
}

/// The entries that the mappings ask for where they get another one, or none yet; with details, all of them.
fn wanted(page: &mut String, plan: &Plan, details: bool) {
    let open = |outcome| matches!(outcome, Outcome::Conflict | Outcome::Blocked);
    let mut title = Some("\n### Entries\n\n");
    for mapping in &plan.mappings {
        let Some(entry) = &mapping.entry else {
            continue;
        };
        if !details && !open(mapping.outcome) {
            continue;
        }
        page.push_str(title.take().unwrap_or_default());
        let wanted = if open(mapping.outcome) { " wanted" } else { "" };
        let facts: Vec<String> = entry_facts(entry, &mapping.arn).iter().map(fact).collect();
        let id = code(&mapping.id.to_string());
        let _ = writeln!(page, "- {id}{wanted}: {}", facts.join(", "));
    }
}

/// The bindings that stop or start to match, each mapping's in one line.
fn bindings(page: &mut String, plan: &Plan) {
    let mut title = Some("\n### Bindings\n\n");
    for mapping in &plan.mappings {
        let changes = mapping.shown_change().bindings.iter().flatten();
        let changes: Vec<String> = changes.map(|one| prose(&words::binding(one))).collect();
        if !changes.is_empty() {
            page.push_str(title.take().unwrap_or_default());
            let id = code(&mapping.id.to_string());
            let _ = writeln!(page, "- {id}: {}", changes.join("; "));
        }
    }
}

fn accounts(page: &mut String, plan: &Plan) {
    if plan.accounts.is_empty() {
        return;
    }
    page.push_str("\n### Whole accounts\n\n");
    for account in &plan.accounts {
        let (id, account_id) = (code(&account.id.to_string()), code(&account.account_id));
        let _ = writeln!(
            page,
            "- {} {id}, line {}: {account_id}",
            outcome(account.outcome),
            account.line
        );
    }
    let notes: Vec<Note<'_>> = plan
        .accounts
        .iter()
        .flat_map(|account| {
            let id = code(&account.id.to_string());
            account.findings.iter().map(move |finding| Note {
                finding,
                id: id.clone(),
                principal: String::new(),
            })
        })
        .collect();
    by_code(page, "Why whole accounts", &notes);
}
