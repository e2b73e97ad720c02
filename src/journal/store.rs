//! The journal: locked, appended to, synced; a file, or an object that machines share.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::error::JournalError;
use super::history::History;
use super::journal_file::{make_private, open_or_make, resolved};
use super::lease::Held;
use super::lock::Lock;
use super::reading::{check_beginning, records};
use super::record::Record;
use super::shared::SharedTail;
use super::{chain, lease, owner, shared};
use crate::files::objects::waiting;
use crate::files::{self, make_folder, open_regular, sync_folder};
use crate::model::ClusterId;
use crate::text::visible_json;

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
        let (history, whole, last) = records(path, &mut file)?;
        make_private(&file).map_err(io("open"))?;
        if whole == 0 {
            // It may be new, and a record that is synced is lost with a name that is not.
            sync_folder(path).map_err(io("sync the folder of"))?;
        }
        file.set_len(whole)
            .map_err(io("remove the incomplete last line of"))?;
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
            return Ok(records(path, content.as_slice())?.0.of(cluster));
        }
        match open_regular(path) {
            Ok(Some(mut file)) => {
                owner::check(path, &file)?;
                Ok(records(path, &mut file)?.0.of(cluster))
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

#[cfg(test)]
mod tests;
