//! One sequence in a world of its own: a sandbox without ports, the tool's library, and paused time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_auth_migrate::aws::{Aws, AwsSettings, SandboxEndpoint};
use aws_auth_migrate::choices::Choices;
use aws_auth_migrate::connector::Connector;
use aws_auth_migrate::migration::Target;
use aws_auth_migrate::sandbox::{
    Fault, FaultKind, Phase, RequestRecord, Sandbox, Seed, UpdateTime,
};
use aws_auth_migrate::stop::Stop;
use futures_util::future::LocalBoxFuture;
use rustix::process::{Pid, Signal};
use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::{self, CLOCK};
use crate::generate::Random;
use crate::odd::{OWN, Odd};
use crate::others;
use crate::picture::Iam;
use crate::plain::Person;
use crate::program;
use crate::steps::{Command, Edit, Kill, Sequence, Step};
use crate::watch::{Switch, Watch, is_about, is_change};

pub(crate) const CLUSTER: &str = "shop";

/// How long a command may take, of its own time, before it counts as hanging.
const PATIENCE: Duration = Duration::from_hours(3);
/// How long requests may be under way whose client is dead.
const ON_THE_WAY: Duration = Duration::from_millis(200);
/// After how long without a request nothing is under way over real HTTP.
const QUIET: Duration = Duration::from_millis(20);

/// What is still to happen in the command that runs.
#[derive(Debug, Default)]
struct Coming {
    seen: usize,
    kill: Option<(usize, Phase, Death)>,
    edit: Option<(usize, Edit)>,
    random: u64,
}

/// Who dies.
#[derive(Debug)]
enum Death {
    /// The command that waits for this.
    Told(Arc<Notify>),
    /// The process of the built program, while it runs.
    Killed(Arc<Mutex<Option<Pid>>>),
}

impl Death {
    fn comes(&self) {
        match self {
            Self::Told(killed) => killed.notify_one(),
            Self::Killed(victim) => {
                if let Some(pid) = *victim.lock().unwrap() {
                    program::signal(pid, Signal::KILL);
                }
            }
        }
    }
}

/// Who carries the commands out.
pub(crate) enum Tool {
    /// The library, which reaches the sandbox without ports.
    Library(Connector),
    /// The built program, in processes of its own.
    Program(Arc<Mutex<Option<Pid>>>),
}

/// A world in which a sequence happens.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) tool: Tool,
    pub(crate) folder: tempfile::TempDir,
    watch: Arc<Mutex<Watch>>,
    coming: Arc<Mutex<Coming>>,
    delays: Arc<Mutex<Random>>,
    pub(crate) choices: Choices,
    are_bindings_read: bool,
    /// Counts the processes.
    pub(crate) count: usize,
    pub(crate) stop: Stop,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Killed,
    /// It did not get through.
    Failed,
    /// What was chosen does not fit the cluster.
    Misfit,
    /// It did what it had to, or had nothing to do.
    Complete,
    /// Something is left, or waits for a decision.
    Incomplete,
    /// The cut-over was refused since somebody would lose something.
    Refused,
}

fn seed(odd: &Odd, propagation: u32) -> Seed {
    let mut seed = odd.seed(CLUSTER);
    seed.switch.takes = UpdateTime::Millis(700);
    seed.limits.propagation_reads = propagation;
    seed
}

/// Those who are named anywhere, and two who are not.
fn people(odd: &Odd) -> Vec<Person> {
    let is_named = |person: &&Person| {
        let mut mappings = odd.mappings.iter();
        let mut entries = odd.entries.iter();
        mappings.any(|mapping| is_about(&mapping.arn, person))
            || entries.any(|live| live.entry.principal_arn.to_string() == person.arn())
    };
    let (named, others): (Vec<&Person>, Vec<&Person>) = odd.people.iter().partition(is_named);
    named
        .into_iter()
        .chain(others.into_iter().take(2))
        .cloned()
        .collect()
}

/// A folder in memory where there is one: a simulation syncs its journals some hundred thousand times.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

impl World {
    /// A world without ports, for the library.
    pub(crate) fn new(sequence: &Sequence) -> Self {
        clock::start();
        let seed = seed(&sequence.odd, sequence.propagation);
        let (sandbox, connector) = Sandbox::in_memory(seed, "simulation", clock::there);
        Self::with(sequence, sandbox, Tool::Library(connector))
    }

    /// A world with real ports, for the built program.
    pub(crate) async fn over_http(sequence: &Sequence) -> Self {
        let mut seed = seed(&sequence.odd, sequence.propagation);
        seed.switch.takes = UpdateTime::Millis(50);
        let sandbox = Sandbox::start(seed).await.unwrap();
        Self::with(sequence, sandbox, Tool::Program(Arc::default()))
    }

    fn with(sequence: &Sequence, sandbox: Sandbox, tool: Tool) -> Self {
        let odd = &sequence.odd;
        let mut iam = Iam::default();
        for live in sandbox.state().entries {
            let is_stale = odd.entries.iter().any(|known| {
                known.is_stale && known.entry.principal_arn == live.entry.principal_arn
            });
            if is_stale {
                iam.stale.extend(live.access_entry_arn);
            }
        }
        let watch = Watch::new(&sandbox, people(odd), iam, odd.choices.clone());
        let world = Self {
            sandbox,
            tool,
            folder: folder(),
            watch: Arc::new(Mutex::new(watch)),
            coming: Arc::default(),
            delays: Arc::new(Mutex::new(Random(0))),
            choices: odd.choices.clone(),
            are_bindings_read: odd.are_bindings_read,
            count: 0,
            stop: Stop::default(),
        };
        world.attend();
        world
    }

    pub(crate) fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        let folder = match self.tool {
            Tool::Library(_) => self.folder.path().to_owned(),
            Tool::Program(_) => self.folder.path().join("aws-auth-migrate"),
        };
        let account = folder.join(OWN);
        account.join(format!("eu-west-1/{CLUSTER}.jsonl"))
    }

    /// Looks at every request, and lets happen what is to happen then.
    fn attend(&self) {
        let (watch, coming) = (Arc::clone(&self.watch), Arc::clone(&self.coming));
        let sandbox = self.sandbox.clone();
        self.sandbox
            .on_request(move |phase, request: &RequestRecord| {
                let mut coming = coming.lock().unwrap();
                let at = coming.seen;
                if phase == Phase::Before {
                    coming.seen += 1;
                    if let Some((_, edit)) = coming.edit.take_if(|(nth, _)| *nth == at + 1) {
                        let mut random = Random(coming.random);
                        let mut watch = watch.lock().unwrap();
                        others::edit(edit, &sandbox, &mut watch, &mut random, true);
                    }
                } else {
                    watch.lock().unwrap().after(&sandbox, request);
                }
                // After a request is counted, it is the one before.
                let at = coming.seen - 1;
                if let Some((_, _, death)) = coming
                    .kill
                    .take_if(|(nth, when, _)| *nth <= at && *when == phase)
                {
                    death.comes();
                }
            });
    }

    /// The connector with a way to go: a request is handled even if its client is dead by then.
    fn network(&self) -> Connector {
        let Tool::Library(connector) = &self.tool else {
            unreachable!("the program has the network of its machine")
        };
        let (connector, delays) = (connector.clone(), Arc::clone(&self.delays));
        Connector::new(move |request| {
            let (connector, delays) = (connector.clone(), Arc::clone(&delays));
            Box::pin(async move {
                let delay = || Duration::from_millis(delays.lock().unwrap().next() % 40);
                let (there, back) = (delay(), delay());
                let handled = tokio::spawn(async move {
                    tokio::time::sleep(there).await;
                    connector.call(request).await
                });
                let answer = handled.await.unwrap();
                tokio::time::sleep(back).await;
                answer
            })
        })
    }

    pub(crate) async fn target(&self) -> Target {
        let aws = AwsSettings {
            region: Some("eu-west-1".to_owned()),
            clock: Some(CLOCK.system),
            endpoint: Some(SandboxEndpoint::of(&self.sandbox.environment())),
            connector: Some(self.network()),
            ..AwsSettings::default()
        };
        // Reading the SDK's settings once is enough for a process.
        let shared = Aws::connect(&aws).await.unwrap();
        Target {
            aws: AwsSettings {
                shared: Some(Box::new(shared)),
                ..aws
            },
            cluster: Some(CLUSTER.to_owned()),
            read_roles: !self.choices.policies.is_empty(),
            ..Target::default()
        }
    }

    /// Runs a command to its end or to its death.
    pub(crate) fn step<'a>(&'a mut self, step: &'a Step) -> LocalBoxFuture<'a, Ended> {
        Box::pin(self.happens(step))
    }

    async fn happens(&mut self, step: &Step) -> Ended {
        let mut random = Random(step.seed);
        fastrand::seed(step.seed);
        self.sandbox.clear_faults();
        if !self.are_bindings_read {
            let denied = Fault::always("list clusterrolebindings", FaultKind::AccessDenied);
            self.sandbox.add_fault(denied);
        }
        if let Some(jump) = step.jump {
            clock::set_ahead(jump);
        }
        if let Some((0, edit)) = step.edit {
            let mut watch = self.watch.lock().unwrap();
            others::edit(edit, &self.sandbox, &mut watch, &mut random, false);
        }
        self.count += 1;
        self.stop = Stop::default();
        {
            let mut watch = self.watch();
            watch.command = step.command;
            let plan = watch.plan.take();
            watch.earlier.extend(plan);
            watch.is_foreseen = false;
            watch.has_written = false;
            watch.switch = Switch::None;
            watch.choices = self.choices.clone();
            watch.log.push(format!("= {:?}", step.command));
        }
        if matches!(self.tool, Tool::Program(_)) {
            self.foresee(step.command).await;
        }
        for fault in &step.faults {
            self.sandbox.add_fault(fault.clone());
        }
        let killed = Arc::new(Notify::new());
        let kill = match (step.kill, &self.tool) {
            (Some(Kill::Request(nth, phase)), Tool::Library(_)) => {
                Some((nth, phase, Death::Told(Arc::clone(&killed))))
            }
            (Some(Kill::Request(nth, phase)), Tool::Program(victim)) => {
                Some((nth, phase, Death::Killed(Arc::clone(victim))))
            }
            _ => None,
        };
        *self.coming.lock().unwrap() = Coming {
            seen: 0,
            kill,
            edit: step.edit,
            random: random.next(),
        };
        *self.delays.lock().unwrap() = Random(random.next());
        let ended = match self.tool {
            Tool::Library(_) => Box::pin(self.until_killed(step, killed, &mut random)).await,
            Tool::Program(_) => Box::pin(self.by_program(step, &mut random)).await,
        };
        // What is on its way when its client dies arrives all the same.
        self.settle().await;
        *self.coming.lock().unwrap() = Coming::default();
        let mut watch = self.watch.lock().unwrap();
        let are_windows_open = step.command != Command::Apply || ended != Ended::Complete;
        watch.look(&self.sandbox, "the end", are_windows_open);
        watch.ended(&self.sandbox);
        watch.log.push(format!("= {ended:?}"));
        ended
    }

    /// Waits until nothing is under way any more.
    async fn settle(&self) {
        if matches!(self.tool, Tool::Library(_)) {
            return tokio::time::sleep(ON_THE_WAY).await;
        }
        let answered = || {
            let requests = self.sandbox.requests();
            let answered = requests.iter().filter(|known| known.status.is_some());
            (requests.len(), answered.count())
        };
        let mut last = answered();
        loop {
            tokio::time::sleep(QUIET).await;
            let now = answered();
            if now == last {
                return;
            }
            last = now;
        }
    }

    async fn until_killed(
        &mut self,
        step: &Step,
        killed: Arc<Notify>,
        random: &mut Random,
    ) -> Ended {
        let stop = self.stop.clone();
        let is_polite = random.chance(30);
        let kill = step.kill;
        let death = async move {
            match kill {
                None => std::future::pending().await,
                Some(Kill::Request(..)) => killed.notified().await,
                Some(Kill::After(time)) => {
                    tokio::time::sleep(time).await;
                    if is_polite {
                        stop.request(2);
                        std::future::pending::<()>().await;
                    }
                }
            }
        };
        let command = self.command(step.command, random);
        tokio::select! {
            biased;
            () = death => Ended::Killed,
            ended = tokio::time::timeout(PATIENCE, command) => ended.expect("the command hangs"),
        }
    }

    /// How many requests so far have changed something.
    pub(crate) fn changes(&self) -> usize {
        let requests = self.sandbox.requests();
        let is_done = |request: &&RequestRecord| {
            let status = request.status;
            status.is_none_or(|status| status < 300) && is_change(&request.operation)
        };
        requests.iter().filter(is_done).count()
    }

    /// The records of the journal.
    pub(crate) fn records(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.journal()).unwrap_or_default();
        let lines = text.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}
