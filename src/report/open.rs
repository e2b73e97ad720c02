//! What a person has to decide, alike questions once: at the head of every report of a plan.

use std::collections::{BTreeMap, HashMap};

use super::page::{Page, ShownQuestion};
use super::principal::ShortNames;
use super::words::{mappings_and_accounts, plural};
use crate::finding::{Code, Finding, Severity};
use crate::model::{MappingId, Section};
use crate::plan::Plan;
use crate::plan::document::Blocker;
use crate::plan::questions::{OpenQuestion, questions};

/// How many principals of a question are named, unless all are asked for.
const NAMED: usize = 3;

/// So many questions say why they are asked; of more, each has just its code and what settles it.
const FEW: usize = 6;
/// How many runs of ids are listed.
const RUNS: usize = 12;

/// The open questions of a plan under one heading; nothing where nothing is open.
pub(super) fn open(plan: &Plan, names: &ShortNames, all: bool) -> Option<Page> {
    let questions = questions(plan);
    if questions.is_empty() {
        return None;
    }
    let mut page = Page::new("Decisions needed");
    page.heading(format!("Decisions needed: {}", counted(&questions)));
    let findings = findings(plan);
    let is_brief = !all && questions.len() > FEW;
    for question in &questions {
        page.question(of(question, &findings, names, (all, is_brief)));
    }
    Some(page)
}

/// How many questions are open, about how many mappings and whole accounts.
pub(super) fn counted(questions: &[OpenQuestion]) -> String {
    let ids = questions.iter().flat_map(|question| &question.about);
    let accounts = ids
        .clone()
        .filter(|asked| asked.id.section == Section::MapAccounts)
        .count();
    let mappings = ids.count() - accounts;
    format!(
        "{} about {}",
        plural(questions.len(), "question", "questions"),
        mappings_and_accounts(mappings, accounts)
    )
}

pub(super) type Findings<'a> = HashMap<MappingId, &'a [Finding]>;

pub(super) fn findings(plan: &Plan) -> Findings<'_> {
    let mappings = plan.mappings.iter();
    let mappings = mappings.map(|mapping| (mapping.id, mapping.findings.as_slice()));
    let accounts = plan.accounts.iter();
    mappings
        .chain(accounts.map(|account| (account.id, account.findings.as_slice())))
        .collect()
}

fn of(
    question: &OpenQuestion,
    findings: &Findings,
    names: &ShortNames,
    (all, is_brief): (bool, bool),
) -> ShownQuestion {
    let named = if all { usize::MAX } else { NAMED };
    let about = question.about.iter().take(named);
    // The title of a question about one has its id.
    let is_one = question.about.len() == 1;
    let about = about.map(|asked| match names.get(&asked.principal) {
        name if is_one => name.into_owned(),
        name => format!("{name} ({})", asked.id),
    });
    let rest: Vec<MappingId> = question
        .about
        .iter()
        .skip(named)
        .map(|asked| asked.id)
        .collect();
    let (codes, mut why) = why(question, findings);
    let mut title = question.title();
    if is_brief {
        why.retain(|(label, _)| label == FIX);
        why.truncate(1);
        if !codes.is_empty() {
            title.push_str(&format!(" ({})", codes.join(", ")));
        }
    }
    ShownQuestion {
        title,
        about: about.collect(),
        rest: match rest.len() {
            0 => String::new(),
            count => format!("{count} more: {}", ranges(rest)),
        },
        why,
        answers: Vec::new(),
    }
}

const FIX: &str = "fix";

/// The codes; and each once, with its message and fix where all have the same.
pub(super) fn why(
    question: &OpenQuestion,
    findings: &Findings,
) -> (Vec<String>, Vec<(String, String)>) {
    let mut codes: Vec<Code> = Vec::new();
    let mut by_code: BTreeMap<Code, Vec<&Finding>> = BTreeMap::new();
    let of_all = question.about.iter().map(|asked| asked.id);
    let of_all = of_all.filter_map(|id| findings.get(&id)).copied().flatten();
    for finding in of_all.filter(|finding| finding.severity >= Severity::Warning) {
        if !codes.contains(&finding.code) {
            codes.push(finding.code);
        }
        by_code.entry(finding.code).or_default().push(finding);
    }
    // Where there can't be an entry, the title says why.
    let said = question.findings.last().map(|finding| &finding.code);
    let said = said.filter(|_| question.blocker == Blocker::NoEntryPossible);
    let mut why = Vec::new();
    let mut is_fixed = false;
    for code in &codes {
        let found = &by_code[code];
        let first = found[0];
        let message = if found.iter().all(|one| one.message == first.message) {
            first.message.as_str()
        } else {
            code.title()
        };
        if Some(code) != said {
            why.push((code.to_string(), message.to_owned()));
        }
        if !first.fix.is_empty() && found.iter().all(|one| one.fix == first.fix) {
            why.push((FIX.to_owned(), first.fix.clone()));
            is_fixed = true;
        }
    }
    if !is_fixed {
        let alike = match question.about.len() {
            1 => "`decide` shows the answers and what each would change",
            _ => "`decide` asks once for all of them, and shows what each answer would change",
        };
        why.push((FIX.to_owned(), alike.to_owned()));
    }
    (codes.iter().map(ToString::to_string).collect(), why)
}

/// Ids in short: `mapRoles[3], [5]-[8], mapUsers[0]`; empty where there are none.
pub(super) fn ranges(mut ids: Vec<MappingId>) -> String {
    let mut runs: Vec<(Section, usize, usize)> = Vec::new();
    ids.sort();
    for id in ids {
        match runs.last_mut() {
            Some((section, _, last)) if *section == id.section && *last + 1 == id.index => {
                *last = id.index;
            }
            _ => runs.push((id.section, id.index, id.index)),
        }
    }
    let mut shown = Vec::new();
    let mut before = None;
    let left_out = runs.len().saturating_sub(RUNS);
    for (section, first, last) in runs.into_iter().take(RUNS) {
        let name = if before == Some(section) {
            String::new()
        } else {
            section.to_string()
        };
        before = Some(section);
        shown.push(match last - first {
            0 => format!("{name}[{first}]"),
            _ => format!("{name}[{first}]-[{last}]"),
        });
    }
    if left_out > 0 {
        shown.push("...".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_follow_each_other_are_one_range() {
        let id = |section, index| MappingId { section, index };
        let ids = [3, 4, 5, 9].map(|index| id(Section::MapRoles, index));
        let users = [id(Section::MapUsers, 0)];
        assert_eq!(
            ranges(ids.into_iter().chain(users).collect()),
            "mapRoles[3]-[5], [9], mapUsers[0]"
        );
        assert_eq!(ranges(Vec::new()), "");
    }
}
