//! What happens in a sequence: commands with faults and kills, and what other people do meanwhile.

use std::time::Duration;

use aws_auth_migrate::choices::Choices;
use aws_auth_migrate::sandbox::{Fault, FaultKind, Phase};
use jiff::SignedDuration;

use crate::generate::Random;
use crate::odd::{OWN, Odd};

/// A whole sequence; its numbers come from the seed, so that it can be replayed without any of its steps.
#[derive(Debug, Clone)]
pub(crate) struct Sequence {
    pub(crate) odd: Odd,
    /// How many reads do not see a new entry yet.
    pub(crate) propagation: u32,
    pub(crate) steps: Vec<Step>,
    /// Whether all is undone at the end, or brought to its end.
    pub(crate) ends_undone: bool,
}

/// One command, and what befalls it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What its random numbers are made from.
    pub(crate) seed: u64,
    pub(crate) command: Command,
    pub(crate) faults: Vec<Fault>,
    pub(crate) kill: Option<Kill>,
    /// What somebody else does, and before which request of the command; before the command itself with 0.
    pub(crate) edit: Option<(usize, Edit)>,
    /// How far the tool's clock is off from now on.
    pub(crate) jump: Option<SignedDuration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// `plan`, `status` and `verify`: a look, and a judgement of what was seen.
    Look,
    /// New answers to what the plan asks.
    Decide,
    Apply,
    Cutover {
        keep_config_map: bool,
        to_api_mode: bool,
    },
    Rollback {
        force: bool,
    },
}

/// When the process dies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kill {
    /// At a request, before it is handled or after.
    Request(usize, Phase),
    /// After some time.
    After(Duration),
}

/// What somebody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Maps somebody who has no mapping.
    AddMapping,
    /// Labels the ConfigMap, so that its version is another one.
    Label,
    /// Makes an entry for somebody who has neither mapping nor entry.
    AddEntry,
    /// Changes the groups of a mapping.
    ChangeMapping,
    RemoveMapping,
    /// Changes somebody's entry, or makes one.
    ChangeEntry,
    DeleteEntry,
    AddBinding,
    /// Deletes a principal in IAM and makes it again.
    Recreate,
}

impl Edit {
    const ALL: [Self; 10] = [
        Self::AddMapping,
        Self::AddMapping,
        Self::Label,
        Self::AddEntry,
        Self::ChangeMapping,
        Self::RemoveMapping,
        Self::ChangeEntry,
        Self::DeleteEntry,
        Self::AddBinding,
        Self::Recreate,
    ];
}

const OPERATIONS: &[&str] = &[
    "*",
    "*",
    "DescribeCluster",
    "GetCallerIdentity",
    "ListAccessEntries",
    "DescribeAccessEntry",
    "ListAssociatedAccessPolicies",
    "CreateAccessEntry",
    "CreateAccessEntry",
    "AssociateAccessPolicy",
    "AssociateAccessPolicy",
    "UpdateAccessEntry",
    "DeleteAccessEntry",
    "DisassociateAccessPolicy",
    "UpdateClusterConfig",
    "DescribeUpdate",
    "ListNodegroups",
    "GetRole",
    "get configmaps",
    "update configmaps",
    "delete configmaps",
    "create configmaps",
    "list clusterrolebindings",
    "list rolebindings",
    "create clusterrolebindings",
    "delete clusterrolebindings",
];

const KINDS: &[FaultKind] = &[
    FaultKind::Throttle,
    FaultKind::Throttle,
    FaultKind::ThrottleRetryAfter(3),
    FaultKind::InternalError,
    FaultKind::Unavailable,
    FaultKind::ResetBeforeCommit,
    FaultKind::ResetAfterCommit,
    FaultKind::ResetAfterCommit,
    FaultKind::TruncatedBody,
    FaultKind::Hang,
    FaultKind::ExpiredCredentials,
    FaultKind::AccessDenied,
];

fn up_to(random: &mut Random, most: usize) -> u32 {
    u32::try_from(random.below(most)).unwrap() + 1
}

fn faults(random: &mut Random) -> Vec<Fault> {
    if random.chance(50) {
        return Vec::new();
    }
    (0..=random.below(3))
        .map(|_| Fault {
            operation: random.pick(OPERATIONS).to_owned(),
            nth: up_to(random, 6),
            times: up_to(random, 3),
            kind: random.pick(KINDS),
        })
        .collect()
}

fn kill(random: &mut Random) -> Option<Kill> {
    if random.chance(65) {
        return None;
    }
    Some(match random.below(3) {
        0 => Kill::Request(random.below(40), Phase::Before),
        1 => Kill::Request(random.below(40), Phase::After),
        _ => Kill::After(Duration::from_millis(random.next() % 4_000)),
    })
}

fn jump(random: &mut Random) -> Option<SignedDuration> {
    random.chance(6).then(|| {
        let minutes = random.pick(&[0, 2, 4, -4, 20, -20, 90, -600]);
        SignedDuration::from_mins(minutes)
    })
}

fn command(random: &mut Random) -> Command {
    match random.below(20) {
        0 => Command::Look,
        1..=3 => Command::Decide,
        4..=11 => Command::Apply,
        12..=15 => Command::Cutover {
            keep_config_map: random.chance(25),
            to_api_mode: random.chance(10),
        },
        _ => Command::Rollback {
            force: random.chance(15),
        },
    }
}

/// What can be taken back of what was chosen: all at once, or one by one.
const CHOICES: &[fn(&mut Choices)] = &[
    |choices| *choices = Choices::default(),
    |choices| choices.answers.clear(),
    |choices| choices.only.clear(),
    |choices| choices.exclude.clear(),
    |choices| choices.policies.clear(),
    |choices| choices.rename_groups.clear(),
    |choices| choices.rename_users.clear(),
    |choices| choices.tags.clear(),
    |choices| choices.bind_renamed = false,
    |choices| choices.include_inert = false,
    |choices| choices.strict = false,
    |choices| choices.usernames = Choices::default().usernames,
    |choices| choices.on_existing = Choices::default().on_existing,
    |choices| choices.managed_nodes = Choices::default().managed_nodes,
];

impl Step {
    /// A command to which nothing happens.
    pub(crate) fn quiet(command: Command, seed: u64) -> Self {
        Self {
            seed,
            command,
            faults: Vec::new(),
            kill: None,
            edit: None,
            jump: None,
        }
    }
}

impl Sequence {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0xD134_2543_DE82_EF95));
        let mut odd = Odd::new(&mut random);
        odd.mappings.truncate(1 + random.below(4));
        odd.entries.truncate(2);
        let others_write = random.chance(30);
        let steps = (0..=random.below(5))
            .map(|_| Step {
                seed: random.next(),
                command: command(&mut random),
                faults: faults(&mut random),
                kill: kill(&mut random),
                edit: (others_write && random.chance(35))
                    .then(|| (random.below(40), random.pick(&Edit::ALL))),
                jump: jump(&mut random),
            })
            .collect();
        let propagation = if random.chance(15) {
            up_to(&mut random, 3)
        } else {
            0
        };
        let ends_undone = random.chance(50);
        // What an account lets in is judged beside everything else, and few clusters have one by themselves.
        if random.chance(25) {
            odd.accounts = vec![OWN.to_owned()];
        }
        Self {
            odd,
            propagation,
            steps,
            ends_undone,
        }
    }

    /// The same for the built program, whose time is real: nothing that only waits, no clock of its own, and more deaths.
    pub(crate) fn in_real_time(mut self) -> Self {
        for step in &mut self.steps {
            step.jump = None;
            for fault in &mut step.faults {
                fault.kind = match fault.kind {
                    FaultKind::Hang => FaultKind::Unavailable,
                    FaultKind::ThrottleRetryAfter(_) => FaultKind::ThrottleRetryAfter(1),
                    kind => kind,
                };
            }
            let mut random = Random(step.seed);
            step.kill = match step.kill {
                None if random.chance(40) => {
                    let phase = random.pick(&[Phase::Before, Phase::After]);
                    Some(Kill::Request(random.below(30), phase))
                }
                // A process needs some time to begin.
                Some(Kill::After(time)) => Some(Kill::After(time / 8)),
                kill => kill,
            };
        }
        self
    }

    /// All that is one thing less: a step, a fault, a kill, a mapping, an entry, a binding, a choice, a group, a person.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut add = |change: &dyn Fn(&mut Self)| {
            let mut less = self.clone();
            change(&mut less);
            all.push(less);
        };
        for at in 0..self.steps.len() {
            add(&|less| drop(less.steps.remove(at)));
            let step = &self.steps[at];
            if step.kill.is_some() {
                add(&|less| less.steps[at].kill = None);
            }
            if step.edit.is_some() {
                add(&|less| less.steps[at].edit = None);
            }
            if step.jump.is_some() {
                add(&|less| less.steps[at].jump = None);
            }
            for fault in 0..step.faults.len() {
                add(&|less| drop(less.steps[at].faults.remove(fault)));
            }
        }
        for at in 0..self.odd.mappings.len() {
            add(&|less| drop(less.odd.mappings.remove(at)));
        }
        for at in 0..self.odd.entries.len() {
            add(&|less| drop(less.odd.entries.remove(at)));
        }
        for at in 0..self.odd.objects.len() {
            add(&|less| drop(less.odd.objects.remove(at)));
        }
        if self.propagation > 0 {
            add(&|less| less.propagation = 0);
        }
        if !self.odd.accounts.is_empty() {
            add(&|less| less.odd.accounts.clear());
        }
        for choose in CHOICES {
            let mut choices = self.odd.choices.clone();
            choose(&mut choices);
            if choices != self.odd.choices {
                add(&|less| less.odd.choices = choices.clone());
            }
        }
        for at in 0..self.odd.choices.answers.len() {
            add(&|less| drop(less.odd.choices.answers.remove(at)));
        }
        for (at, mapping) in self.odd.mappings.iter().enumerate() {
            for group in 0..mapping.groups.len() {
                add(&|less| drop(less.odd.mappings[at].groups.remove(group)));
            }
        }
        for at in 0..self.odd.people.len() {
            add(&|less| drop(less.odd.people.remove(at)));
        }
        all
    }
}
