//! The answers that a question takes; each is tried on the plan first, so that none is offered that settles nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Asked, OpenQuestion, Replan, accepted, open_ids};
use crate::access::equal_policy;
use crate::access::template::Placeholder;
use crate::decisions::{Accept, Answer, AnswerLine, DecisionsFile, Do};
use crate::model::access::{MASTERS, NODES};
use crate::model::reserved::{self, legal_name};
use crate::model::{AccessChange, Identity, MappingId};
use crate::plan::Plan;
use crate::plan::gate::moves_in_words;

/// What kind of answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One for each principal.
    Principals(Do),
    /// New names for groups and users, with the bindings that they need.
    Rename,
    /// Access policies that equal what the groups are bound to.
    Policy,
}

impl Kind {
    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Principals(what) => what.as_str(),
            Self::Rename => "rename",
            Self::Policy => "policy",
        }
    }
}

/// An answer that a question takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What kind it is.
    pub kind: Kind,
    /// What it adds to the decisions file.
    pub patch: DecisionsFile,
    /// What it changes, in words.
    pub consequence: String,
    /// How many mappings that the question is not about it settles as well.
    pub also: usize,
}

impl Choice {
    /// The same with a reason for each principal; names have no room for one.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        for answer in &mut self.patch.principals {
            answer.reason = Some(reason.to_owned());
        }
        self
    }

    /// Whether another name may be given in place of the one that is proposed: there is exactly one.
    #[must_use]
    pub fn takes_name(&self) -> bool {
        self.kind == Kind::Rename
            && self.patch.rename_groups.len() + self.patch.rename_users.len() == 1
    }
}

/// An answer for one principal that was not tried: where nobody plans again, as for a whole fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untried {
    /// What is done.
    pub what: Do,
    /// The move that has to be accepted with it.
    pub accept: Option<Accept>,
    /// What it changes, in words.
    pub consequence: String,
}

/// The ends of new names that are tried, one after the other, until nobody has the name yet.
const ENDS: [&str; 3] = ["", "-from-aws-auth", "-renamed"];

impl Asked {
    /// The answers, not tried.
    #[must_use]
    pub fn untried(&self) -> Vec<Untried> {
        let plain = |what, consequence: &str| Untried {
            what,
            accept: None,
            consequence: consequence.to_owned(),
        };
        let leave = plain(
            Do::Leave,
            "access stays the same: the mapping stays in aws-auth, and cutover keeps it there",
        );
        if self.drift.is_some() {
            return vec![
                plain(
                    Do::KeepLive,
                    "access stays the same: the live access entry is kept, and cutover removes the mapping",
                ),
                leave,
                plain(
                    Do::UpdateLive,
                    "the live access entry is updated to match the mapping",
                ),
            ];
        }
        let migrate = accepted(self).map(|accept| Untried {
            what: Do::Migrate,
            accept: Some(accept),
            consequence: in_words(std::iter::once(&self.proposal)),
        });
        // Mappings that are alike have a live entry all or none.
        let drop = plain(Do::Drop, dropped(false));
        std::iter::once(leave)
            .chain(migrate)
            .chain([drop])
            .collect()
    }
}

impl OpenQuestion {
    /// The answers that settle it, given what was decided before, the one that keeps access and asks for nothing first.
    #[must_use]
    pub fn choices(&self, decided: &DecisionsFile, replan: &Replan<'_>) -> Vec<Choice> {
        let trial = Trial::new(self, decided, replan);
        let nothing = |what: Do, consequence: &str| {
            let patch = self.answers(what, |_| None);
            trial.offer(Kind::Principals(what), patch, consequence.to_owned())
        };
        let keep = self.has_live().then(|| {
            nothing(
                Do::KeepLive,
                "access stays the same: the live access entry is kept, and cutover removes the mapping",
            )
        });
        let leave = nothing(
            Do::Leave,
            "access stays the same: the mapping stays in aws-auth, and cutover keeps it there",
        );
        let drop = nothing(Do::Drop, dropped(self.has_live()));
        keep.flatten()
            .into_iter()
            .chain(leave)
            .chain(self.rename(&trial))
            .chain(self.policy(&trial))
            .chain(self.migrate(&trial))
            .chain(self.update(&trial))
            .chain(drop)
            .collect()
    }

    /// The rename with another new name for the one thing that it renames.
    ///
    /// # Errors
    /// Says why that name won't do.
    pub fn renamed_to(
        &self,
        rename: &Choice,
        name: &str,
        decided: &DecisionsFile,
        replan: &Replan<'_>,
    ) -> Result<Choice, String> {
        if name.is_empty() {
            return Err("enter a name".to_owned());
        }
        if let Some(prefix) = reserved::prefix_of(name) {
            return Err(format!("EKS refuses names that begin with `{prefix}`"));
        }
        let mut patch = rename.patch.clone();
        let names = patch.rename_groups.values_mut();
        for new in names.chain(patch.rename_users.values_mut()) {
            name.clone_into(new);
        }
        let consequence = renamed_in_words(&patch);
        Trial::new(self, decided, replan)
            .offer(Kind::Rename, patch, consequence)
            .ok_or_else(|| {
                format!(
                    "`{name}` does not work: EKS refuses it, or it already has bindings or users"
                )
            })
    }

    fn has_live(&self) -> bool {
        self.about.iter().any(|asked| asked.drift.is_some())
    }

    /// One answer for each principal.
    fn answers(&self, what: Do, accept: impl Fn(&Asked) -> Option<Accept>) -> DecisionsFile {
        let mut patch = DecisionsFile::default();
        for asked in &self.about {
            patch.take(&DecisionsFile {
                principals: vec![Answer {
                    principal: Some(asked.principal.clone()),
                    code: None,
                    what,
                    accept: accept(asked),
                    reason: None,
                    line: AnswerLine::default(),
                }],
                ..DecisionsFile::default()
            });
        }
        patch
    }

    fn migrate(&self, trial: &Trial<'_>) -> Option<Choice> {
        let is_possible = self.about.iter().all(|asked| accepted(asked).is_some());
        let patch = is_possible.then(|| self.answers(Do::Migrate, accepted))?;
        let consequence = format!(
            "the access entry is created, and exactly this change is accepted: {}",
            in_words(self.about.iter().map(|asked| &asked.proposal))
        );
        trial.offer(Kind::Principals(Do::Migrate), patch, consequence)
    }

    /// What the update moves is known once it is tried.
    fn update(&self, trial: &Trial<'_>) -> Option<Choice> {
        if !self.has_live() {
            return None;
        }
        let plan = trial.plan(&self.answers(Do::UpdateLive, |_| None));
        let change = |asked: &Asked| {
            let mut mappings = plan.mappings.iter();
            let mapping = mappings.find(|mapping| mapping.id == asked.id);
            mapping.map(|mapping| &mapping.access)
        };
        let patch = self.answers(Do::UpdateLive, |asked| {
            let change = change(asked).filter(|change| !change.keeps_access());
            change.and_then(Accept::exactly)
        });
        let consequence = format!(
            "the live access entry is updated to match the mapping: {}",
            in_words(self.about.iter().filter_map(change))
        );
        trial.offer(Kind::Principals(Do::UpdateLive), patch, consequence)
    }

    fn rename(&self, trial: &Trial<'_>) -> Option<Choice> {
        if self.about.iter().any(|asked| asked.is_node) {
            return None;
        }
        let users: BTreeMap<String, String> =
            self.about.iter().filter_map(Asked::new_username).collect();
        let attempt = |end: &str, users: &BTreeMap<String, String>| {
            let patch = DecisionsFile {
                rename_groups: self.new_groups(trial.decided, end),
                rename_users: users.clone(),
                bind_renamed: true,
                ..DecisionsFile::default()
            };
            if patch.rename_groups.is_empty() && patch.rename_users.is_empty() {
                return None;
            }
            let consequence = renamed_in_words(&patch);
            trial.offer(Kind::Rename, patch, consequence)
        };
        let groups_alone = ENDS.iter().find_map(|end| attempt(end, &BTreeMap::new()));
        groups_alone.or_else(|| {
            let with_users = ENDS.iter().find_map(|end| attempt(end, &users));
            with_users.filter(|_| !users.is_empty())
        })
    }

    /// Names for the groups that move; one that was chosen before is tried first.
    fn new_groups(&self, decided: &DecisionsFile, end: &str) -> BTreeMap<String, String> {
        let groups = self.about.iter().flat_map(|asked| &asked.groups);
        groups
            .filter(|group| !matches!(group.as_str(), MASTERS | NODES))
            .map(|group| {
                let chosen = decided.rename_groups.get(group).filter(|_| end.is_empty());
                let new = chosen.cloned();
                let new = new.unwrap_or_else(|| format!("{}{end}", legal_name(group)));
                (group.clone(), new)
            })
            .collect()
    }

    fn policy(&self, trial: &Trial<'_>) -> Option<Choice> {
        let groups: Vec<&String> = self.about.iter().flat_map(|asked| &asked.groups).collect();
        equal_policy::comparable().find_map(|policy| {
            let patch = DecisionsFile {
                policies: groups
                    .iter()
                    .map(|group| ((*group).clone(), policy.to_owned()))
                    .collect(),
                ..DecisionsFile::default()
            };
            if patch.policies.is_empty() {
                return None;
            }
            let names: Vec<String> = patch.policies.keys().map(|group| format!("`{group}`")).collect();
            let consequence = format!(
                "{} is replaced by the access policy `{policy}`, which has exactly the rights of its bindings: nobody's rights change",
                names.join(", ")
            );
            trial.offer(Kind::Policy, patch, consequence)
        })
    }
}

impl Asked {
    /// A username that an entry can carry, where the mapping's own is bound to something and can't be kept.
    fn new_username(&self) -> Option<(String, String)> {
        let mut bindings = self.shown().bindings.iter().flatten();
        bindings.find(|binding| binding.subject.starts_with("User/"))?;
        let old = self.username.as_str();
        let mut new = old;
        while let Some(prefix) = reserved::prefix_of(new) {
            new = &new[prefix.len()..];
        }
        let session = [Placeholder::SessionName, Placeholder::SessionNameRaw]
            .iter()
            .filter_map(|session| new.find(session.text()))
            .min();
        let new = match session {
            // A session's name needs a colon before it.
            Some(at) if !new[..at].contains(':') => {
                let (before, session) = new.split_at(at);
                let before = before.trim_end_matches('-');
                let before = if before.is_empty() { "session" } else { before };
                format!("{before}:{session}")
            }
            _ => new.to_owned(),
        };
        (!new.is_empty() && new != old).then(|| (old.to_owned(), new))
    }
}

/// Tries answers on the plan.
pub(super) struct Trial<'a> {
    question: &'a OpenQuestion,
    decided: &'a DecisionsFile,
    replan: &'a Replan<'a>,
    open: BTreeSet<MappingId>,
    misfits: usize,
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        question: &'a OpenQuestion,
        decided: &'a DecisionsFile,
        replan: &'a Replan<'a>,
    ) -> Self {
        let now = replan(decided);
        Self {
            question,
            decided,
            replan,
            open: open_ids(&now),
            misfits: now.misfits.len(),
        }
    }

    /// Whether all of the question is open.
    pub(super) fn is_open(&self) -> bool {
        self.question.ids().is_subset(&self.open)
    }

    fn plan(&self, patch: &DecisionsFile) -> Plan {
        let mut document = self.decided.clone();
        document.take(patch);
        (self.replan)(&document)
    }

    /// The plan with an answer, if that leaves nothing of the question and opens no other.
    pub(super) fn settled(&self, patch: &DecisionsFile) -> Option<Plan> {
        let plan = self.plan(patch);
        let open = open_ids(&plan);
        let is_settled = self
            .question
            .about
            .iter()
            .all(|asked| !open.contains(&asked.id));
        (is_settled && open.is_subset(&self.open) && plan.misfits.len() <= self.misfits)
            .then_some(plan)
    }

    fn offer(&self, kind: Kind, patch: DecisionsFile, consequence: String) -> Option<Choice> {
        let plan = self.settled(&patch)?;
        let settled = self.open.len() - open_ids(&plan).len();
        Some(Choice {
            kind,
            patch,
            consequence,
            also: settled.saturating_sub(self.question.about.len()),
        })
    }
}

fn renamed_in_words(patch: &DecisionsFile) -> String {
    let renames = patch.rename_groups.iter().chain(&patch.rename_users);
    let names: Vec<String> = renames
        .map(|(old, new)| format!("`{old}` is renamed to `{new}`"))
        .collect();
    format!(
        "{}, and its bindings are created for the new name: nobody's rights change",
        names.join(", ")
    )
}

/// What somebody would gain or lose, of the first of them; all are alike.
/// What becomes of somebody whose mapping is dropped.
fn dropped(has_live: bool) -> &'static str {
    if has_live {
        "cutover removes the mapping; the live access entry is kept"
    } else {
        "the access is lost: cutover removes the mapping"
    }
}

fn in_words<'a>(mut changes: impl Iterator<Item = &'a AccessChange>) -> String {
    let Some(change) = changes.next() else {
        return "nobody's rights change".to_owned();
    };
    if change.keeps_access() {
        return "nobody's rights change".to_owned();
    }
    let names = |identity: &Option<Arc<Identity>>| {
        identity.as_ref().map(|identity| identity.username.clone())
    };
    match change.verdict {
        None => match (names(&change.before), names(&change.after)) {
            (Some(before), Some(after)) if before != after => {
                format!(
                    "`{before}` is renamed to `{after}`; this accepts that the bindings were not checked"
                )
            }
            _ => "names change; this accepts that the bindings were not checked".to_owned(),
        },
        Some(_) => moves_in_words(change),
    }
}
