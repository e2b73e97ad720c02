//! A journal on a disk: cut anywhere, in the way of something else, or seen by others.
#![expect(clippy::disallowed_methods, reason = "the tests read and write files")]

use std::fs::OpenOptions;

use super::*;
use crate::journal::RunEnd;
use crate::journal::record::SCHEMA;
use crate::model::ActionStatus;
use crate::plan::{Action, ActionKind, Stage};

fn records() -> Vec<Record> {
    let time: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    let run = "20260102T030405Z-abcdef".to_owned();
    let mut records = vec![Record::Run {
        schema: SCHEMA.to_owned(),
        run: run.clone(),
        time,
        tool_version: "0.1.0".to_owned(),
        cluster: ClusterId::shop(),
        caller: None,
        plan_sha256: String::new(),
        actions: 2,
        choices: crate::choices::Choices::default(),
        options: Vec::new(),
        command: crate::journal::RunCommand::default(),
        holder: None,
        plan: None,
    }];
    for name in ["dév", "ops"] {
        let action = Action {
            id: name.to_owned(),
            kind: ActionKind::DeleteAccessEntry {
                principal_arn: format!("arn:aws:iam::111122223333:role/{name}")
                    .parse()
                    .unwrap(),
            },
            mapping: None,
            stage: Stage::Others,
            why: "naïve".into(),
        };
        records.push(Record::Intent {
            run: run.clone(),
            time,
            token: name.to_owned(),
            action: Box::new(action.clone()),
            before: None,
            then: Vec::new(),
        });
        records.push(Record::Outcome {
            run: run.clone(),
            time,
            token: name.to_owned(),
            action: action.id,
            status: ActionStatus::Deleted,
            request_id: None,
            error: None,
            update: None,
        });
    }
    let end = RunEnd::Complete;
    records.push(Record::End {
        run,
        time,
        end,
        lost_nodes: Vec::new(),
        nodes: None,
        verified: None,
        unverified: std::collections::BTreeMap::new(),
    });
    records
}

#[test]
fn a_journal_cut_at_any_byte_keeps_a_prefix_and_resumes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.jsonl");
    let (journal, _) = Journal::open(&path, "test").unwrap();
    let records = records();
    let mut beginnings = vec![History::default()];
    for record in &records {
        journal.append(record).unwrap();
        let mut next = beginnings.last().unwrap().clone();
        next.add(record.clone());
        beginnings.push(next);
    }
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..=whole.len() {
        let path = folder.path().join("cut.jsonl");
        std::fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].split(|byte| *byte == b'\n').count() - 1;
        let (journal, history) = Journal::open(&path, "test").unwrap();
        assert_eq!(history, beginnings[lines], "cut at {cut}");
        for record in &records[lines..] {
            journal.append(record).unwrap();
        }
        drop(journal);
        assert_eq!(
            &Journal::history(&path, &ClusterId::shop()).unwrap(),
            beginnings.last().unwrap()
        );
        assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {cut}");
    }
}

#[test]
fn a_file_that_is_no_journal_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes");
    for text in [
        "one line without an end",
        "{\"record\":\"end\"}\n",
        "two\nlines\n",
        "\n",
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Journal::open(&path, "test").unwrap_err();
        assert!(matches!(error, JournalError::NotAJournal { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_file_in_the_place_of_the_lock_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (path, lock) = (folder.path().join("j"), folder.path().join("j.lock"));
    std::fs::write(&lock, "notes").unwrap();
    let error = Journal::open(&path, "test").unwrap_err();
    assert!(matches!(error, JournalError::NotAJournal { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&lock).unwrap(), "notes");
    assert!(!path.exists());
    // That of an earlier version, whose run has ended.
    std::fs::write(&lock, "process 1 since 2026-01-01").unwrap();
    Journal::open(&path, "test").unwrap();
    let text = std::fs::read_to_string(&lock).unwrap();
    assert_eq!(text, "aws-auth-migrate: test");
}

#[cfg(unix)]
#[test]
fn no_symbolic_link_is_followed_to_a_lock_and_two_names_of_a_journal_have_one() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    std::fs::write(path("precious"), "precious").unwrap();
    std::fs::set_permissions(path("precious"), PermissionsExt::from_mode(0o644)).unwrap();
    for target in ["precious", "nothing"] {
        symlink(path(target), path("j.lock")).unwrap();
        let error = Journal::open(&path("j"), "test").unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "it is a symbolic link");
        std::fs::remove_file(path("j.lock")).unwrap();
    }
    let there = std::fs::metadata(path("precious")).unwrap();
    assert_eq!(there.permissions().mode() & 0o777, 0o644);
    assert!(!path("nothing").exists() && !path("j").exists());

    let _held = Journal::open(&path("j"), "test").unwrap();
    symlink(path("j"), path("other")).unwrap();
    let error = Journal::open(&path("other"), "test").unwrap_err();
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_journal_and_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    assert!(Journal::open(&pipe, "test").is_err());
    assert!(Journal::history(&pipe, &ClusterId::shop()).is_err());
}

#[cfg(unix)]
#[test]
fn a_journal_that_others_could_read_is_its_owners_alone_once_it_is_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let files = ["journal.jsonl", "journal.jsonl.lock"].map(|name| folder.path().join(name));
    for file in &files {
        std::fs::write(file, "").unwrap();
        std::fs::set_permissions(file, PermissionsExt::from_mode(0o664)).unwrap();
    }
    let _journal = Journal::open(&files[0], "test").unwrap();
    for file in &files {
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[test]
fn after_a_record_that_could_not_be_written_none_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    std::fs::write(&path, "").unwrap();
    // A file that is open for reading alone refuses every write, as a full disk does.
    let mut tail = Tail {
        file: File::open(&path).unwrap(),
        whole: 0,
        last: String::new(),
        broken: false,
    };
    assert!(tail.append("{}").is_err());
    tail.file = OpenOptions::new().write(true).open(&path).unwrap();
    assert!(tail.append("{}").is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"");
}
