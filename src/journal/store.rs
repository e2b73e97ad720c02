//! The journal as a file: locked, appended to, synced.
#![expect(
    clippy::disallowed_methods,
    reason = "the journal is read and written here"
)]

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::chain;
use super::history::History;
use super::lock::Lock;
use super::owner;
use super::record::{ClusterId, Record, SCHEMA};
use crate::files::{make_folder, sync_folder};
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
    /// It was written by a newer version.
    #[error("the journal `{path}` has the format `{schema}`, this version knows `{SCHEMA}`")]
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
    file: Mutex<Tail>,
    /// Held as long as the journal is open.
    _lock: Lock,
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
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            make_folder(folder).map_err(io("make the folder of"))?;
        }
        let lock = Lock::take(path, holder)?;
        let mut file = private_file(path).map_err(io("open"))?;
        owner::check(path, &file)?;
        let (history, whole, last) = read(path, &mut file)?;
        if whole == 0 {
            // It may be new, and a record that is synced is lost with a name that is not.
            sync_folder(path).map_err(io("sync the folder of"))?;
        }
        file.set_len(whole)
            .map_err(io("cut the torn last line off"))?;
        file.seek(SeekFrom::End(0)).map_err(io("open"))?;
        Ok((
            Self {
                path: path.to_owned(),
                file: Mutex::new(Tail {
                    file,
                    whole,
                    last,
                    broken: false,
                }),
                _lock: lock,
            },
            history,
        ))
    }

    /// Reads what a journal holds about a cluster, without holding it; an absent one holds nothing.
    pub fn history(path: &Path, cluster: &ClusterId) -> Result<History, JournalError> {
        match File::open(path) {
            Ok(mut file) => {
                owner::check(path, &file)?;
                Ok(read(path, &mut file)?.0.of(cluster))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(History::default()),
            Err(source) => Err(JournalError::Io {
                what: "open",
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Whether there is a journal at all.
    #[must_use]
    pub fn is_there(path: &Path) -> bool {
        path.exists()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one record and waits until the disk has it.
    pub fn append(&self, record: &Record) -> Result<(), JournalError> {
        super::trace::tell(record);
        let line = serde_json::to_string(record).expect("a record is plain data");
        let line = visible_json(&line);
        let mut tail = self
            .file
            .lock()
            .expect("no task panics while it writes the journal");
        tail.append(&line).map_err(|source| JournalError::Io {
            what: "write",
            path: self.path.clone(),
            source,
        })
    }
}

/// Opens a file for writing, or makes it; its owner alone can read it then.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    make_private(&file)?;
    Ok(file)
}

/// Takes the rights of others away from a file that was made with them, such as by a copy.
///
/// What is somebody else's can't be changed, and what is no file, such as `/dev/null`, must not be.
#[cfg(unix)]
fn make_private(file: &File) -> io::Result<()> {
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

/// Reads the records; tells also how many bytes are whole lines, and what the next record says of the last one.
fn read(path: &Path, file: &mut File) -> Result<(History, u64, String), JournalError> {
    let mut reader = BufReader::new(file);
    let mut history = History::default();
    let mut whole = 0;
    let mut chain = chain::Chain::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(|source| JournalError::Io {
                what: "read",
                path: path.to_owned(),
                source,
            })?;
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
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::RunEnd;
    use crate::plan::{Action, ActionKind, Stage};
    use crate::writer::Status;

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
                status: Status::Deleted,
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
        });
        records
    }

    #[test]
    fn a_journal_that_is_cut_at_any_byte_holds_a_beginning_and_goes_on() {
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
