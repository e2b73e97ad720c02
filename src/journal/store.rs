//! The journal: locked, appended to, synced; a file, or an object that machines share.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::chain;
use super::history::History;
use super::lease::{self, Held};
use super::lock::Lock;
use super::owner;
use super::record::{Record, SCHEMA};
use super::shared::{self, SharedTail};
use crate::files::objects::waiting;
use crate::files::{self, make_folder, open_regular, sync_folder};
use crate::model::ClusterId;
use crate::text::visible_json;

/// What can go wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system said no.
    #[error("failed to {what} the journal `{path}`")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Another process works on the same cluster.
    #[error("another run holds the journal `{path}`: {holder}")]
    Locked {
        /// The journal.
        path: PathBuf,
        /// What the other one says of itself.
        holder: String,
        /// How soon it is free if that one has died, where the journal is in a store.
        free_in: Option<std::time::Duration>,
    },
    /// Another process took the journal over while this one was asleep or cut off.
    #[error("another run took the journal `{path}` over: {holder}")]
    TakenOver {
        /// The journal.
        path: PathBuf,
        /// What the other one says of itself.
        holder: String,
    },
    /// A line in the middle is no record.
    #[error("line {line} of the journal `{path}` is damaged: {reason}")]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A line is not what was written, or not where it was written.
    #[error("the journal `{path}` was changed after it was written: {reason}")]
    Changed {
        /// The journal.
        path: PathBuf,
        /// Which line, in words.
        reason: String,
    },
    /// It belongs to somebody else, who could have written anything into it.
    #[error(
        "the journal `{path}` belongs to another user (uid {owner}), who could have written anything into it"
    )]
    Foreign {
        /// The journal.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
    },
    /// There is something else in its place, which is left as it is.
    #[error("`{path}` is not a journal: {reason}")]
    NotAJournal {
        /// What is there.
        path: PathBuf,
        /// Why it is none.
        reason: String,
    },
    /// It was written by a newer version.
    #[error("the journal `{path}` has the format `{schema}`; this version reads `{SCHEMA}`")]
    Newer {
        /// The journal.
        path: PathBuf,
        /// The format it names.
        schema: String,
    },
}

/// An open journal, held by this process alone.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    tail: Mutex<End>,
}

/// Where records are added.
#[derive(Debug)]
enum End {
    /// A file, with the lock that is held as long as the journal is open.
    File { tail: Tail, _lock: Lock },
    /// An object, with its lease.
    Object(SharedTail),
}

/// The end of the file, where records are added.
#[derive(Debug)]
struct Tail {
    file: File,
    /// How many bytes are whole records.
    whole: u64,
    /// What the next record says of the last one.
    last: String,
    /// Whether a record could not be written: nothing may be added after it, or the file would be damaged.
    broken: bool,
}

impl Tail {
    fn append(&mut self, record: &str) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier record could not be written"));
        }
        let line = chain::linked(record, &self.last);
        let written = self
            .file
            .write_all(format!("{line}\n").as_bytes())
            .and_then(|()| self.file.sync_data());
        if written.is_ok() {
            self.whole += line.len() as u64 + 1;
            self.last = chain::digest(line.as_bytes());
        } else {
            self.broken = true;
            // What was written of it is torn; where it can't be cut off, the next run does it.
            let _ = self.file.set_len(self.whole);
        }
        written
    }
}

impl Journal {
    /// Opens a journal for writing, or makes it; reads what it holds.
    ///
    /// A torn last line, left by a crash while it was written, is cut off: the call it announced was not made, or is
    /// found again by comparing with the cluster.
    pub fn open(path: &Path, holder: &str) -> Result<(Self, History), JournalError> {
        let io = |what| {
            move |source| JournalError::Io {
                what,
                path: path.to_owned(),
                source,
            }
        };
        if let Some((store, place)) = shared::find(path)? {
            let (tail, history) = waiting(|| SharedTail::open(store, place, path, holder))?;
            return Ok((Self::of(path, End::Object(tail)), history));
        }
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            make_folder(folder).map_err(io("create the folder of"))?;
        }
        // Two names of one journal have one lock.
        let real = resolved(path).map_err(io("open"))?;
        // Before anything is made or changed.
        if let Some(file) = open_regular(&real).map_err(io("open"))? {
            owner::check(path, &file)?;
            check_beginning(path, file)?;
        }
        let lock = Lock::take(&real, holder)?;
        let mut file = open_or_make(&real).map_err(io("open"))?;
        owner::check(path, &file)?;
        let (history, whole, last) = read(path, &mut file)?;
        make_private(&file).map_err(io("open"))?;
        if whole == 0 {
            // It may be new, and a record that is synced is lost with a name that is not.
            sync_folder(path).map_err(io("sync the folder of"))?;
        }
        file.set_len(whole)
            .map_err(io("cut the torn last line off"))?;
        file.seek(SeekFrom::End(0)).map_err(io("open"))?;
        let tail = Tail {
            file,
            whole,
            last,
            broken: false,
        };
        Ok((Self::of(path, End::File { tail, _lock: lock }), history))
    }

    fn of(path: &Path, end: End) -> Self {
        Self {
            path: path.to_owned(),
            tail: Mutex::new(end),
        }
    }

    /// Who holds a journal in a store now; `None` where it is free, and for a file, whose lock goes with its process.
    pub fn held(path: &Path) -> Result<Option<Held>, JournalError> {
        match shared::find(path)? {
            Some((store, place)) => waiting(|| lease::held(&*store, &place, path)),
            None => Ok(None),
        }
    }

    /// Reads what a journal holds about a cluster, without holding it; an absent one holds nothing.
    pub fn history(path: &Path, cluster: &ClusterId) -> Result<History, JournalError> {
        if let Some((store, place)) = shared::find(path)? {
            let content = waiting(|| shared::get(&*store, &place, path))?.unwrap_or_default();
            return Ok(read(path, content.as_slice())?.0.of(cluster));
        }
        match open_regular(path) {
            Ok(Some(mut file)) => {
                owner::check(path, &file)?;
                Ok(read(path, &mut file)?.0.of(cluster))
            }
            Ok(None) => Ok(History::default()),
            Err(source) => Err(unopened(path, source)),
        }
    }

    /// Whether there is a journal at all.
    pub fn is_there(path: &Path) -> Result<bool, JournalError> {
        files::is_there(path).map_err(|source| unopened(path, source))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one record and waits until the disk or the store has it.
    pub fn append(&self, record: &Record) -> Result<(), JournalError> {
        super::trace::tell(record);
        let line = serde_json::to_string(record).expect("a record is plain data");
        let line = visible_json(&line);
        let end = || {
            self.tail
                .lock()
                .expect("no task panics while it writes the journal")
        };
        if files::objects::is_object(&self.path) {
            // The lock is waited for there, too.
            return waiting(|| self.append_to(&mut end(), &line));
        }
        self.append_to(&mut end(), &line)
    }

    fn append_to(&self, end: &mut End, line: &str) -> Result<(), JournalError> {
        match end {
            End::Object(tail) => tail.append(line, &self.path),
            End::File { tail, .. } => tail.append(line).map_err(|source| JournalError::Io {
                what: "write",
                path: self.path.clone(),
                source,
            }),
        }
    }
}

pub(super) fn unopened(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io {
        what: "open",
        path: path.to_owned(),
        source,
    }
}

/// The file that a path leads to; itself where there is nothing yet.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match std::fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => std::fs::canonicalize(path),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(path.to_owned()),
    }
}

/// Opens a regular file for reading and writing, or makes it for its owner alone; what is there is not changed.
///
/// No symbolic link is followed, also none that leads to nothing yet.
pub(super) fn open_or_make(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let mut make = options.clone();
    make.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut make, 0o600);
    match make.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let there = std::fs::symlink_metadata(path)?;
    let refused = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    if there.is_symlink() {
        return Err(refused("it is a symbolic link"));
    }
    if !there.is_file() {
        return Err(refused("it is not a regular file"));
    }
    let file = options.open(path)?;
    if !is_same(&there, &file.metadata()?) {
        return Err(refused("another file was put in its place"));
    }
    Ok(file)
}

#[cfg(unix)]
fn is_same(a: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    b.is_file()
}

/// Takes the rights of others away from a file that was made with them, such as by a copy.
///
/// What is somebody else's can't be changed, and what is no file, such as `/dev/null`, must not be.
#[cfg(unix)]
pub(super) fn make_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    let mut permissions = metadata.permissions();
    if metadata.is_file() && permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o600);
        match file.set_permissions(permissions) {
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it may fail")]
pub(super) fn make_private(_: &File) -> io::Result<()> {
    Ok(())
}

/// How the first record of every journal begins.
const BEGINNING: &[u8] = br#"{"record":"run","schema":"aws-auth-migrate/journal/"#;

/// More than any record holds: the ConfigMap before and after a change are at most 1 MiB each.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// Refuses a file that does not begin as a journal does; an empty one may become one.
pub(super) fn check_beginning(path: &Path, file: impl Read) -> Result<(), JournalError> {
    let mut text = Vec::new();
    file.take(BEGINNING.len() as u64)
        .read_to_end(&mut text)
        .map_err(|source| JournalError::Io {
            what: "read",
            path: path.to_owned(),
            source,
        })?;
    if BEGINNING.starts_with(&text) {
        return Ok(());
    }
    Err(JournalError::NotAJournal {
        path: path.to_owned(),
        reason: "it does not begin with the record of a run".to_owned(),
    })
}

/// Reads the records; tells also how many bytes are whole lines, and what the next record says of the last one.
pub(super) fn read(path: &Path, file: impl Read) -> Result<(History, u64, String), JournalError> {
    let mut reader = BufReader::new(file);
    let mut history = History::default();
    let mut whole = 0;
    let mut chain = chain::Chain::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = (&mut reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|source| JournalError::Io {
                what: "read",
                path: path.to_owned(),
                source,
            })?;
        if read as u64 == LONGEST_LINE {
            return Err(JournalError::Damaged {
                path: path.to_owned(),
                line: number,
                reason: "it is longer than 64 MiB".to_owned(),
            });
        }
        if read == 0 || line.last() != Some(&b'\n') {
            break;
        }
        let record = match serde_json::from_slice::<Record>(&line) {
            Ok(record) => record,
            Err(error) => return Err(unreadable(path, number, &line, &error)),
        };
        if let Record::Run { schema, .. } = &record
            && schema != SCHEMA
        {
            return Err(JournalError::Newer {
                path: path.to_owned(),
                schema: schema.clone(),
            });
        }
        chain
            .follow(&line[..read - 1])
            .map_err(|reason| JournalError::Changed {
                path: path.to_owned(),
                reason,
            })?;
        history.add(record);
        whole += read as u64;
    }
    Ok((history, whole, chain.last()))
}

fn unreadable(path: &Path, line: usize, text: &[u8], error: &serde_json::Error) -> JournalError {
    let schema = serde_json::from_slice::<serde_json::Value>(text)
        .ok()
        .and_then(|value| value.get("schema")?.as_str().map(ToOwned::to_owned));
    match schema {
        Some(schema) if schema != SCHEMA => JournalError::Newer {
            path: path.to_owned(),
            schema,
        },
        _ => JournalError::Damaged {
            path: path.to_owned(),
            line,
            // The parser's own words would repeat the text, which may be another file's.
            reason: format!("column {} is not what a record has there", error.column()),
        },
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests read and write files")]
mod tests {
    use super::*;
    use crate::journal::RunEnd;
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
                why: "naïve".to_owned(),
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
}
