//! What is open in a plan: each question once, with everybody it is about and the answers that it takes.

use std::collections::BTreeMap;

use super::document::{Blocker, Outcome, Plan, PlannedMapping};
use crate::decisions::{Accept, Answer, Do};
use crate::model::{AccessChange, BindingChange, MappingId};

/// One question, about one or several mappings that raise it alike.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenQuestion {
    /// Why there is one.
    pub blocker: Blocker,
    /// What is asked, in one sentence; the same for all of these mappings.
    pub why: String,
    /// Whom it is about: the mapping with its ARN or account id.
    pub about: Vec<(MappingId, String)>,
    /// What the proposal would change, of the first of them.
    pub change: AccessChange,
    /// A group with a reserved name that a new name would settle, with a name that can be had.
    pub rename: Option<(String, String)>,
    /// The answers that it takes, the one that keeps access first.
    pub answers: Vec<Choice>,
}

/// An answer that a question takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is done.
    pub what: Do,
    /// The move that has to be accepted with it.
    pub accept: Option<Accept>,
    /// What it changes, in words.
    pub consequence: String,
}

impl OpenQuestion {
    /// The answers for the file, one for each mapping.
    #[must_use]
    pub fn answers_with(&self, choice: &Choice, reason: Option<&str>) -> Vec<Answer> {
        self.about
            .iter()
            .map(|(_, principal)| Answer {
                principal: Some(principal.clone()),
                code: None,
                what: choice.what,
                accept: choice.accept.clone(),
                reason: reason.map(str::to_owned),
            })
            .collect()
    }

    /// The bindings that stand behind the move.
    pub fn bindings(&self) -> impl Iterator<Item = &BindingChange> {
        self.change.bindings.iter().flatten()
    }
}

/// Every open question of a plan, those alike asked once, in the order of the text.
#[must_use]
pub fn questions(plan: &Plan) -> Vec<OpenQuestion> {
    let mut open: Vec<OpenQuestion> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut ask = |question: OpenQuestion| {
        // Alike are questions that every answer answers alike.
        let key = format!(
            "{:?} {} {:?} {:?}",
            question.blocker, question.why, question.answers, question.rename
        );
        if let Some(&place) = places.get(&key) {
            open[place].about.extend(question.about);
        } else {
            places.insert(key, open.len());
            open.push(question);
        }
    };
    for mapping in &plan.mappings {
        if let Some(blocker) = mapping.blocker {
            ask(of_mapping(mapping, blocker));
        }
    }
    for account in &plan.accounts {
        if account.outcome == Outcome::Blocked {
            ask(OpenQuestion {
                blocker: Blocker::NoEntryPossible,
                why: "every principal of the account may log in, and access entries name principals one by one".to_owned(),
                about: vec![(account.id, account.account_id.clone())],
                change: AccessChange::default(),
                rename: None,
                answers: vec![leave(), drop_it()],
            });
        }
    }
    open
}

fn of_mapping(mapping: &PlannedMapping, blocker: Blocker) -> OpenQuestion {
    let change = mapping.shown_change().clone();
    let why = why(mapping, blocker, &change);
    let accept = Accept::exactly(&mapping.access);
    let migrate = accept
        .clone()
        .filter(|_| mapping.entry.is_some() && mapping.access.after.is_some())
        .map(|accept| Choice {
            what: Do::Migrate,
            consequence: super::gate::moves_in_words(&mapping.access),
            accept: Some(accept),
        });
    let answers = match blocker {
        Blocker::LiveDiffers => {
            let keep = Choice {
                what: Do::KeepLive,
                accept: None,
                consequence: "nothing changes: the live entry is in force already, and cutover removes the mapping".to_owned(),
            };
            let update = Choice {
                what: Do::UpdateLive,
                accept: None,
                consequence: "the live entry is changed to what the mapping says".to_owned(),
            };
            vec![leave(), keep, update]
        }
        Blocker::AccessMoves | Blocker::BindingsUnread if mapping.drift.is_some() => {
            let keep = Choice {
                what: Do::KeepLive,
                accept: None,
                consequence: "nothing changes: the live entry stays as it is, and cutover removes the mapping".to_owned(),
            };
            let update = Choice {
                what: Do::UpdateLive,
                accept,
                consequence: super::gate::moves_in_words(&mapping.access),
            };
            vec![leave(), keep, update]
        }
        Blocker::AccessMoves | Blocker::BindingsUnread => {
            let mut answers = vec![leave()];
            answers.extend(migrate);
            answers.push(drop_it());
            answers
        }
        Blocker::InForceUnknown
        | Blocker::NoEntryPossible
        | Blocker::NewNameTaken
        | Blocker::Warning
        | Blocker::Refused => vec![leave(), drop_it()],
    };
    OpenQuestion {
        blocker,
        why,
        about: vec![(mapping.id, mapping.arn.clone())],
        change,
        rename: rename(mapping),
        answers,
    }
}

fn leave() -> Choice {
    Choice {
        what: Do::Leave,
        accept: None,
        consequence: "nothing changes: the mapping stays in aws-auth, and cutover leaves it there"
            .to_owned(),
    }
}

fn drop_it() -> Choice {
    Choice {
        what: Do::Drop,
        accept: None,
        consequence: "the access is given up: cutover removes the mapping".to_owned(),
    }
}

/// A group that EKS refuses by its name and the proposal leaves out, with a name that it takes.
fn rename(mapping: &PlannedMapping) -> Option<(String, String)> {
    use crate::model::access::{MASTERS, NODES};
    use crate::model::reserved::{PREFIXES, prefix_of};
    let entry = mapping.entry.as_ref()?;
    if entry.entry_type.is_node() {
        return None;
    }
    let is_refused =
        |group: &&String| prefix_of(group).is_some() && !matches!(group.as_str(), MASTERS | NODES);
    let moved = mapping.access.moved_groups();
    let old = mapping
        .groups
        .iter()
        .filter(is_refused)
        .find(|group| moved.contains(group.as_str()))?;
    let mut new = old.as_str();
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| new.strip_prefix(prefix)) {
        new = rest;
    }
    let new = if new.is_empty() { "renamed-group" } else { new };
    Some((old.clone(), new.to_owned()))
}

fn why(mapping: &PlannedMapping, blocker: Blocker, change: &AccessChange) -> String {
    match blocker {
        Blocker::AccessMoves => super::gate::moves_in_words(change),
        Blocker::BindingsUnread => {
            "names would change, and the bindings that may use them could not be read".to_owned()
        }
        Blocker::InForceUnknown => "what it has today is unknown".to_owned(),
        Blocker::NoEntryPossible => mapping
            .findings
            .last()
            .map_or_else(String::new, |finding| finding.message.clone()),
        Blocker::LiveDiffers => {
            "its live access entry gives other access than its mapping".to_owned()
        }
        Blocker::NewNameTaken => "somebody else already has the new name".to_owned(),
        Blocker::Warning => "a warning blocks because of --strict".to_owned(),
        Blocker::Refused => "EKS does not know the principal".to_owned(),
    }
}
