//! Whole files are written aside, synced, then renamed; nobody ever sees half of one.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces a file, readable by its owner only; it is on the disk when this returns.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    aside(path, content)?.persist(path)?;
    sync_folder(path)
}

/// Makes a file and the folders above it, readable by their owner only; it is on the disk when this returns.
///
/// A file that holds the very same is left as it is.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where there is another one: it is never written over.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    if holds(path, content)? == Some(true) {
        return Ok(());
    }
    make_folder(folder(path))?;
    aside(path, content)?.persist_noclobber(path)?;
    sync_folder(path)
}

/// Whether a file holds exactly this; `None` where there is none.
#[expect(clippy::disallowed_methods, reason = "files are compared here")]
pub fn holds(path: &Path, content: &[u8]) -> io::Result<Option<bool>> {
    match std::fs::read(path) {
        Ok(known) => Ok(Some(known == content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files in a folder whose names begin and end like this, in the order of their names; none where there is no folder.
#[must_use]
pub fn named_like(folder: &Path, begin: &str, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(begin) && name.ends_with(end)
        })
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

/// Removes a file.
pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)?;
    sync_folder(path)
}

/// Reads a whole file.
#[expect(clippy::disallowed_methods, reason = "files are read here")]
pub fn content(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Makes a folder and those above it, for their owner only.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// The content in a file beside, made with mode 0600 and synced.
fn aside(path: &Path, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new_in(folder(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Syncs the folder of a file: a new name is on the disk only when its folder is.
#[cfg_attr(
    unix,
    expect(clippy::disallowed_methods, reason = "the folder is synced here")
)]
#[cfg_attr(
    not(unix),
    expect(clippy::unnecessary_wraps, reason = "on Unix it may fail")
)]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(folder(path))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test reads what was written")]
    fn a_replaced_file_is_whole_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(replace(Path::new("/nonexistent/x"), b"").is_err());
    }

    #[test]
    fn a_file_is_made_with_its_folders_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/aws-auth.yaml");
        create(&path, b"one").unwrap();
        create(&path, b"one").unwrap();
        let refused = create(&path, b"two").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(holds(&path, b"one").unwrap(), Some(true));
        assert_eq!(holds(&path.with_extension("x"), b"one").unwrap(), None);
    }
}
