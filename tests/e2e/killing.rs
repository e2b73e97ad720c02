//! Ends the tool with kill -9 at a chosen point, as a power cut does.

use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_auth_migrate::sandbox::{Phase, RequestRecord};

use crate::support::{Tool, World};

/// Where the process dies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Point {
    /// The nth request that counts is there, and nothing is done yet.
    Before(usize),
    /// The nth request that counts is done, and not yet answered.
    After(usize),
    /// So many records are in the journal.
    Record(usize),
}

fn kill(pid: u32) {
    let _ = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
}

/// How many whole records a journal holds.
pub(crate) fn records(journal: &Path) -> usize {
    std::fs::read(journal).map_or(0, |text| text.split(|byte| *byte == b'\n').count() - 1)
}

/// Runs the tool until the point, and no further; only requests of which `counts` is true are counted, from now on.
pub(crate) fn run_until(
    world: &World,
    tool: Tool,
    point: Point,
    counts: impl Fn(&RequestRecord) -> bool + Send + Sync + 'static,
) {
    let pid = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(AtomicUsize::new(0));
    if let Point::Before(nth) | Point::After(nth) = point {
        let wanted = match point {
            Point::Before(_) => Phase::Before,
            _ => Phase::After,
        };
        let (pid, seen) = (Arc::clone(&pid), Arc::clone(&seen));
        world.sandbox.on_request(move |phase, request| {
            if phase == wanted && counts(request) && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth
            {
                // The hook holds the request, so that the process dies at this very point.
                while pid.load(Ordering::SeqCst) == 0 {
                    std::thread::sleep(Duration::from_micros(100));
                }
                kill(u32::try_from(pid.load(Ordering::SeqCst)).unwrap());
            }
        });
    }
    let mut child: Child = tool.spawn();
    pid.store(child.id() as usize, Ordering::SeqCst);
    if let Point::Record(nth) = point {
        let journal = world.journal();
        while records(&journal) < nth && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        let _ = child.kill();
    }
    child.wait().unwrap();
    settle(world);
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
