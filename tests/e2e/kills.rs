//! kill -9 at every request and at every record of the journal; the same command finishes the run.

use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_auth_migrate::sandbox::Phase;
use futures_util::{StreamExt, stream};

use crate::apply::is_mutation;
use crate::many::{Size, end_state, many, repeated, start, update};
use crate::support::{Tool, World};
use crate::tell::tell;

/// 10 creates with 5 policies, 8 entries changed in groups and policy, 4 and 3 made anew: 45 actions.
const SIZE: Size = Size {
    admins: 5,
    people: 5,
    differing: 8,
    stale: 4,
    wrong_type: 3,
};
const ACTIONS: usize = 45;
/// Every how many requests and records there is a kill; small enough that all kinds of calls are met.
const STEP: usize = 3;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Point {
    /// A mutating request is there, and nothing is done yet.
    Before(usize),
    /// A mutating request is done, and not yet answered.
    After(usize),
    /// So many records are in the journal.
    Record(usize),
}

fn kill(pid: u32) {
    let _ = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
}

fn records(journal: &Path) -> usize {
    std::fs::read(journal).map_or(0, |text| text.split(|byte| *byte == b'\n').count() - 1)
}

/// Runs until the point, and no further.
pub(crate) fn run_until(world: &World, point: Point) {
    let tool = |world| -> Tool { update(world).args(&["--concurrency", "4"]) };
    let pid = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(AtomicUsize::new(0));
    if let Point::Before(nth) | Point::After(nth) = point {
        let wanted = match point {
            Point::Before(_) => Phase::Before,
            _ => Phase::After,
        };
        let (pid, seen) = (Arc::clone(&pid), Arc::clone(&seen));
        world.sandbox.on_request(move |phase, request| {
            if phase == wanted
                && is_mutation(&request.operation)
                && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth
            {
                // The hook holds the request, so that the process dies at this very point.
                while pid.load(Ordering::SeqCst) == 0 {
                    std::thread::sleep(Duration::from_micros(100));
                }
                kill(u32::try_from(pid.load(Ordering::SeqCst)).unwrap());
            }
        });
    }
    let mut child: Child = tool(world).spawn();
    pid.store(child.id() as usize, Ordering::SeqCst);
    if let Point::Record(nth) = point {
        let journal = world.journal();
        while records(&journal) < nth && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        let _ = child.kill();
    }
    child.wait().unwrap();
}

/// Requests that were under way at the kill come to their end, in whatever way.
fn settle(world: &World) {
    let answered = |world: &World| {
        let requests = world.sandbox.requests();
        (
            requests.len(),
            requests
                .iter()
                .filter(|request| request.status.is_some())
                .count(),
        )
    };
    let mut last = answered(world);
    loop {
        std::thread::sleep(Duration::from_millis(30));
        let now = answered(world);
        if now == last {
            return;
        }
        last = now;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_anywhere_is_finished_by_the_same_command() {
    let reference = Arc::new(start(many(SIZE)).await);
    let world = Arc::clone(&reference);
    let applied = tokio::task::spawn_blocking(move || update(&world).run().expect_code(0).json())
        .await
        .unwrap();
    assert_eq!(applied["results"].as_array().unwrap().len(), ACTIONS);
    let expected = &end_state(&reference);
    let written = records(&reference.journal());

    let requests = (1..=ACTIONS).step_by(STEP);
    let points: Vec<Point> = requests
        .clone()
        .map(Point::Before)
        .chain(requests.map(Point::After))
        .chain((1..=written).step_by(STEP * 2).map(Point::Record))
        .collect();
    let count = points.len();
    stream::iter(points)
        .for_each_concurrent(3, |point| async move {
            let world = Arc::new(start(many(SIZE)).await);
            tokio::task::spawn_blocking({
                let world = Arc::clone(&world);
                move || {
                    run_until(&world, point);
                    settle(&world);
                    update(&world).run().expect_code(0);
                }
            })
            .await
            .unwrap_or_else(|error| panic!("{point:?}: {error}"));
            assert_eq!(&end_state(&world), expected, "killed at {point:?}");
            assert_eq!(
                repeated(&world),
                Vec::<String>::new(),
                "killed at {point:?}"
            );
        })
        .await;
    tell(&format!(
        "kill points covered: {count} in a plan of {ACTIONS} actions, wrong end states: 0, answered calls repeated: 0"
    ));
}
