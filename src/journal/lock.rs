//! The lock of a journal: one run on a cluster at a time.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::journal_file::{make_private, open_or_make};

/// A lock that is held; it goes with the process, however that ends.
///
/// It lies beside the journal, so that the holder can say in it who it is.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes the lock of a journal.
    ///
    /// # Errors
    /// [`JournalError::Locked`] where another run holds it.
    pub(super) fn take(journal: &Path, holder: &str) -> Result<Self, JournalError> {
        let mut name = journal.as_os_str().to_owned();
        name.push(".lock");
        let at = PathBuf::from(name);
        let io = |what| {
            let path = at.clone();
            move |source| JournalError::Io { what, path, source }
        };
        let mut file = open_or_make(&at).map_err(io("open the lock of"))?;
        // Whoever has put something else there wants it back as it was.
        let known = content(&mut file).map_err(io("read the lock of"))?;
        if !is_lock(&known) {
            return Err(JournalError::NotAJournal {
                reason: format!(
                    "it should be the lock of the journal `{}`, but contains something else",
                    journal.display()
                ),
                path: at,
            });
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = known.strip_prefix(MARK).unwrap_or(&known);
                return Err(JournalError::Locked {
                    path: journal.to_owned(),
                    holder: holder.trim().to_owned(),
                    free_in: None,
                });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
        }
        let mut lock = Self(file);
        make_private(&lock.0)
            .and_then(|()| lock.0.set_len(0))
            .and_then(|()| lock.0.rewind())
            .and_then(|()| lock.0.write_all(format!("{MARK}{holder}").as_bytes()))
            .map_err(io("write the lock of"))?;
        Ok(lock)
    }
}

/// What a lock begins with.
const MARK: &str = "aws-auth-migrate: ";
/// What a lock of an earlier version begins with.
const OLD_MARK: &str = "process ";
/// More than any lock holds.
const LONGEST: u64 = 1024;

fn content(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_lock(content: &str) -> bool {
    content.is_empty()
        || ((content.len() as u64) < LONGEST
            && (content.starts_with(MARK) || content.starts_with(OLD_MARK)))
}

impl Drop for Lock {
    /// A program that is being started has a copy of the file until it runs, so that closing it is not enough.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}
