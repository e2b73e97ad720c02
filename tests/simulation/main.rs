//! Whole migrations simulated: random sequences of commands with faults, kills, clocks that jump and other people who
//! write, each in a world of its own, in paused time and on one thread, so that a seed replays exactly.
//!
//! After every request everybody's access is held against the promise, and after every sequence the cluster against what
//! it has to be. `SIMULATION_SEQUENCES` says how many, `SIMULATION_SEED` which is the first. What fails is made as short as
//! it can be, and told. Some more are run by the built program over real HTTP and end with `kill -9`:
//! `SIMULATION_BY_PROGRAM` says how many.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read files and the environment, and give up at once"
)]

mod clock;
mod commands;
#[path = "../generate/mod.rs"]
#[expect(dead_code, reason = "only its random numbers are needed here")]
mod generate;
#[path = "../given/mod.rs"]
mod given;
#[path = "../odd/mod.rs"]
#[expect(dead_code, reason = "the counts are not needed here")]
mod odd;
#[path = "../odd/seed.rs"]
mod odd_seed;
mod others;
mod picture;
#[path = "../plain/mod.rs"]
mod plain;
mod program;
mod sequence;
mod steps;
#[path = "../tell/mod.rs"]
mod tell;
mod watch;
mod world;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use sequence::{Ran, run, run_by_program};
use steps::Sequence;
use tell::tell;
use world::World;

const SEQUENCES: u64 = 400;
/// How many the built program runs, each of them with dozens of processes.
const BY_PROGRAM: u64 = 40;
/// How many of both continuous integration runs.
const IN_CI: (u64, u64) = (2_000, 200);
const SEED: u64 = 1;
/// How many replays a failure may cost until it is short enough.
const REPLAYS: u64 = 200;
const REPLAYS_BY_PROGRAM: u64 = 30;
/// How many sequences the built program runs at a time; it waits more than it works.
const PROGRAMS: usize = 8;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn is_ci() -> bool {
    std::env::var("CI").as_deref() == Ok("true")
}

/// What to run, and how.
struct Simulation {
    count: u64,
    threads: usize,
    replays: u64,
    sequence: fn(u64) -> Sequence,
    run: fn(&Sequence) -> Ran,
}

/// What was seen in all sequences.
#[derive(Default)]
struct Seen {
    requests: AtomicUsize,
    looks: AtomicUsize,
    killed: AtomicUsize,
    compared: AtomicUsize,
}

impl Simulation {
    /// Removes whatever can be removed while the sequence still fails, by a panic or by what was seen.
    fn shrunk(&self, mut sequence: Sequence, mut ran: Ran) -> (Sequence, Ran) {
        let most = number("SIMULATION_REPLAYS").unwrap_or(self.replays);
        let (mut at, mut is_smaller) = (0, false);
        let panicked = ran.has_panicked;
        for _ in 0..most {
            match sequence.smaller().into_iter().nth(at) {
                Some(less) => {
                    let again = (self.run)(&less);
                    if again.broken.is_empty() || again.has_panicked != panicked {
                        at += 1;
                    } else {
                        // What comes next has this one's place now.
                        (sequence, ran, is_smaller) = (less, again, true);
                    }
                }
                None if is_smaller => (at, is_smaller) = (0, false),
                None => break,
            }
        }
        (sequence, ran)
    }

    /// Runs all; what fails is made short and told.
    fn run(&self) -> Seen {
        let first = number("SIMULATION_SEED").unwrap_or(SEED);
        let next = AtomicU64::new(first);
        let seen = Seen::default();
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + self.count {
                            return;
                        }
                        let sequence = (self.sequence)(seed);
                        let ran = (self.run)(&sequence);
                        if !ran.broken.is_empty() {
                            next.store(u64::MAX / 2, Ordering::Relaxed);
                            self.fail(seed, sequence, ran);
                        }
                        seen.requests.fetch_add(ran.requests, Ordering::Relaxed);
                        seen.looks.fetch_add(ran.looks, Ordering::Relaxed);
                        seen.killed.fetch_add(ran.killed, Ordering::Relaxed);
                        let compared = usize::from(ran.is_compared);
                        seen.compared.fetch_add(compared, Ordering::Relaxed);
                    }
                });
            }
        });
        seen
    }

    fn fail(&self, seed: u64, sequence: Sequence, ran: Ran) -> ! {
        tell(&format!(
            "SIMULATION_SEED={seed} fails, and is being shortened: {}",
            ran.broken.join("\n")
        ));
        let (sequence, ran) = self.shrunk(sequence, ran);
        panic!(
            "SIMULATION_SEED={seed} fails, shortened to\n{sequence:#?}\n{}\n{}",
            ran.log.join("\n"),
            ran.broken.join("\n")
        );
    }
}

impl Seen {
    fn told(&self, what: &str, count: u64) {
        let of = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        tell(&format!(
            "{what}: {count}, {} requests, {} commands killed, {} looks at somebody's access, {} end states compared",
            of(&self.requests),
            of(&self.killed),
            of(&self.looks),
            of(&self.compared)
        ));
        assert!(of(&self.killed) > 0 && of(&self.compared) > 0 || count < 20);
    }
}

#[test]
fn nobody_loses_or_gains_access_whatever_happens_on_the_way() {
    let usual = if is_ci() { IN_CI.0 } else { SEQUENCES };
    let count = number("SIMULATION_SEQUENCES").unwrap_or(usual);
    let simulation = Simulation {
        count,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        replays: REPLAYS,
        sequence: Sequence::new,
        run,
    };
    simulation.run().told("simulated sequences", count);
}

#[test]
fn nobody_loses_or_gains_access_when_the_program_itself_is_killed() {
    let usual = if is_ci() { IN_CI.1 } else { BY_PROGRAM };
    let count = number("SIMULATION_BY_PROGRAM").unwrap_or(usual);
    let simulation = Simulation {
        count,
        threads: PROGRAMS,
        replays: REPLAYS_BY_PROGRAM,
        sequence: |seed| Sequence::new(seed).in_real_time(),
        run: run_by_program,
    };
    let seen = simulation.run();
    seen.told("sequences by the built program over HTTP", count);
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 1..=12 {
        let sequence = Sequence::new(seed);
        let (first, again) = (run(&sequence), run(&sequence));
        assert!(!first.log.is_empty());
        assert_eq!(first.log, again.log, "{seed}");
    }
}

#[test]
fn the_watch_sees_whoever_loses_access() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let seen = (1..=10).filter(|seed| {
        let sequence = Sequence::new(*seed);
        runtime.block_on(async {
            let world = World::new(&sequence);
            world
                .sandbox
                .edit(|world| world.delete_aws_auth(world::CLUSTER));
            let mut watch = world.watch();
            watch.look(&world.sandbox, "the deletion", false);
            !watch.broken.is_empty()
        })
    });
    // Those whose mappings let nobody in lose nothing.
    assert!(seen.count() >= 5);
}
