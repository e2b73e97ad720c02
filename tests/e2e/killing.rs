//! Ends the tool with kill -9 at a chosen point, as a power cut does.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
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

/// What became of a run that was to die at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It came to the point and was killed there.
    Killed,
    /// It ended by itself before.
    Survived,
}

/// Signal 9, as `wait` reports it.
const SIGKILL: i32 = 9;

/// Whether a process ended by kill -9, and not by itself before.
pub(crate) fn is_killed(status: ExitStatus) -> bool {
    status.signal() == Some(SIGKILL)
}

fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status();
    assert!(killed.unwrap().success(), "process {pid} can't be killed");
}

/// How many whole records a journal holds.
pub(crate) fn records(journal: &Path) -> usize {
    std::fs::read(journal).map_or(0, |text| text.split(|byte| *byte == b'\n').count() - 1)
}

/// Runs the tool until the point, and no further; only requests of which `counts` is true are counted, from now on.
///
/// A point that lies past the end of the run is no failure, and is reported: nothing was shown by it.
#[must_use]
pub(crate) fn run_until(
    world: &World,
    tool: Tool,
    point: Point,
    counts: impl Fn(&RequestRecord) -> bool + Send + Sync + 'static,
) -> Ending {
    // Nobody is killed by a request of a later run: the number may be another process's then.
    let victim = Arc::new(Mutex::new(None));
    let reached = Arc::new(AtomicBool::new(false));
    let armed = Arc::new(AtomicBool::new(true));
    if let Point::Before(nth) | Point::After(nth) = point {
        let wanted = match point {
            Point::Before(_) => Phase::Before,
            _ => Phase::After,
        };
        let (victim, reached) = (Arc::clone(&victim), Arc::clone(&reached));
        let (armed, seen) = (Arc::clone(&armed), AtomicUsize::new(0));
        world.sandbox.on_request(move |phase, request| {
            if armed.load(Ordering::SeqCst)
                && phase == wanted
                && counts(request)
                && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth
            {
                reached.store(true, Ordering::SeqCst);
                // The hook holds the request, so that the process dies at this very point.
                let pid = loop {
                    if let Some(pid) = *victim.lock().unwrap() {
                        break pid;
                    }
                    std::thread::sleep(Duration::from_micros(100));
                };
                kill(pid);
            }
        });
    }
    let mut child: Child = tool.spawn();
    *victim.lock().unwrap() = Some(child.id());
    if let Point::Record(nth) = point {
        let journal = world.journal();
        while records(&journal) < nth && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        // The last record may be the last that the run does: then it is gone before it can be killed.
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    armed.store(false, Ordering::SeqCst);
    settle(world);
    let killed = is_killed(status);
    assert!(
        killed || !reached.load(Ordering::SeqCst),
        "{point:?} was reached, and the run lived on: {status}"
    );
    if killed {
        Ending::Killed
    } else {
        assert!(status.code().is_some(), "{point:?}: {status}");
        Ending::Survived
    }
}

/// At how many of the points a run was killed, in words; most of them have to lie within the run.
#[track_caller]
pub(crate) fn covered(endings: &[(Point, Ending)]) -> String {
    let count = |of: fn(&Point) -> bool| {
        let killed = |(point, ending): &&(Point, Ending)| of(point) && *ending == Ending::Killed;
        endings.iter().filter(killed).count()
    };
    let before = count(|point| matches!(point, Point::Before(_)));
    let after = count(|point| matches!(point, Point::After(_)));
    let record = count(|point| matches!(point, Point::Record(_)));
    let killed = before + after + record;
    assert!(
        killed * 4 >= endings.len() * 3,
        "only {killed} of {} runs were killed: {endings:?}",
        endings.len()
    );
    let late = match endings.len() - killed {
        0 => String::new(),
        late => format!("; {late} more lay past the end of the run"),
    };
    format!(
        "{killed} ({before} before a request, {after} after one, {record} after a record{late})"
    )
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
