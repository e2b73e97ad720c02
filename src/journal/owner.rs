//! Whose journal is read: only one's own, or that of root, who may do all anyway.

use std::fs::File;
use std::path::Path;

use super::error::JournalError;

/// Refuses a journal that belongs to neither the user who runs this nor root.
#[cfg(unix)]
pub(super) fn check(path: &Path, file: &File) -> Result<(), JournalError> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata().map_err(|source| JournalError::Io {
        what: "look at",
        path: path.to_owned(),
        source,
    })?;
    let owner = metadata.uid();
    if is_trusted(owner, rustix::process::geteuid().as_raw()) {
        return Ok(());
    }
    Err(JournalError::Foreign {
        path: path.to_owned(),
        owner,
    })
}

#[cfg(unix)]
fn is_trusted(owner: u32, me: u32) -> bool {
    owner == me || owner == 0
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it may fail")]
pub(super) fn check(_: &Path, _: &File) -> Result<(), JournalError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::is_trusted;

    #[test]
    fn ones_own_journal_and_roots_are_trusted_and_no_other() {
        assert!(is_trusted(1000, 1000));
        assert!(is_trusted(0, 1000));
        assert!(is_trusted(0, 0));
        assert!(!is_trusted(1001, 1000));
        assert!(!is_trusted(1000, 0), "root trusts no other user's file");
    }
}
