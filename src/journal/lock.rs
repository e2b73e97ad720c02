//! The lock of a journal: one run on a cluster at a time.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::store::{JournalError, private_file};

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
        let mut file = private_file(&at).map_err(io("open the lock of"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut other = String::new();
                let _ = (&mut file).take(1024).read_to_string(&mut other);
                return Err(JournalError::Locked {
                    path: journal.to_owned(),
                    holder: other.trim().to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
        }
        let mut lock = Self(file);
        lock.0
            .set_len(0)
            .and_then(|()| lock.0.write_all(holder.as_bytes()))
            .map_err(io("write the lock of"))?;
        Ok(lock)
    }
}

impl Drop for Lock {
    /// A program that is being started has a copy of the file until it runs, so that closing it is not enough.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}
