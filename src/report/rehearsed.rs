//! What a second look shows in a rehearsal: who has the same access through access entries, and who still depends on
//! `aws-auth`.

use super::page::{Page, Shown, Table};
use super::summary::sentence;
use crate::model::Arn;
use crate::plan::Plan;
use crate::plan::document::{Outcome, PlannedMapping, Verdict};

/// The comparison for a terminal.
#[must_use]
pub fn rehearsed(plan: &Plan, shown: Shown) -> String {
    page(plan).terminal(shown)
}

fn page(plan: &Plan) -> Page {
    let mut page = Page::new("Access");
    let mappings = plan.mappings.iter().map(|mapping| {
        [
            mapping.id.to_string(),
            access(mapping).to_owned(),
            short(&mapping.arn),
        ]
    });
    let accounts = plan.accounts.iter().map(|account| {
        [
            account.id.to_string(),
            DEPENDS.to_owned(),
            account.account_id.clone(),
        ]
    });
    page.table(Table {
        columns: vec!["", "", ""],
        rows: mappings.chain(accounts).map(Vec::from).collect(),
        ..Table::default()
    });
    page.text(sentence(plan));
    page
}

const DEPENDS: &str = "still depends on aws-auth";

fn access(mapping: &PlannedMapping) -> &'static str {
    match (mapping.outcome, mapping.shown_change().verdict) {
        (Outcome::Unchanged, Some(Verdict::Same)) => "same access through its entry",
        (Outcome::Unchanged | Outcome::Conflict, Some(Verdict::Renamed)) => {
            "same access, another username"
        }
        (Outcome::Unchanged, Some(Verdict::Lost)) => "LESS access through its entry",
        (Outcome::Unchanged, Some(Verdict::Gained)) => "MORE access through its entry",
        (Outcome::Unchanged | Outcome::Conflict, None) if mapping.is_renamed_unseen() => {
            "another username, effect unknown"
        }
        (Outcome::Unchanged, _) => "different access through its entry",
        (Outcome::Inert, _) => "granted nothing, and still grants nothing",
        (Outcome::Blocked, _) => DEPENDS,
        (Outcome::Conflict, _) => "has an entry that differs",
        (Outcome::Create | Outcome::Update, _) => "still to be done",
        (Outcome::Skipped, _) => "skipped",
    }
}

/// The part of an ARN that distinguishes principals.
fn short(arn: &str) -> String {
    match arn.parse::<Arn>() {
        Ok(arn) => arn.resource.into(),
        Err(_) => arn.to_owned(),
    }
}
