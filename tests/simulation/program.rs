//! The commands of a sequence by the built program, over real HTTP, with real deaths.

use std::os::unix::process::ExitStatusExt;
use std::process::{Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::Command as Process;

use crate::generate::Random;
use crate::given;
use crate::odd;
use crate::steps::{Command, Kill, Step};
use crate::world::{CLUSTER, Ended, Tool, World};

/// How long a process may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_mins(2);

/// Sends a signal to a process of ours; one that has ended already needs none.
pub(crate) fn signal(pid: Pid, signal: Signal) {
    let _ = kill_process(pid, signal);
}

/// How a process ended, as far as a sequence is concerned.
fn ended(output: &Output) -> Ended {
    let document: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    match (output.status.signal(), document) {
        (Some(signal), _) if signal == Signal::KILL.as_raw() => Ended::Killed,
        (_, Some(document)) if document["refused"] == true => Ended::Refused,
        (_, Some(document)) => match document["end"].as_str() {
            None | Some("complete") => Ended::Complete,
            Some(_) => Ended::Incomplete,
        },
        (_, None) if output.status.code() == Some(64) => Ended::Misfit,
        (_, None) => Ended::Failed,
    }
}

impl World {
    fn process(&self, verb: &str) -> Process {
        let mut process = Process::new(env!("CARGO_BIN_EXE_aws-auth-migrate"));
        process
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("XDG_STATE_HOME", self.folder.path())
            .envs(self.sandbox.environment())
            .args([verb, "--cluster", CLUSTER, "--output", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        process
    }

    /// The same with what was chosen.
    fn chosen(&self, verb: &str) -> Process {
        let decisions = self.folder.path().join("decisions.json");
        std::fs::write(&decisions, given::decisions(&self.choices)).unwrap();
        let mut process = self.process(verb);
        process.arg("--decisions").arg(decisions);
        process.args(given::options(&self.choices));
        process
    }

    /// Runs a process to its end, or to its death after some time; requests kill it from elsewhere.
    async fn end(&self, mut process: Process, kill: Option<Kill>, is_polite: bool) -> Output {
        let Tool::Program(victim) = &self.tool else {
            unreachable!("the library starts no processes")
        };
        let child = process.spawn().unwrap();
        let pid = child
            .id()
            .and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        // No request is answered before this: both happen on one thread.
        *victim.lock().unwrap() = pid;
        let mut output = Box::pin(child.wait_with_output());
        let time = match kill {
            Some(Kill::After(time)) => Some(time),
            _ => None,
        };
        let mut ended = None;
        if let Some(time) = time {
            ended = tokio::time::timeout(time, &mut output).await.ok();
        }
        let ended = if let Some(ended) = ended {
            ended
        } else {
            if time.is_some() {
                let how = if is_polite { Signal::INT } else { Signal::KILL };
                signal(pid.unwrap(), how);
            }
            let ended = tokio::time::timeout(PATIENCE, output).await;
            ended.expect("the command hangs")
        };
        *victim.lock().unwrap() = None;
        let ended = ended.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        let mut watch = self.watch();
        if said.contains("panicked") {
            watch.broken.push(format!("the program panicked: {said}"));
        }
        watch.log.push(format!("= {} {said}", ended.status));
        ended
    }

    /// Shows the plan that is to be agreed to: with `--yes`, `apply` shows it to nobody.
    pub(crate) async fn foresee(&self, command: Command) {
        if command != Command::Apply {
            return;
        }
        let planned = self.end(self.chosen("plan"), None, false).await;
        let mut watch = self.watch();
        watch.plan = serde_json::from_slice(&planned.stdout).ok();
        watch.is_foreseen = true;
    }

    pub(crate) async fn by_program(&mut self, step: &Step, random: &mut Random) -> Ended {
        let process = match step.command {
            Command::Look => self.chosen(random.pick(&["plan", "verify", "status"])),
            Command::Decide => self.chosen("plan"),
            Command::Apply => self.applying(random),
            Command::Cutover {
                keep_config_map,
                to_api_mode,
            } => self.cutting_over(keep_config_map, to_api_mode),
            Command::Rollback { force } => {
                let mut process = self.process("rollback");
                process.args(["--yes", "--settle", "0s", "--progress", "none"]);
                process.args(force.then_some("--force"));
                process
            }
        };
        let output = self.end(process, step.kill, random.chance(30)).await;
        let ended = ended(&output);
        if step.command == Command::Decide && ended == Ended::Complete {
            let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
            self.choices.answers = odd::answers(random, &plan);
        }
        ended
    }

    fn applying(&self, random: &mut Random) -> Process {
        let mut process = self.chosen("apply");
        process.args(["--yes", "--enable-access-entries", "--allow-self-lockout"]);
        process.args(["--progress", "none", "--concurrency"]);
        process.arg((1 + random.below(8)).to_string());
        process.args(random.chance(10).then_some("--fail-fast"));
        if random.chance(10) {
            process.args(["--timeout", &format!("{}s", random.next() % 5)]);
        }
        process
    }

    fn cutting_over(&self, keep_config_map: bool, to_api_mode: bool) -> Process {
        let mut process = self.chosen("cutover");
        process.args(["--yes", "--allow-self-lockout", "--progress", "none"]);
        process.args(["--soak", "0s", "--min-soak", "0s", "--settle", "2s"]);
        process.args(keep_config_map.then_some("--keep-config-map"));
        process.args(to_api_mode.then_some("--to-api-mode"));
        process
    }
}
