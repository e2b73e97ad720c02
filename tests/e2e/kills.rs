//! kill -9 at every request and at every record of the journal; the same command finishes the run.

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::apply::is_mutation;
use crate::killing::{Point, covered, records, run_until};
use crate::many::{Size, end_state, many, repeated, update};
use crate::support::World;
use crate::tell::tell;

/// 10 creates with 5 policies, 8 entries changed in groups and policy, 4 and 3 re-created: 45 actions.
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

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_anywhere_is_finished_by_the_same_command() {
    let reference = Arc::new(World::start(many(SIZE)).await);
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
    let endings: Vec<_> = stream::iter(points)
        .map(|point| async move {
            let world = Arc::new(World::start(many(SIZE)).await);
            let ending = tokio::task::spawn_blocking({
                let world = Arc::clone(&world);
                move || {
                    let tool = update(&world).args(&["--concurrency", "4"]);
                    let ending = run_until(&world, tool, point, |request| {
                        is_mutation(&request.operation)
                    });
                    update(&world).run().expect_code(0);
                    ending
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
            (point, ending)
        })
        .buffer_unordered(3)
        .collect()
        .await;
    tell(&format!(
        "kill points covered: {} in a plan of {ACTIONS} actions, wrong end states: 0, answered calls repeated: 0",
        covered(&endings)
    ));
}
