//! Whole migrations simulated: random sequences of commands with faults, kills, clocks that jump and other people who
//! write, each in a world of its own, in paused time and on one thread, so that a seed replays exactly.
//!
//! After every request everybody's access is held against the promise, and after every sequence the cluster against what
//! it has to be. `SIMULATION_SEQUENCES` says how many, `SIMULATION_SEED` which is the first. What fails is made as short as
//! it can be, and told.
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
#[path = "../odd/mod.rs"]
#[expect(dead_code, reason = "the counts are not needed here")]
mod odd;
mod others;
mod picture;
#[path = "../plain/mod.rs"]
mod plain;
mod sequence;
mod steps;
#[path = "../tell/mod.rs"]
mod tell;
mod watch;
mod world;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use sequence::{Ran, run};
use steps::Sequence;
use tell::tell;
use world::World;

const SEQUENCES: u64 = 400;
const SEED: u64 = 1;
/// How many replays a failure may cost until it is short enough.
const REPLAYS: u64 = 200;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Removes whatever can be removed while the sequence still fails.
fn shrunk(mut sequence: Sequence, mut ran: Ran) -> (Sequence, Ran) {
    let most = number("SIMULATION_REPLAYS").unwrap_or(REPLAYS);
    let mut replays = 0;
    'smaller: loop {
        for less in sequence.smaller() {
            replays += 1;
            if replays > most {
                return (sequence, ran);
            }
            let again = run(&less);
            if !again.broken.is_empty() {
                (sequence, ran) = (less, again);
                continue 'smaller;
            }
        }
        return (sequence, ran);
    }
}

#[test]
fn nobody_loses_or_gains_access_whatever_happens_on_the_way() {
    let count = number("SIMULATION_SEQUENCES").unwrap_or(SEQUENCES);
    let first = number("SIMULATION_SEED").unwrap_or(SEED);
    let next = AtomicU64::new(first);
    let [requests, looks, killed, compared] = [const { AtomicUsize::new(0) }; 4];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let sequence = Sequence::new(seed);
                    let ran = run(&sequence);
                    if !ran.broken.is_empty() {
                        next.store(u64::MAX / 2, Ordering::Relaxed);
                        tell(&format!(
                            "SIMULATION_SEED={seed} fails, and is being shortened: {}",
                            ran.broken.join("\n")
                        ));
                        let (sequence, ran) = shrunk(sequence, ran);
                        panic!(
                            "SIMULATION_SEED={seed} fails, shortened to\n{sequence:#?}\n{}\n{}",
                            ran.log.join("\n"),
                            ran.broken.join("\n")
                        );
                    }
                    requests.fetch_add(ran.requests, Ordering::Relaxed);
                    looks.fetch_add(ran.looks, Ordering::Relaxed);
                    killed.fetch_add(ran.killed, Ordering::Relaxed);
                    compared.fetch_add(usize::from(ran.is_compared), Ordering::Relaxed);
                }
            });
        }
    });
    let of = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    tell(&format!(
        "simulated sequences: {count}, {} requests, {} commands killed, {} looks at somebody's access, {} end states compared",
        of(&requests),
        of(&killed),
        of(&looks),
        of(&compared)
    ));
    assert!(of(&killed) > 0 && of(&compared) > 0 || count < 100);
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
