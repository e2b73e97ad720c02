//! Looks at everybody's access after every request that may have changed it.

use std::collections::{BTreeMap, BTreeSet};

use aws_auth_migrate::choices::Choices;
use aws_auth_migrate::decisions::Do;
use aws_auth_migrate::model::{AccessEntry, AuthenticationMode};
use aws_auth_migrate::plan::RUN_TAG;
use aws_auth_migrate::sandbox::{RequestRecord, Sandbox};
use serde_json::Value;

use crate::odd::tally::is_covered;
use crate::picture::{Iam, Picture, written};
use crate::plain::{Moved, Person};
use crate::steps::Command;

/// How the finding is called by which a plan says that it was made without bindings.
const BINDINGS_UNKNOWN: &str = "AAM701";

/// What is promised, and what was seen.
#[derive(Debug)]
pub(crate) struct Watch {
    people: Vec<Person>,
    pub(crate) iam: Iam,
    /// What everybody had before the tool touched anything, or after somebody else changed it.
    base: Picture,
    /// What plans and decisions have allowed to move since.
    accepted: BTreeMap<Person, Moved>,
    /// Whom somebody else touched in the middle of a move, so that nothing can be said any more.
    exempt: BTreeSet<Person>,
    /// Whom somebody else has ever touched.
    edited: BTreeSet<Person>,
    /// Who was deleted and created again, with a date that does not show it.
    pub(crate) recreated: BTreeSet<Person>,
    /// Whom somebody else touched while this command ran: it could not know.
    racing: BTreeSet<Person>,
    pub(crate) command: Command,
    /// The plan that was agreed to, while `apply` runs.
    pub(crate) plan: Option<Value>,
    /// The plans that were agreed to before: an entry may let nobody in until EKS shows it, a command or two later.
    pub(crate) earlier: Vec<Value>,
    /// Whether that plan was made before the command began, which makes one of its own.
    pub(crate) is_foreseen: bool,
    /// Whether the command has written yet.
    pub(crate) has_written: bool,
    /// Whom somebody else touched since `aws-auth` was read.
    unread: BTreeSet<Person>,
    pub(crate) switch: Switch,
    pub(crate) choices: Choices,
    pub(crate) broken: Vec<String>,
    pub(crate) log: Vec<String>,
    /// How often somebody's access was held against the promise.
    pub(crate) looks: usize,
}

/// Which switch of the mode a command has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    None,
    /// To a mode with entries, and `aws-auth` was not read again since.
    ToEntries,
    /// To the mode `API`, which can't be held back any more.
    ToApi,
}

/// Whether a request may have changed something.
pub(crate) fn is_change(operation: &str) -> bool {
    let verbs = ["Create", "Update", "Delete", "Associate", "Disassociate"];
    let writes = ["create ", "update ", "patch ", "delete "];
    verbs
        .iter()
        .chain(&writes)
        .any(|verb| operation.starts_with(verb))
}

fn is_still(moved: &Moved) -> bool {
    moved.is_nothing() && !moved.is_renamed
}

/// Whether a move is part of another one.
fn is_within(moved: &Moved, most: &Moved) -> bool {
    moved.lost.is_subset(&most.lost)
        && moved.gained.is_subset(&most.gained)
        && (most.is_renamed || !moved.is_renamed)
}

/// What somebody gains, whatever a policy that is still to come gives back.
fn without_losses(moved: &Moved) -> Moved {
    Moved {
        lost: BTreeSet::new(),
        groups: BTreeSet::new(),
        ..moved.clone()
    }
}

impl Watch {
    pub(crate) fn new(sandbox: &Sandbox, people: Vec<Person>, iam: Iam, choices: Choices) -> Self {
        Self {
            base: Picture::of(sandbox, &people, &iam),
            people,
            iam,
            accepted: BTreeMap::new(),
            exempt: BTreeSet::new(),
            edited: BTreeSet::new(),
            recreated: BTreeSet::new(),
            racing: BTreeSet::new(),
            command: Command::Look,
            plan: None,
            earlier: Vec::new(),
            is_foreseen: false,
            has_written: false,
            unread: BTreeSet::new(),
            switch: Switch::None,
            choices,
            broken: Vec::new(),
            log: Vec::new(),
            looks: 0,
        }
    }

    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    pub(crate) fn now(&self, sandbox: &Sandbox) -> Picture {
        Picture::of(sandbox, &self.people, &self.iam)
    }

    /// A request was handled.
    pub(crate) fn after(&mut self, sandbox: &Sandbox, request: &RequestRecord) {
        let status = request
            .status
            .map_or("-".to_owned(), |status| status.to_string());
        self.log.push(format!("{} {status}", request.operation));
        // EKS switches the mode while it is asked how far it is.
        let may_change = request.operation == "DescribeUpdate" || is_change(&request.operation);
        if may_change && request.status.is_none_or(|status| status < 300) {
            self.look(sandbox, &request.operation, true);
        }
        self.has_written |= is_change(&request.operation);
        match request.operation.as_str() {
            "UpdateClusterConfig" => {
                if self.command == Command::Apply {
                    self.switch = Switch::ToEntries;
                } else {
                    self.switch = Switch::ToApi;
                    // Nobody can know of a mapping that was added after the last look.
                    self.racing.append(&mut self.unread);
                }
            }
            "get configmaps" => {
                self.unread.clear();
                if self.switch == Switch::ToEntries {
                    self.switch = Switch::None;
                }
            }
            _ => {}
        }
        let is_looking = matches!(self.command, Command::Look | Command::Decide);
        if is_looking && is_change(&request.operation) {
            self.broken
                .push(format!("a look made the request {}", request.operation));
        }
    }

    /// Holds everybody's access against the promise.
    ///
    /// Two windows are known and can't be closed: EKS makes an entry by one call and gives it a policy by another, and takes
    /// two to change a type.
    pub(crate) fn look(&mut self, sandbox: &Sandbox, when: &str, are_windows_open: bool) {
        let now = self.now(sandbox);
        for person in &self.people {
            if self.exempt.contains(person) || self.racing.contains(person) {
                continue;
            }
            self.looks += 1;
            let moved = now.moved(&self.base, person);
            let accepted = self.accepted.get(person).cloned().unwrap_or_default();
            if is_still(&moved) || is_within(&moved, &accepted) {
                continue;
            }
            if self.is_allowed(sandbox, person, &moved) {
                let all = self.accepted.entry(person.clone()).or_default();
                all.lost.extend(moved.lost);
                all.gained.extend(moved.gained);
                all.is_renamed |= moved.is_renamed;
                continue;
            }
            let is_window = are_windows_open
                && (is_waiting(sandbox, person) || self.is_created_again(sandbox, person));
            if is_window
                && (moved.gained.is_subset(&accepted.gained)
                    || self.is_allowed(sandbox, person, &without_losses(&moved)))
            {
                continue;
            }
            self.broken.push(format!(
                "after {when} of {:?}: {}: {moved:?}, accepted {accepted:?}",
                self.command,
                person.arn()
            ));
        }
    }

    /// Whether somebody's entry is gone and comes again with another type, which no call changes: in the mode `API` nothing
    /// else lets them in meanwhile.
    fn is_created_again(&self, sandbox: &Sandbox, person: &Person) -> bool {
        let state = sandbox.state();
        let mut entries = state.entries.iter();
        let is_there = entries.any(|live| live.entry.principal_arn.to_string() == person.arn());
        let planned = |kind: &str| {
            let actions = self.plan.as_ref().map(|plan| &plan["actions"]);
            let mut actions = actions.and_then(Value::as_array).into_iter().flatten();
            actions.any(|action| action["kind"] == kind && action["principalArn"] == person.arn())
        };
        state.mode == AuthenticationMode::Api
            && !is_there
            && planned("deleteAccessEntry")
            && planned("createAccessEntry")
    }

    fn is_allowed(&self, sandbox: &Sandbox, person: &Person, moved: &Moved) -> bool {
        let covers = |plan: &Value| {
            let are_bindings_read = !plan.to_string().contains(BINDINGS_UNKNOWN);
            is_covered(plan, &self.choices, are_bindings_read, person, moved)
        };
        if has_own_entry(sandbox, person, |_| true) && self.earlier.iter().any(covers) {
            return true;
        }
        match self.command {
            Command::Apply => self.plan.as_ref().is_some_and(covers),
            // Who gave an access up loses it with the mapping.
            Command::Cutover { .. } => {
                let (mappings, _) = written(sandbox.state().aws_auth.as_ref());
                let is_there = mappings
                    .iter()
                    .any(|mapping| is_about(&mapping.arn, person));
                let is_dropped = self.choices.answers.iter().any(|answer| {
                    let arn = answer.principal.as_deref().unwrap_or_default();
                    answer.what == Do::Drop && is_about(arn, person)
                });
                is_dropped && !is_there && moved.gained.is_empty()
            }
            // With `--force` an entry goes although its mapping was changed or removed since.
            Command::Rollback { force: true } => self.edited.contains(person),
            // The earlier entry, which was of somebody else, comes back as it was.
            Command::Rollback { force: false } => self.recreated.contains(person),
            _ => false,
        }
    }

    /// Somebody else has changed the access of some people: what they have now is what they are to keep.
    ///
    /// `is_racing` says that a command was under way that could not know of it.
    pub(crate) fn edited(
        &mut self,
        before: &Picture,
        sandbox: &Sandbox,
        affected: &[Person],
        is_racing: bool,
    ) {
        let now = self.now(sandbox);
        for person in affected {
            if !is_still(&before.moved(&self.base, person)) {
                self.exempt.insert(person.clone());
            }
            self.edited.insert(person.clone());
            self.base.of.insert(person.clone(), now.of[person].clone());
            if is_racing || self.switch == Switch::ToApi {
                self.racing.insert(person.clone());
            } else {
                self.unread.insert(person.clone());
            }
        }
        if before.bindings != now.bindings {
            self.base.bindings = now.bindings;
        }
    }

    /// The command is over: what it did to those who were touched meanwhile is theirs now, or nothing can be said.
    pub(crate) fn ended(&mut self, sandbox: &Sandbox) {
        if self.racing.is_empty() {
            return;
        }
        let now = self.now(sandbox);
        for person in std::mem::take(&mut self.racing) {
            if !is_still(&now.moved(&self.base, &person)) {
                self.exempt.insert(person);
            }
        }
    }
}

/// Whether an ARN, as a mapping or an answer writes it, is about somebody; all people are of the partition `aws`.
pub(crate) fn is_about(arn: &str, person: &Person) -> bool {
    let arn = arn.trim().to_ascii_lowercase();
    let name = arn.rsplit('/').next().unwrap_or_default();
    !arn.starts_with("arn:aws-") && name.eq_ignore_ascii_case(&person.name)
}

/// Whether somebody's entry is the tool's and has no policy yet.
fn is_waiting(sandbox: &Sandbox, person: &Person) -> bool {
    has_own_entry(sandbox, person, |entry| entry.access_policies.is_empty())
}

/// Whether somebody's entry is the tool's, and like this.
fn has_own_entry(sandbox: &Sandbox, person: &Person, is: impl Fn(&AccessEntry) -> bool) -> bool {
    let state = sandbox.state();
    let mut entries = state.entries.iter().map(|live| &live.entry);
    entries.any(|entry| {
        entry.principal_arn.to_string() == person.arn()
            && entry.tags.contains_key(RUN_TAG)
            && is(entry)
    })
}
