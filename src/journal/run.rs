//! A run as it writes itself down: its beginning, an intent before and an outcome after each change, its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::error::JournalError;
use super::history::{History, RunHistory, token};
use super::planned::{Ending, Planned, Proof};
use super::record::{Record, RunCommand, RunEnd, SCHEMA};
use super::store::Journal;
use crate::choices::Choices;
use crate::digest::sha256;
use crate::invocation::CommandOption;
use crate::model::{ActionError, ActionStatus, BindingId, ClusterId, LiveEntry};
use crate::plan::Action;

/// What is written down when a run begins, or resumes after a stop.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// Which command.
    pub command: RunCommand,
    /// Which cluster.
    pub cluster: ClusterId,
    /// Who runs it.
    pub caller: Option<String>,
    /// SHA-256 of what is to be done.
    pub plan_sha256: String,
    /// How many actions there are.
    pub actions: usize,
    /// The choices that shape it.
    pub choices: Choices,
    /// The command's own options that it has to be given again to resume.
    pub options: Vec<CommandOption>,
    /// What is planned, in short.
    pub plan: Option<Planned>,
}

/// A run with the journal that it holds.
#[derive(Debug)]
pub struct RunLog {
    journal: Journal,
    history: History,
    id: String,
    cluster: ClusterId,
    /// How often each call of this run was answered before it was opened.
    answered: BTreeMap<String, usize>,
    clock: fn() -> Timestamp,
}

/// How a change ended.
#[derive(Debug, Clone, Default)]
pub struct CallOutcome {
    /// The request id of the last answer.
    pub request_id: Option<String>,
    /// What went wrong.
    pub error: Option<ActionError>,
    /// The id of the update that was started, for the mode switch.
    pub update: Option<String>,
}

/// What is written down before the ConfigMap is changed.
#[derive(Debug, Clone, Default)]
pub struct ConfigMapIntent {
    /// The whole object before; `None` where there is none.
    pub before: Option<Value>,
    /// Its `data` after; `None` where the object is deleted.
    pub after: Option<BTreeMap<String, String>>,
    /// Where the backup is.
    pub backup: Option<PathBuf>,
    /// SHA-256 of the backup.
    pub backup_sha256: Option<String>,
    /// The nodes that were Ready before, where they are watched after.
    pub ready: Option<BTreeSet<String>>,
    /// What `verify` said right before.
    pub proof: Option<Proof>,
}

impl RunLog {
    /// Opens the journal and writes down that a run begins, or that the command's last one resumes.
    ///
    /// `holder` is what this process says of itself to another one that wants the journal.
    pub fn begin(
        path: &Path,
        holder: &str,
        beginning: Beginning,
        clock: fn() -> Timestamp,
    ) -> Result<Self, JournalError> {
        let (journal, history) = Journal::open(path, holder)?;
        let Beginning {
            command,
            cluster,
            caller,
            plan_sha256,
            actions,
            choices,
            options,
            plan,
        } = beginning;
        let history = history.of(&cluster);
        let id = history
            .unfinished_of(command)
            .map_or_else(|| new_id(clock(), holder), |run| run.run.clone());
        let answered = history.answered(&id);
        let log = Self {
            journal,
            history,
            id,
            cluster: cluster.clone(),
            answered,
            clock,
        };
        log.journal.append(&Record::Run {
            schema: SCHEMA.to_owned(),
            run: log.id.clone(),
            time: clock(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            cluster,
            caller,
            plan_sha256,
            actions,
            choices,
            options,
            command,
            holder: Some(holder.to_owned()),
            plan: plan.map(Box::new),
        })?;
        Ok(log)
    }

    /// Ends the run of `apply` that was stopped when nothing was left to do; no run is begun where there is none.
    pub fn end_what_was_stopped(
        path: &Path,
        cluster: &ClusterId,
        holder: &str,
        clock: fn() -> Timestamp,
    ) -> Result<(), JournalError> {
        if Journal::history(path, cluster)?.unfinished().is_none() {
            return Ok(());
        }
        let (journal, history) = Journal::open(path, holder)?;
        match history.of(cluster).unfinished() {
            Some(run) => journal.append(&Record::End {
                run: run.run.clone(),
                time: clock(),
                end: RunEnd::Complete,
                lost_nodes: Vec::new(),
                nodes: None,
                verified: None,
                unverified: BTreeMap::new(),
            }),
            None => Ok(()),
        }
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which cluster it is about.
    #[must_use]
    pub fn cluster(&self) -> &ClusterId {
        &self.cluster
    }

    /// What the journal held about the cluster when it was opened.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Where the journal is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.journal.path()
    }

    /// What an earlier part of this run did; `None` where it has just begun.
    #[must_use]
    pub fn earlier(&self) -> Option<&RunHistory> {
        self.history.runs.iter().find(|known| known.run == self.id)
    }

    /// The client request token for an action of this run: the same until an answer to it is known.
    #[must_use]
    pub fn token(&self, action: &Action) -> String {
        token(&self.id, action, &self.answered)
    }

    /// A call is about to be made; `then` is what has to follow for the same principal.
    pub fn intent(
        &self,
        token: &str,
        action: &Action,
        before: Option<LiveEntry>,
        then: Vec<Action>,
    ) -> Result<(), JournalError> {
        self.journal.append(&Record::Intent {
            run: self.id.clone(),
            time: (self.clock)(),
            token: token.to_owned(),
            action: Box::new(action.clone()),
            before: before.map(Box::new),
            then,
        })
    }

    /// A call has been answered, or given up.
    pub fn outcome(
        &self,
        token: &str,
        action: &Action,
        status: ActionStatus,
        answered: CallOutcome,
    ) -> Result<(), JournalError> {
        self.journal.append(&Record::Outcome {
            run: self.id.clone(),
            time: (self.clock)(),
            token: token.to_owned(),
            action: action.id.clone(),
            status,
            request_id: answered.request_id,
            error: answered.error,
            update: answered.update,
        })
    }

    /// The ConfigMap is about to be changed.
    pub fn config_map_intent(&self, intent: ConfigMapIntent) -> Result<(), JournalError> {
        let ConfigMapIntent {
            before,
            after,
            backup,
            backup_sha256,
            ready,
            proof,
        } = intent;
        self.journal.append(&Record::ConfigMapIntent {
            run: self.id.clone(),
            time: (self.clock)(),
            before: before.map(Box::new),
            after,
            backup,
            ready,
            backup_sha256,
            proof: proof.map(Box::new),
        })
    }

    /// The ConfigMap was changed, or the attempt was given up.
    pub fn config_map_outcome(
        &self,
        status: ActionStatus,
        error: Option<String>,
    ) -> Result<(), JournalError> {
        self.journal.append(&Record::ConfigMapOutcome {
            run: self.id.clone(),
            time: (self.clock)(),
            status,
            error,
        })
    }

    /// A binding is about to be made or, by a rollback, to be deleted.
    pub fn binding_intent(&self, object: &Value) -> Result<(), JournalError> {
        self.journal.append(&Record::BindingIntent {
            run: self.id.clone(),
            time: (self.clock)(),
            object: Box::new(object.clone()),
        })
    }

    /// A binding was made, was there, was deleted, or could not be made or deleted.
    pub fn binding_outcome(
        &self,
        binding: &BindingId,
        status: ActionStatus,
        uid: Option<String>,
        resource_version: Option<String>,
        error: Option<String>,
    ) -> Result<(), JournalError> {
        self.journal.append(&Record::BindingOutcome {
            run: self.id.clone(),
            time: (self.clock)(),
            binding: binding.clone(),
            status,
            uid,
            resource_version,
            error,
        })
    }

    /// The run has ended.
    pub fn end(&self, end: RunEnd) -> Result<(), JournalError> {
        self.end_as(end, Ending::default())
    }

    /// The run has ended, with what was seen by then.
    pub fn end_as(&self, end: RunEnd, ending: Ending) -> Result<(), JournalError> {
        let Ending {
            lost_nodes,
            nodes,
            verified,
            unverified,
        } = ending;
        self.journal.append(&Record::End {
            run: self.id.clone(),
            time: (self.clock)(),
            end,
            lost_nodes,
            nodes,
            verified,
            unverified,
        })
    }
}

/// A short id that sorts by time and is not made twice: the time, and what distinguishes this process from others.
fn new_id(now: Timestamp, holder: &str) -> String {
    let digest = sha256(format!("{now}{holder}").as_bytes());
    format!("{}-{}", now.strftime("%Y%m%dT%H%M%SZ"), &digest[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_run_sorts_by_time_and_differs_between_processes() {
        let time = |seconds: i64| Timestamp::from_second(1_767_225_600 + seconds).unwrap();
        let first = new_id(time(0), "process 1");
        assert!(first.starts_with("20260101T000000Z-"), "{first}");
        assert_eq!(first, new_id(time(0), "process 1"));
        assert_ne!(first, new_id(time(0), "process 2"));
        assert!(first < new_id(time(1), "process 1"));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test cuts a journal")]
    fn a_run_that_is_killed_after_its_first_record_is_of_its_own_command() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        for command in [RunCommand::Cutover, RunCommand::Rollback] {
            let _ = std::fs::remove_file(&path);
            let beginning = Beginning {
                command,
                cluster: ClusterId::shop(),
                caller: None,
                plan_sha256: String::new(),
                actions: 0,
                choices: Choices::default(),
                options: Vec::new(),
                plan: None,
            };
            drop(RunLog::begin(&path, "test", beginning, || Timestamp::UNIX_EPOCH).unwrap());
            let whole = std::fs::read_to_string(&path).unwrap();
            let first = whole.lines().next().unwrap();
            std::fs::write(&path, format!("{first}\n")).unwrap();
            let history = Journal::history(&path, &ClusterId::shop()).unwrap();
            assert!(history.unfinished().is_none(), "a phantom `apply`");
            assert!(history.unfinished_of(command).is_some());
        }
    }

    #[test]
    fn a_journal_with_the_older_command_record_is_still_read() {
        let run = serde_json::json!({
            "record": "run", "schema": SCHEMA, "run": "r", "time": "2026-01-02T03:04:05Z", "toolVersion": "0.1.0",
            "cluster": ClusterId::shop(), "caller": null, "planSha256": "", "actions": 0,
        });
        let purpose = serde_json::json!({
            "record": "purpose", "run": "r", "time": "2026-01-02T03:04:06Z", "command": "cutover",
        });
        let mut history = History::default();
        for (record, command) in [
            (&run, RunCommand::Apply),
            (&purpose, RunCommand::Cutover),
            // The same run resumes.
            (&run, RunCommand::Cutover),
        ] {
            history.add(serde_json::from_value(record.clone()).unwrap());
            assert_eq!(history.runs[0].command, command);
        }
    }
}
