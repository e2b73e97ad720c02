//! The journal as an object of a store that machines share.
//!
//! It is one object with the very lines of the file, written as a whole for each record on the condition that it is still
//! the version that was read or written last. That keeps all that the file promises: a record is durable when it counts,
//! half of one is never seen, anybody may read the object with the usual tools, and reading it takes one request. A run
//! whose journal was taken over is refused its next record, and with it the call that the record was to announce.
//!
//! One object for each record would make an append smaller and each look at a cluster a request for every record there is.
//! A journal has two lines for each call and stays far below a megabyte; a thousand lines take about 300 KB for the last
//! append, and 8 ms for its transfer at 300 Mbit/s.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::chain;
use super::error::JournalError;
use super::history::History;
use super::lease::Lease;
use super::reading::{check_beginning, records};
use crate::files::objects::{self, Condition, ObjectPlace, Objects, PlaceInStore, Put};

/// The end of a journal in a store, where records are added.
#[derive(Debug)]
pub(super) struct SharedTail {
    store: Arc<dyn Objects>,
    place: ObjectPlace,
    /// All whole records.
    content: Vec<u8>,
    /// Which version the store has; `None` where it has none yet.
    tag: Option<String>,
    /// What the next record says of the last one.
    last: String,
    /// Whether a record could not be written: nothing may be added after it.
    broken: bool,
    lease: Lease,
}

impl SharedTail {
    /// Takes the lease of a journal and reads what it holds.
    pub(super) fn open(
        store: Arc<dyn Objects>,
        place: ObjectPlace,
        path: &Path,
        holder: &str,
    ) -> Result<(Self, History), JournalError> {
        // Before anything is written.
        if let Some(known) = get(&*store, &place, path)? {
            check_beginning(path, known.as_slice())?;
        }
        let lease = Lease::take(&store, &place, path, holder)?;
        let known = store
            .get(&place)
            .map_err(|source| failed("read", path, source))?;
        let (mut content, tag) = match known {
            Some(object) => (object.content, Some(object.tag)),
            None => (Vec::new(), None),
        };
        let (history, whole, last) = records(path, content.as_slice())?;
        content.truncate(usize::try_from(whole).unwrap_or(usize::MAX));
        let tail = Self {
            store,
            place,
            content,
            tag,
            last,
            broken: false,
            lease,
        };
        Ok((tail, history))
    }

    /// Adds a record, unless another run has taken the journal over.
    pub(super) fn append(&mut self, record: &str, path: &Path) -> Result<(), JournalError> {
        if self.broken {
            let source = io::Error::other("an earlier record could not be written");
            return Err(failed("write", path, source));
        }
        // Only a record that is known to be there may be followed by another one.
        self.broken = true;
        self.lease.check()?;
        let line = chain::linked(record, &self.last);
        let mut content = self.content.clone();
        content.extend_from_slice(line.as_bytes());
        content.push(b'\n');
        let condition = self
            .tag
            .as_deref()
            .map_or(Condition::Absent, Condition::Unchanged);
        let put = self.store.put(&self.place, &content, condition);
        match put.map_err(|source| failed("write", path, source))? {
            Put::Refused => Err(self.lease.taken_over()),
            Put::Written(tag) => {
                self.content = content;
                self.tag = Some(tag);
                self.last = chain::digest(line.as_bytes());
                // The call that the record announces must not be made after a long sleep in between.
                self.lease.check()?;
                self.broken = false;
                Ok(())
            }
        }
    }
}

/// The store and the place of a journal whose path is a URL; `None` for a file.
///
/// # Errors
/// It is a folder, or no URL of a store that is known.
pub(super) fn find(path: &Path) -> Result<Option<PlaceInStore>, JournalError> {
    let found = objects::find(path).map_err(|source| failed("open", path, source))?;
    match &found {
        Some((_, place)) if place.key.is_empty() || place.key.ends_with('/') => {
            Err(JournalError::NotAJournal {
                path: path.to_owned(),
                reason: "it names a bucket or a folder, not an object".to_owned(),
            })
        }
        _ => Ok(found),
    }
}

/// All that a journal in a store holds; `None` where there is none.
pub(super) fn get(
    store: &dyn Objects,
    place: &ObjectPlace,
    path: &Path,
) -> Result<Option<Vec<u8>>, JournalError> {
    let object = store
        .get(place)
        .map_err(|source| failed("read", path, source))?;
    Ok(object.map(|object| object.content))
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> JournalError {
    let path = path.to_owned();
    JournalError::Io { what, path, source }
}
