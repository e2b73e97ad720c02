//! What there is to say about mappings beside the open questions, each code once.

use crate::finding::{Code, Finding, Severity};
use crate::model::MappingId;
use crate::plan::Plan;
use crate::plan::document::Outcome;
use crate::report::open::ranges;
use crate::report::terminal::{Canvas, FAINT, PLAIN, of_severity};
use crate::report::words;
use crate::text::visible;

/// Warnings and errors about what waits for no decision.
pub(super) fn notes(page: &mut Canvas, plan: &Plan) {
    let mut groups: Vec<(Code, Vec<(MappingId, &Finding)>)> = Vec::new();
    let mappings = plan.mappings.iter().filter(|one| !one.needs_decision());
    let mappings = mappings.map(|mapping| (mapping.id, &mapping.findings));
    let accounts = plan.accounts.iter();
    let accounts = accounts.filter(|account| account.outcome != Outcome::Blocked);
    let accounts = accounts.map(|account| (account.id, &account.findings));
    for (id, findings) in mappings.chain(accounts) {
        for finding in findings {
            if finding.severity < Severity::Warning {
                continue;
            }
            match groups.iter_mut().find(|(code, _)| *code == finding.code) {
                Some((_, of)) => of.push((id, finding)),
                None => groups.push((finding.code, vec![(id, finding)])),
            }
        }
    }
    if groups.is_empty() {
        return;
    }
    page.title("Notes");
    for (code, of) in groups {
        note(page, code, &of);
    }
}

fn note(page: &mut Canvas, code: Code, of: &[(MappingId, &Finding)]) {
    let first = of[0].1;
    let severity = of.iter().map(|(_, finding)| finding.severity).max();
    let severity = severity.unwrap_or(first.severity);
    let label = format!("{} {code}", words::severity(severity));
    let message = if of.iter().all(|(_, one)| one.message == first.message) {
        first.message.as_str()
    } else {
        code.title()
    };
    let ids = ranges(of.iter().map(|(id, _)| *id).collect());
    let text = format!("{ids}: {message}");
    page.words(
        0,
        (&label, of_severity(severity)),
        15,
        PLAIN,
        &visible(&text),
    );
    if !first.fix.is_empty() && of.iter().all(|(_, one)| one.fix == first.fix) {
        page.words(0, ("  fix", FAINT), 15, PLAIN, &visible(&first.fix));
    }
}
