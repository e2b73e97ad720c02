//! Runs a sequence to its end, and says what is not as it has to be.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use aws_auth_migrate::choices::Choices;
use aws_auth_migrate::model::{AccessEntry, AuthenticationMode};
use serde_json::Value;
use tokio::runtime::Builder;

use crate::others::is_apart;
use crate::steps::{Command, Sequence, Step};
use crate::world::{Ended, World};

/// What came of a sequence.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    pub(crate) broken: Vec<String>,
    /// The requests and what happened between them.
    pub(crate) log: Vec<String>,
    pub(crate) requests: usize,
    pub(crate) looks: usize,
    pub(crate) killed: usize,
    pub(crate) has_panicked: bool,
    /// Whether the whole state was compared at the end, entries and texts included.
    pub(crate) is_compared: bool,
}

/// What a rollback has to bring back.
#[derive(Debug, PartialEq)]
struct Held {
    entries: BTreeMap<String, AccessEntry>,
    data: Option<Value>,
    bindings: Vec<Value>,
}

/// How often a command may be run again until it has nothing more to do.
const TRIES: usize = 4;

/// Runs a sequence by the library, in a runtime of its own whose time is paused.
pub(crate) fn run(sequence: &Sequence) -> Ran {
    within(Builder::new_current_thread().start_paused(true), async {
        whole(World::new(sequence), sequence).await
    })
}

/// Runs a sequence by the built program over real HTTP; the requests are handled on this thread.
pub(crate) fn run_by_program(sequence: &Sequence) -> Ran {
    within(&mut Builder::new_current_thread(), async {
        whole(World::over_http(sequence).await, sequence).await
    })
}

fn within(builder: &mut Builder, whole: impl Future<Output = Ran>) -> Ran {
    let runtime = builder.enable_all().build().unwrap();
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(Box::pin(whole))));
    ran.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Ran {
            broken: vec![format!("it panicked: {words:?}")],
            has_panicked: true,
            ..Ran::default()
        }
    })
}

async fn whole(mut world: World, sequence: &Sequence) -> Ran {
    let before = held(&world);
    let mut ran = Ran::default();
    for step in &sequence.steps {
        let ended = world.step(step).await;
        ran.killed += usize::from(ended == Ended::Killed);
    }
    if sequence.ends_undone {
        undone(&mut world, sequence, &before, &mut ran).await;
    } else {
        finished(&mut world, sequence, &mut ran).await;
    }
    ran.requests = world.sandbox.requests().len();
    let mut watch = world.watch();
    ran.looks = watch.looks;
    ran.broken.append(&mut watch.broken);
    ran.log = std::mem::take(&mut watch.log);
    ran
}

fn held(world: &World) -> Held {
    let state = world.sandbox.state();
    let is_stale = |arn: &Option<String>| {
        let arn = arn.as_ref();
        arn.is_some_and(|arn| world.watch().iam.stale.contains(arn))
    };
    let entries = state.entries.into_iter();
    let entries = entries
        // One that let nobody in need not come back, and EKS makes one for the cluster's creator.
        .filter(|live| !is_stale(&live.access_entry_arn))
        .filter(|live| live.entry.principal_arn.resource != "role/Admin")
        .map(|live| (live.entry.principal_arn.to_string(), live.entry));
    let binding = |object: &Value| {
        serde_json::json!([
            object["kind"],
            object["metadata"]["name"],
            object["subjects"]
        ])
    };
    Held {
        entries: entries.collect(),
        data: state.aws_auth.map(|object| object["data"].clone()),
        bindings: state.bindings.iter().map(binding).collect(),
    }
}

/// A command to which nothing happens, again until it is done.
async fn until_done(world: &mut World, command: Command, seed: u64) -> Ended {
    let mut ended = Ended::Failed;
    for attempt in 0..TRIES as u64 {
        ended = world.step(&Step::quiet(command, seed + attempt)).await;
        if ended != Ended::Failed {
            break;
        }
    }
    ended
}

fn others_wrote(sequence: &Sequence) -> bool {
    sequence.steps.iter().any(|step| step.edit.is_some())
}

/// All is undone: the cluster is what it was.
async fn undone(world: &mut World, sequence: &Sequence, before: &Held, ran: &mut Ran) {
    crate::clock::set_ahead(jiff::SignedDuration::ZERO);
    let ended = until_done(world, Command::Rollback { force: false }, 1).await;
    let is_kept = world.sandbox.state().mode == AuthenticationMode::Api;
    if others_wrote(sequence) || is_kept {
        return;
    }
    let mut fail = |words: String| ran.broken.push(words);
    if ended != Ended::Complete {
        fail(format!("the rollback ended {ended:?}"));
        return;
    }
    let now = held(world);
    if now != *before {
        fail(format!("not undone: {now:#?}\ninstead of {before:#?}"));
    }
    expect_end(world, "rollback", ran);
    ran.is_compared = true;
}

/// The last run, where it is of this command, ended complete.
fn expect_end(world: &World, command: &str, ran: &mut Ran) {
    let records = world.records();
    let mut runs = records.iter().filter(|record| record["record"] == "run");
    // Where there was nothing to do, no run was begun, and an earlier command's is the last.
    let is_own = runs
        .next_back()
        .is_some_and(|run| run["command"] == command);
    let last = records.last().unwrap_or(&Value::Null);
    if is_own && (last["record"] != "end" || last["end"] != "complete") {
        ran.broken.push(format!("the journal ends with {last}"));
    }
}

/// All is brought to its end: a second `apply` finds nothing to do, and a cut-over leaves nothing that it proved.
async fn finished(world: &mut World, sequence: &Sequence, ran: &mut Ran) {
    crate::clock::set_ahead(jiff::SignedDuration::ZERO);
    let mut ended = until_done(world, Command::Apply, 1).await;
    if matches!(ended, Ended::Failed | Ended::Misfit) {
        // A decision that fits nothing.
        world.choices = Choices {
            on_existing: world.choices.on_existing,
            include_inert: world.choices.include_inert,
            ..Choices::default()
        };
        ended = until_done(world, Command::Apply, 11).await;
    }
    let is_quiet = sequence
        .steps
        .iter()
        .filter_map(|step| step.edit)
        .all(|(_, edit)| is_apart(edit));
    if !is_quiet {
        return;
    }
    if matches!(ended, Ended::Failed | Ended::Misfit) {
        ran.broken.push("apply never gets through".to_owned());
        return;
    }
    let changes = world.changes();
    let again = until_done(world, Command::Apply, 21).await;
    if ended == Ended::Complete && (again, world.changes()) != (Ended::Complete, changes) {
        ran.broken.push(format!(
            "a second apply ended {again:?} and changed something"
        ));
    }
    let cutover = Command::Cutover {
        keep_config_map: false,
        to_api_mode: false,
    };
    let ended = until_done(world, cutover, 31).await;
    if ended == Ended::Complete {
        let changes = world.changes();
        let again = until_done(world, cutover, 41).await;
        // What is chosen for a mapping that is gone fits nothing.
        let is_over = matches!(again, Ended::Complete | Ended::Misfit);
        if !is_over || world.changes() != changes {
            ran.broken.push(format!(
                "a second cut-over ended {again:?} and changed something"
            ));
        }
        expect_end(world, "cutover", ran);
        ran.is_compared = true;
    } else if ended != Ended::Refused {
        ran.broken.push(format!("the cut-over ended {ended:?}"));
    }
}
